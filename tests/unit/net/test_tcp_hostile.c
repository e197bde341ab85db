/* TCP against those who do not see its segments, and those who send nonsense (RFC 5961, 5927,
 * 7323). */
#include "base/bytes.h"
#include "net/icmp.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

static void with_ts(u32 seq, u32 tsval, const char *data)
{
    u8 o[12];
    put_be32(o, 0x0101080a);
    put_be32(o + 4, tsval);
    put_be32(o + 8, 0);
    peer_send_options(ACK, seq, UNA, o, 12, data);
}

static void assert_challenged(void)
{
    assert_int_equal(events.closed, 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 0);
    peer_expect_silence();
}

TEST(blind_rst)
{
    state_established();
    peer_send(RST, RCV - 1, 0, NULL, 0);
    peer_send(RST, RCV + PEER_WINDOW + 1, 0, NULL, 0);
    peer_poll();
    peer_expect_silence(); /* outside the window: nothing at all */
    peer_send(RST, RCV + 1, 0, NULL, 0);
    assert_challenged();
    peer_send(RST, RCV + PEER_WINDOW - 1, 0, NULL, 0);
    assert_challenged();
    peer_send(RST, RCV, 0, NULL, 0);
    assert_int_equal(events.closed, 1);
}

TEST(blind_syn)
{
    state_established();
    peer_send(SYN, RCV, 0, NULL, 0);
    assert_challenged();
    peer_send(SYN, RCV + 1000, 0, NULL, 0);
    assert_challenged();
    peer_send(SYN, RCV - 5000, 0, NULL, 0);
    assert_challenged();
    peer_send(SYN | ACK, PEER_ISS, UNA, NULL, 0); /* our last ACK was lost */
    assert_challenged();
}

TEST(blind_data)
{
    state_established();
    /* Acknowledges what was never sent, or is too old (RFC 5961, 5). */
    peer_send(ACK, RCV, UNA + 1, "evil", 4);
    assert_challenged();
    peer_send(ACK, RCV, UNA - 65535 - 1, "evil", 4);
    assert_challenged();
    peer_send(0, RCV, 0, "evil", 4);
    peer_poll();
    peer_expect_silence();
    assert_int_equal(events.received_len, 0);
    assert_int_equal(net_stats.tcp_rejected, 3);
}

TEST(challenges_are_limited)
{
    state_established();
    for (u32 i = 0; i < 100; i++) {
        peer_send(SYN, RCV, 0, NULL, 0);
        peer_poll();
    }
    assert_int_equal(peer_drain(), 10);
    now += 1000;
    peer_send(SYN, RCV, 0, NULL, 0);
    peer_poll();
    assert_int_equal(peer_drain(), 1);
}

TEST(old_timestamps_are_refused)
{
    state_established();
    with_ts(RCV, 50000, "abc");
    assert_int_equal(events.received_len, 3);
    peer_run(100);
    peer_drain();
    with_ts(RCV + 3, 49999, "old");
    assert_int_equal(events.received_len, 3);
    peer_poll();
    struct seg *s = peer_expect(ACK, UNA, RCV + 3, 0);
    assert_int_equal(s->tsecr, 50000);
    with_ts(RCV + 3, 50000, "def");
    assert_int_equal(events.received_len, 6);
    peer_send_options(ACK, RCV + 6, UNA, (u8[]){0}, 0, "none"); /* RFC 7323, 3.2 */
    assert_int_equal(events.received_len, 6);
}

TEST(timestamps_wrap)
{
    peer_tsval_offset = 0xfffffff0u - now;
    state_established();
    with_ts(RCV, 0xfffffffe, "abc");
    peer_run(50);
    with_ts(RCV + 3, 5, "def");
    assert_int_equal(events.received_len, 6);
}

TEST(timestamps_24_days_old_prove_nothing)
{
    tcp_set_user_timeout(&tcb, 0x7fffffff);
    state_established();
    with_ts(RCV, 50000, "abc");
    now += 0x7d000000;
    with_ts(RCV + 3, 49999, "def");
    assert_int_equal(events.received_len, 6);
}

TEST(ts_recent_comes_from_what_was_acknowledged)
{
    state_established();
    with_ts(RCV + 10, 60000, "later");
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->tsecr, now + peer_tsval_offset);
}

