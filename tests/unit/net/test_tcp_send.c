/* TCP: sending. Segments, windows, retransmission, congestion. Segments are 1448 bytes, with
 * timestamps. */
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "test.h"

FIXTURE(peer_setup, peer_teardown);

#define MSS 1448

static void ack(u32 position)
{
    peer_send(ACK, RCV, UNA + position, NULL, 0);
}

/* A connection whose congestion window is out of the way, and `segments` under way. */
static void state_in_flight(u32 segments)
{
    state_established();
    u32 sent = 0;
    for (u32 i = 0; i < 4; i++) {
        send_pattern(sent, 45 * MSS);
        u32 acked = sent;
        sent += 45 * MSS;
        for (peer_poll(); acked < sent; peer_poll()) {
            acked += peer_drain() * MSS;
            ack(acked);
        }
    }
    our_iss += sent; /* UNA moves on: positions start at 0 again */
    for (u32 i = 0; i < segments; i++)
        send_pattern(sent + i * MSS, MSS);
    peer_poll();
    assert_int_equal(peer_drain(), segments);
}

TEST(several_sends_share_segments)
{
    state_established();
    for (u32 i = 0; i < 20; i++)
        send_pattern(i * 100, 100);
    peer_expect_silence();
    assert_int_equal(tcp_timeout(now), 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    struct seg *s = peer_expect(PSH | ACK, UNA + MSS, RCV, 2000 - MSS);
    for (u32 i = 0; i < s->len; i++)
        assert_int_equal(s->data[i], pattern(MSS + i));
    /* No Nagle: the next small one does not wait for their ACK. */
    send_pattern(2000, 48);
    peer_poll();
    peer_expect(PSH | ACK, UNA + 2000, RCV, 48);
}

TEST(buffer_takes_what_there_is_room_for)
{
    static u8 data[SEND_BUFFER + 100];
    state_established();
    assert_int_equal(tcp_send_space(&tcb), SEND_BUFFER);
    assert_int_equal(tcp_send(&tcb, data, sizeof(data)), SEND_BUFFER);
    assert_int_equal(tcp_send(&tcb, data, 1), 0);
    peer_poll();
    assert_int_equal(peer_drain(), 10); /* initial window (RFC 6928) */
    assert_int_equal(events.writable, 0);
    ack(MSS);
    assert_int_equal(events.writable, 0);
    peer_poll();
    assert_int_equal(events.writable, 1);
    assert_int_equal(tcp_send_space(&tcb), MSS);
}

TEST(slow_start_doubles)
{
    static u8 data[SEND_BUFFER];
    state_established();
    tcp_send(&tcb, data, SEND_BUFFER);
    peer_poll();
    assert_int_equal(peer_drain(), 10);
    for (u32 i = 1; i <= 5; i++)
        ack(i * 2 * MSS); /* every second segment, as peers do */
    peer_poll();
    assert_int_equal(peer_drain(), 20);
}

TEST(segments_to_a_jumbo_peer_fit_our_packets)
{
    peer_options.mss = 8960;
    peer_options.ts = false;
    net_device()->mtu = 9000;
    state_established();
    send_pattern(0, 10000);
    peer_poll();
    u32 most = PKT_SIZE - PKT_HEADROOM - 20;
    for (u32 at = 0; at + most <= 10000; at += most)
        peer_expect(ACK, UNA + at, RCV, most);
}

TEST(peer_window_is_respected)
{
    peer_options.window = 4000; /* a SYN's window is not scaled */
    state_established();
    send_pattern(0, 10000);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect(ACK, UNA + MSS, RCV, MSS);
    /* 1104 more would fit, but half the window is the least (SWS avoidance)... */
    peer_expect_silence();
    peer_window = 500; /* << 3 */
    ack(2 * MSS);
    peer_poll();
    peer_expect(ACK, UNA + 2 * MSS, RCV, MSS);
    peer_expect(ACK, UNA + 3 * MSS, RCV, MSS);
}

TEST(zero_window_is_probed_with_back_off)
{
    state_established();
    peer_window = 0;
    ack(0);
    send_pattern(0, 1000);
    peer_poll();
    peer_expect_silence();
    u32 pause = 200;
    for (u32 i = 0; i < 12; i++) {
        peer_run(pause - 1);
        peer_expect_silence();
        peer_run(1);
        peer_expect(ACK, UNA - 1, RCV, 0);
        ack(0); /* still shut */
        pause = pause * 2 > 60000 ? 60000 : pause * 2;
    }
    assert_int_equal(events.closed, 0); /* a shut window is no reason (RFC 9293, 3.8.6.1) */
    peer_window = 8000;
    ack(0);
    peer_poll();
    peer_expect(PSH | ACK, UNA, RCV, 1000);
    peer_run(10); /* a tail loss probe */
    peer_expect(PSH | ACK, UNA, RCV, 1000);
    peer_run(200); /* and the timer is a fresh one */
    peer_expect(PSH | ACK, UNA, RCV, 1000);
}

TEST(silent_peer_with_zero_window_is_left)
{
    tcp_set_user_timeout(&tcb, 10000);
    state_established();
    peer_window = 0;
    ack(0);
    send_pattern(0, 1000);
    peer_run(20000);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, ERR_TCP_TIMEOUT);
}

