/* ICMP: echo, errors to TCP, unreachables. */
#include "net/icmp.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

#define IP   14 /* where things begin in a frame */
#define ICMP 34

static u8 frame[4096];

FIXTURE(without_tcp);

/* An ICMP packet with `len` bytes behind the first four; the checksum is made right. */
static u32 icmp(u8 type, u8 code, const u8 *rest, u32 len, ip4 to)
{
    u8 body[4000] = {type, code};
    memcpy(body + 4, rest, len);
    put_be16(body + 2, checksum_finish(checksum_add(0, body, 4 + len)));
    return wire_ip(frame, IP_PROTO_ICMP, WIRE_PEER, to, body, 4 + len);
}

TEST(echo_requests_of_all_sizes_are_answered)
{
    u8 rest[1476];
    for (u32 i = 0; i < sizeof(rest); i++)
        rest[i] = (u8)(i * 7);
    static const u32 sizes[] = {4, 5, 60, 1475, 1476};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        wire_deliver(frame, icmp(8, 0, rest, sizes[i], WIRE_US));
        const struct wire_frame *f = wire_take();
        assert_non_null(f);
        assert_memory_equal(f->bytes, wire_peer_mac, 6);
        assert_int_equal(f->len, ICMP + 4 + sizes[i]);
        assert_int_equal(get_be16(f->bytes + ICMP), 0);
        assert_int_equal(checksum_finish(checksum_add(0, f->bytes + ICMP, 4 + sizes[i])), 0);
        assert_memory_equal(f->bytes + ICMP + 4, rest, sizes[i]);
        assert_int_equal(get_be32(f->bytes + IP + IP_DESTINATION), WIRE_PEER);
    }
    assert_int_equal(net_stats.icmp_bad, 0);
    wire_check_leaks();
}

