/* TCP: text that goes to its place while its checksum is taken. */
#include "base/bytes.h"
#include "net/port.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <string.h>

FIXTURE(peer_setup, peer_teardown);

#define SIZE      4000
#define UNTOUCHED 0xee

static u8 place[SIZE];

static bool untouched(u32 from)
{
    for (u32 i = from; i < SIZE; i++)
        if (place[i] != UNTOUCHED)
            return false;
    return true;
}

static void state_expecting(u32 len)
{
    state_established();
    memset(place, UNTOUCHED, SIZE);
    tcp_expect(&tcb, place, len);
}

/* What the stream has at this position arrives. */
static void arrive(u32 position, u32 len)
{
    u8 data[SIZE];
    fill_pattern(data, position, len);
    peer_send(ACK, RCV + position, UNA, data, len);
}

/* The same, with one bit turned over after the checksum was taken. */
static void arrive_broken(u32 position, u32 len)
{
    struct seg s = {.sport = PEER_PORT, .dport = our_port, .seq = RCV + position, .ack = UNA};
    u8 raw[20 + PKT_SIZE];
    s.flags = ACK;
    s.wnd = peer_window;
    s.len = len;
    fill_pattern(s.data, position, len);
    u32 n = peer_build(raw, &s);
    put_be16(raw + 16, 0x5555);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, false);
}

static void state_expecting_without_options(u32 len)
{
    peer_options.ts = false;
    state_expecting(len);
}

TEST(the_next_bytes_go_to_their_place)
{
    state_expecting(600);
    arrive(0, 201); /* odd */
    assert_ptr_equal(events.data, place);
    assert_true(untouched(201));
    tcp_expect(&tcb, place + 201, 399);
    arrive(201, 399);
    assert_ptr_equal(events.data, place + 201);
    assert_true(untouched(600));
    assert_true(received_pattern(600));
    assert_memory_equal(place, events.received, 600);
}

TEST(a_place_is_good_for_one_call)
{
    state_expecting(600);
    arrive(0, 100);
    arrive(100, 100);
    assert_true(untouched(100));
    assert_true(received_pattern(200));
}

TEST(more_than_expected_is_not_put_there)
{
    state_expecting(600);
    arrive(0, 601);
    assert_true(untouched(0));
    assert_true(received_pattern(601));
}

TEST(broken_text_does_not_count)
{
    state_expecting_without_options(600);
    arrive_broken(0, 600);
    assert_int_equal(net_stats.tcp_checksum, 1);
    assert_int_equal(events.received_len, 0);
    assert_true(untouched(600));
    memset(place, UNTOUCHED, SIZE);
    arrive_broken(0, 601); /* its length is no more true than the rest of it */
    assert_true(untouched(0));
    arrive(0, 600);
    assert_ptr_equal(events.data, place);
    assert_true(received_pattern(600));
    assert_true(untouched(600));
}

TEST(other_connections_text_does_not_count)
{
    state_expecting_without_options(600);
    our_port++;
    arrive(0, 600);
    our_port--;
    assert_int_equal(net_stats.tcp_no_conn, 1);
    assert_int_equal(events.received_len, 0);
    arrive(0, 600);
    assert_true(received_pattern(600));
}

TEST(text_out_of_order_goes_through_the_queue)
{
    state_expecting(900);
    arrive(300, 300);
    assert_true(untouched(0));
    peer_poll();
    struct seg *s = peer_expect(ACK, UNA, RCV, 0);
    assert_int_equal(s->sacks, 1);
    arrive(0, 300);
    assert_true(untouched(300)); /* nothing was named for what came out of the queue */
    assert_true(received_pattern(600));
    tcp_expect(&tcb, place, 300);
    arrive(300, 300); /* once more */
    assert_true(untouched(300));
    arrive(600, 300);
    assert_ptr_equal(events.data, place);
    assert_true(received_pattern(900));
}

TEST(overlapping_text_is_not_put_there)
{
    state_established();
    arrive(0, 100);
    memset(place, UNTOUCHED, SIZE);
    tcp_expect(&tcb, place, 600);
    arrive(50, 100);
    assert_true(untouched(0));
    assert_true(received_pattern(150));
}

TEST(what_the_nic_has_checked_is_not_copied)
{
    state_expecting_without_options(600);
    struct seg s = {.sport = PEER_PORT, .dport = our_port, .seq = RCV, .ack = UNA, .flags = ACK};
    u8 raw[20 + PKT_SIZE];
    s.wnd = peer_window;
    s.len = 600;
    fill_pattern(s.data, 0, 600);
    u32 n = peer_build(raw, &s);
    peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, PKT_L4_CSUM_OK, false);
    assert_true(untouched(0));
    assert_true(received_pattern(600));
}

TEST(after_the_close_nothing_is_put_there)
{
    state_expecting(600);
    tcp_close(&tcb, now);
    arrive(0, 600);
    assert_true(untouched(0));
    assert_true(received_pattern(600));
}

TEST(a_new_connection_has_no_place)
{
    state_expecting(600);
    tcp_abort(&tcb);
    peer_drain();
    state_syn_sent();
    peer_accept();
    arrive(0, 600);
    assert_true(untouched(0));
    assert_true(received_pattern(600));
}

/* Two segments of 1000 bytes have come, and so much is still expected. */
static void state_two_segments(u32 rest)
{
    state_expecting(2000 + rest);
    arrive(0, 1000);
    tcp_expect(&tcb, place + 1000, 1000 + rest);
    arrive(1000, 1000);
    tcp_expect(&tcb, place + 2000, rest);
    peer_poll();
}

TEST(the_last_segment_is_not_left_alone)
{
    state_two_segments(1000);
    peer_expect_silence();
    arrive(2000, 1000);
    peer_poll();
    peer_expect(ACK, UNA, RCV + 3000, 0);
}

TEST(a_last_segment_that_does_not_come)
{
    state_two_segments(1000);
    peer_run(39);
    peer_expect_silence();
    peer_run(1);
    peer_expect(ACK, UNA, RCV + 2000, 0);
}

TEST(two_segments_are_acknowledged_when_more_follow)
{
    state_two_segments(1001);
    peer_expect(ACK, UNA, RCV + 2000, 0);
}
