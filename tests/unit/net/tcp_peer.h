/* The other end of TCP's connection, for its tests: a script's hand on every segment. It stands in
 * for the floor below TCP (IP, the device) and owns the clock. */
#ifndef TCP_PEER_H
#define TCP_PEER_H

#include "base/types.h"
#include "net/tcb.h"

#define PEER_OUR_ADDR 0x0a000002 /* lunboot's */
#define PEER_ADDR     0x0a000001
#define PEER_PORT     3260
#define PEER_ISS      0x10000000u
#define PEER_WINDOW   (256u * 1024) /* lunboot's receive window */
#define PEER_RX_POOL  64            /* packets */
#define PEER_RX_RING  1024          /* its descriptors: the window is not theirs to limit */
#define SEND_BUFFER   65536

#define FIN           0x01
#define SYN           0x02
#define RST           0x04
#define PSH           0x08
#define ACK           0x10

/* A segment on the wire, parsed. */
struct seg {
    u8 flags;
    u16 sport, dport;
    u32 seq, ack; /* absolute */
    u32 wnd;      /* as in the header */
    u16 urgent;   /* the pointer; sent only */
    u32 len;
    u8 data[2048];
    u8 options[40];
    u32 options_len;
    bool has_mss, has_wscale, sack_permitted, has_ts;
    u16 mss;
    u8 wscale;
    u32 tsval, tsecr;
    u32 sacks;
    u32 sack[4][2];
};

/* What tcp_poll() is told: frames that nobody has looked at yet are waiting. */
extern bool peer_more;

/* What the next connection agrees on, set before peer_accept(). */
struct peer_options {
    bool sack, ts;
    s32 wscale; /* -1: none */
    u16 mss;    /* 0: none */
    u32 window; /* the header's value */
    u32 iss;
};
extern struct peer_options peer_options;

extern struct tcb tcb; /* the connection */

/* The upward side: what TCP told its owner. */
extern struct peer_events {
    u32 connected, writable, closed;
    enum error reason;
    u8 *received;   /* all bytes so far */
    const u8 *data; /* where the latest lay */
    u32 received_len;
} events;
/* Called from there when not NULL. */
extern void (*peer_on_connected)(void);
extern void (*peer_on_receive)(void);
extern void (*peer_on_closed)(void);

/* Faults of the floor below. */
extern bool peer_tx_fails;    /* ip_send() says no */
extern u32 peer_tx_fail_rate; /* of 256 calls */
extern bool peer_no_route, peer_no_arp;
#define PATH_UNKNOWN 0xffff
extern u16 peer_path_mtu; /* what is known of the path */
extern u32 peer_doubts;   /* calls of ip_doubt() */
extern msec now;
extern struct pkt_pool peer_rx_pool, peer_tx_pool;

/* Everything new: clock at `start`, no connection. */
void peer_reset(msec start);

/* Let TCP poll until `ms` have passed, at the times that tcp_timeout() asks for. */
void peer_run(u32 ms);
void peer_poll(void); /* once, without time passing */

/* The next segment that TCP sent; NULL: none. Valid until the next call. */
struct seg *peer_next(void);
u32 peer_queued(void);
/* Forget what TCP sent; returns how many segments those were. */
u32 peer_drain(void);

/* The next segment, which must be there with these flags, these lengths, and no more behind it
 * unless more is expected. */
struct seg *peer_expect(u8 flags, u32 seq, u32 ack, u32 len);
void peer_expect_silence(void);

/* Let a segment arrive. Fields that are not given come from the conversation so far; timestamps are
 * added when agreed on. */
void peer_send(u8 flags, u32 seq, u32 ack, const void *data, u32 len);
void peer_send_sack(u32 ack, u32 blocks, const u32 (*block)[2]);
/* With these options and no others, byte for byte. */
void peer_send_options(u8 flags, u32 seq, u32 ack, const u8 *options, u32 options_len,
                       const char *data);
/* As the struct has it, but from the peer's port to ours; in packets of peer_parts bytes of text,
 * if that is not 0 and it has more. */
void peer_send_seg(struct seg *s);
extern u32 peer_parts;
/* Any bytes at all as a segment, its checksum put right when `checksum`. */
void peer_send_raw(const u8 *segment, u32 len, ip4 from, ip4 to, u16 flags, bool checksum);
/* A segment made from a struct with the options it has as raw bytes. */
u32 peer_build(u8 *to, const struct seg *s);

/* The state after the handshake: una and nxt are lunboot's numbers, rcv its next to receive. */
extern u32 our_iss; /* lunboot's */
extern u32 peer_tsval_offset;
extern u32 peer_window; /* header value in what the peer sends */
extern u16 our_port;

#define UNA (our_iss + 1)          /* the first byte of ours */
#define RCV (peer_options.iss + 1) /* the first byte of the peer's */

/* Of each test: everything new; and every packet must be back in its pool. */
void peer_setup(void);
void peer_teardown(void);

void peer_connect(void);       /* tcp_connect(), nothing yet polled */
struct seg *peer_accept(void); /* take the SYN, answer SYN-ACK; returns the last ACK */
/* Fixtures by state. */
void state_syn_sent(void);
void state_established(void); /* with peer_options; nothing is queued */
void state_fin_wait_1(void);
void state_fin_wait_2(void);
void state_time_wait(void);

/* Text with a known byte at each position of the stream. */
u8 pattern(u32 position);
void fill_pattern(u8 *p, u32 position, u32 len);
void send_pattern(u32 position, u32 len); /* by tcp_send(), all of it */
bool received_pattern(u32 len);           /* events.received is the pattern, len bytes */

extern const struct tcp_ops peer_ops;

#endif
