/* Ethernet frames in and out. */
#include "net/eth.h"

#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

static u8 frame[2048];

TEST(frames_not_for_us_are_dropped)
{
    wire_reset_configured(0);
    static const u8 other[6] = {2, 0, 0, 0, 0, 99}, multicast[6] = {1, 0, 0x5e, 0, 0, 1};
    u32 len = wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, other);
    wire_deliver(frame, len);
    assert_int_equal(net_stats.eth_not_ours, 1);
    memcpy(frame, multicast, 6);
    wire_deliver(frame, len);
    assert_int_equal(net_stats.eth_not_ours, 2);
    /* A group address as the source */
    memcpy(frame, wire_mac, 6);
    frame[6] |= 1;
    wire_deliver(frame, len);
    assert_int_equal(net_stats.eth_not_ours, 3);
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

TEST(short_frames_and_unknown_types_are_counted)
{
    wire_reset_configured(0);
    u32 len = wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_mac);
    for (u32 n = 0; n < ETH_HEADER; n++)
        wire_deliver(frame, n);
    assert_int_equal(net_stats.eth_short, ETH_HEADER);
    frame[12] = 0x86; /* IPv6 */
    frame[13] = 0xdd;
    wire_deliver(frame, len);
    frame[12] = 0; /* an 802.3 length */
    wire_deliver(frame, len);
    assert_int_equal(net_stats.eth_type, 2);
    wire_check_leaks();
}

TEST(a_full_ring_costs_nothing)
{
    wire_reset_configured(0);
    struct pkt *p = net_alloc();
    p->len = 10;
    wire_tx_full = true;
    assert_false(eth_send(p, wire_peer_mac, ETH_TYPE_ARP));
    assert_int_equal(net_stats.tx_ring_full, 1);
    wire_check_leaks();
    wire_tx_full = false;
    p = net_alloc();
    p->len = 10;
    assert_true(eth_send(p, wire_peer_mac, ETH_TYPE_ARP));
    const struct wire_frame *f = wire_take();
    assert_int_equal(f->len, 24);
    assert_memory_equal(f->bytes, wire_peer_mac, 6);
    assert_memory_equal(f->bytes + 6, wire_mac, 6);
    assert_int_equal(f->bytes[12] << 8 | f->bytes[13], ETH_TYPE_ARP);
}

TEST(no_headroom_is_no_frame)
{
    wire_reset_configured(0);
    struct pkt *p = net_alloc();
    p->data = p->buf + 13;
    p->len = 10;
    assert_false(eth_send(p, wire_peer_mac, ETH_TYPE_ARP));
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}