TEST(malformed_options)
{
    peer_options.ts = false;
    state_established();
    const struct {
        u32 len;
        u8 o[40];
    } bad[] = {
        {4, {1, 1, 1, 8}},          /* no length */
        {4, {8, 0, 0, 0}},          /* length 0 */
        {4, {99, 1, 0, 0}},         /* length 1 */
        {4, {1, 1, 8, 10}},         /* overruns */
        {8, {8, 8, 0, 0, 0, 0, 0}}, /* timestamps of a wrong length */
        {4, {2, 3, 1, 0}},          /* MSS */
        {4, {3, 4, 1, 0}},          /* window scale */
        {4, {4, 3, 1, 0}},          /* SACK permitted */
        {4, {5, 2, 0, 0}},          /* SACK without a block */
        {12, {5, 11}},              /* SACK with a block and a bit */
        {40, {5, 42}},              /* five blocks */
        {4, {200, 255, 0, 0}},      /* unknown, overruns */
    };
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        peer_send_options(ACK, RCV, UNA, bad[i].o, bad[i].len, "evil");
    assert_int_equal(net_stats.tcp_bad, ARRAY_SIZE(bad));
    assert_int_equal(events.received_len, 0);
    const u8 good[8] = {200, 4, 1, 2, 0, 8, 77, 77}; /* unknown ones, and what follows the end */
    peer_send_options(ACK, RCV, UNA, good, 8, "good");
    assert_int_equal(events.received_len, 4);
}

TEST(headers_that_lie)
{
    peer_options.ts = false;
    state_established();
    struct seg s = {.sport = PEER_PORT, .dport = our_port, .flags = ACK, .len = 4, .data = "evil"};
    s.seq = RCV;
    s.ack = UNA;
    u8 raw[64];
    u32 n = peer_build(raw, &s);
    for (u32 len = 0; len < 20; len++)
        peer_send_raw(raw, len, PEER_ADDR, PEER_OUR_ADDR, PKT_L4_CSUM_OK, false);
    raw[12] = 4 << 4; /* 16 bytes */
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
    raw[12] = 15 << 4; /* more than there is */
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
    raw[12] = 5 << 4;
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, PKT_BROADCAST, true);
    assert_int_equal(net_stats.tcp_bad, 23);
    assert_int_equal(events.received_len, 0);
}

TEST(syn_options_with_extreme_values)
{
    peer_options.ts = false;
    state_syn_sent();
    const u8 o[12] = {2, 4, 0, 1, 3, 3, 255, 1, 4, 2, 0, 0}; /* MSS 1, scale 255 */
    peer_send_options(SYN | ACK, PEER_ISS, our_iss + 1, o, 12, "");
    assert_int_equal(events.connected, 1);
    peer_poll();
    peer_drain();
    send_pattern(0, 100);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 64);
    peer_expect(PSH | ACK, UNA + 64, RCV, 36);
    peer_send(ACK, RCV, UNA + 100, NULL, 0); /* a window of 65535 << 14 */
    send_pattern(100, 10);
    peer_poll();
    peer_expect(PSH | ACK, UNA + 100, RCV, 10);
}

/* What looks nearly right, in every state: nothing may crash, leak or spin. */
TEST(random_segments_do_no_harm)
{
    void (*const fixture[])(void) = {state_syn_sent,   state_established, state_fin_wait_1,
                                     state_fin_wait_2, state_time_wait,   peer_connect};
    u32 r = 12345;
#define RANDOM() (r = r * 1664525 + 1013904223, r >> 8)
    for (u32 round = 0; round < 600; round++) {
        peer_reset(round << 22);
        peer_options.iss = round * 0x9e3779b9;
        peer_options.sack = round & 1;
        peer_options.ts = round & 2;
        fixture[round % ARRAY_SIZE(fixture)]();
        if (round & 4)
            tcp_send(&tcb, "some data", 9);
        for (u32 i = 0; i < 60; i++) {
            struct seg s = {.sport = PEER_PORT, .dport = our_port};
            s.flags = (u8)(RANDOM() & 0x3f);
            if (RANDOM() % 4)
                s.flags = (u8)((s.flags | ACK) & ~(RST | SYN));
            s.seq = RCV + RANDOM() % 64 - 8;
            s.ack = UNA + RANDOM() % 16 - 4;
            s.wnd = RANDOM() % 3 ? RANDOM() & 0xffff : 0;
            s.len = RANDOM() % 48;
            if (peer_options.ts && RANDOM() % 8) {
                put_be32(s.options, 0x0101080a);
                put_be32(s.options + 4, now + peer_tsval_offset);
                put_be32(s.options + 8, RANDOM());
                s.options_len = 12;
            }
            if (RANDOM() % 4 == 0) {
                put_be32(s.options + s.options_len, 0x0101050a);
                put_be32(s.options + s.options_len + 4, UNA + RANDOM() % 16);
                put_be32(s.options + s.options_len + 8, UNA + RANDOM() % 16);
                s.options_len += 12;
            }
            if (RANDOM() % 16 == 0)
                for (s.options_len = 0; s.options_len < 40; s.options_len++)
                    s.options[s.options_len] = (u8)(RANDOM() % 12);
            u8 raw[128];
            u32 n = peer_build(raw, &s);
            if (RANDOM() % 32 == 0)
                n = RANDOM() % n;
            peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
            if (RANDOM() % 4 == 0)
                peer_run(RANDOM() % 3000);
            peer_drain();
        }
        tcp_abort(&tcb);
        assert_int_equal(peer_rx_pool.available, peer_rx_pool.total);
        assert_int_equal(peer_tx_pool.available, peer_tx_pool.total);
        assert_true(events.closed <= 1);
    }
}

