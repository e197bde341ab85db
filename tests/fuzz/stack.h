/* The whole net floor on net_wire.h, for the fuzzers that send it frames: the situations it can be
 * in, a check of all that it sends, and what a peer knows who has heard that. */
#ifndef FUZZ_STACK_H
#define FUZZ_STACK_H

#include "base/types.h"
#include "net/net_wire.h"
#include "net/tcb.h"

#define STACK_PORT 3260 /* of WIRE_PEER, where connections go to */

enum situation {
    NO_ADDRESS,
    DHCP_ASKS,
    CONFIGURED,
    DNS_ASKS,
    CONNECTING,
    CONNECTED,
    SITUATIONS,
};

/* A new machine in this situation; WIRE_PEER and WIRE_GATEWAY answer ARP. */
void stack_reset(enum situation s);

/* What was heard last. */
extern struct heard {
    u32 frames;       /* sent since stack_reset() */
    u32 bytes;        /* the same */
    u16 port;         /* lunboot's, of the latest TCP segment */
    u32 seq, ack;     /* behind its last byte; what it acknowledges */
    u32 questions;    /* to DNS servers, so far */
    u32 requests;     /* DHCP messages, so far */
    u16 dns_id;       /* of the latest question */
    u16 dns_port;     /* where it came from */
    u8 question[300]; /* with type and class */
    u32 question_len; /* 0: none yet */
    u16 tftp_port;    /* lunboot's, of the latest TFTP packet */
    u16 tftp_block;   /* that it acknowledges; 0 with a request */
    u32 tftp_reads;   /* requests so far */
    u32 xid;          /* of the latest DHCP message */
    u8 packet[1500];  /* the latest IP packet */
    u32 packet_len;   /* 0: none yet */
} heard;

/* The connection, and its owner. */
extern struct tcb tcb;
extern struct owner {
    bool open; /* connect was called, closed not yet */
    u32 received;
} owner;
void stack_connect(void);

/* Take, check and note what was sent. */
void stack_listen(void);

/* Let time pass, and listen. */
void stack_run(u32 ms);

/* What a frame can be made to fit. */
#define FIT_ADDRESSED 0x01 /* it is for us, and an IP packet is from WIRE_PEER to us */
#define FIT_NUMBERS   0x02 /* ports, ids, sequence numbers (as offsets) are those of the moment */
#define FIT_SUMS      0x04 /* lengths and checksums are right */
void stack_fit(u8 *frame, u32 len, u32 how);

/* Give up connections and questions; after two minutes without input everything is quiet, and every
 * packet is back where it belongs. */
void stack_end(void);

#endif
