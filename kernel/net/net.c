/* The net floor: starts the protocols, and polls them. */
#include "net/net.h"

#include "base/arith.h"
#include "base/loop.h"
#include "net/address.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/dns.h"
#include "net/icmp.h"
#include "net/input.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/tcp.h"
#include "net/tftp.h"
#include "net/udp.h"

#define UPDATE_MS 1000 /* how often the link and the counters are looked at */

static bool more; /* the latest poll left frames in the ring */
static msec next_update;

void net_init(struct netdev *dev, msec now)
{
    static const struct ipv4_config none;
    net_set_device(dev);
    more = false;
    next_update = now + UPDATE_MS;
    arp_init();
    ip_configure(&none, now);
    icmp_init(now);
    udp_init();
    dns_init();
    dhcp_stop();
    tftp_stop();
}

void net_poll(msec now)
{
    struct netdev *dev = net_device();
    bool dear = dev->wake.dear;
    /* What is to go has not to wait for a look. */
    if (dear)
        tcp_poll(true, now);
    /* One ring's worth at most: under a flood the timers must still get their turn. */
    u32 budget = dev->rx_ring;
    struct pkt *p;
    while (budget && !loop_enough(dear) && (p = dev->ops->receive(dev))) {
        input_frame(p, now);
        budget--;
    }
    more = !budget || loop_enough(dear);
    arp_poll(now);
    ip_poll(now);
    dhcp_poll(now);
    dns_poll(now);
    tftp_poll(now);
    tcp_poll(more, now);
    if (time_reached(now, next_update)) {
        dev->ops->update(dev);
        next_update = now + UPDATE_MS;
    }
    dev->ops->flush(dev);
}

u32 net_timeout(msec now)
{
    if (more)
        return 0;
    u32 ms = min_u32(arp_timeout(now), tcp_timeout(now));
    ms = min_u32(ms, tftp_timeout(now));
    return min_u32(ms, min_u32(dhcp_timeout(now), dns_timeout(now)));
}