TEST(strangers_get_a_reset)
{
    state_established();
    struct seg s = {.sport = 999, .dport = 888, .flags = ACK, .seq = 5, .ack = 77, .len = 3};
    u8 raw[64];
    u32 n = peer_build(raw, &s);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
    struct seg *r = peer_expect(RST, 77, 0, 0);
    assert_int_equal(r->sport, 888);
    assert_int_equal(r->dport, 999);
    s.flags = SYN;
    n = peer_build(raw, &s);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
    peer_expect(RST | ACK, 0, 9, 0);
    s.flags = RST;
    n = peer_build(raw, &s);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
    peer_expect_silence();
    s.flags = ACK;
    n = peer_build(raw, &s);
    for (u32 i = 0; i < 100; i++)
        peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
    assert_int_equal(peer_drain(), 8);
    assert_int_equal(net_stats.tcp_no_conn, 103);
    assert_int_equal(events.closed, 0);
}

/* Our own segment comes back as if we had sent it to ourselves. */
TEST(land)
{
    state_established();
    struct seg s = {.sport = our_port, .dport = our_port, .flags = SYN, .seq = RCV};
    u8 raw[64];
    u32 n = peer_build(raw, &s);
    peer_send_raw(raw, n, PEER_OUR_ADDR, PEER_OUR_ADDR, 0, true);
    peer_poll();
    peer_expect_silence();
    assert_int_equal(events.closed, 0);
    assert_int_equal(net_stats.tcp_bad, 1);
}

/* --- ICMP --- */

static void icmp(u32 seq, u8 code, u16 mtu)
{
    const struct icmp_error e = {.to = PEER_ADDR,
                                 .protocol = IP_PROTO_TCP,
                                 .code = code,
                                 .mtu = mtu,
                                 .ports = (u32)our_port << 16 | PEER_PORT,
                                 .seq = seq};
    tcp_icmp_error(&e, now);
}

TEST(simultaneous_open_needs_an_ack_of_our_syn)
{
    state_syn_sent();
    peer_send(SYN, PEER_ISS, 0, NULL, 0);
    peer_poll();
    peer_drain();
    peer_send(ACK, RCV, our_iss, NULL, 0); /* our SYN not acknowledged */
    assert_int_equal(events.connected, 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 0);
}

TEST(port_unreachable_fails_the_handshake)
{
    state_syn_sent();
    icmp(our_iss + 1, ICMP_PORT_UNREACHABLE, 0); /* not a number of ours */
    icmp(our_iss - 1, ICMP_PORT_UNREACHABLE, 0);
    assert_int_equal(events.closed, 0);
    icmp(our_iss, ICMP_PORT_UNREACHABLE, 0);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, ERR_NET_UNREACHABLE);
}

TEST(host_unreachable_is_told_at_the_end)
{
    state_syn_sent();
    icmp(our_iss, ICMP_HOST_UNREACHABLE, 0);
    assert_int_equal(events.closed, 0);
    peer_run(20000);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, ERR_NET_UNREACHABLE);
}

TEST(no_icmp_error_kills_a_connection)
{
    state_established();
    send_pattern(0, 100);
    peer_poll();
    peer_drain();
    for (u32 code = 0; code < 16; code++)
        icmp(UNA, (u8)code, 1500);
    peer_send(ACK, RCV, UNA + 100, NULL, 0);
    assert_int_equal(events.closed, 0);
    peer_poll();
    peer_expect_silence();
}

TEST(smaller_path_mtu_resends_in_smaller_pieces)
{
    state_established();
    send_pattern(0, 3000);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 1448);
    peer_expect(ACK, UNA + 1448, RCV, 1448);
    peer_expect(PSH | ACK, UNA + 2896, RCV, 104);
    icmp(UNA + 3000, ICMP_FRAG_NEEDED, 600); /* beyond what was sent: a guess */
    peer_poll();
    peer_expect_silence();
    icmp(UNA, ICMP_FRAG_NEEDED, 1000);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 948);
    peer_expect(ACK, UNA + 948, RCV, 948);
    peer_expect(ACK, UNA + 1896, RCV, 948);
    peer_expect(PSH | ACK, UNA + 2844, RCV, 156);
    peer_send(ACK, RCV, UNA + 3000, NULL, 0);
    peer_poll();
    icmp(UNA, ICMP_FRAG_NEEDED, 600); /* about a segment that has arrived */
    assert_int_equal(peer_path_mtu, 1000);
}
