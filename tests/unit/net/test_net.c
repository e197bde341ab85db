/* The net floor as main's event loop sees it. */
#include "net/net.h"
#include "net/port.h"

#include "base/arith.h"
#include "base/loop.h"
#include "net/address.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/dns.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "test.h"
#include <string.h>

static u8 frame[64];

TEST(one_poll_takes_one_ring_at_most)
{
    wire_reset_configured(0);
    wire_dev.rx_ring = 4;
    for (u32 i = 0; i < 10; i++)
        wire_queue(frame, wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all));
    net_poll(host_now);
    assert_int_equal(wire_captured(), 4);
    assert_int_equal(net_timeout(host_now), 0); /* there is more */
    net_poll(host_now);
    net_poll(host_now);
    assert_int_equal(wire_captured(), 10);
    assert_true(net_timeout(host_now) > 0);
    wire_check_leaks();
}

static u32 seen_first; /* captured when TCP is polled for the first time */

static void look_at_wire(bool more)
{
    seen_first = min_u32(seen_first, more ? wire_captured() : UINT32_MAX);
}

static void queue_three(void)
{
    for (u32 i = 0; i < 3; i++)
        wire_queue(frame, wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all));
}

/* What is to go does not wait for a look at the ring, and none is taken in vain. */
TEST(where_looks_are_dear_sending_is_first)
{
    static const bool done = true;
    static const struct poller net = {net_poll, net_timeout};
    wire_reset_configured(0);
    seen_first = UINT32_MAX;
    no_tcp.on_poll = look_at_wire;
    queue_three();
    loop_register(&net);
    loop_until(&done);
    assert_int_equal(wire_captured(), 3); /* not so here */
    assert_int_equal(seen_first, UINT32_MAX);
    wire_forget();
    wire_dev.wake.dear = true;
    queue_three();
    loop_until(&done);
    assert_int_equal(wire_captured(), 0);
    assert_int_equal(net_timeout(host_now), 0);
    seen_first = UINT32_MAX;
    loop_poll(NULL);
    assert_int_equal(wire_captured(), 3);
    assert_int_equal(seen_first, 0);
    no_tcp.on_poll = NULL;
    wire_check_leaks();
}

TEST(every_poll_flushes_once)
{
    wire_reset_configured(0);
    u32 before = wire_flushes;
    for (u32 i = 0; i < 3; i++)
        wire_queue(frame, wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all));
    net_poll(host_now);
    assert_int_equal(wire_flushes, before + 1);
}

TEST(the_link_is_looked_at_once_a_second)
{
    wire_reset_configured(0);
    u32 before = wire_updates;
    for (u32 i = 0; i < 100; i++) {
        host_now += 50;
        net_poll(host_now);
    }
    assert_int_equal(wire_updates - before, 5);
}

TEST(the_timeout_is_the_earliest_of_all)
{
    wire_reset_configured(0);
    u32 idle = net_timeout(host_now);
    no_tcp.timeout = 77;
    assert_int_equal(net_timeout(host_now), 77);
    static const ip4 servers[DNS_SERVERS] = {WIRE_PEER};
    dns_configure(servers, "");
    dns_start("host.example", host_now);
    assert_true(net_timeout(host_now) <= 50);
    wire_run(10000);
    no_tcp.timeout = TIMEOUT_NEVER;
    dhcp_start("", true, 60000, host_now);
    assert_int_equal(net_timeout(host_now), 0);
    dhcp_stop();
    assert_true(idle > 1000);
}

TEST(packets_that_ran_out_are_counted)
{
    wire_reset_configured(0);
    struct pkt *all[64];
    u32 n = 0;
    while ((all[n] = net_alloc()))
        n++;
    assert_int_equal(n, wire_tx_pool.total);
    assert_int_equal(net_stats.tx_no_packet, 1);
    while (n)
        pkt_free(all[--n]);
}

TEST(a_new_start_forgets_everything)
{
    wire_reset_configured(0);
    dhcp_start("", true, 60000, host_now);
    net_stats.ip_bad = 5;
    net_init(&wire_dev, host_now);
    assert_int_equal(net_stats.ip_bad, 0);
    assert_int_equal(ipv4_config()->addr, 0);
    assert_int_equal(dhcp_state(), DHCP_OFF);
    assert_ptr_equal(net_device(), &wire_dev);
}

TEST(the_clock_may_wrap)
{
    wire_reset_configured(UINT32_MAX - 8000);
    wire_know_neighbours();
    u8 mac[6];
    u32 asked = 0;
    for (u32 i = 0; i < 200; i++) {
        assert_true(arp_lookup(WIRE_PEER, mac, host_now));
        wire_run(1000);
        while (wire_take()) {
            asked++;
            wire_deliver(frame, wire_arp(frame, 2, wire_peer_mac, WIRE_PEER, WIRE_US, wire_mac));
        }
    }
    assert_int_equal(asked, 3);
}
