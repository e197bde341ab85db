/* The way to a destination: route, neighbour, header, frame; and how much fits. */
#include "net/ip.h"

#include "net/address.h"
#include "net/arp.h"
#include "net/eth.h"
#include "net/ipv4.h"
#include "net/port.h"

#define PATH_MTU_LEAST 68  /* RFC 791: what every link carries */
#define PATH_MTU_FLOOR 576 /* RFC 1191, 8: a smaller claim is rather an attack than a link */
#define PATH_MTU_AGE   600000

static struct {
    ip4 to; /* 0: none */
    u16 mtu;
    msec forget_at;
} path;

static u16 longest; /* see ip_path_shortened() */

void ip_configure(const struct ipv4_config *config, msec now)
{
    ipv4_set_config(config);
    path.to = longest = 0;
    arp_announce(config->addr, now);
}

bool ip_send(struct pkt *p, u8 protocol, ip4 to, msec now)
{
    ip4 next;
    u8 found[6];
    const u8 *mac = found;
    if (to == IP4_BROADCAST)
        mac = eth_broadcast;
    else if (!ipv4_next_hop(to, &next) || !arp_lookup(next, found, now))
        goto drop;
    if (ipv4_push(p, protocol, to) && p->len <= net_device()->mtu)
        return eth_send(p, mac, ETH_TYPE_IPV4);
drop:
    pkt_free(p);
    return false;
}

ip4 ip_source(ip4 to)
{
    (void)to;
    return ipv4_config()->addr;
}

static u16 path_mtu(ip4 to)
{
    u16 mtu = net_device()->mtu;
    if (longest && longest < mtu)
        mtu = longest;
    return to == path.to && path.mtu < mtu ? path.mtu : mtu;
}

u32 ip_path_payload(ip4 to)
{
    return path_mtu(to) - IP_HEADER;
}

void ip_path_mtu_found(ip4 to, u16 mtu, msec now)
{
    if (!to || mtu < PATH_MTU_LEAST || mtu >= path_mtu(to))
        return;
    path.to = to;
    path.mtu = mtu < PATH_MTU_FLOOR ? PATH_MTU_FLOOR : mtu;
    path.forget_at = now + PATH_MTU_AGE;
}

bool ip_path_lost(u32 payload)
{
    /* Ethernet, tunnels, tunnels in tunnels, and what everybody takes. */
    static const u16 steps[] = {1500, 1400, 1220, PATH_MTU_FLOOR};
    for (u32 i = 0; i < ARRAY_SIZE(steps); i++)
        if (steps[i] < payload + IP_HEADER) {
            longest = steps[i];
            net_stats.ip_too_long++;
            return true;
        }
    return false;
}

u32 ip_path_shortened(void)
{
    return longest;
}

enum error ip_reachable(ip4 to)
{
    ip4 next;
    if (!ipv4_next_hop(to, &next))
        return ERR_NET_NO_ROUTE;
    return arp_known(next) ? OK : ERR_NET_NO_ARP;
}

void ip_doubt(ip4 to, msec now)
{
    ip4 next;
    if (ipv4_next_hop(to, &next))
        arp_refresh(next, now);
}

void ip_poll(msec now)
{
    if (path.to && time_reached(now, path.forget_at))
        path.to = 0;
}
