/* The device in use, packets to send, and what is counted. */
#include "net/port.h"

#include "base/str.h"

struct net_stats net_stats;

static const char counter_names[] = NET_STATS(COUNTERS_NAME);

static struct netdev *device;

void net_set_device(struct netdev *dev)
{
    counters_register(counter_names, (u32 *)&net_stats, sizeof(net_stats));
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
