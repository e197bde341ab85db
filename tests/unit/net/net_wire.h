/* A wire for the net floor's tests: a fake netdev that captures what is sent and delivers what the
 * test writes, with the virtual clock of platform_host.h. Received frames lie in memory of exactly
 * their length, so that ASan sees every byte that is read behind them. */
#ifndef NET_WIRE_H
#define NET_WIRE_H

#include "base/types.h"
#include "drv/netdev.h"
#include "platform_host.h"

#define WIRE_US      0xc000020a /* 192.0.2.10 */
#define WIRE_PEER    0xc0000214 /* 192.0.2.20 */
#define WIRE_GATEWAY 0xc0000201 /* 192.0.2.1 */
#define WIRE_FAR     0xcb007105 /* 203.0.113.5 */

extern const u8 wire_mac[6], wire_peer_mac[6], wire_gateway_mac[6], wire_all[6];

struct wire_frame {
    u8 bytes[2048];
    u32 len;
    msec at; /* when it was sent */
};

extern struct netdev wire_dev;
extern bool wire_tx_full;    /* the ring has no room */
extern u32 wire_flushes;     /* calls of ops->flush */
extern u32 wire_updates;     /* calls of ops->update */
extern bool wire_neighbours; /* WIRE_PEER and WIRE_GATEWAY answer ARP; such questions of ours are
                              * then not captured */
extern u16 wire_rx_flags;    /* set on every received packet */
extern struct pkt_pool wire_tx_pool, wire_rx_pool;

/* A new machine on a new wire at time `now`, net_init() done, without an address. */
void wire_reset(msec now);

/* The same, with WIRE_US/24 and a gateway, the announcements sent and forgotten. */
void wire_reset_configured(msec now);

/* Make ARP know WIRE_PEER and WIRE_GATEWAY. */
void wire_know_neighbours(void);

/* The oldest captured frame that was not taken yet; NULL when there is none. */
const struct wire_frame *wire_take(void);
const struct wire_frame *wire_take_ip(void); /* of IPv4; what is before it is forgotten */
u32 wire_captured(void);
void wire_forget(void);

/* Put a frame into the receive ring; and poll. */
void wire_queue(const u8 *frame, u32 len);
void wire_deliver(const u8 *frame, u32 len);

/* Let `ms` pass: poll, sleep as long as net_timeout() says, and so on. Fails the test when the
 * stack spins without time going on. */
void wire_run(u32 ms);

/* All packets are back in their pools. */
void wire_check_leaks(void);

/* Frames. They return the length. The frame goes to `to_mac` from `from_mac`. */
u32 wire_arp(u8 *frame, u16 op, const u8 *from_mac, ip4 from, ip4 to, const u8 *to_mac);
u32 wire_ip(u8 *frame, u8 protocol, ip4 from, ip4 to, const u8 *payload, u32 len);
u32 wire_udp(u8 *frame, ip4 from, u16 from_port, ip4 to, u16 to_port, const u8 *payload, u32 len);
/* Make the checksum of the (possibly altered) IP header right. */
void wire_fix_ip(u8 *frame);

/* The payload of a captured UDP frame whose checksums are right; NULL when it is something else. */
const u8 *wire_udp_payload(const struct wire_frame *f, ip4 *to, u16 *from_port, u16 *to_port,
                           u32 *len);

/* Deliver the frame truncated at every length, then `rounds` times with a few bytes changed. IP and
 * UDP checksums are set right again, so that the deeper layers see it. For ASan and UBSan. */
void wire_torment(const u8 *frame, u32 len, u32 rounds);

#endif
