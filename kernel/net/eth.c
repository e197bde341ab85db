/* Ethernet II frames. */
#include "net/eth.h"

#include "base/bytes.h"
#include "base/str.h"
#include "net/port.h"

#define ETH_TO   0
#define ETH_FROM 6
#define ETH_TYPE 12

const u8 eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Take off the tag, if there is one. False: the frame is of another VLAN. */
static bool open_tag(struct pkt *p, u16 *type)
{
    u32 id = 0;
    if (*type == ETH_TYPE_VLAN) {
        if (p->len < ETH_TAG) {
            net_stats.eth_short++;
            return false;
        }
        id = get_be16(p->data) & ETH_VLAN_ID;
        *type = get_be16(p->data + 2);
        pkt_skip(p, ETH_TAG);
    }
    bool ours = id == (net_device()->vlan & ETH_VLAN_ID);
    net_stats.eth_other_vlan += !ours;
    return ours;
}

bool eth_open(struct pkt *p, u16 *type)
{
    const u8 *frame = p->data;
    if (p->len < ETH_HEADER) {
        net_stats.eth_short++;
        return false;
    }
    pkt_skip(p, ETH_HEADER);
    /* For every frame: in words. */
    u32 to = get_le32(frame + ETH_TO), to4 = get_le16(frame + ETH_TO + 4);
    const struct netdev *dev = net_device();
    const u8 *mac = dev->mac;
    bool ours = to == get_le32(mac) && to4 == get_le16(mac + 4);
    if (!ours) {
        /* We have joined no multicast group. */
        ours = to == 0xffffffff && to4 == 0xffff;
        p->flags |= PKT_BROADCAST;
    }
    /* A source that is a group address is nobody (IEEE 802.3, 3.2.3). */
    if (!ours || (frame[ETH_FROM] & 1)) {
        net_stats.eth_not_ours++;
        return false;
    }
    *type = get_be16(frame + ETH_TYPE);
    return !(dev->vlan | (*type == ETH_TYPE_VLAN)) || open_tag(p, type);
}

/* Returns the new type. Where there is no headroom for the tag, there is none for the header. */
static u16 push_tag(struct pkt *p, u16 vlan, u16 type)
{
    u8 *tag = pkt_push(p, ETH_TAG);
    if (tag)
        put_be32(tag, (u32)vlan << 16 | type);
    return ETH_TYPE_VLAN;
}

bool eth_send(struct pkt *p, const u8 to[6], u16 type)
{
    struct netdev *dev = net_device();
    if (dev->vlan)
        type = push_tag(p, dev->vlan, type);
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