TEST(window_that_stays_tiny_is_used_in_the_end)
{
    state_established();
    peer_window = 10;
    ack(0);
    send_pattern(0, 1000);
    peer_poll();
    peer_expect_silence();
    peer_run(200);
    peer_expect(ACK, UNA, RCV, 80);
}

TEST(window_shut_over_data_under_way)
{
    state_established();
    send_pattern(0, 3 * MSS);
    peer_poll();
    peer_drain();
    peer_window = 0; /* the peer shrinks it, and drops what comes */
    ack(0);
    for (u32 i = 0; i < 8; i++) {
        peer_run(3000);
        peer_drain();
        ack(0);
    }
    peer_window = 0xffff;
    ack(0);
    peer_poll(); /* at once, not when a long back-off is over */
    peer_expect(ACK, UNA, RCV, MSS);
    ack(MSS);
    peer_poll();
    peer_expect(ACK, UNA + MSS, RCV, MSS);
    peer_expect(PSH | ACK, UNA + 2 * MSS, RCV, MSS);
}

TEST(old_window_update_does_not_count)
{
    state_established();
    peer_send(ACK, RCV, UNA, "ab", 2);
    peer_poll();
    peer_window = 0;
    peer_send(ACK, RCV + 2, UNA, NULL, 0);
    peer_window = 0xffff;
    peer_send(ACK, RCV, UNA, "ab", 2);
    peer_send(ACK, RCV + 1, UNA, "bc", 2); /* old by its sequence number */
    send_pattern(0, 10);
    peer_poll();
    peer_expect(ACK, UNA, RCV + 3, 0);
    peer_expect_silence();
}

TEST(retransmission_backs_off_exponentially)
{
    tcp_set_user_timeout(&tcb, 1000000);
    state_established();
    send_pattern(0, 100);
    peer_poll();
    peer_expect(PSH | ACK, UNA, RCV, 100);
    peer_run(10);
    peer_expect(PSH | ACK, UNA, RCV, 100); /* a tail loss probe */
    u32 pause = 200;
    for (u32 i = 0; i < 11; i++) {
        peer_run(pause - 1);
        peer_expect_silence();
        peer_run(1);
        peer_expect(PSH | ACK, UNA, RCV, 100);
        pause = pause * 2 > 60000 ? 60000 : pause * 2;
    }
    assert_int_equal(net_stats.tcp_retransmits, 12);
}

