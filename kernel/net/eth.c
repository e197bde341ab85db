/* Ethernet II frames. */
#include "net/eth.h"

#include "base/bytes.h"
#include "base/str.h"
#include "net/arp.h"
#include "net/ipv4.h"
#include "net/net.h"

#define ETH_TO   0
#define ETH_FROM 6
#define ETH_TYPE 12

const u8 eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void eth_input(struct pkt *p, msec now)
{
    const u8 *frame = p->data;
    u32 *reason = &net_stats.eth_short;
    if (p->len < ETH_HEADER)
        goto drop;
    pkt_skip(p, ETH_HEADER);
    reason = &net_stats.eth_not_ours;
    /* For every frame: in words. */
    u32 to = get_le32(frame + ETH_TO), to4 = get_le16(frame + ETH_TO + 4);
    const u8 *mac = net_device()->mac;
    if (to != get_le32(mac) || to4 != get_le16(mac + 4)) {
        /* We have joined no multicast group. */
        if (to != 0xffffffff || to4 != 0xffff)
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
