/* TCP: receiving. Order, acknowledgments, SACK blocks, the out-of-order queue and its bounds. */
#include "net/port.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

/* The peer's stream is the pattern. */
static void data_at(u32 position, u32 len)
{
    u8 data[2048];
    fill_pattern(data, position, len);
    peer_send(ACK, RCV + position, UNA, data, len);
}

static void assert_sack(const struct seg *s, u32 i, u32 left, u32 right)
{
    assert_true(i < s->sacks);
    assert_int_equal(s->sack[i][0], RCV + left);
    assert_int_equal(s->sack[i][1], RCV + right);
}

TEST(in_order_data_is_one_ack_for_the_batch)
{
    state_established();
    for (u32 i = 0; i < 10; i++)
        data_at(i * 1448, 1448);
    peer_expect_silence();
    peer_poll();
    peer_expect(ACK, UNA, RCV + 14480, 0);
    peer_expect_silence();
    assert_true(received_pattern(14480));
}

TEST(a_segment_in_several_packets_is_one)
{
    state_established();
    peer_parts = 600; /* 600, 600, 248 */
    data_at(0, 1448);
    data_at(1448, 1448);
    peer_poll();
    peer_expect(ACK, UNA, RCV + 2896, 0);
    peer_expect_silence();
    assert_true(received_pattern(2896));
}

TEST(packets_of_a_segment_wait_for_what_is_before_it)
{
    state_established();
    peer_parts = 600;
    data_at(1000, 1448);
    assert_int_equal(events.received_len, 0);
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL - 3);
    peer_drain();
    data_at(0, 1500); /* its third packet is partly there already */
    peer_poll();
    peer_expect(ACK, UNA, RCV + 2448, 0);
    assert_true(received_pattern(2448));
}

TEST(packets_of_a_segment_that_is_not_taken_are_not_either)
{
    state_established();
    peer_parts = 600;
    data_at(0, 1448);
    /* Of an earlier one, of another connection, of one with a wrong checksum. */
    data_at(0, 1448);
    our_port++;
    data_at(1448, 1448);
    our_port--;
    peer_parts = 100;
    struct seg s = {.flags = ACK, .seq = RCV + 1448, .ack = UNA, .wnd = peer_window, .len = 200};
    peer_send_seg(&s); /* without a timestamp */
    assert_true(received_pattern(1448));
    assert_int_equal(net_stats.tcp_no_conn, 1);
    assert_int_equal(net_stats.tcp_rejected, 2);
}

TEST(the_fin_of_a_segment_in_several_packets_is_waited_for)
{
    u8 data[1448];
    state_established();
    peer_parts = 600;
    fill_pattern(data, 0, sizeof(data));
    peer_send(FIN | ACK, RCV, UNA, data, sizeof(data));
    peer_poll();
    peer_expect(ACK, UNA, RCV + 1448, 0);
    assert_int_equal(events.closed, 0);
    assert_true(received_pattern(1448));
    peer_send(FIN | ACK, RCV + 1448, UNA, NULL, 0);
    assert_int_equal(events.closed, 1);
}

TEST(with_more_in_the_ring_one_ack_does_for_a_quarter_of_the_window)
{
    u32 n = 0;
    state_established();
    peer_more = true;
    while ((n + 1) * 1448 < PEER_WINDOW / 4) {
        data_at(n++ * 1448, 1448);
        peer_poll();
        peer_expect_silence();
    }
    data_at(n++ * 1448, 1448);
    peer_poll();
    peer_expect(ACK, UNA, RCV + n * 1448, 0);
    /* The ring is empty: what is left is told at once. */
    data_at(n++ * 1448, 1448);
    data_at(n++ * 1448, 1448);
    peer_poll();
    peer_expect_silence();
    peer_more = false;
    peer_poll();
    peer_expect(ACK, UNA, RCV + n * 1448, 0);
    assert_true(received_pattern(n * 1448));
}

/* The peer has one more under way that is not whole, and can't send it. */
TEST(a_small_window_does_not_wait_for_its_ack)
{
    net_device()->rx_ring = 2;
    state_established();
    data_at(0, 48);
    data_at(48, 1448);
    peer_poll();
    peer_expect(ACK, UNA, RCV + 1496, 0);
}

