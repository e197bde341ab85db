/* ICMP (RFC 792, 1122): answers echo requests, understands errors, sends unreachables. */
#ifndef LUNBOOT_ICMP_H
#define LUNBOOT_ICMP_H

#include "base/types.h"
#include "drv/pkt.h"
#include "net/ipv4.h"

#define ICMP_UNREACHABLE       3
#define ICMP_NET_UNREACHABLE   0
#define ICMP_HOST_UNREACHABLE  1
#define ICMP_PROTO_UNREACHABLE 2
#define ICMP_PORT_UNREACHABLE  3
#define ICMP_FRAG_NEEDED       4

/* "Unreachable", about a packet that we are said to have sent. Anybody can say so. */
struct icmp_error {
    ip4 to; /* where the packet went */
    u8 protocol;
    u8 code;
    u16 mtu;   /* the next hop's, with ICMP_FRAG_NEEDED */
    u32 ports; /* of TCP and UDP: source << 16 | destination */
    u32 seq;   /* of TCP */
};

void icmp_init(msec now);

/* p->data is at ICMP, the packet was opened by ipv4.c. True: it is an error, and *error says which.
 */
bool icmp_input(const struct pkt *p, const struct ip_packet *packet, struct icmp_error *error,
                msec now);

/* Tell the sender of a packet that nobody listens. Rate limited; never about what was not sent to
 * us alone. */
void icmp_send_unreachable(const struct ip_packet *packet, u8 code, msec now);

#endif
