/* TCP: the tail loss probe (RFC 8985, 7). The round trip of the handshake takes no time: a probe is
 * due after 10 ms. */
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "test.h"

FIXTURE(peer_setup, peer_teardown);

#define MSS     1448
#define PTO     10
#define RTO     200
#define COMMAND 48

static void ack(u32 position)
{
    peer_send(ACK, RCV, UNA + position, NULL, 0);
}

/* The one at this position goes out at the end of so many silent ms. */
static void expect_after(u32 ms, u32 position, u32 len)
{
    peer_run(ms - 1);
    peer_expect_silence();
    peer_run(1);
    peer_expect(PSH | ACK, UNA + position, RCV, len);
    peer_expect_silence();
}

static void state_command_sent(void)
{
    state_established();
    send_pattern(0, COMMAND);
    peer_poll();
    peer_expect(PSH | ACK, UNA, RCV, COMMAND);
}

static void state_probed(void)
{
    state_command_sent();
    expect_after(PTO, 0, COMMAND);
}

/* So many full segments under way. */
static void state_in_flight(u32 segments)
{
    state_established();
    ack(0); /* the window as it stays */
    send_pattern(0, segments * MSS);
    peer_poll();
    assert_int_equal(peer_drain(), segments);
}

/* How much the congestion window lets out, in segments. */
static u32 burst(void)
{
    static u8 data[SEND_BUFFER / 2];
    tcp_send(&tcb, data, sizeof(data));
    peer_poll();
    return peer_drain();
}

TEST(lost_command_goes_again_before_the_timeout)
{
    state_probed();
    peer_send(ACK, RCV, UNA + COMMAND, "answer", 6);
    peer_run(30);
    peer_expect_silence();
    assert_int_equal(net_stats.tcp_retransmits, 1);
}

TEST(timeouts_follow_a_probe_without_answer)
{
    state_probed();
    expect_after(RTO, 0, COMMAND);
    expect_after(2 * RTO, 0, COMMAND);
    ack(COMMAND);
    send_pattern(COMMAND, COMMAND);
    peer_poll();
    peer_expect(PSH | ACK, UNA + COMMAND, RCV, COMMAND);
    expect_after(PTO, COMMAND, COMMAND);
}

TEST(a_probe_waits_for_two_round_trips)
{
    state_syn_sent();
    peer_run(30);
    peer_accept();
    send_pattern(0, COMMAND);
    peer_poll();
    peer_expect(PSH | ACK, UNA, RCV, COMMAND);
    expect_after(60, 0, COMMAND);
}

TEST(each_answer_starts_the_time_anew)
{
    state_in_flight(4);
    for (u32 i = 1; i < 4; i++) {
        peer_run(3);
        ack(i * MSS);
    }
    expect_after(PTO, 3 * MSS, MSS);
}

TEST(one_probe_covers_several_commands)
{
    state_command_sent();
    for (u32 i = 1; i < 5; i++) {
        send_pattern(i * COMMAND, COMMAND);
        peer_poll();
        peer_expect(PSH | ACK, UNA + i * COMMAND, RCV, COMMAND);
    }
    expect_after(PTO, 0, 5 * COMMAND);
}

TEST(nothing_under_way_is_not_probed)
{
    state_command_sent();
    ack(COMMAND);
    peer_run(5000);
    peer_expect_silence();
}

TEST(shut_window_is_the_persist_timers)
{
    state_command_sent();
    peer_window = 0;
    ack(0);
    expect_after(RTO, 0, COMMAND);
}

TEST(recovery_sends_no_probe)
{
    state_in_flight(10);
    const u32 block[][2] = {{UNA + MSS, UNA + 4 * MSS}};
    peer_send_sack(UNA, 1, block);
    peer_poll();
    peer_expect(ACK, UNA, RCV, MSS);
    peer_run(RTO - 1);
    peer_expect_silence();
}

TEST(fin_is_probed_too)
{
    state_fin_wait_1();
    peer_run(PTO);
    peer_expect(FIN | ACK, UNA, RCV, 0);
    ack(1);
    peer_run(1000);
    peer_expect_silence();
}

TEST(refused_probe_is_left_to_the_timeout)
{
    state_command_sent();
    peer_tx_fails = true;
    peer_run(PTO);
    peer_tx_fails = false;
    expect_after(RTO, 0, COMMAND);
}

/* Karn's rule: without timestamps nobody can say which copy it answers. */
TEST(answer_to_a_probe_is_no_measurement)
{
    peer_options.ts = false;
    state_probed();
    peer_run(100);
    ack(COMMAND);
    assert_int_equal(tcb.srtt8 / 8, 1);
}

/* Two segments are lost. The probe's arrival is news of one segment only, which is below the usual
 * thresholds. */
TEST(what_a_probe_leaves_behind_is_lost)
{
    state_in_flight(6);
    ack(4 * MSS);
    expect_after(PTO, 5 * MSS, MSS);
    const u32 block[][2] = {{UNA + 5 * MSS, UNA + 6 * MSS}};
    peer_send_sack(UNA + 4 * MSS, 1, block);
    peer_poll();
    peer_expect(ACK, UNA + 4 * MSS, RCV, MSS);
    ack(6 * MSS);
    peer_run(1000);
    peer_expect_silence();
}

/* The next flight's order is nothing that an old probe tells of. */
TEST(thresholds_count_again_after_a_probe)
{
    state_probed();
    ack(COMMAND);
    our_iss += COMMAND;
    send_pattern(COMMAND, 4 * MSS);
    peer_poll();
    assert_int_equal(peer_drain(), 4);
    const u32 block[][2] = {{UNA + MSS, UNA + 2 * MSS}};
    peer_send_sack(UNA, 1, block);
    peer_poll();
    peer_expect_silence();
}

TEST(loss_that_a_probe_made_good_halves_the_window)
{
    state_probed();
    ack(COMMAND); /* of either copy */
    send_pattern(COMMAND, COMMAND);
    peer_poll();
    peer_drain();
    ack(2 * COMMAND); /* and no word of a second one */
    assert_int_equal(burst(), 2);
}

TEST(second_copys_duplicate_ack_keeps_the_window)
{
    state_probed();
    ack(COMMAND);
    ack(COMMAND);
    assert_int_equal(burst(), 10);
    ack(COMMAND + 10 * MSS);
    peer_poll();
    assert_int_equal(peer_drain(), 13); /* what is left: it grows as ever */
}

TEST(second_copys_dsack_keeps_the_window)
{
    state_command_sent();
    for (u32 i = 0; i < 2; i++) { /* so does one with the first word of an ACK that got lost */
        expect_after(PTO, i * COMMAND, COMMAND);
        if (!i)
            ack(COMMAND);
        const u32 block[][2] = {{UNA + i * COMMAND, UNA + (i + 1) * COMMAND}};
        peer_send_sack(UNA + (i + 1) * COMMAND, 1, block);
        send_pattern((i + 1) * COMMAND, COMMAND);
        peer_poll();
        peer_expect(PSH | ACK, UNA + (i + 1) * COMMAND, RCV, COMMAND);
    }
    ack(3 * COMMAND);
    assert_int_equal(burst(), 10);
}
