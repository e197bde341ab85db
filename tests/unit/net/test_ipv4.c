/* IPv4: what is let in, where things go out, path MTU, and the checksum. */
#include "net/ipv4.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "net/udp.h"
#include "test.h"
#include <string.h>

#define IP 14 /* where the packet begins in a frame */

static u8 frame[2048];
static u8 payload[1480];
static u32 datagrams;

static void on_datagram(const u8 *data, u32 len, ip4 from, u16 from_port, msec now)
{
    (void)data;
    (void)len;
    (void)from;
    (void)from_port;
    (void)now;
    datagrams++;
}

static u32 segment(ip4 from, ip4 to)
{
    return wire_ip(frame, IP_PROTO_TCP, from, to, payload, 20);
}

static u32 datagram(ip4 from, ip4 to)
{
    return wire_udp(frame, from, 67, to, 68, payload, 10);
}

static void configured(void)
{
    without_tcp();
    datagrams = 0;
    udp_bind(68, on_datagram);
}

FIXTURE(configured);

static void unconfigured(void)
{
    configured();
    wire_reset(0);
    udp_bind(68, on_datagram);
}

TEST(segments_for_us_arrive_without_padding_and_options)
{
    wire_deliver(frame, segment(WIRE_PEER, WIRE_US));
    assert_int_equal(no_tcp.segments, 1);
    assert_int_equal(no_tcp.len, 20);
    u32 len = segment(WIRE_PEER, WIRE_US);
    wire_deliver(frame, len + 6);
    assert_int_equal(no_tcp.len, 20);
    frame[IP] = 0x47; /* two words of options, the payload is 12 bytes then */
    wire_fix_ip(frame);
    wire_deliver(frame, len);
    assert_int_equal(no_tcp.segments, 3);
    assert_int_equal(no_tcp.len, 12);
    wire_check_leaks();
}

static void deliver_as(u16 flags, const u8 *data, u32 len)
{
    wire_rx_flags = flags;
    wire_deliver(data, len);
    wire_rx_flags = 0;
}

/* A segment of 20 + 3000 bytes; 100 of its text are in the first packet. */
static void first_packet(void)
{
    segment(WIRE_PEER, WIRE_US);
    put_be16(frame + IP + IP_TOTAL_LEN, IP_HEADER + 3020);
    wire_fix_ip(frame);
    deliver_as(PKT_FIRST, frame, IP + IP_HEADER + 120);
}

TEST(a_frame_in_several_packets_ends_where_ip_says)
{
    static u8 text[2000];
    first_packet();
    assert_int_equal(no_tcp.len, 120);
    deliver_as(PKT_REST, text, 2000);
    assert_int_equal(no_tcp.rest, 2000);
    deliver_as(PKT_REST, text, 2000);
    deliver_as(PKT_REST, text, 2000);
    assert_int_equal(no_tcp.rest, 2900);
    assert_int_equal(no_tcp.segments, 1);
    wire_check_leaks();
}

TEST(packets_behind_one_that_was_dropped_are_dropped)
{
    static u8 text[2000];
    first_packet(); /* the rest does not come */
    frame[IP + IP_SOURCE + 3]++;
    deliver_as(PKT_FIRST, frame, IP + IP_HEADER + 120);
    assert_int_equal(net_stats.ip_checksum, 1);
    deliver_as(PKT_REST, text, 2000);
    assert_int_equal(no_tcp.rest, 0);
    wire_check_leaks();
}

TEST(only_tcp_comes_in_several_packets)
{
    u32 len = datagram(WIRE_PEER, WIRE_US);
    put_be16(frame + IP + IP_TOTAL_LEN, 3000);
    wire_fix_ip(frame);
    deliver_as(PKT_FIRST, frame, len);
    assert_int_equal(net_stats.ip_bad, 1);
    assert_int_equal(datagrams, 0);
    wire_check_leaks();
}

