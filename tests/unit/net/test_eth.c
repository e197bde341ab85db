/* Ethernet frames in and out. */
#include "net/eth.h"

#include "base/bytes.h"
#include "net/ip.h"
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

/* The frame with a tag behind its addresses; returns its new length. */
static u32 tag(u32 len, u16 tci)
{
    memmove(frame + 16, frame + 12, len - 12);
    put_be16(frame + 12, 0x8100);
    put_be16(frame + 14, tci);
    return len + 4;
}

static u32 arp_question(void)
{
    return wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
}

/* Does a question, tagged like this, find an answer? */
static bool answered(u16 tci)
{
    wire_deliver(frame, tag(arp_question(), tci));
    bool answer = wire_captured();
    wire_forget();
    return answer;
}

TEST(a_tag_without_a_vlan_is_no_tag)
{
    wire_reset_configured(0);
    assert_true(answered(0));
    assert_true(answered(0xf000)); /* a priority, and drop eligible */
    assert_int_equal(net_stats.eth_other_vlan, 0);
    assert_false(answered(20));
    assert_false(answered(4095));
    assert_int_equal(net_stats.eth_other_vlan, 2);
    wire_check_leaks();
}

TEST(in_a_vlan_only_its_frames_are_ours)
{
    wire_reset_configured(0);
    wire_dev.vlan = 20 | 5 << 13;
    assert_true(answered(20));
    assert_true(answered(20 | 7 << 13));
    assert_false(answered(21));
    assert_false(answered(0));
    wire_deliver(frame, arp_question());
    assert_int_equal(wire_captured(), 0);
    assert_int_equal(net_stats.eth_other_vlan, 3);
    wire_check_leaks();
}

TEST(in_a_vlan_every_frame_has_the_tag)
{
    wire_reset_configured(0);
    wire_dev.vlan = 20 | 5 << 13;
    wire_deliver(frame, tag(arp_question(), 20));
    const struct wire_frame *f = wire_take();
    static const u8 header[] = {0x81, 0, 0xa0, 20, 0x08, 0x06, 0, 1, 8, 0};
    assert_memory_equal(f->bytes, wire_peer_mac, 6);
    assert_memory_equal(f->bytes + 6, wire_mac, 6);
    assert_memory_equal(f->bytes + 12, header, sizeof(header));
    assert_int_equal(f->len, 18 + 28);
}

/* The tag takes nothing from the MTU. */
TEST(a_full_packet_fits_behind_a_tag)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    wire_dev.vlan = 20;
    struct pkt *p = net_alloc();
    p->len = 1480;
    assert_true(ip_send(p, IP_PROTO_UDP, WIRE_PEER, host_now));
    assert_int_equal(wire_take()->len, 1518);
}

TEST(two_tags_and_half_a_tag_are_dropped)
{
    wire_reset_configured(0);
    u32 len = tag(arp_question(), 0);
    wire_deliver(frame, tag(len, 0));
    assert_int_equal(net_stats.eth_type, 1);
    for (u32 n = ETH_HEADER; n < ETH_HEADER + ETH_TAG; n++)
        wire_deliver(frame, n);
    assert_int_equal(net_stats.eth_short, ETH_TAG);
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

TEST(no_headroom_for_a_tag_is_no_frame)
{
    wire_reset_configured(0);
    wire_dev.vlan = 20;
    for (u32 room = 0; room < ETH_HEADER + ETH_TAG; room++) {
        struct pkt *p = net_alloc();
        p->data = p->buf + room;
        p->len = 10;
        assert_false(eth_send(p, wire_peer_mac, ETH_TYPE_ARP));
    }
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}
