/* What RFC 9293 asks of every TCP and no other test shows: tests/conformance/rfc9293.md names the
 * rest. */
#include "base/bytes.h"
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

#define URG 0x20

/* MUST-8 */
TEST(sequence_numbers_follow_the_clock)
{
    u32 ports = 40000u << 16 | PEER_PORT;
    u32 first = tcp_isn(PEER_OUR_ADDR, PEER_ADDR, ports, 1000);
    assert_int_equal(tcp_isn(PEER_OUR_ADDR, PEER_ADDR, ports, 1001) - first, 250);
    assert_int_equal(tcp_isn(PEER_OUR_ADDR, PEER_ADDR, ports, 0) - first, (u32)-250000);
}

/* MUST-67 */
TEST(our_mss_is_what_the_interface_takes)
{
    static const u16 mtus[] = {576, 1000, 1492, 1500, 9000};
    for (u32 i = 0; i < ARRAY_SIZE(mtus); i++) {
        net_device()->mtu = mtus[i];
        peer_connect();
        peer_poll();
        struct seg *s = peer_next();
        assert_int_equal(s->mss, mtus[i] - 40);
        tcp_abort(&tcb);
    }
}

/* MUST-5, MUST-6 */
TEST(unknown_options_in_any_segment)
{
    static const u8 unknown[8] = {253, 6, 1, 2, 3, 4, 1, 0};
    peer_options.ts = false;
    state_syn_sent();
    peer_send_options(SYN | ACK, PEER_ISS, our_iss + 1, unknown, 8, "");
    assert_int_equal(events.connected, 1);
    peer_send_options(ACK, RCV, UNA, unknown, 8, "data");
    assert_int_equal(events.received_len, 4);
    send_pattern(0, 10);
    peer_poll();
    peer_drain();
    peer_send_options(ACK, RCV + 4, UNA + 10, unknown, 8, "");
    peer_run(5000); /* no retransmission */
    peer_expect_silence();
    peer_send_options(RST, RCV + 5, 0, unknown, 8, "");
    assert_int_equal(events.closed, 0);
    peer_send_options(FIN | ACK, RCV + 4, UNA + 10, unknown, 8, "");
    assert_int_equal(events.closed, 1);
}

/* MUST-64 */
TEST(options_at_any_alignment)
{
    for (u32 nops = 0; nops < 4; nops++) {
        peer_reset(1000);
        state_syn_sent();
        u8 o[24];
        memset(o, 1, sizeof(o));
        memcpy(o + nops, "\x02\x04\x03\xe8\x08\x0a", 6); /* MSS 1000, timestamps */
        put_be32(o + nops + 6, 77);
        put_be32(o + nops + 10, 0);
        peer_send_options(SYN | ACK, PEER_ISS, our_iss + 1, o, 20, "");
        peer_poll();
        struct seg *s = peer_expect(ACK, UNA, RCV, 0);
        assert_int_equal(s->tsecr, 77);
        put_be32(o + nops + 6, 78);
        peer_send_options(ACK, RCV, UNA, o, 20, "text");
        assert_int_equal(events.received_len, 4);
        send_pattern(0, 2000);
        peer_poll();
        s = peer_expect(ACK, UNA, RCV + 4, 988); /* less the timestamps (RFC 6691) */
        assert_int_equal(s->tsecr, 78);
    }
}

static void send_urgent(u32 seq, const char *data, u16 pointer)
{
    struct seg s = {.flags = ACK | URG, .seq = seq, .ack = UNA, .wnd = peer_window};
    s.urgent = pointer;
    s.len = (u32)strlen(data);
    memcpy(s.data, data, s.len);
    peer_send_seg(&s);
}

/* In place of MUST-30 to 33: urgent data stays where it is in the stream. */
TEST(urgent_data_stays_in_line)
{
    static const u16 pointers[] = {0, 1, 3, 4, 1000, 65535};
    peer_options.ts = false;
    state_established();
    for (u32 i = 0; i < ARRAY_SIZE(pointers); i++) {
        send_urgent(RCV + 4 * i, "text", pointers[i]);
        assert_int_equal(events.received_len, 4 * (i + 1));
        assert_memory_equal(events.received + 4 * i, "text", 4);
    }
    send_urgent(RCV + 24, "", 100); /* and without text */
    assert_int_equal(events.received_len, 24);
    assert_int_equal(events.closed, 0);
}

/* SHLD-2 */
TEST(a_reset_may_carry_data)
{
    peer_options.ts = false;
    state_established();
    peer_send(RST, RCV, 0, "why", 3);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, ERR_TCP_RESET);
    assert_int_equal(events.received_len, 0);
}