TEST(one_small_segment_waits_40_ms_for_its_ack)
{
    state_established();
    data_at(0, 100);
    peer_poll();
    assert_int_equal(tcp_timeout(now), 40);
    peer_run(39);
    peer_expect_silence();
    peer_run(1);
    peer_expect(ACK, UNA, RCV + 100, 0);
    peer_run(1000);
    peer_expect_silence();
}

TEST(a_hurry_does_not_wait_for_the_ack)
{
    state_established();
    tcp_ack_at_once();
    peer_poll();
    peer_expect_silence(); /* nothing came */
    data_at(0, 100);
    peer_poll();
    tcp_ack_at_once();
    assert_int_equal(tcp_timeout(now), 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV + 100, 0);
    peer_run(1000);
    peer_expect_silence();
}

TEST(an_answer_carries_the_ack)
{
    state_established();
    data_at(0, 100);
    send_pattern(0, 10);
    peer_poll();
    peer_expect(PSH | ACK, UNA, RCV + 100, 10);
    peer_send(ACK, RCV + 100, UNA + 10, NULL, 0);
    peer_run(1000);
    peer_expect_silence();
}

TEST(window_is_the_same_whatever_the_queue_holds)
{
    state_established();
    data_at(5000, 1000);
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->wnd << 3, PEER_WINDOW);
    data_at(7000, 1000);
    s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->wnd << 3, PEER_WINDOW);
}

TEST(out_of_order_is_answered_at_once_and_queued)
{
    state_established();
    data_at(100, 100);
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->sacks, 1);
    assert_sack(s, 0, 100, 200);
    data_at(300, 100);
    s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->sacks, 2);
    assert_sack(s, 0, 300, 400); /* the latest first */
    assert_sack(s, 1, 100, 200);
    data_at(400, 50); /* joins the latest */
    s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->sacks, 2);
    assert_sack(s, 0, 300, 450);
    assert_int_equal(events.received_len, 0);

    peer_poll();
    peer_drain();
    data_at(0, 100); /* fills the first hole: an ACK in this round, without waiting */
    assert_true(received_pattern(200));
    peer_poll();
    s = peer_expect(ACK, UNA, RCV + 200, 0);
    assert_int_equal(s->sacks, 1);
    assert_sack(s, 0, 300, 450);
    data_at(200, 100);
    assert_true(received_pattern(450));
    peer_poll();
    s = peer_expect(ACK, UNA, RCV + 450, 0);
    assert_int_equal(s->sacks, 0);
}

TEST(no_more_than_three_blocks_fit_beside_timestamps)
{
    state_established();
    for (u32 i = 1; i <= 5; i++) {
        data_at(i * 200, 100);
        peer_poll();
        peer_drain();
    }
    data_at(1200, 100);
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->sacks, 3);
    assert_sack(s, 0, 1200, 1300);
    assert_sack(s, 1, 1000, 1100);
    assert_sack(s, 2, 800, 900);
    assert_int_equal(s->options_len, 40);
}

TEST(four_blocks_without_timestamps)
{
    peer_options.ts = false;
    state_established();
    for (u32 i = 1; i <= 5; i++)
        data_at(i * 200, 100);
    peer_poll();
    struct seg *s = NULL;
    while (peer_queued())
        s = peer_next();
    assert_int_equal(s->sacks, 4);
    assert_int_equal(s->options_len, 36);
}

TEST(flood_of_out_of_order_segments_costs_few_acks)
{
    state_established();
    for (u32 i = 1; i <= 20; i++)
        data_at(i * 1000, 1000);
    assert_int_equal(peer_drain(), 3);
    peer_poll();
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_sack(s, 0, 1000, 21000);
    peer_expect_silence();
}

TEST(without_sack_each_is_a_duplicate_ack)
{
    peer_options.sack = false;
    state_established();
    for (u32 i = 1; i <= 20; i++)
        data_at(i * 1000, 1000);
    assert_int_equal(peer_queued(), 20);
    while (peer_queued())
        assert_int_equal(peer_expect(ACK, UNA, RCV, 0)->sacks, 0);
}

