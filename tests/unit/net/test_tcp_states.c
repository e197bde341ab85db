/* TCP: opening, closing, and what happens to the connection as a whole. */
#include "base/bytes.h"
#include "net/icmp.h"
#include "net/port.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

static void assert_closed(enum error reason)
{
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, reason);
}

/* --- Opening --- */

TEST(syn_offers_everything)
{
    peer_connect();
    assert_int_equal(tcp_timeout(now), 0);
    peer_poll();
    struct seg *s = peer_next();
    assert_int_equal(s->flags, SYN);
    assert_int_equal(s->dport, PEER_PORT);
    assert_true(s->sport >= 1024);
    assert_true(s->has_mss && s->has_wscale && s->sack_permitted && s->has_ts);
    assert_int_equal(s->mss, 1460);
    assert_int_equal(s->wscale, 3); /* 256 KiB */
    assert_int_equal(s->wnd, 65535);
    assert_int_equal(s->ack, 0);
    assert_int_equal(s->tsecr, 0);
}

TEST(syn_ack_establishes)
{
    state_syn_sent();
    struct seg *s = peer_accept();
    assert_int_equal(events.connected, 1);
    assert_int_equal(s->wnd << 3, PEER_WINDOW);
    assert_true(s->has_ts);
    assert_int_equal(s->tsecr, now + peer_tsval_offset);
    assert_false(s->sack_permitted || s->has_mss || s->has_wscale);
}

/* A packet holds one segment, and the peer's MSS tells how long its segments are. */
TEST(the_window_is_what_the_ring_holds_of_the_peers_segments)
{
    static const struct {
        u16 mtu, rx_ring, peer_mss;
        u32 window;
    } cases[] = {
        {1500, 1024, 1460, PEER_WINDOW}, {1500, 192, 1460, PEER_WINDOW}, {1500, 100, 1460, 146000},
        {1500, 100, 65535, 146000},      {9000, 100, 8960, PEER_WINDOW}, {9000, 20, 8960, 179200},
        {9000, 100, 1460, 146000},       {9000, 100, 0, 65535},          {1500, 100, 1, 65535},
        {1500, 6, 1460, 8760},           {1500, 2, 1460, 2920},          {1500, 2, 536, 2920},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        peer_setup();
        net_device()->mtu = cases[i].mtu;
        net_device()->rx_ring = cases[i].rx_ring;
        peer_options.mss = cases[i].peer_mss;
        state_syn_sent();
        assert_int_equal(peer_accept()->wnd << 3, cases[i].window & ~7u);
        tcp_abort(&tcb);
    }
}

TEST(a_syn_says_no_more_than_a_small_ring_holds)
{
    net_device()->rx_ring = 2;
    peer_connect();
    peer_poll();
    assert_int_equal(peer_next()->wnd, 2920);
}

TEST(only_what_the_peer_offers_is_used)
{
    peer_options = (struct peer_options){.wscale = -1, .window = 0xffff, .iss = PEER_ISS};
    state_syn_sent();
    struct seg *s = peer_accept();
    assert_int_equal(s->options_len, 0);
    assert_int_equal(s->wnd, 65535);
    /* No MSS option: 536 (RFC 9293, 3.7.1). */
    send_pattern(0, 1000);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 536);
    peer_expect(PSH | ACK, UNA + 536, RCV, 464);
}

TEST(data_in_the_syn_ack_and_before_it)
{
    peer_options.ts = false;
    state_syn_sent();
    send_pattern(0, 100);
    peer_send(SYN | ACK, PEER_ISS, our_iss + 1, "hello", 5);
    assert_int_equal(events.connected, 1);
    assert_int_equal(events.received_len, 5);
    assert_memory_equal(events.received, "hello", 5);
    peer_poll();
    struct seg *s = peer_expect(PSH | ACK, UNA, RCV + 5, 100);
    assert_int_equal(s->data[99], pattern(99));
}

TEST(syn_is_repeated_at_1_2_4_seconds)
{
    state_syn_sent();
    u32 pause = 1000;
    for (u32 i = 0; i < 4; i++, pause *= 2) {
        peer_run(pause - 1);
        peer_expect_silence();
        peer_run(1);
        peer_expect(SYN, our_iss, 0, 0);
    }
    peer_run(20000);
    assert_closed(ERR_TCP_TIMEOUT);
    assert_int_equal(now, 1000 + 15000 + 20000);
    assert_int_equal(tcp_timeout(now), TIMEOUT_NEVER);
    assert_true(peer_doubts > 0);
}

TEST(handshake_gives_up_on_time)
{
    state_syn_sent();
    peer_run(19999);
    assert_int_equal(events.closed, 0);
    assert_int_equal(tcp_timeout(now), 1);
    peer_run(1);
    assert_closed(ERR_TCP_TIMEOUT);
}