/* MUST-10: figure 8 of the RFC, where each end sends a SYN and then a SYN with an ACK. */
TEST(a_simultaneous_open_by_syn_and_ack)
{
    peer_options.ts = false;
    state_syn_sent();
    peer_send(SYN, PEER_ISS, 0, NULL, 0);
    peer_poll();
    peer_expect(SYN | ACK, our_iss, RCV, 0);
    peer_send(SYN | ACK, PEER_ISS, our_iss + 1, NULL, 0);
    peer_poll();
    peer_expect(ACK, our_iss + 1, RCV, 0); /* for a peer that waits for it */
    peer_send(ACK, RCV, our_iss + 1, NULL, 0);
    assert_int_equal(events.connected, 1);
    peer_send(ACK, RCV, UNA, "text", 4);
    assert_int_equal(events.received_len, 4);
}

/* SHLD-14: whatever is read and sent, the right edge of our window never goes back. */
TEST(our_window_never_shrinks)
{
    state_established();
    u32 edge = RCV + PEER_WINDOW;
    static u8 data[1400];
    u32 received = 0, gap = 0;
    for (u32 i = 0; i < 500; i++) {
        gap = i % 7 == 3 ? 1400 : 0;
        fill_pattern(data, received + gap, sizeof(data));
        peer_send(ACK, RCV + received + gap, UNA, data, sizeof(data));
        if (!gap)
            received = events.received_len;
        if (i % 3 == 0)
            peer_poll();
        struct seg *s;
        while ((s = peer_next())) {
            u32 new_edge = s->ack + (s->wnd << 3);
            assert_true((s32)(new_edge - edge) >= 0);
            edge = new_edge;
        }
    }
    assert_true(received_pattern(events.received_len));
    assert_true(events.received_len > 400 * 1400);
}

/* SHLD-15 to 17: a window that shuts over what is under way, for ten minutes. */
TEST(data_beyond_the_window_ends_nothing)
{
    state_established();
    send_pattern(0, 3 * 1448);
    peer_poll();
    assert_int_equal(peer_drain(), 3);
    send_pattern(3 * 1448, 1448);
    peer_window = 0;
    u32 probes = 0;
    for (u32 i = 0; i < 600; i++) {
        peer_send(ACK, RCV, UNA, NULL, 0);
        peer_run(1000);
        struct seg *s;
        while ((s = peer_next())) {
            assert_true(s->seq + s->len - UNA <= 1448); /* the oldest at most, and nothing new */
            probes++;
        }
    }
    assert_true(probes > 5 && probes < 100);
    assert_int_equal(events.closed, 0);
    peer_window = 0xffff;
    peer_send(ACK, RCV, UNA, NULL, 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 1448);
    peer_send(ACK, RCV, UNA + 1448, NULL, 0);
    peer_poll();
    peer_expect(ACK, UNA + 1448, RCV, 1448);
    peer_expect(ACK, UNA + 2 * 1448, RCV, 1448);
}

/* A segment of the stream's last lap fits the window again, 4 GiB later; its timestamp tells (RFC
 * 7323, 5). */
TEST(old_duplicates_across_the_wrap)
{
    static const u32 start[] = {0xfffffe00u, 0x7ffffff0u, 0xffffffffu};
    for (u32 i = 0; i < ARRAY_SIZE(start); i++) {
        peer_reset(1000);
        peer_options.iss = start[i];
        peer_tsval_offset = 0xfffffff0u - now; /* timestamps wrap, too */
        state_established();
        u8 data[1000];
        fill_pattern(data, 0, sizeof(data));
        peer_send(ACK, RCV, UNA, data, sizeof(data)); /* across sequence number 0 */
        now += 100;
        fill_pattern(data, 1000, sizeof(data));
        peer_send(ACK, RCV + 1000, UNA, data, sizeof(data)); /* timestamps have wrapped */
        assert_true(received_pattern(2000));
        peer_poll();
        peer_drain();
        /* What has arrived already is acknowledged, and not delivered again. */
        peer_send(ACK, RCV, UNA, data, sizeof(data));
        peer_poll();
        peer_expect(ACK, UNA, RCV + 2000, 0);
        /* A lap old, by timestamps from before: next in order, further on, a reset's neighbour. */
        static const u32 at[] = {2000, 2001, 5000, PEER_WINDOW};
        for (u32 k = 0; k < ARRAY_SIZE(at); k++) {
            u8 o[12];
            put_be32(o, 0x0101080a);
            put_be32(o + 4, 0xfffffff0u - 30000); /* as long as a lap takes at 1 Gb/s */
            put_be32(o + 8, 0);
            peer_send_options(ACK | FIN, RCV + at[k], UNA, o, 12, "old");
        }
        assert_true(received_pattern(2000));
        assert_int_equal(events.closed, 0);
        assert_int_equal(net_stats.tcp_rejected, ARRAY_SIZE(at));
        peer_poll();
        struct seg *s = peer_expect(ACK, UNA, RCV + 2000, 0);
        assert_int_equal(s->sacks, 0);
    }
}
