/* ARP: asking, learning, forgetting, and the defence of our address. */
#include "net/arp.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/ip.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

#define REQUEST 1
#define REPLY   2
#define ARP     14 /* where the packet begins in a frame */

static u8 frame[64], mac[6];
static const u8 other_mac[6] = {2, 0, 0, 0, 0, 0x99};

static bool lookup(ip4 addr)
{
    return arp_lookup(addr, mac, host_now);
}

static void deliver(u16 op, const u8 *from_mac, ip4 from, ip4 to)
{
    wire_deliver(frame, wire_arp(frame, op, from_mac, from, to, op == REPLY ? wire_mac : wire_all));
}

static void assert_request(const struct wire_frame *f, ip4 from, ip4 target, const u8 *to_mac)
{
    static const u8 none[6];
    assert_non_null(f);
    assert_int_equal(f->len, ARP + 28);
    assert_memory_equal(f->bytes, to_mac, 6);
    assert_int_equal(get_be16(f->bytes + 12), 0x0806);
    assert_int_equal(get_be32(f->bytes + ARP), 0x00010800);
    assert_int_equal(get_be32(f->bytes + ARP + 4), 0x06040001);
    assert_memory_equal(f->bytes + ARP + 8, wire_mac, 6);
    assert_int_equal(get_be32(f->bytes + ARP + 14), from);
    assert_memory_equal(f->bytes + ARP + 18, to_mac[0] == 0xff ? none : to_mac, 6);
    assert_int_equal(get_be32(f->bytes + ARP + 24), target);
}

TEST(asks_and_learns)
{
    wire_reset_configured(0);
    assert_false(lookup(WIRE_PEER));
    assert_false(lookup(WIRE_PEER));
    assert_request(wire_take(), WIRE_US, WIRE_PEER, wire_all);
    assert_null(wire_take());
    deliver(REPLY, wire_peer_mac, WIRE_PEER, WIRE_US);
    assert_true(lookup(WIRE_PEER));
    assert_memory_equal(mac, wire_peer_mac, 6);
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

TEST(retries_with_back_off_then_fails_but_goes_on)
{
    wire_reset_configured(1000);
    msec start = host_now;
    const msec at[] = {0, 250, 750, 1750, 3750, 7750, 11750};
    lookup(WIRE_PEER);
    wire_run(3749);
    assert_false(lookup(WIRE_PEER));
    wire_run(1);
    assert_false(lookup(WIRE_PEER));
    wire_run(9000);
    for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
        const struct wire_frame *f = wire_take();
        assert_request(f, WIRE_US, WIRE_PEER, wire_all);
        assert_int_equal(f->at - start, at[i]);
    }
    assert_null(wire_take());
    deliver(REPLY, wire_peer_mac, WIRE_PEER, WIRE_US);
    assert_true(lookup(WIRE_PEER));
}

TEST(nobody_interested_means_no_more_questions)
{
    wire_reset_configured(0);
    lookup(WIRE_PEER);
    wire_run(70000);
    wire_forget();
    wire_run(600000);
    assert_int_equal(wire_captured(), 0);
    assert_true(arp_timeout(host_now) > 60000);
}

TEST(a_full_ring_delays_the_question_only)
{
    wire_reset_configured(0);
    wire_tx_full = true;
    assert_false(lookup(WIRE_PEER));
    wire_run(10000);
    assert_false(lookup(WIRE_PEER));
    wire_tx_full = false;
    wire_run(20);
    assert_request(wire_take(), WIRE_US, WIRE_PEER, wire_all);
    wire_check_leaks();
}

TEST(a_used_entry_is_asked_again_and_used_meanwhile)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    for (u32 i = 0; i < 59; i++) {
        wire_run(1000);
        lookup(WIRE_PEER);
    }
    assert_int_equal(wire_captured(), 0);
    wire_run(1000);
    /* two unicast polls, then to all */
    assert_request(wire_take(), WIRE_US, WIRE_PEER, wire_peer_mac);
    assert_null(wire_take()); /* the gateway's entry was not used: gone */
    wire_run(250);
    assert_request(wire_take(), WIRE_US, WIRE_PEER, wire_peer_mac);
    wire_run(500);
    assert_request(wire_take(), WIRE_US, WIRE_PEER, wire_all);
    assert_true(lookup(WIRE_PEER));
    deliver(REPLY, other_mac, WIRE_PEER, WIRE_US);
    assert_true(lookup(WIRE_PEER));
    assert_memory_equal(mac, other_mac, 6);
    wire_run(10000);
    assert_int_equal(wire_captured(), 0);
}