TEST(syn_waits_for_arp_without_losing_time)
{
    peer_no_arp = true;
    peer_connect();
    peer_run(300);
    peer_expect_silence();
    peer_no_arp = false;
    peer_run(10);
    struct seg *s = peer_next();
    assert_int_equal(s->flags, SYN);
}

TEST(no_arp_answer_is_told)
{
    peer_no_arp = true;
    peer_connect();
    peer_run(20000);
    assert_closed(ERR_NET_NO_ARP);
}

TEST(no_route_is_told)
{
    peer_no_route = true;
    peer_connect();
    peer_poll(); /* at once */
    assert_closed(ERR_NET_NO_ROUTE);
}

TEST(refused_by_rst)
{
    state_syn_sent();
    /* Not for our SYN: a guess. */
    peer_send(RST | ACK, 0, our_iss, NULL, 0);
    peer_send(RST | ACK, 0, our_iss + 2, NULL, 0);
    peer_send(RST, 0, 0, NULL, 0);
    assert_int_equal(events.closed, 0);
    peer_send(RST | ACK, 0, our_iss + 1, NULL, 0);
    assert_closed(ERR_TCP_REFUSED);
    peer_run(5000);
    peer_expect_silence();
}

TEST(old_syn_ack_is_reset)
{
    state_syn_sent();
    peer_send(SYN | ACK, 77, our_iss + 100, NULL, 0);
    peer_expect(RST, our_iss + 100, 0, 0);
    peer_send(ACK, 77, our_iss + 1, NULL, 0); /* no SYN: nothing */
    assert_int_equal(events.connected, 0);
    peer_accept();
    assert_int_equal(events.connected, 1);
}

TEST(both_ends_open_at_once)
{
    state_syn_sent();
    peer_send(SYN, PEER_ISS, 0, NULL, 0);
    peer_poll();
    peer_expect(SYN | ACK, our_iss, RCV, 0);
    peer_expect_silence();
    /* The answer is lost, and comes again. */
    peer_run(1000);
    peer_expect(SYN | ACK, our_iss, RCV, 0);
    assert_int_equal(events.connected, 0);
    peer_send(ACK, RCV, our_iss + 5, NULL, 0); /* acknowledges what was not sent */
    assert_int_equal(events.connected, 0);
    peer_send(ACK, RCV, our_iss + 1, NULL, 0);
    assert_int_equal(events.connected, 1);
    peer_drain();
    send_pattern(0, 10);
    peer_poll();
    peer_expect(PSH | ACK, UNA, RCV, 10);
}

TEST(rst_ends_a_simultaneous_open)
{
    state_syn_sent();
    peer_send(SYN, PEER_ISS, 0, NULL, 0);
    peer_send(RST, RCV, 0, NULL, 0);
    assert_closed(ERR_TCP_REFUSED);
}

TEST(ports_and_sequence_numbers_are_random)
{
    u16 port[8];
    u32 iss[8];
    for (u32 i = 0; i < 8; i++) {
        state_syn_sent();
        port[i] = our_port;
        iss[i] = our_iss;
        for (u32 k = 0; k < i; k++) {
            assert_int_not_equal(port[i], port[k]);
            assert_true(iss[i] - iss[k] + 0x10000 > 0x20000);
        }
        tcp_abort(&tcb);
    }
}

TEST(connecting_aborts_the_connection_before)
{
    state_established();
    u16 port = our_port;
    u32 una = UNA;
    peer_connect();
    struct seg *s = peer_expect(RST | ACK, una, RCV, 0);
    assert_int_equal(s->sport, port);
    assert_int_equal(events.closed, 0);
}

/* --- Closing --- */

TEST(peer_closes)
{
    state_established();
    peer_send(FIN | ACK, RCV, UNA, NULL, 0);
    assert_closed(ERR_TCP_CLOSED);
    peer_poll();
    /* Our own FIN follows at once, is repeated when it gets lost, and then all is quiet. */
    peer_expect(FIN | ACK, UNA, RCV + 1, 0);
    peer_run(1000);
    peer_expect(FIN | ACK, UNA, RCV + 1, 0);
    peer_drain();
    peer_send(ACK, RCV + 1, UNA + 1, NULL, 0);
    peer_run(10000);
    peer_expect_silence();
    assert_int_equal(events.closed, 1);
}

TEST(peer_closes_with_data_still_to_send)
{
    state_established();
    send_pattern(0, 100);
    peer_send(FIN | ACK, RCV, UNA, "x", 1);
    assert_int_equal(events.received_len, 1);
    assert_closed(ERR_TCP_CLOSED);
    assert_int_equal(tcp_send(&tcb, "y", 1), 0);
    peer_poll();
    peer_expect(FIN | PSH | ACK, UNA, RCV + 2, 100);
}

