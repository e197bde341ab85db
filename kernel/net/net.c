/* The net floor: wires the protocols below TCP to the one device, and polls them. */
#include "net/net.h"

#include "base/arith.h"
#include "base/loop.h"
#include "base/str.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/dns.h"
#include "net/eth.h"
#include "net/icmp.h"
#include "net/ipv4.h"
#include "net/tcp.h"
#include "net/udp.h"

#define UPDATE_MS 1000 /* how often the link and the counters are looked at */

struct net_stats net_stats;

static struct netdev *device;
static bool more; /* the latest poll left frames in the ring */
static msec next_update;

void net_init(struct netdev *dev, msec now)
{
    device = dev;
    more = false;
    next_update = now + UPDATE_MS;
    memset(&net_stats, 0, sizeof(net_stats));
    arp_init();
    ipv4_init();
    icmp_init(now);
    udp_init();
    dns_init();
    dhcp_stop();
}

struct netdev *net_device(void)
{
    return device;
}

struct pkt *net_alloc(void)
{
    struct pkt *p = pkt_alloc(device->tx_pool);
    if (!p)
        net_stats.tx_no_packet++;
    return p;
}

bool net_more(void)
{
    return more;
}

void net_poll(msec now)
{
    /* One ring's worth at most: under a flood the timers must still get their turn. */
    u32 budget = device->rx_ring;
    struct pkt *p;
    while (budget && !loop_enough() && (p = device->ops->receive(device))) {
        eth_input(p, now);
        budget--;
    }
    more = !budget || loop_enough();
    arp_poll(now);
    ipv4_poll(now);
    dhcp_poll(now);
    dns_poll(now);
    tcp_poll(now);
    if (time_reached(now, next_update)) {
        device->ops->update(device);
        next_update = now + UPDATE_MS;
    }
    device->ops->flush(device);
}

u32 net_timeout(msec now)
{
    if (more)
        return 0;
    u32 ms = min_u32(arp_timeout(now), tcp_timeout(now));
    return min_u32(ms, min_u32(dhcp_timeout(now), dns_timeout(now)));
}
