/* IPv4 (RFC 791, 1122) for a host with one address. Fragments are dropped and counted: everything
 * here fits one frame. */
#ifndef LUNBOOT_IPV4_H
#define LUNBOOT_IPV4_H

#include "net/pkt.h"
#include "types.h"

#define IP_HEADER     20
#define IP_PROTO_ICMP 1
#define IP_PROTO_TCP  6
#define IP_PROTO_UDP  17
#define IP4_BROADCAST 0xffffffffu

#define IPV4_ROUTES   8 /* classless static routes (DHCP option 121, RFC 3442) that are kept */

struct ipv4_route {
    ip4 net;
    u8 prefix;   /* 0..32 */
    ip4 gateway; /* 0: on link */
};

struct ipv4_config {
    ip4 addr; /* 0: not configured */
    ip4 netmask;
    ip4 gateway; /* 0: none; ignored when there are routes (RFC 3442) */
    struct ipv4_route routes[IPV4_ROUTES];
    u32 route_count;
    u16 mtu; /* 0: the device's */
};

void ipv4_init(void);

/* Use these settings from now on; announces the address. */
void ipv4_configure(const struct ipv4_config *config, msec now);
const struct ipv4_config *ipv4_config(void);

void ipv4_input(struct pkt *p, msec now); /* p->data at the IP header; consumes p */

/* p->data is the payload: prepend header and Ethernet header and send. Consumes p in any case.
 * False when it did not go out now (no route, ARP under way, ring full): the caller's state must
 * stay as it was, and it tries again later. A destination of IP4_BROADCAST goes out without an
 * address of ours. */
bool ipv4_send(struct pkt *p, u8 protocol, ip4 to, msec now);

/* Who gets a packet for `to` next: `to` itself when it is on link, else a gateway. False: no route.
 */
bool ipv4_next_hop(ip4 to, ip4 *next);

/* Is `to` on our own network? */
bool ipv4_on_link(ip4 to);

/* The largest IP packet towards `to`: interface MTU or what path MTU discovery found (RFC 1191). */
u16 ipv4_path_mtu(ip4 to);

/* The Internet checksum (RFC 1071): add up len bytes in network order onto sum, which starts at 0
 * and stays foldable for up to 64 KiB. Only the last piece of several may be of odd length. */
u32 checksum_add(u32 sum, const u8 *p, u32 len);

/* Copy and add up in one pass. */
u32 checksum_copy(u32 sum, u8 *to, const u8 *from, u32 len);

/* Fold and complement: the value for the header field, host order. */
u16 checksum_finish(u32 sum);

/* The pseudo-header of TCP and UDP, to begin with. */
u32 checksum_pseudo(ip4 from, ip4 to, u8 protocol, u16 len);

#endif