TEST(a_neighbour_that_is_gone_is_given_up)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    lookup(WIRE_PEER);
    arp_refresh(WIRE_PEER, host_now);
    arp_refresh(WIRE_PEER, host_now); /* one is under way */
    assert_request(wire_take(), WIRE_US, WIRE_PEER, wire_peer_mac);
    assert_null(wire_take());
    wire_run(3750);
    assert_true(lookup(WIRE_PEER));
    wire_run(4000);
    assert_false(lookup(WIRE_PEER));
    /* Asking about strangers is nothing */
    wire_forget();
    arp_refresh(WIRE_FAR, host_now);
    arp_refresh(WIRE_PEER, host_now);
    assert_int_equal(wire_captured(), 0);
}

TEST(answers_questions_about_us_and_learns_who_asks)
{
    wire_reset_configured(0);
    deliver(REQUEST, wire_peer_mac, WIRE_PEER, WIRE_US);
    const struct wire_frame *f = wire_take();
    assert_non_null(f);
    assert_memory_equal(f->bytes, wire_peer_mac, 6);
    assert_int_equal(get_be16(f->bytes + ARP + 6), REPLY);
    assert_memory_equal(f->bytes + ARP + 8, wire_mac, 6);
    assert_int_equal(get_be32(f->bytes + ARP + 14), WIRE_US);
    assert_memory_equal(f->bytes + ARP + 18, wire_peer_mac, 6);
    assert_int_equal(get_be32(f->bytes + ARP + 24), WIRE_PEER);
    assert_true(lookup(WIRE_PEER));
    assert_null(wire_take());
    /* Not about us: no answer, nothing learned */
    deliver(REQUEST, other_mac, 0xc0000230, WIRE_PEER);
    assert_int_equal(wire_captured(), 0);
    assert_false(lookup(0xc0000230));
}

TEST(a_probe_for_our_address_is_answered_but_not_learned)
{
    wire_reset_configured(0);
    deliver(REQUEST, other_mac, 0, WIRE_US);
    const struct wire_frame *f = wire_take();
    assert_non_null(f);
    assert_int_equal(get_be32(f->bytes + ARP + 24), 0);
    assert_false(arp_conflict(mac));
    wire_check_leaks();
}

TEST(who_is_off_link_is_not_learned)
{
    wire_reset_configured(0);
    deliver(REQUEST, other_mac, WIRE_FAR, WIRE_US);
    assert_int_equal(wire_captured(), 1);
    wire_forget();
    assert_false(lookup(WIRE_FAR));
}

TEST(unasked_answers_only_update)
{
    wire_reset_configured(0);
    deliver(REPLY, other_mac, WIRE_PEER, WIRE_PEER);
    deliver(REQUEST, other_mac, WIRE_PEER, WIRE_PEER);
    assert_false(lookup(WIRE_PEER));
    deliver(REQUEST, other_mac, WIRE_PEER, WIRE_PEER); /* gratuitous, about an entry we have */
    assert_true(lookup(WIRE_PEER));
    assert_memory_equal(mac, other_mac, 6);
}

TEST(a_flood_of_strangers_does_not_push_out_the_target)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    for (u32 i = 0; i < 100; i++) {
        host_now += 10;
        deliver(REQUEST, other_mac, 0xc0000230 + i, WIRE_US);
        wire_forget();
    }
    assert_true(lookup(WIRE_PEER));
    assert_true(lookup(WIRE_GATEWAY));
    assert_int_equal(wire_captured(), 0);
}

TEST(a_full_cache_drops_what_was_used_longest_ago)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    for (u32 i = 0; i < 6; i++) {
        host_now += 10;
        lookup(0xc0000230 + i);
    }
    lookup(WIRE_GATEWAY);
    host_now += 10;
    deliver(REQUEST, other_mac, 0xc0000250, WIRE_US); /* no room for what nobody wants */
    assert_true(lookup(WIRE_GATEWAY));
    lookup(0xc0000240);
    assert_true(lookup(WIRE_GATEWAY));
    assert_false(lookup(WIRE_PEER));
}