TEST(malformed_headers_are_counted)
{
    static const struct {
        u32 at;
        u8 value;
    } bad[] = {
        {0, 0x65}, {0, 0x44}, {0, 0x40}, {0, 0x4f}, /* version; IHL too small, too large */
        {3, 19},   {3, 41},   {2, 0xff},            /* total length */
    };
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        u32 len = segment(WIRE_PEER, WIRE_US);
        frame[IP + bad[i].at] = bad[i].value;
        if (i != 3)
            wire_fix_ip(frame);
        wire_deliver(frame, len);
        assert_int_equal(net_stats.ip_bad, i + 1);
    }
    segment(WIRE_PEER, WIRE_US);
    for (u32 len = IP; len < IP + 40; len++)
        wire_deliver(frame, len);
    assert_int_equal(net_stats.ip_bad, ARRAY_SIZE(bad) + 40);
    assert_int_equal(no_tcp.segments, 0);
    wire_check_leaks();
}

TEST(the_header_checksum_counts_unless_the_nic_did_it)
{
    u32 len = segment(WIRE_PEER, WIRE_US);
    frame[IP + IP_TTL]--;
    wire_deliver(frame, len);
    assert_int_equal(net_stats.ip_checksum, 1);
    assert_int_equal(no_tcp.segments, 0);
    wire_rx_flags = PKT_IP_CSUM_OK;
    wire_deliver(frame, len);
    assert_int_equal(no_tcp.segments, 1);
}

TEST(fragments_are_counted)
{
    static const u16 fragments[] = {0x2000, 0x0001, 0x1fff, 0x2001};
    for (u32 i = 0; i < ARRAY_SIZE(fragments); i++) {
        u32 len = segment(WIRE_PEER, WIRE_US);
        put_be16(frame + IP + IP_FRAGMENT, fragments[i]);
        wire_fix_ip(frame);
        wire_deliver(frame, len);
    }
    assert_int_equal(net_stats.ip_fragment, 4);
    u32 len = segment(WIRE_PEER, WIRE_US);
    put_be16(frame + IP + IP_FRAGMENT, IP_DF);
    wire_fix_ip(frame);
    wire_deliver(frame, len);
    assert_int_equal(no_tcp.segments, 1);
}

TEST(impossible_senders_are_dropped)
{
    static const ip4 martians[] = {WIRE_US /* LAND */, 0,          0x00000001,    0x7f000001,
                                   0xe0000001,         0xf0000001, IP4_BROADCAST, 0xc00002ff};
    for (u32 i = 0; i < ARRAY_SIZE(martians); i++)
        wire_deliver(frame, segment(martians[i], WIRE_US));
    assert_int_equal(net_stats.ip_martian, ARRAY_SIZE(martians));
    assert_int_equal(no_tcp.segments, 0);
    wire_check_leaks();
}

TEST(only_our_address_and_broadcasts_are_let_in)
{
    wire_deliver(frame, segment(WIRE_PEER, WIRE_US + 1));
    wire_deliver(frame, segment(WIRE_PEER, 0));
    wire_deliver(frame, segment(WIRE_PEER, 0xe0000001));
    assert_int_equal(net_stats.ip_not_ours, 3);
    wire_deliver(frame, datagram(WIRE_PEER, WIRE_US));
    wire_deliver(frame, datagram(WIRE_PEER, IP4_BROADCAST));
    wire_deliver(frame, datagram(WIRE_PEER, 0xc00002ff));
    assert_int_equal(datagrams, 3);
    /* Our address in a frame to all (RFC 1122, 3.3.6) */
    u32 len = datagram(WIRE_PEER, WIRE_US);
    memcpy(frame, wire_all, 6);
    wire_deliver(frame, len);
    assert_int_equal(datagrams, 3);
    assert_int_equal(net_stats.ip_not_ours, 4);
}

TEST(tcp_hears_no_broadcasts)
{
    wire_deliver(frame, segment(WIRE_PEER, IP4_BROADCAST));
    wire_deliver(frame, segment(WIRE_PEER, 0xc00002ff));
    assert_int_equal(no_tcp.segments, 0);
    assert_int_equal(net_stats.ip_protocol, 2);
    wire_check_leaks();
}

TEST(unknown_protocols_are_refused)
{
    wire_deliver(frame, wire_ip(frame, 132, WIRE_PEER, WIRE_US, payload, 20));
    assert_int_equal(net_stats.ip_protocol, 1);
    const struct wire_frame *f = wire_take();
    assert_non_null(f);
    assert_int_equal(f->bytes[IP + IP_PROTOCOL], IP_PROTO_ICMP);
    assert_int_equal(get_be16(f->bytes + IP + IP_HEADER), 0x0302);
}