TEST(we_close)
{
    state_time_wait();
    peer_run(60000);
    peer_expect_silence();
}

TEST(late_fin_is_acknowledged_in_time_wait)
{
    state_time_wait();
    peer_send(FIN | ACK, RCV, UNA + 1, NULL, 0);
    peer_poll();
    peer_expect(ACK, UNA + 1, RCV + 1, 0);
    tcp_abort(&tcb); /* nothing is left that a reset could end */
    peer_expect_silence();
    assert_int_equal(events.closed, 1);
}

TEST(rst_ends_time_wait_quietly)
{
    state_time_wait();
    peer_send(RST, RCV + 1, 0, NULL, 0);
    peer_send(FIN | ACK, RCV, UNA + 1, NULL, 0); /* now nobody knows it */
    peer_expect(RST, UNA + 1, 0, 0);
    assert_int_equal(events.closed, 1);
}

TEST(close_sends_what_is_in_the_buffer_first)
{
    state_established();
    send_pattern(0, 2000);
    tcp_close(&tcb, now);
    assert_int_equal(tcp_send(&tcb, "z", 1), 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 1448);
    peer_expect(FIN | PSH | ACK, UNA + 1448, RCV, 552);
    peer_send(ACK, RCV, UNA + 2001, "more", 4); /* half closed: we still take data */
    assert_int_equal(events.received_len, 4);
    peer_send(FIN | ACK, RCV + 4, UNA + 2001, NULL, 0);
    assert_closed(OK);
    peer_expect(ACK, UNA + 2001, RCV + 5, 0);
}

TEST(fin_that_acknowledges_ours)
{
    state_fin_wait_1();
    peer_send(FIN | ACK, RCV, UNA + 1, NULL, 0);
    assert_closed(OK);
    peer_expect(ACK, UNA + 1, RCV + 1, 0);
}

TEST(simultaneous_close)
{
    state_fin_wait_1();
    peer_send(FIN | ACK, RCV, UNA, NULL, 0);
    assert_int_equal(events.closed, 0);
    peer_poll();
    peer_expect(ACK, UNA + 1, RCV + 1, 0);
    peer_send(ACK, RCV + 1, UNA + 1, NULL, 0);
    assert_closed(OK);
}

TEST(fin_is_repeated)
{
    state_fin_wait_1();
    peer_run(1000);
    peer_expect(FIN | ACK, UNA, RCV, 0);
}

TEST(peer_that_never_closes_is_left)
{
    tcp_set_user_timeout(&tcb, 5000);
    state_fin_wait_2();
    peer_run(5000);
    assert_closed(ERR_TCP_TIMEOUT);
}

TEST(closing_before_the_handshake_is_done)
{
    state_syn_sent();
    tcp_close(&tcb, now);
    assert_int_equal(events.closed, 0);
    peer_poll();
    assert_closed(OK);
    peer_expect_silence();
}

TEST(closing_while_the_syn_ack_arrives)
{
    state_syn_sent();
    tcp_close(&tcb, now);
    peer_options.ts = false;
    peer_send(SYN | ACK, PEER_ISS, our_iss + 1, NULL, 0);
    assert_int_equal(events.connected, 0);
    peer_poll();
    peer_expect(FIN | ACK, UNA, RCV, 0);
}

TEST(abort_sends_rst_and_is_silent)
{
    state_established();
    send_pattern(0, 10);
    peer_poll();
    peer_drain();
    tcp_abort(&tcb);
    peer_expect(RST | ACK, UNA + 10, RCV, 0);
    assert_int_equal(events.closed, 0);
    assert_int_equal(tcp_timeout(now), TIMEOUT_NEVER);
    assert_int_equal(tcp_send_space(&tcb), 0);
}

TEST(reset_by_peer)
{
    state_established();
    peer_send(RST, RCV, 0, NULL, 0);
    assert_closed(ERR_TCP_RESET);
    peer_run(1000);
    peer_expect_silence();
}

static void connect_from_closed(void)
{
    peer_on_closed = NULL;
    peer_connect();
}

TEST(owner_reconnects_inside_closed)
{
    state_established();
    peer_send(ACK, RCV + 100, UNA, "queued", 6);
    peer_drain();
    peer_on_closed = connect_from_closed;
    peer_send(FIN | ACK, RCV, UNA, NULL, 0);
    struct seg *s = peer_next();
    assert_int_equal(s->flags, RST | ACK);
    peer_poll();
    s = peer_next();
    assert_int_equal(s->flags, SYN);
    assert_int_not_equal(s->sport, our_port);
    our_iss = s->seq;
    our_port = s->sport;
    peer_accept();
    assert_int_equal(events.connected, 2);
    assert_int_equal(events.closed, 1);
}