TEST(the_address_is_announced_twice)
{
    wire_reset(5000);
    const struct ipv4_config config = {.addr = WIRE_US, .netmask = 0xffffff00};
    wire_tx_full = true;
    ip_configure(&config, host_now);
    wire_run(100);
    wire_tx_full = false;
    wire_run(10000);
    const struct wire_frame *first = wire_take(), *second = wire_take();
    assert_request(first, WIRE_US, WIRE_US, wire_all);
    assert_request(second, WIRE_US, WIRE_US, wire_all);
    assert_int_equal(first->at, 5120);
    assert_int_equal(second->at, 7120);
    assert_null(wire_take());
}

TEST(a_conflict_is_defended_once_then_reported)
{
    wire_reset_configured(0);
    deliver(REPLY, other_mac, WIRE_US, WIRE_PEER);
    assert_request(wire_take(), WIRE_US, WIRE_US, wire_all);
    assert_false(arp_conflict(mac));
    wire_run(10000);
    deliver(REQUEST, other_mac, WIRE_US, WIRE_US); /* ten seconds later: once more */
    assert_request(wire_take(), WIRE_US, WIRE_US, wire_all);
    assert_false(arp_conflict(mac));
    wire_run(9000);
    deliver(REQUEST, other_mac, WIRE_US, WIRE_PEER);
    assert_null(wire_take());
    assert_true(arp_conflict(mac));
    assert_memory_equal(mac, other_mac, 6);
    assert_int_equal(net_stats.arp_conflicts, 3);
    arp_announce(WIRE_US, host_now);
    assert_false(arp_conflict(mac));
}

TEST(our_own_frames_coming_back_are_no_conflict)
{
    wire_reset_configured(0);
    deliver(REQUEST, wire_mac, WIRE_US, WIRE_US);
    deliver(REQUEST, wire_mac, WIRE_US, WIRE_US);
    assert_int_equal(net_stats.arp_conflicts, 0);
    assert_int_equal(wire_captured(), 0);
}

TEST(bad_packets_are_counted)
{
    wire_reset_configured(0);
    static const struct {
        u32 at;
        u8 value;
    } bad[] = {
        {0, 1},   {1, 6}, {2, 9}, {3, 1},   {4, 8}, {4, 0},
        {4, 255}, {5, 3}, {5, 0}, {5, 255}, {8, 3}, {8, 255},
    };
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        u32 len = wire_arp(frame, REQUEST, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
        frame[ARP + bad[i].at] = bad[i].value;
        wire_deliver(frame, len);
        assert_int_equal(net_stats.arp_bad, i + 1);
    }
    wire_arp(frame, REQUEST, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
    memset(frame + ARP + 8, 0, 6); /* nobody */
    wire_deliver(frame, 60);
    for (u32 len = ARP; len < ARP + 28; len++) {
        wire_arp(frame, REQUEST, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
        wire_deliver(frame, len);
    }
    assert_int_equal(net_stats.arp_bad, ARRAY_SIZE(bad) + 1 + 28);
    deliver(0, wire_peer_mac, WIRE_PEER, WIRE_US);
    deliver(3, wire_peer_mac, WIRE_PEER, WIRE_US); /* RARP */
    assert_int_equal(net_stats.arp_bad, ARRAY_SIZE(bad) + 1 + 28 + 2);
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

TEST(without_an_address_we_are_silent)
{
    wire_reset(0);
    deliver(REQUEST, wire_peer_mac, WIRE_PEER, WIRE_US);
    deliver(REQUEST, wire_peer_mac, WIRE_PEER, 0);
    deliver(REQUEST, wire_peer_mac, 0, 0);
    wire_run(10000);
    assert_int_equal(wire_captured(), 0);
}

TEST(mutated_packets_do_no_harm)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    u32 len = wire_arp(frame, REQUEST, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
    wire_torment(frame, len, 3000);
    wire_check_leaks();
}