TEST_WITH(without_an_address_only_dhcp_is_let_in, unconfigured)
{
    wire_deliver(frame, datagram(WIRE_PEER, WIRE_US));
    wire_deliver(frame, datagram(WIRE_PEER, IP4_BROADCAST));
    assert_int_equal(datagrams, 2);
    wire_deliver(frame, segment(WIRE_PEER, WIRE_US));
    wire_deliver(frame, wire_udp(frame, WIRE_PEER, 67, WIRE_US, 69, payload, 10));
    wire_deliver(frame, wire_ip(frame, IP_PROTO_UDP, WIRE_PEER, WIRE_US, payload, 7));
    wire_deliver(frame, wire_ip(frame, IP_PROTO_ICMP, WIRE_PEER, WIRE_US, payload, 8));
    assert_int_equal(net_stats.ip_not_ours, 4);
    assert_int_equal(no_tcp.segments, 0);
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

static struct pkt *outgoing(u32 len)
{
    struct pkt *p = net_alloc();
    memset(p->data, 0xaa, len);
    p->len = (u16)len;
    return p;
}

TEST(packets_go_out_with_a_right_header)
{
    assert_true(ip_send(outgoing(100), IP_PROTO_TCP, WIRE_PEER, host_now));
    const struct wire_frame *f = wire_take();
    assert_int_equal(f->len, 14 + 120);
    assert_memory_equal(f->bytes, wire_peer_mac, 6);
    assert_int_equal(get_be32(f->bytes + IP), 0x45000078);
    assert_int_equal(get_be32(f->bytes + IP + 4), 0x00004000);
    assert_int_equal(f->bytes[IP + IP_TTL], 64);
    assert_int_equal(f->bytes[IP + IP_PROTOCOL], IP_PROTO_TCP);
    assert_int_equal(get_be32(f->bytes + IP + IP_SOURCE), WIRE_US);
    assert_int_equal(get_be32(f->bytes + IP + IP_DESTINATION), WIRE_PEER);
    memcpy(frame, f->bytes, f->len);
    wire_fix_ip(frame);
    assert_memory_equal(frame, f->bytes, f->len);
    assert_int_equal(f->bytes[IP + 20], 0xaa);
    wire_check_leaks();
}

TEST(what_cannot_go_out_is_given_back)
{
    static const ip4 nowhere[] = {WIRE_US, 0, 0x7f000001, 0xe0000001, 0xc00002ff};
    for (u32 i = 0; i < ARRAY_SIZE(nowhere); i++)
        assert_false(ip_send(outgoing(100), IP_PROTO_TCP, nowhere[i], host_now));
    assert_false(ip_send(outgoing(1481), IP_PROTO_TCP, WIRE_PEER, host_now));
    assert_int_equal(wire_captured(), 0);
    assert_false(ip_send(outgoing(100), IP_PROTO_TCP, 0xc0000233, host_now)); /* ARP asks */
    assert_int_equal(wire_captured(), 1);
    wire_tx_full = true;
    assert_false(ip_send(outgoing(100), IP_PROTO_TCP, WIRE_PEER, host_now));
    wire_tx_full = false;
    struct pkt *p = outgoing(100);
    p->data = p->buf;
    assert_false(ip_send(p, IP_PROTO_TCP, WIRE_PEER, host_now));
    wire_check_leaks();
    assert_true(ip_send(outgoing(1480), IP_PROTO_TCP, WIRE_PEER, host_now));
}

TEST(far_packets_go_to_the_gateway)
{
    assert_true(ip_send(outgoing(100), IP_PROTO_TCP, WIRE_FAR, host_now));
    const struct wire_frame *f = wire_take();
    assert_memory_equal(f->bytes, wire_gateway_mac, 6);
    assert_int_equal(get_be32(f->bytes + IP + IP_DESTINATION), WIRE_FAR);
    assert_true(ipv4_on_link(WIRE_PEER));
    assert_false(ipv4_on_link(WIRE_FAR));
}

TEST_WITH(broadcasts_need_no_address, unconfigured)
{
    assert_true(ip_send(outgoing(100), IP_PROTO_UDP, IP4_BROADCAST, host_now));
    const struct wire_frame *f = wire_take();
    assert_memory_equal(f->bytes, wire_all, 6);
    assert_int_equal(get_be32(f->bytes + IP + IP_SOURCE), 0);
    assert_false(ip_send(outgoing(100), IP_PROTO_TCP, WIRE_PEER, host_now));
    assert_false(ipv4_on_link(WIRE_PEER));
}

static ip4 hop(ip4 to)
{
    ip4 next = 0;
    return ipv4_next_hop(to, &next) ? next : 0;
}

TEST(classless_routes_replace_the_gateway)
{
    const struct ipv4_config config = {
        .addr = WIRE_US,
        .netmask = 0xffffff00,
        .gateway = WIRE_GATEWAY,
        .routes = {{0x0a000000, 8, 0xc0000202},
                   {0x0a010000, 16, 0xc0000203},
                   {0x0a010200, 24, 0},
                   {0xc0000240, 28, 0xc0000204}},
        .route_count = 4,
    };
    ip_configure(&config, host_now);
    assert_int_equal(hop(0x0a020304), 0xc0000202);
    assert_int_equal(hop(0x0a010304), 0xc0000203); /* the longest prefix wins */
    assert_int_equal(hop(0x0a010203), 0x0a010203); /* on link */
    assert_true(ipv4_on_link(0x0a010203));
    assert_int_equal(hop(WIRE_PEER), WIRE_PEER);
    assert_int_equal(hop(0xc0000241), 0xc0000204); /* longer than the netmask */
    assert_int_equal(hop(WIRE_FAR), 0);            /* option 3 is not looked at: RFC 3442 */
    struct ipv4_config again = config;
    again.routes[4] = (struct ipv4_route){0, 0, 0xc0000205};
    again.route_count = 5;
    ip_configure(&again, host_now);
    assert_int_equal(hop(WIRE_FAR), 0xc0000205);
    again.route_count = 1000; /* ours to survive */
    ip_configure(&again, host_now);
    assert_int_equal(ipv4_config()->route_count, IPV4_ROUTES);
}

TEST(a_missing_or_broken_netmask_becomes_the_class)
{
    static const struct {
        ip4 addr, mask, want;
    } cases[] = {
        {0x0a000001, 0, 0xff000000},          {0xac100001, 0, 0xffff0000},
        {0xc0a80001, 0, 0xffffff00},          {0xc0a80001, 0xff00ff00, 0xffffff00},
        {0xc0a80001, 0xfffffffe, 0xfffffffe}, {0xc0a80001, ~0u, ~0u},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct ipv4_config config = {.addr = cases[i].addr, .netmask = cases[i].mask};
        ip_configure(&config, host_now);
        assert_int_equal(ipv4_config()->netmask, cases[i].want);
    }
    /* A network of two has no broadcast (RFC 3021), one of one reaches its gateway all the same */
    const struct ipv4_config two = {.addr = 0xc0a80000, .netmask = 0xfffffffe};
    ip_configure(&two, host_now);
    assert_int_equal(hop(0xc0a80001), 0xc0a80001);
    const struct ipv4_config one = {.addr = WIRE_US, .netmask = ~0u, .gateway = WIRE_GATEWAY};
    ip_configure(&one, host_now);
    assert_int_equal(hop(WIRE_FAR), WIRE_GATEWAY);
}

static u32 path_mtu(ip4 to)
{
    return ip_path_payload(to) + IP_HEADER;
}

TEST(what_vanishes_is_made_shorter_step_by_step)
{
    static const u16 steps[] = {1500, 1400, 1220, 576};
    wire_reset_configured(0);
    wire_dev.mtu = 9000;
    assert_int_equal(ip_path_shortened(), 0);
    for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
        assert_true(ip_path_lost(ip_path_payload(WIRE_FAR)));
        assert_int_equal(path_mtu(WIRE_FAR), steps[i]);
        assert_int_equal(ip_path_shortened(), steps[i]);
    }
    assert_false(ip_path_lost(ip_path_payload(WIRE_FAR)));
    assert_int_equal(net_stats.ip_too_long, ARRAY_SIZE(steps));
    assert_int_equal(path_mtu(WIRE_PEER), 576); /* by all ways */
    wire_reset_configured(host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 1500);
    /* The step is below what vanishes, and a router may know better. */
    assert_true(ip_path_lost(1221 - IP_HEADER));
    ip_path_mtu_found(WIRE_FAR, 1000, host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 1000);
    assert_int_equal(path_mtu(WIRE_PEER), 1220);
    ip_path_mtu_found(WIRE_FAR, 1400, host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 1000);
}