TEST(overlaps_of_every_kind)
{
    state_established();
    const u32 piece[][2] = {{100, 50}, {140, 30},  {90, 20},  {80, 100},  {300, 100},
                            {320, 10}, {250, 60},  {390, 50}, {200, 300}, {600, 10},
                            {590, 30}, {500, 200}, {0, 60},   {30, 200},  {0, 900}};
    for (u32 i = 0; i < ARRAY_SIZE(piece); i++)
        data_at(piece[i][0], piece[i][1]);
    assert_true(received_pattern(900));
    peer_poll();
    peer_drain();
    data_at(0, 500);
    assert_true(received_pattern(900));
    peer_poll();
    peer_expect(ACK, UNA, RCV + 900, 0);
    assert_true(net_stats.tcp_duplicates >= 1);
}

TEST(random_pieces_make_the_stream)
{
    for (u32 round = 0; round < 50; round++) {
        peer_reset(round * 7777);
        peer_options.iss = 0xfffffff0u - round * 100;
        state_established();
        u32 total = 20000, seed = round + 1;
        for (u32 i = 0; events.received_len < total; i++) {
            seed = seed * 1664525 + 1013904223;
            u32 at = (seed >> 8) % total, len = 1 + (seed >> 4) % 1400;
            if (i % 16 == 0)
                at = events.received_len;
            data_at(at, len > total - at ? total - at : len);
            if (i % 8 == 0)
                peer_poll();
            if (peer_queued() > 1000)
                peer_drain();
        }
        assert_true(received_pattern(total));
        tcp_abort(&tcb);
        assert_int_equal(peer_rx_pool.available, peer_rx_pool.total);
    }
}

TEST(fin_out_of_order_counts_when_its_turn_comes)
{
    state_established();
    peer_send(FIN | ACK, RCV + 3, UNA, "def", 3);
    assert_int_equal(events.closed, 0);
    peer_send(ACK, RCV + 2, UNA, "XYZ", 3); /* over the front of what is held */
    peer_send(ACK, RCV, UNA, "ab", 2);
    assert_int_equal(events.received_len, 6);
    assert_memory_equal(events.received, "abXdef", 6);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, ERR_TCP_CLOSED);
}

TEST(fin_below_what_came_is_ignored)
{
    state_established();
    peer_send(FIN | ACK, RCV + 3, UNA, "def", 3);
    peer_send(ACK, RCV, UNA, "0123456789", 10);
    assert_int_equal(events.received_len, 10);
    assert_int_equal(events.closed, 0);
}

TEST(fin_belongs_to_the_end_of_its_segment)
{
    state_established();
    data_at(10, 10);
    u8 data[20];
    fill_pattern(data, 5, 7);
    peer_send(FIN | ACK, RCV + 5, UNA, data, 7); /* its end is covered */
    data_at(0, 5);
    assert_true(received_pattern(20));
    assert_int_equal(events.closed, 0);
    /* And one that is held is not lost under a larger segment. */
    fill_pattern(data, 30, 10);
    peer_send(FIN | ACK, RCV + 30, UNA, data, 10);
    data_at(25, 30);
    data_at(20, 5);
    assert_true(received_pattern(40));
    assert_int_equal(events.closed, 1);
}

TEST(lone_fin_ahead_of_data_is_not_kept)
{
    state_established();
    peer_send(FIN | ACK, RCV + 3, UNA, NULL, 0);
    peer_send(ACK, RCV, UNA, "abc", 3);
    assert_int_equal(events.closed, 0);
    peer_send(FIN | ACK, RCV + 3, UNA, NULL, 0);
    assert_int_equal(events.closed, 1);
}

