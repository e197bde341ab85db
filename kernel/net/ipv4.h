/* IPv4 (RFC 791, 1122) for a host with one address. Fragments are dropped and counted: everything
 * here fits one frame, and goes out with DF set. */
#ifndef LUNBOOT_IPV4_H
#define LUNBOOT_IPV4_H

#include "base/inet.h"
#include "base/types.h"
#include "drv/pkt.h"
#include "net/checksum.h"

#define IP_HEADER      20
#define IP_PROTO_ICMP  1
#define IP_PROTO_TCP   6
#define IP_PROTO_UDP   17
#define IP4_BROADCAST  0xffffffffu

/* Offsets of the header (RFC 791, 3.1), for those who read the header that an ICMP error quotes. */
#define IP_VERSION_IHL 0
#define IP_TOTAL_LEN   2
#define IP_FRAGMENT    6
#define IP_TTL         8
#define IP_PROTOCOL    9
#define IP_CHECKSUM    10
#define IP_SOURCE      12
#define IP_DESTINATION 16
#define IP_DF          0x4000
#define IP_MF_OFFSET   0x3fff /* more fragments, and the offset: not 0 in a fragment */

#define IPV4_ROUTES    8 /* classless static routes (DHCP option 121, RFC 3442) that are kept */

struct ipv4_route {
    ip4 net;
    u8 prefix;   /* 0..32 */
    ip4 gateway; /* 0: on link */
};

struct ipv4_config {
    ip4 addr;    /* 0: not configured */
    ip4 netmask; /* 0, or one with holes: that of the address's class */
    ip4 gateway; /* 0: none; ignored when there are routes (RFC 3442) */
    struct ipv4_route routes[IPV4_ROUTES];
    u32 route_count;
};

void ipv4_init(void);

/* Use these settings from now on (copied); announces the address. */
void ipv4_configure(const struct ipv4_config *config, msec now);
const struct ipv4_config *ipv4_config(void);

/* p->data at the IP header; consumes p. While there is no address only UDP to port 68 is let in:
 * servers send their DHCP answers to the address that they offer. */
void ipv4_input(struct pkt *p, msec now);

/* p->data is the payload: prepend header and Ethernet header and send. Consumes p in any case.
 * False when it did not go out now (no route, ARP under way, ring full, too long): the caller's
 * state must stay as it was, and it tries again later. A destination of IP4_BROADCAST goes out
 * without an address of ours. */
bool ipv4_send(struct pkt *p, u8 protocol, ip4 to, msec now);

/* Who gets a packet for `to` next: `to` itself when it is on link, else a gateway. False: no route.
 */
bool ipv4_next_hop(ip4 to, ip4 *next);

/* Is `to` on our own network? */
bool ipv4_on_link(ip4 to);

/* The largest IP packet towards `to`: the device's MTU or what path MTU discovery found (RFC 1191).
 */
u16 ipv4_path_mtu(ip4 to);

/* A router says that no more than mtu bytes fit on the way to `to`. Raises nothing, takes no value
 * under 68, treats one under 576 as 576, and forgets it after ten minutes. One destination is
 * remembered. */
void ipv4_path_mtu_found(ip4 to, u16 mtu, msec now);

void ipv4_poll(msec now);

#endif