TEST(path_mtu_is_remembered_floored_and_forgotten)
{
    assert_int_equal(path_mtu(WIRE_FAR), 1500);
    ip_path_mtu_found(WIRE_FAR, 1400, host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 1400);
    assert_int_equal(path_mtu(WIRE_PEER), 1500);
    ip_path_mtu_found(WIRE_FAR, 1450, host_now); /* nobody raises it */
    ip_path_mtu_found(WIRE_FAR, 67, host_now);   /* nonsense */
    ip_path_mtu_found(WIRE_FAR, 0, host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 1400);
    ip_path_mtu_found(WIRE_FAR, 68, host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 576);
    wire_run(599999);
    assert_int_equal(path_mtu(WIRE_FAR), 576);
    wire_run(1);
    assert_int_equal(path_mtu(WIRE_FAR), 1500);
    ip_path_mtu_found(WIRE_FAR, 1500, host_now);
    ip_path_mtu_found(WIRE_FAR, 9000, host_now);
    ip_path_mtu_found(0, 1000, host_now);
    assert_int_equal(path_mtu(WIRE_FAR), 1500);
}

TEST(the_devices_mtu_limits_what_is_sent)
{
    static const u16 mtus[] = {576, 1400, 1500};
    for (u32 i = 0; i < ARRAY_SIZE(mtus); i++) {
        wire_dev.mtu = mtus[i];
        assert_int_equal(path_mtu(WIRE_PEER), mtus[i]);
        assert_false(ip_send(outgoing(mtus[i] - 19u), IP_PROTO_TCP, WIRE_PEER, host_now));
        assert_true(ip_send(outgoing(mtus[i] - 20u), IP_PROTO_TCP, WIRE_PEER, host_now));
    }
    wire_dev.mtu = 9000;
    assert_int_equal(path_mtu(WIRE_PEER), 9000);
    ip_path_mtu_found(WIRE_PEER, 1500, host_now);
    assert_int_equal(path_mtu(WIRE_PEER), 1500);
}