TEST(data_behind_the_window_is_cut)
{
    state_established();
    u8 data[1000];
    fill_pattern(data, PEER_WINDOW - 500, 1000);
    peer_send(FIN | ACK, RCV + PEER_WINDOW - 500, UNA, data, 1000);
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_sack(s, 0, PEER_WINDOW - 500, PEER_WINDOW);
    data_at(PEER_WINDOW + 1, 100);
    assert_int_equal(net_stats.tcp_rejected, 1);
    for (u32 i = 0; i < PEER_WINDOW; i += 1024) {
        data_at(i, 1024);
        peer_poll();
    }
    assert_true(received_pattern(PEER_WINDOW));
    assert_int_equal(events.closed, 0); /* its FIN lay behind the window, too */
}

TEST(queue_leaves_a_quarter_of_the_pool)
{
    state_established();
    /* Every other byte: the smallest pieces there are. */
    for (u32 i = 1; i < 300; i += 2)
        data_at(i, 1);
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL / 4);
    /* The lowest holes are taken all the same, in exchange for the highest pieces. */
    data_at(0, 1);
    assert_true(received_pattern(2));
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL / 4 + 1);
    for (u32 i = 2; i < 300; i += 2) {
        peer_poll();
        peer_drain();
        data_at(i, 1);
    }
    for (u32 i = events.received_len; i < 300; i++)
        data_at(i, 1);
    assert_true(received_pattern(300));
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL);
}

TEST(full_queue_prefers_lower_data)
{
    state_established();
    for (u32 i = 0; i < PEER_RX_POOL * 3 / 4; i++)
        data_at(1000 + i * 20, 10);
    peer_poll();
    peer_drain();
    data_at(500, 10); /* the last one goes for it */
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL / 4);
    u32 last = 1000 + (PEER_RX_POOL * 3 / 4 - 1) * 20;
    struct seg *s = peer_next();
    assert_sack(s, 0, 500, 510);
    for (u32 i = 1; i < s->sacks; i++)
        assert_true(s->sack[i][1] - RCV <= last);
    data_at(last + 100, 10); /* and nothing higher than the highest is taken */
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL / 4);
    s = peer_next();
    assert_sack(s, 0, 500, 510);
}

TEST(full_queue_lets_the_last_one_go_for_its_neighbour)
{
    state_established();
    u32 count = PEER_RX_POOL * 3 / 4, last = 1000 + (count - 1) * 20;
    for (u32 i = 0; i < count; i++)
        data_at(1000 + i * 20, 10);
    data_at(last - 10, 10);
    data_at(last, 10);
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL / 4);
    peer_poll();
    peer_drain();
    data_at(0, 1000);
    for (u32 i = 0; i < count; i++) {
        data_at(1000 + i * 20, 20);
        peer_poll();
        peer_drain();
    }
    assert_true(received_pattern(last + 20));
}

TEST(acks_are_repeated_when_they_do_not_go_out)
{
    state_established();
    peer_tx_fails = true;
    data_at(0, 1000);
    data_at(1000, 1000);
    data_at(3000, 100);
    peer_run(100);
    peer_tx_fails = false;
    peer_run(10);
    struct seg *s = peer_expect(ACK, UNA, RCV + 2000, 0);
    assert_sack(s, 0, 3000, 3100);
    peer_expect_silence();
}

TEST(segments_without_a_packet_to_answer)
{
    state_established();
    struct pkt *taken = NULL, *p;
    while ((p = pkt_alloc(&peer_tx_pool))) {
        p->next = taken;
        taken = p;
    }
    data_at(100, 100);
    send_pattern(0, 100);
    peer_run(50);
    while ((p = taken)) {
        taken = p->next;
        pkt_free(p);
    }
    peer_run(10);
    peer_expect(PSH | ACK, UNA, RCV, 100);
}

TEST(checksum_is_verified_unless_the_nic_did)
{
    peer_options.ts = false;
    state_established();
    struct seg s = {.sport = PEER_PORT, .dport = our_port, .flags = ACK, .len = 3, .data = "abc"};
    s.seq = RCV;
    s.ack = UNA;
    s.wnd = 1000;
    u8 raw[64];
    u32 n = peer_build(raw, &s);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, false);
    assert_int_equal(net_stats.tcp_checksum, 1);
    assert_int_equal(events.received_len, 0);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, PKT_L4_CSUM_OK, false);
    assert_int_equal(events.received_len, 3);
}
