/* TCP on a path that loses packets for their length, and on others that look alike. */
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

static u32 longest; /* bytes of an IP packet that passes */
static u32 arrived; /* bytes of the stream */
static u32 lost;

/* Segments that pass reach a peer that acknowledges what it gets. */
static void pass(void)
{
    struct seg *s;
    while ((s = peer_next())) {
        if (40 + s->options_len + s->len > longest) {
            lost++;
            continue;
        }
        if (s->seq == UNA + arrived)
            arrived += s->len;
        peer_send(ACK, RCV, UNA + arrived, NULL, 0);
    }
}

static void run_path(u32 ms)
{
    for (; ms; ms--) {
        peer_run(1);
        pass();
    }
}

static void state_sending(u32 bytes, u32 mtu)
{
    state_established();
    longest = mtu;
    arrived = lost = 0;
    send_pattern(0, bytes);
}

TEST(long_segments_that_vanish_become_shorter)
{
    state_sending(20000, 1450);
    run_path(4000);
    assert_int_equal(arrived, 20000);
    assert_int_equal(peer_path_mtu, 1400);
    assert_int_equal(tcb.snd_mss, 1400 - 40 - 12);
}

TEST(step_by_step_to_what_passes)
{
    state_sending(20000, 600);
    run_path(8000);
    assert_int_equal(arrived, 20000);
    assert_int_equal(peer_path_mtu, 576);
}

TEST(a_segment_that_is_not_full_may_be_too_long_as_well)
{
    state_sending(1200, 1000);
    run_path(4000);
    assert_int_equal(arrived, 1200);
    assert_int_equal(peer_path_mtu, 576);
}

TEST(a_silent_peer_has_no_short_path)
{
    state_sending(20000, 0);
    run_path(15000);
    assert_true(lost > 5);
    assert_int_equal(peer_path_mtu, PATH_UNKNOWN);
    /* It is back, and takes what it is sent. */
    longest = 1500;
    run_path(15000);
    assert_int_equal(arrived, 20000);
    assert_int_equal(peer_path_mtu, PATH_UNKNOWN);
}

TEST(nor_has_one_that_was_heard_before)
{
    state_sending(20000, 1450);
    run_path(700); /* long ones were lost, and there was one sign of life */
    longest = 0;
    run_path(5000);
    longest = 1500;
    run_path(10000);
    assert_int_equal(arrived, 20000);
    assert_int_equal(peer_path_mtu, PATH_UNKNOWN);
}

TEST(short_segments_are_lost_for_other_reasons)
{
    state_sending(500, 100); /* acknowledgments pass */
    run_path(10000);
    assert_int_equal(arrived, 0);
    assert_int_equal(peer_path_mtu, PATH_UNKNOWN);
}

TEST(a_shut_window_is_not_a_short_path)
{
    state_sending(3000, 100);
    peer_run(1);
    peer_window = 0;
    run_path(15000);
    assert_int_equal(peer_path_mtu, PATH_UNKNOWN);
}

/* --- What comes to us --- */

static void hear(u32 len)
{
    u8 text[2000];
    memset(text, 'x', len);
    peer_send(ACK, RCV, UNA, text, len);
}

static u32 announced(void)
{
    peer_connect();
    peer_poll();
    struct seg *s;
    do
        s = peer_next();
    while (s && !(s->flags & SYN));
    assert_non_null(s);
    our_iss = s->seq;
    our_port = s->sport;
    return s->mss;
}

TEST(when_only_short_ones_were_heard_shorter_ones_are_asked_for)
{
    state_established();
    hear(1330);
    assert_true(tcp_shorten(&tcb));
    assert_int_equal(peer_path_mtu, 1400);
    assert_int_equal(announced(), 1360);
    peer_accept();
    assert_false(tcp_shorten(&tcb)); /* as long ones as that were heard */
}

TEST(down_to_what_everybody_takes)
{
    static const u16 mss[] = {1360, 1180, 536};
    state_established();
    for (u32 i = 0; i < ARRAY_SIZE(mss); i++) {
        assert_true(tcp_shorten(&tcb));
        assert_int_equal(announced(), mss[i]);
        peer_accept();
    }
    assert_false(tcp_shorten(&tcb));
}

TEST(what_the_peer_takes_is_what_it_sends)
{
    net_device()->mtu = 9000;
    peer_options.mss = 1400;
    state_established();
    hear(1388);
    assert_false(tcp_shorten(&tcb));
}

TEST(a_long_segment_shows_that_they_pass)
{
    state_established();
    hear(1448);
    assert_false(tcp_shorten(&tcb));
    /* Also on the next connection, where none has come yet. */
    assert_int_equal(announced(), 1460);
    peer_accept();
    assert_false(tcp_shorten(&tcb));
}

TEST(a_peer_that_does_not_acknowledge_is_silent)
{
    state_established();
    send_pattern(0, 48);
    peer_poll();
    peer_drain();
    assert_false(tcp_shorten(&tcb));
    peer_send(ACK, RCV, UNA + 48, NULL, 0);
    assert_true(tcp_shorten(&tcb));
}

TEST(without_a_connection_nothing_is_known)
{
    assert_false(tcp_shorten(&tcb));
    state_syn_sent();
    assert_false(tcp_shorten(&tcb));
}
