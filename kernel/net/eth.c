/* Ethernet II frames. */
#include "net/eth.h"

#include "bytes.h"
#include "net/arp.h"
#include "net/ipv4.h"
#include "net/net.h"
#include "str.h"

#define ETH_TO   0
#define ETH_FROM 6
#define ETH_TYPE 12

const u8 eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Two addresses, for every frame: in words. */
static bool same(const u8 *a, const u8 *b)
{
    return get_le32(a) == get_le32(b) && get_le16(a + 4) == get_le16(b + 4);
}

void eth_input(struct pkt *p, msec now)
{
    const u8 *frame = p->data;
    u32 *reason = &net_stats.eth_short;
    if (!pkt_pull(p, ETH_HEADER))
        goto drop;
    reason = &net_stats.eth_not_ours;
    if (!same(frame + ETH_TO, net_device()->mac)) {
        /* We have joined no multicast group. */
        if (!same(frame + ETH_TO, eth_broadcast))
            goto drop;
        p->flags |= PKT_BROADCAST;
    }
    /* A source that is a group address is nobody (IEEE 802.3, 3.2.3). */
    if (frame[ETH_FROM] & 1)
        goto drop;
    switch (get_be16(frame + ETH_TYPE)) {
    case ETH_TYPE_IPV4:
        ipv4_input(p, now);
        return;
    case ETH_TYPE_ARP:
        arp_input(p, now);
        return;
    }
    reason = &net_stats.eth_type;
drop:
    (*reason)++;
    pkt_free(p);
}

bool eth_send(struct pkt *p, const u8 to[6], u16 type)
{
    struct netdev *dev = net_device();
    u8 *frame = pkt_push(p, ETH_HEADER);
    if (frame) {
        memcpy(frame + ETH_TO, to, 6);
        memcpy(frame + ETH_FROM, dev->mac, 6);
        put_be16(frame + ETH_TYPE, type);
        if (dev->ops->transmit(dev, p))
            return true;
        net_stats.tx_ring_full++;
    }
    pkt_free(p);
    return false;
}
