/* ICMP (RFC 792, 1122): answers echo requests, tells TCP about errors, sends unreachables. */
#ifndef LUNBOOT_ICMP_H
#define LUNBOOT_ICMP_H

#include "base/types.h"
#include "drv/pkt.h"

#define ICMP_UNREACHABLE       3
#define ICMP_NET_UNREACHABLE   0
#define ICMP_HOST_UNREACHABLE  1
#define ICMP_PROTO_UNREACHABLE 2
#define ICMP_PORT_UNREACHABLE  3
#define ICMP_FRAG_NEEDED       4

void icmp_init(msec now);
void icmp_input(struct pkt *p, ip4 from, ip4 to, msec now); /* p->data at ICMP; consumes p */

/* Tell the sender of the packet whose IP header starts at `ip` that nobody listens. Rate limited;
 * never about what was not sent to us alone. `len` bytes are there, a whole valid header among
 * them. */
void icmp_send_unreachable(const u8 *ip, u32 len, u8 code, msec now);

#endif
