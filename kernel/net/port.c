/* The device in use, packets to send, and what is counted. */
#include "net/port.h"

#include "base/str.h"

struct net_stats net_stats;

static struct netdev *device;

void net_set_device(struct netdev *dev)
{
    device = dev;
    memset(&net_stats, 0, sizeof(net_stats));
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
