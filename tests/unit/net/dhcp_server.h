/* A scripted DHCP server on net_wire.h: it hears what the client says, and answers what the test
 * tells it to. */
#ifndef DHCP_SERVER_H
#define DHCP_SERVER_H

#include "net/dhcp.h"
#include "net/dhcp_wire.h"
#include "net/net_wire.h"

#define SERVER  WIRE_PEER
#define SERVER2 (WIRE_PEER + 1)

/* What the client said last. */
extern struct dhcp_said {
    u8 packet[1500];
    u32 len;
    ip4 to;
    u16 port; /* DHCP_SERVER_PORT, or DHCP_PROXY_PORT */
    msec at;
} said;

/* The next DHCP message on the wire, into `said`; its type, 0 when there is none. */
u8 hear(void);

/* An option of what was said; NULL when it is not there. */
const u8 *said_option(u8 code, u32 *len);
bool said_has(u8 code);
void assert_said(u8 code, const void *value, u32 len);

/* The answer that is being put together. */
extern u8 answer[2048];
extern u32 answer_len;

/* Begin an answer to what was said last, with message type and server identifier; and an ACK for
 * WIRE_US from SERVER to nobody's question. */
void begin_answer(u8 type, ip4 yiaddr, ip4 server);
void begin_ack(void);
void add(u8 code, const void *value, u32 len);
void add_text(u8 code, const char *text);
void add_u32(u8 code, u32 value);
void add_network(void); /* mask and gateway of WIRE_US */
void send_answer(void);
void send_answer_from(ip4 from, u16 port);

/* Parse the answer, as if it came from PARSED_FROM, or add what the lease lacks of it, from memory
 * of exactly its length. */
#define PARSED_FROM (WIRE_PEER + 2)
bool parse(void);
void merge(void);
extern struct dhcp_lease lease;
extern u8 lease_type; /* of the message */

/* All of that at once; no root path when it is NULL. */
void answer_with(u8 type, ip4 yiaddr, ip4 server, u32 seconds, const char *root_path);

#endif
