/* The machine's own addresses, and its routes (RFC 1122, 3.3.1): one IPv4 address, or none yet. */
#ifndef LUNBOOT_ADDRESS_H
#define LUNBOOT_ADDRESS_H

#include "base/types.h"

#define IP4_BROADCAST 0xffffffffu

#define IPV4_ROUTES   8 /* classless static routes (DHCP option 121, RFC 3442) that are kept */

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

/* What ip_configure() was given last, with the netmask that holds. Never NULL. */
const struct ipv4_config *ipv4_config(void);

/* Its part: take the settings over (copied). Nobody on the network hears of it. */
void ipv4_set_config(const struct ipv4_config *config);

/* Does it mean everybody on our network? */
bool ipv4_is_broadcast(ip4 addr);

/* Who gets a packet for `to` next: `to` itself when it is on link, else a gateway. False: no route.
 */
bool ipv4_next_hop(ip4 to, ip4 *next);

/* Is `to` on our own network? */
bool ipv4_on_link(ip4 to);

#endif