TEST(an_echo_longer_than_the_mtu_is_not_answered)
{
    u8 rest[1990] = {0};
    wire_deliver(frame, icmp(8, 0, rest, 1500, WIRE_US));
    wire_deliver(frame, icmp(8, 0, rest, 1990, WIRE_US));
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

/* With jumbo frames more can come in than a packet of ours holds. */
TEST(an_echo_longer_than_a_packet_is_not_answered)
{
    u8 rest[2 * PKT_SIZE - 200] = {0};
    wire_dev.mtu = 9000;
    for (u32 n = 1476; n <= sizeof(rest); n++) {
        wire_deliver(frame, icmp(8, 0, rest, n, WIRE_US));
        assert_int_equal(wire_captured(), n <= PKT_SIZE - PKT_HEADROOM - 4);
        wire_forget();
        wire_check_leaks();
    }
}

TEST(broadcasts_are_not_answered)
{
    u8 rest[60] = {0};
    wire_deliver(frame, icmp(8, 0, rest, 60, IP4_BROADCAST));
    wire_deliver(frame, icmp(8, 0, rest, 60, 0xc00002ff));
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

TEST(bad_packets_are_counted)
{
    u8 rest[60] = {0};
    u32 len = icmp(8, 0, rest, 60, WIRE_US);
    frame[ICMP + 9] ^= 1;
    wire_deliver(frame, len);
    for (u32 n = 0; n < 4; n++)
        wire_deliver(frame, icmp(8, 0, rest, n, WIRE_US));
    assert_int_equal(net_stats.icmp_bad, 5);
    assert_int_equal(wire_captured(), 0);
}

TEST(without_packets_there_is_no_answer)
{
    u8 rest[60] = {0};
    struct pkt *all[64];
    u32 n = 0;
    while ((all[n] = pkt_alloc(&wire_tx_pool)))
        n++;
    wire_deliver(frame, icmp(8, 0, rest, 60, WIRE_US));
    assert_int_equal(net_stats.tx_no_packet, 1);
    while (n)
        pkt_free(all[--n]);
    wire_check_leaks();
}

/* "Unreachable" about a segment of ours to WIRE_FAR, with `ihl` words of IP header quoted. */
static u32 unreachable(u8 code, u16 mtu, u8 ihl, u8 protocol, ip4 source, u32 quoted)
{
    u8 rest[4 + 60 + 8] = {0};
    u8 *ip = rest + 4;
    put_be16(rest + 2, mtu);
    ip[0] = 0x40 | ihl;
    put_be16(ip + 2, 1500);
    ip[9] = protocol;
    put_be32(ip + 12, source);
    put_be32(ip + 16, WIRE_FAR);
    put_be64(ip + ihl * 4u, 0x1234567890abcdef);
    return icmp(ICMP_UNREACHABLE, code, rest, 4 + quoted, WIRE_US);
}

TEST(errors_about_segments_reach_tcp)
{
    for (u8 code = 0; code < 16; code++) {
        wire_deliver(frame, unreachable(code, 1300, 5, IP_PROTO_TCP, WIRE_US, 28));
        assert_int_equal(no_tcp.errors, code + 1u);
        assert_int_equal(no_tcp.error.to, WIRE_FAR);
        assert_int_equal(no_tcp.error.code, code);
        assert_int_equal(no_tcp.error.mtu, 1300);
        assert_int_equal((u64)no_tcp.error.ports << 32 | no_tcp.error.seq, 0x1234567890abcdef);
    }
    /* With options in the quoted header */
    no_tcp.error.ports = no_tcp.error.seq = 0;
    wire_deliver(frame, unreachable(1, 0, 15, IP_PROTO_TCP, WIRE_US, 68));
    assert_int_equal((u64)no_tcp.error.ports << 32 | no_tcp.error.seq, 0x1234567890abcdef);
    /* That alone changes nothing: TCP checks the sequence number first (RFC 5927) */
    assert_int_equal(ip_path_payload(WIRE_FAR), 1480);
}

TEST(an_old_router_gives_no_mtu_and_we_guess)
{
    static const u16 sizes[][2] = {{1500, 1492}, {1492, 1006},  {1006, 576}, {60, 576},
                                   {9000, 8166}, {65535, 8166}, {0, 576}};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        u32 len = unreachable(ICMP_FRAG_NEEDED, 0, 5, IP_PROTO_TCP, WIRE_US, 28);
        put_be16(frame + ICMP + 8 + 2, sizes[i][0]);
        put_be16(frame + ICMP + 2, 0);
        put_be16(frame + ICMP + 2, checksum_finish(checksum_add(0, frame + ICMP, len - ICMP)));
        wire_deliver(frame, len);
        assert_int_equal(no_tcp.error.mtu, sizes[i][1]);
    }
}

TEST(errors_that_quote_too_little_or_not_us_are_bad)
{
    for (u32 quoted = 0; quoted < 28; quoted++)
        wire_deliver(frame, unreachable(1, 0, 5, IP_PROTO_TCP, WIRE_US, quoted));
    assert_int_equal(net_stats.icmp_bad, 28);
    wire_deliver(frame, unreachable(1, 0, 6, IP_PROTO_TCP, WIRE_US, 28));
    wire_deliver(frame, unreachable(1, 0, 4, IP_PROTO_TCP, WIRE_US, 28));
    wire_deliver(frame, unreachable(1, 0, 5, IP_PROTO_TCP, WIRE_PEER, 28));
    u32 len = unreachable(1, 0, 5, IP_PROTO_TCP, WIRE_US, 28);
    frame[ICMP + 8] = 0x65; /* IPv6 */
    put_be16(frame + ICMP + 2, 0);
    put_be16(frame + ICMP + 2, checksum_finish(checksum_add(0, frame + ICMP, len - ICMP)));
    wire_deliver(frame, len);
    assert_int_equal(net_stats.icmp_bad, 32);
    /* About UDP: true, but nobody's business */
    wire_deliver(frame, unreachable(3, 0, 5, IP_PROTO_UDP, WIRE_US, 28));
    assert_int_equal(net_stats.icmp_bad, 32);
    assert_int_equal(no_tcp.errors, 0);
}

TEST(redirects_and_replies_are_ignored)
{
    u8 rest[36] = {0};
    put_be32(rest, 0xc0000299);
    static const u8 types[] = {0, 4, 5, 9, 11, 12, 13, 17, 255};
    for (u32 i = 0; i < ARRAY_SIZE(types); i++)
        wire_deliver(frame, icmp(types[i], 1, rest, sizeof(rest), WIRE_US));
    ip4 next;
    assert_true(ipv4_next_hop(WIRE_FAR, &next));
    assert_int_equal(next, WIRE_GATEWAY);
    assert_int_equal(wire_captured(), 0);
    assert_int_equal(no_tcp.errors, 0);
}

TEST(unreachables_quote_the_header_and_eight_bytes)
{
    u8 payload[100] = {1, 2, 3};
    u32 len = wire_udp(frame, WIRE_PEER, 1000, WIRE_US, 2000, payload, sizeof(payload));
    wire_deliver(frame, len);
    const struct wire_frame *f = wire_take();
    assert_non_null(f);
    assert_int_equal(f->len, ICMP + 8 + 28);
    assert_int_equal(get_be16(f->bytes + ICMP), 0x0303);
    assert_int_equal(get_be32(f->bytes + ICMP + 4), 0);
    assert_int_equal(checksum_finish(checksum_add(0, f->bytes + ICMP, 36)), 0);
    assert_memory_equal(f->bytes + ICMP + 8, frame + IP, 28);
}

TEST(unreachables_are_limited)
{
    u8 payload[4] = {0};
    u32 len = wire_udp(frame, WIRE_PEER, 1000, WIRE_US, 2000, payload, 4);
    for (u32 i = 0; i < 100; i++)
        wire_deliver(frame, len);
    assert_int_equal(wire_captured(), 10);
    assert_int_equal(net_stats.icmp_limited, 90);
    wire_run(1000);
    wire_deliver(frame, len);
    assert_int_equal(wire_captured(), 11);
    /* Never about what was sent to all */
    wire_forget();
    wire_deliver(frame, wire_udp(frame, WIRE_PEER, 1000, IP4_BROADCAST, 2000, payload, 4));
    wire_deliver(frame, wire_udp(frame, WIRE_PEER, 1000, 0xc00002ff, 2000, payload, 4));
    assert_int_equal(wire_captured(), 0);
    wire_check_leaks();
}

TEST(mutated_packets_do_no_harm)
{
    u8 rest[60] = {0}, good[256];
    u32 len = unreachable(4, 1300, 6, IP_PROTO_TCP, WIRE_US, 32);
    memcpy(good, frame, len);
    wire_torment(good, len, 2000);
    for (u32 i = 0; i < 3000; i++) { /* with a right ICMP checksum */
        memcpy(frame, good, len);
        frame[ICMP + 4 + i % (len - ICMP - 4)] = (u8)(i * 31);
        frame[ICMP + 8] = (u8)i;
        put_be16(frame + ICMP + 2, 0);
        put_be16(frame + ICMP + 2, checksum_finish(checksum_add(0, frame + ICMP, len - ICMP)));
        wire_deliver(frame, len);
    }
    wire_torment(frame, icmp(8, 0, rest, 60, WIRE_US), 2000);
    wire_check_leaks();
}