/* The checksum as RFC 1071 writes it. */
static u16 reference(const u8 *p, u32 len)
{
    u32 sum = 0;
    for (u32 i = 0; i + 1 < len; i += 2)
        sum += get_be16(p + i);
    if (len & 1)
        sum += (u32)p[len - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

TEST_WITH(checksums_at_every_alignment_and_length, NULL)
{
    u8 bytes[160], copy[160];
    for (u32 fill = 0; fill < 3; fill++) {
        for (u32 i = 0; i < sizeof(bytes); i++)
            bytes[i] = fill == 0 ? 0xff : fill == 1 ? (u8)(i * 37 + 11) : (u8)(0x80 | i);
        for (u32 at = 0; at < 8; at++) {
            for (u32 len = 0; len <= 140; len++) {
                u16 want = reference(bytes + at, len);
                assert_int_equal(checksum_finish(checksum_add(0, bytes + at, len)), want);
                memset(copy, 0x5a, sizeof(copy));
                u32 sum = checksum_copy(0, copy + 3, bytes + at, len);
                assert_int_equal(checksum_finish(sum), want);
                assert_memory_equal(copy + 3, bytes + at, len);
                assert_int_equal(copy[2], 0x5a);
                assert_int_equal(copy[3 + len], 0x5a);
                /* In two pieces */
                u32 even = len / 2 & ~1u;
                sum =
                    checksum_add(checksum_add(0, bytes + at, even), bytes + at + even, len - even);
                assert_int_equal(checksum_finish(sum), want);
            }
        }
    }
}

TEST_WITH(checksums_over_64_kib_do_not_overflow, NULL)
{
    static u8 bytes[65535];
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(checksum_finish(checksum_add(0, bytes, 65535)), reference(bytes, 65535));
    u32 sum = 0;
    for (u32 i = 0; i < 65534; i += 2)
        sum = checksum_add(sum, bytes + i, 2);
    assert_int_equal(checksum_finish(sum), reference(bytes, 65534));
    /* RFC 1071, 3 */
    static const u8 example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(checksum_finish(checksum_add(0, example, 8)), (u16)~0xddf2);
}

TEST(mutated_packets_do_no_harm)
{
    wire_torment(frame, segment(WIRE_PEER, WIRE_US), 5000);
    wire_torment(frame, datagram(WIRE_PEER, WIRE_US), 5000);
    wire_check_leaks();
}
