/* The machine's own addresses, and its routes. */
#include "net/address.h"

#include "base/arith.h"
#include "base/inet.h"

static struct ipv4_config own;
static ip4 own_broadcast; /* IP4_BROADCAST: our network has none */

const struct ipv4_config *ipv4_config(void)
{
    return &own;
}

void ipv4_set_config(const struct ipv4_config *config)
{
    own = *config;
    own.route_count = min_u32(own.route_count, IPV4_ROUTES);
    if (!ip4_is_netmask(own.netmask))
        own.netmask = ip4_class_mask(own.addr);
    own_broadcast = own.addr | ~own.netmask;
    /* A network of one or two addresses has no broadcast (RFC 3021), nor who has no address. */
    if (!own.addr || ~own.netmask <= 1)
        own_broadcast = IP4_BROADCAST;
}

bool ipv4_is_broadcast(ip4 addr)
{
    return addr == IP4_BROADCAST || addr == own_broadcast;
}

bool ipv4_next_hop(ip4 to, ip4 *next)
{
    ip4 best = 0; /* the mask of the best route so far */
    bool found = false;
    if (!own.addr || to == own.addr || !ip4_is_host(to) || ipv4_is_broadcast(to))
        return false;
    if (!((to ^ own.addr) & own.netmask)) {
        best = own.netmask;
        *next = to;
        found = true;
    }
    for (u32 i = 0; i < own.route_count; i++) {
        const struct ipv4_route *r = &own.routes[i];
        ip4 mask = ip4_netmask(r->prefix);
        if (!((to ^ r->net) & mask) && (!found || mask > best)) {
            best = mask;
            *next = r->gateway ? r->gateway : to;
            found = true;
        }
    }
    if (!found && !own.route_count && own.gateway) {
        *next = own.gateway;
        found = true;
    }
    return found;
}

bool ipv4_on_link(ip4 to)
{
    ip4 next;
    return ipv4_next_hop(to, &next) && next == to;
}