TEST(rto_follows_the_round_trip)
{
    peer_options.ts = false; /* by Karn's rule then */
    state_syn_sent();
    peer_run(400);
    peer_accept();
    /* 400 + 4 * 200, after the tail loss probe at twice 400 */
    send_pattern(0, 100);
    peer_run(800);
    assert_int_equal(peer_drain(), 2);
    peer_run(1199);
    peer_expect_silence();
    peer_run(1);
    assert_int_equal(peer_drain(), 1);
    peer_run(100);
    ack(100); /* of a later copy: no sample, the doubled value stays */
    send_pattern(100, 100);
    peer_run(800);
    assert_int_equal(peer_drain(), 2);
    peer_run(2399);
    peer_expect_silence();
    peer_run(1);
    assert_int_equal(peer_drain(), 1);
    assert_int_equal(tcb.srtt8 / 8, 400);
}

TEST(lost_syn_makes_the_start_careful)
{
    peer_options.ts = false;
    state_syn_sent();
    peer_run(1000);
    peer_drain();
    peer_accept();
    send_pattern(0, 10 * 1460);
    peer_poll();
    assert_int_equal(peer_drain(), 1); /* RFC 5681, 3.1 */
    peer_run(2999);
    peer_expect_silence();
    peer_run(1); /* RFC 6298, 5.7 */
    assert_int_equal(peer_drain(), 1);
}

TEST(timeout_goes_back_and_slow_starts)
{
    state_in_flight(20);
    peer_run(10);
    peer_expect(PSH | ACK, UNA + 19 * MSS, RCV, MSS); /* a tail loss probe */
    peer_run(200);
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect_silence();
    ack(MSS);
    peer_poll();
    peer_expect(ACK, UNA + MSS, RCV, MSS);
    peer_expect(ACK, UNA + 2 * MSS, RCV, MSS);
    peer_expect_silence();
    ack(18 * MSS); /* most had arrived */
    peer_poll();
    peer_expect(ACK, UNA + 18 * MSS, RCV, MSS);
    peer_expect(PSH | ACK, UNA + 19 * MSS, RCV, MSS);
    ack(20 * MSS);
    peer_run(1000);
    peer_expect_silence();
}