static void abort_connection(void)
{
    tcp_abort(&tcb);
}

TEST(owner_aborts_inside_receive)
{
    state_established();
    peer_send(ACK, RCV + 3, UNA, "def", 3);
    peer_on_receive = abort_connection;
    peer_drain();
    peer_send(FIN | ACK, RCV, UNA, "abc", 3);
    assert_int_equal(events.received_len, 3);
    assert_int_equal(events.closed, 0);
    peer_poll();
    peer_expect(RST | ACK, UNA, RCV + 3, 0);
    peer_expect_silence();
    assert_int_equal(tcp_timeout(now), TIMEOUT_NEVER);
}

TEST(owner_aborts_inside_connected)
{
    state_syn_sent();
    peer_on_connected = abort_connection;
    peer_options.ts = false;
    peer_send(SYN | ACK, PEER_ISS, our_iss + 1, "abc", 3);
    assert_int_equal(events.received_len, 0);
    /* The same after a simultaneous open. */
    peer_drain();
    peer_on_connected = NULL;
    state_syn_sent();
    peer_on_connected = abort_connection;
    peer_send(SYN, PEER_ISS, 0, NULL, 0);
    peer_send(ACK, RCV, UNA, "abc", 3);
    assert_int_equal(events.received_len, 0);
}

TEST(owner_aborts_inside_receive_from_the_queue)
{
    state_established();
    peer_send(ACK, RCV + 6, UNA, "ghi", 3);
    peer_send(ACK, RCV + 3, UNA, "def", 3);
    peer_send(ACK, RCV, UNA, "ab", 2);
    peer_on_receive = abort_connection;
    peer_send(ACK, RCV + 2, UNA, "c", 1);
    assert_int_equal(events.received_len, 3);
}

/* --- Silence --- */

TEST(user_timeout_ends_it)
{
    tcp_set_user_timeout(&tcb, 10000);
    state_established();
    peer_run(3000);
    send_pattern(0, 10);
    peer_run(9999);
    assert_int_equal(events.closed, 0);
    peer_run(10000);
    assert_closed(ERR_TCP_TIMEOUT);
    assert_true(peer_doubts > 0);
}

TEST(user_timeout_while_nothing_goes_out)
{
    tcp_set_user_timeout(&tcb, 10000);
    state_established();
    peer_no_arp = true;
    send_pattern(0, 10);
    peer_run(10000);
    assert_closed(ERR_TCP_TIMEOUT);
}

TEST(clock_that_jumps_is_no_timeout)
{
    tcp_set_user_timeout(&tcb, 10000);
    state_established();
    send_pattern(0, 10);
    peer_poll();
    peer_drain();
    now += 100000; /* nobody polled us for so long */
    peer_poll();
    assert_int_equal(events.closed, 0);
    peer_expect(PSH | ACK, UNA, RCV, 10);
    peer_send(ACK, RCV, UNA + 10, NULL, 0);
    peer_run(100);
    assert_int_equal(events.closed, 0);
}

TEST(keepalive_asks_and_is_content_with_an_answer)
{
    state_established();
    for (u32 i = 0; i < 3; i++) {
        peer_run(14999);
        peer_expect_silence();
        peer_run(1);
        peer_expect(ACK, UNA - 1, RCV, 0);
        peer_send(ACK, RCV, UNA, NULL, 0);
    }
    assert_int_equal(events.closed, 0);
    assert_int_equal(peer_doubts, 0);
}

TEST(keepalive_that_does_not_go_out_is_no_answer)
{
    tcp_set_user_timeout(&tcb, 10000);
    state_established();
    peer_no_arp = true;
    peer_run(25000);
    assert_closed(ERR_TCP_TIMEOUT);
}

TEST(keepalive_without_an_answer_ends_it)
{
    tcp_set_user_timeout(&tcb, 10000);
    state_established();
    peer_run(15000);
    assert_int_equal(peer_drain(), 1);
    peer_run(9999);
    assert_int_equal(peer_drain(), 4);
    assert_int_equal(events.closed, 0);
    assert_true(peer_doubts > 0);
    peer_run(1);
    assert_closed(ERR_TCP_TIMEOUT);
}

TEST(keepalive_of_the_peer_is_answered)
{
    state_established();
    peer_send(ACK, RCV - 1, UNA, NULL, 0);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 0);
    peer_send(ACK, RCV - 1, UNA, "x", 1);
    peer_poll();
    peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(events.received_len, 0);
}