TEST(third_duplicate_ack_retransmits)
{
    peer_options.sack = false;
    state_in_flight(10);
    ack(0);
    ack(0);
    peer_poll();
    peer_expect_silence();
    ack(0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect_silence();
    /* Partial: the second hole (RFC 6582). */
    ack(4 * MSS);
    peer_poll();
    peer_expect(ACK, UNA + 4 * MSS, RCV, MSS);
    peer_expect_silence();
    ack(10 * MSS);
    peer_run(1000);
    peer_expect_silence();
    assert_int_equal(net_stats.tcp_fast_retransmits, 1);
    assert_int_equal(net_stats.tcp_retransmits, 2);
}

TEST(first_duplicate_acks_send_new_data)
{
    static u8 data[SEND_BUFFER];
    peer_options.sack = false;
    state_established();
    ack(0); /* the window as it stays */
    tcp_send(&tcb, data, SEND_BUFFER);
    peer_poll();
    assert_int_equal(peer_drain(), 10);
    for (u32 i = 0; i < 2; i++) { /* limited transmit (RFC 3042) */
        ack(0);
        peer_poll();
        peer_expect(ACK, UNA + (10 + i) * MSS, RCV, MSS);
    }
    ack(0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect_silence();
}

TEST(window_update_is_no_duplicate_ack)
{
    peer_options.sack = false;
    state_in_flight(10);
    for (u32 i = 0; i < 5; i++) {
        peer_window--;
        ack(0);
    }
    for (u32 i = 0; i < 5; i++)
        peer_send(ACK, RCV + i, UNA, "x", 1);
    peer_poll();
    struct seg *s;
    while ((s = peer_next()))
        assert_int_equal(s->len, 0);
}

TEST(sack_fills_the_holes_only)
{
    state_in_flight(20);
    /* 0, 5 and 6 are lost. */
    const u32 block[][2] = {{UNA + 7 * MSS, UNA + 20 * MSS}, {UNA + MSS, UNA + 5 * MSS}};
    peer_send_sack(UNA, 2, block);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect(ACK, UNA + 5 * MSS, RCV, MSS);
    peer_expect(ACK, UNA + 6 * MSS, RCV, MSS);
    peer_expect_silence();
    peer_send_sack(UNA + 5 * MSS, 1, block);
    peer_poll();
    peer_expect_silence(); /* they are under way */
    ack(20 * MSS);
    peer_run(1000);
    peer_expect_silence();
}

TEST(sack_below_the_threshold_waits)
{
    state_in_flight(10);
    const u32 block[][2] = {{UNA + MSS, UNA + 2 * MSS}};
    peer_send_sack(UNA, 1, block);
    peer_poll();
    peer_expect_silence(); /* reordering, perhaps */
    const u32 more[][2] = {{UNA + MSS, UNA + 4 * MSS}};
    peer_send_sack(UNA, 1, more);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect_silence();
}

TEST(three_small_ranges_above_are_enough)
{
    state_established();
    for (u32 i = 0; i < 8; i++) {
        send_pattern(i * 100, 100);
        peer_poll();
    }
    assert_int_equal(peer_drain(), 8);
    const u32 block[][2] = {{UNA + 100, UNA + 200}, {UNA + 300, UNA + 400}, {UNA + 600, UNA + 700}};
    peer_send_sack(UNA, 3, block); /* RFC 6675, IsLost() */
    peer_poll();
    peer_expect(ACK, UNA, RCV, 100);
    peer_expect_silence();
}

TEST(window_that_is_not_used_does_not_grow)
{
    static u8 data[SEND_BUFFER];
    state_established();
    for (u32 i = 0; i < 50; i++) {
        send_pattern(i * 1000, 1000);
        peer_poll();
        assert_int_equal(peer_drain(), 1);
        ack((i + 1) * 1000);
    }
    tcp_send(&tcb, data, SEND_BUFFER);
    peer_poll();
    assert_int_equal(peer_drain(), 10);
}

TEST(sack_that_makes_no_sense_is_ignored)
{
    state_in_flight(10);
    const u32 block[][2] = {{UNA + 11 * MSS, UNA + 20 * MSS}, /* never sent */
                            {UNA - 5 * MSS, UNA - 2 * MSS},   /* a duplicate's report */
                            {UNA + 9 * MSS, UNA + 3 * MSS}};  /* upside down */
    for (u32 i = 0; i < 2; i++)
        peer_send_sack(UNA, 3, block);
    peer_poll();
    peer_expect_silence();
    const u32 all[][2] = {{UNA + 5, UNA + 5}, {UNA, UNA + 10 * MSS}};
    peer_send_sack(UNA, 2, all); /* all that it does not acknowledge */
    peer_poll();
    ack(10 * MSS);
    peer_run(1000);
    assert_int_equal(events.closed, 0);
}

/* Each of its edges is on the right side of the next one, but only as 31 bits see it. */
TEST(a_sack_block_around_all_numbers_is_ignored)
{
    state_in_flight(10);
    const u32 block[][2] = {{UNA + 0x70000000, UNA + 0xe0000000}};
    for (u32 i = 0; i < 2; i++)
        peer_send_sack(UNA, 1, block);
    peer_poll();
    peer_expect_silence();
    ack(10 * MSS);
    peer_run(1000);
    assert_int_equal(events.closed, 0);
}

TEST(more_sack_ranges_than_we_remember)
{
    state_in_flight(40);
    for (u32 i = 1; i < 40; i += 2) {
        const u32 block[][2] = {{UNA + i * MSS, UNA + (i + 1) * MSS}};
        peer_send_sack(UNA, 1, block);
    }
    for (u32 i = 0; i < 40; i += 2) {
        peer_poll();
        struct seg *s;
        while ((s = peer_next()))
            assert_true(s->seq - UNA < 40 * MSS);
        ack((i + 2) * MSS);
    }
    peer_run(1000);
    peer_expect_silence();
}

TEST(reported_data_that_the_peer_dropped_is_sent_again)
{
    state_in_flight(6);
    const u32 block[][2] = {{UNA + MSS, UNA + 6 * MSS}};
    peer_send_sack(UNA, 1, block);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    ack(MSS); /* and no more than that: it reneged (RFC 2018, 8) */
    peer_run(300);
    peer_expect(ACK, UNA + MSS, RCV, MSS);
    ack(6 * MSS);
    peer_run(1000);
    peer_expect_silence();
}

TEST(refused_transmission_changes_nothing)
{
    state_established();
    peer_tx_fails = true;
    send_pattern(0, 3000);
    tcp_close(&tcb, now);
    peer_run(5000);
    assert_int_equal(tcp_timeout(now), 10);
    peer_tx_fails = false;
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_expect(ACK, UNA + MSS, RCV, MSS);
    peer_expect(FIN | PSH | ACK, UNA + 2 * MSS, RCV, 3000 - 2 * MSS);
    peer_expect_silence();
    peer_tx_fails = true;
    peer_run(1000);
    peer_tx_fails = false;
    peer_run(10);
    peer_expect(ACK, UNA, RCV, MSS); /* the retransmission */
}

TEST(refused_probe_is_repeated)
{
    state_established();
    peer_window = 0;
    ack(0);
    send_pattern(0, 10);
    peer_poll();
    peer_tx_fails = true;
    peer_run(300);
    peer_tx_fails = false;
    peer_run(10);
    peer_expect(ACK, UNA - 1, RCV, 0);
    peer_expect_silence();
}

TEST(segments_with_sack_blocks_stay_within_the_mtu)
{
    state_established();
    peer_send(ACK, RCV + 100, UNA, "x", 1);
    peer_drain();
    send_pattern(0, 2000);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS - 12); /* ip_send() checks the rest */
}

TEST(buffer_wraps_at_odd_places)
{
    state_established();
    u32 sent = 0, acked = 0;
    while (acked < 5 * SEND_BUFFER) {
        u32 n = 1 + sent % 1777;
        send_pattern(sent, n);
        sent += n;
        peer_poll();
        struct seg *s;
        while ((s = peer_next())) {
            assert_int_equal(s->seq, UNA + acked);
            for (u32 i = 0; i < s->len; i++)
                assert_int_equal(s->data[i], pattern(acked + i));
            acked += s->len;
        }
        ack(acked);
    }
}

TEST(pause_takes_the_congestion_window_back)
{
    static u8 data[SEND_BUFFER];
    state_in_flight(0);
    tcp_send(&tcb, data, SEND_BUFFER);
    peer_poll();
    assert_true(peer_queued() > 10);
    ack(peer_drain() * MSS);
    peer_poll();
    ack(SEND_BUFFER);
    our_iss += SEND_BUFFER;
    peer_run(1000);
    peer_drain();
    tcp_send(&tcb, data, SEND_BUFFER);
    peer_poll();
    assert_int_equal(peer_drain(), 10); /* RFC 5681, 4.1 */
}

TEST(congestion_window_after_a_loss)
{
    static u8 data[SEND_BUFFER];
    peer_options.sack = false;
    state_established();
    ack(0);
    tcp_send(&tcb, data, SEND_BUFFER);
    peer_poll();
    assert_int_equal(peer_drain(), 10);
    for (u32 i = 0; i < 3; i++)
        ack(0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    /* After recovery: from two segments (RFC 6582, 3.2 step 3) to half of what was under way, and
     * then by one each round trip. */
    const u32 cwnd[] = {2, 4, 5, 6, 7, 8};
    u32 sent = 10;
    for (u32 i = 0; i < ARRAY_SIZE(cwnd); i++) {
        ack(sent * MSS);
        peer_poll();
        assert_int_equal(peer_queued(), cwnd[i]);
        sent += peer_drain();
    }
}
