/* TCP with several connections at once: to one server, with the same sequence numbers, so that the
 * ports alone tell them apart. */
#include "net/icmp.h"
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define LEN 1000

static struct tcb other;
static struct {
    u32 connected, closed, len;
    enum error reason;
    u8 received[64 * LEN];
    const u8 *data; /* where the latest lay */
} others;

static void other_connected(void *ctx, msec t)
{
    (void)t;
    assert_ptr_equal(ctx, &others);
    others.connected++;
}

static void other_receive(void *ctx, const u8 *data, u32 len, msec t)
{
    (void)ctx;
    (void)t;
    assert_true(others.len + len <= sizeof(others.received));
    memcpy(others.received + others.len, data, len);
    others.len += len;
    others.data = data;
}

static void other_writable(void *ctx, msec t)
{
    (void)ctx;
    (void)t;
}

static void other_closed(void *ctx, enum error reason, msec t)
{
    (void)ctx;
    (void)t;
    others.closed++;
    others.reason = reason;
}

static const struct tcp_ops other_ops = {other_connected, other_receive, other_writable,
                                         other_closed};

/* What tcp_peer.c knows of a connection. */
static u32 iss[2];
static u16 port[2];

static void speak_to(u32 which)
{
    our_iss = iss[which];
    our_port = port[which];
}

static void setup(void)
{
    static u8 buffer[SEND_BUFFER];
    peer_setup();
    if (!other.lent.send_buffer)
        tcp_lend(&other, &(struct tcp_params){buffer, SEND_BUFFER, PEER_WINDOW});
    tcp_set_user_timeout(&other, 30000);
    memset(&others, 0, sizeof(others));
    peer_options.ts = false;
    state_established();
    iss[0] = our_iss;
    port[0] = our_port;
    tcp_connect(&other, PEER_ADDR, PEER_PORT, &other_ops, &others, 20000, now);
    peer_poll();
    const struct seg *syn = peer_next();
    iss[1] = syn->seq;
    port[1] = syn->sport;
    speak_to(1);
    peer_accept();
    peer_expect_silence();
    assert_int_equal(events.connected + others.connected, 2);
}

static void teardown(void)
{
    tcp_abort(&other);
    peer_teardown();
}

FIXTURE(setup, teardown);

/* The piece number i of the stream to a connection, whose bytes are other ones. */
static void piece(u32 which, u32 i)
{
    u8 data[LEN];
    speak_to(which);
    memset(data, (int)(1 + i + 0x80 * which), LEN);
    peer_send(ACK, RCV + i * LEN, UNA, data, LEN);
}

static void assert_pieces(u32 which, u32 count)
{
    const u8 *got = which ? others.received : events.received;
    assert_int_equal(which ? others.len : events.received_len, count * LEN);
    for (u32 i = 0; i < count * LEN; i++)
        assert_int_equal(got[i], 1 + i / LEN + 0x80 * which);
}

TEST(each_gets_what_is_its_own)
{
    for (u32 i = 0; i < 8; i++) {
        piece(i % 2, i / 2);
        piece(1 - i % 2, i / 2);
    }
    assert_pieces(0, 4);
    assert_pieces(1, 4);
    peer_poll();
    for (u32 i = 0; i < 2; i++) {
        const struct seg *s = peer_next();
        assert_int_equal(s->ack, RCV + 4 * LEN);
        assert_int_equal(s->seq, 1 + iss[s->sport == port[1]]);
    }
    peer_expect_silence();
    assert_int_equal(net_stats.tcp_no_conn + net_stats.tcp_rejected, 0);
}

/* Both are at the same place of their streams, so that a segment fits either. */
TEST(text_goes_where_its_own_connection_expects_it)
{
    u8 place[LEN], its_place[LEN];
    tcp_expect(&tcb, place, LEN);
    tcp_expect(&other, its_place, LEN);
    memset(place, 0xee, LEN);
    piece(1, 0);
    assert_ptr_equal(others.data, its_place);
    for (u32 i = 0; i < LEN; i++)
        assert_int_equal(place[i], 0xee);
    piece(0, 0);
    assert_ptr_equal(events.data, place);
    assert_pieces(0, 1);
    assert_pieces(1, 1);
}

TEST(packets_of_one_segment_stay_together)
{
    peer_parts = 300;
    piece(1, 0);
    piece(0, 0);
    assert_pieces(0, 1);
    assert_pieces(1, 1);
}

TEST(ports_of_neither_are_strays)
{
    u8 data[LEN] = {0};
    speak_to(0);
    our_port = (u16)(port[0] ^ 1);
    if (our_port == port[1])
        our_port = (u16)(port[0] ^ 2);
    peer_send(ACK, RCV, UNA, data, LEN);
    assert_int_equal(net_stats.tcp_no_conn, 1);
    peer_expect(RST, UNA, 0, 0);
    assert_pieces(0, 0);
    assert_pieces(1, 0);
}

TEST(the_end_of_one_is_nothing_to_the_other)
{
    piece(1, 0);
    speak_to(0);
    peer_send(RST, RCV, 0, NULL, 0);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, ERR_TCP_RESET);
    piece(1, 1);
    assert_pieces(1, 2);
    assert_int_equal(others.closed, 0);
    /* A new one beside it. */
    peer_connect();
    peer_poll();
    assert_int_equal(tcb.state, TCP_SYN_SENT);
    assert_int_equal(other.state, TCP_ESTABLISHED);
    piece(1, 2);
    assert_pieces(1, 3);
    tcp_abort(&other);
    assert_int_equal(tcb.state, TCP_SYN_SENT);
    assert_int_equal(events.closed + others.closed, 1);
}

TEST(an_icmp_error_is_about_its_own_connection)
{
    send_pattern(0, LEN);
    tcp_send(&other, "text", 4);
    peer_poll();
    const struct icmp_error e = {.to = PEER_ADDR,
                                 .protocol = 6,
                                 .code = ICMP_FRAG_NEEDED,
                                 .mtu = 600,
                                 .ports = (u32)port[0] << 16 | PEER_PORT,
                                 .seq = iss[0] + 1};
    tcp_icmp_error(&e, now);
    assert_int_equal(tcb.recovery, TCP_LOSS);
    assert_int_equal(other.recovery, TCP_OPEN);
}

/* The peer answers the one and is silent to the other. */
TEST(what_one_loses_does_not_slow_the_other)
{
    u32 sent = 0, cwnd = other.cwnd, rto = other.rto;
    send_pattern(0, 8 * LEN);
    peer_poll();
    assert_true(peer_drain() >= 5);
    for (u32 i = 0; i < 20; i++) {
        tcp_send(&other, events.received, LEN);
        peer_poll();
        for (const struct seg *s; (s = peer_next());)
            sent += s->sport == port[1] ? s->len : 0;
        assert_int_equal(sent, (i + 1) * LEN); /* at once */
        speak_to(1);
        peer_send(ACK, RCV, UNA + sent, NULL, 0);
        peer_run(200);
    }
    assert_true(tcb.retries >= 2 && tcb.cwnd < 2 * LEN && tcb.rto > rto);
    assert_true(other.retries == 0 && other.cwnd >= cwnd && other.rto <= rto);
    assert_int_equal(events.closed + others.closed, 0);
}

TEST(a_hole_in_one_stream_does_not_hold_up_the_other)
{
    for (u32 i = 1; i < 8; i++) {
        piece(0, i);
        piece(1, i - 1);
    }
    assert_pieces(0, 0);
    assert_pieces(1, 7);
    peer_poll();
    for (const struct seg *s; (s = peer_next());)
        assert_int_equal(s->sacks, s->sport == port[0]);
    piece(0, 0);
    assert_pieces(0, 8);
}

/* The last quarter of the receive packets is for what arrives. */
TEST(together_they_keep_three_quarters_of_the_packets)
{
    for (u32 i = 1; i < PEER_RX_POOL - 1; i++)
        piece(i % 2, i);
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL / 4);
    assert_true(tcb.reass.head && other.reass.head);
    tcp_abort(&other);
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL - PEER_RX_POOL * 3 / 8);
    tcp_init();
    assert_int_equal(peer_rx_pool.available, PEER_RX_POOL);
    assert_int_equal(tcb.state, TCP_CLOSED);
}

TEST(whichever_is_due_first_is_waited_for)
{
    piece(0, 0);
    peer_poll();
    peer_drain();
    now += 30;
    piece(1, 0);
    peer_poll();
    assert_int_equal(tcp_timeout(now), TCP_DELAYED_ACK - 30);
    peer_run(10);
    assert_int_equal(peer_next()->sport, port[0]);
    peer_expect_silence();
    assert_int_equal(tcp_timeout(now), 30);
    tcp_ack_at_once();
    peer_poll();
    assert_int_equal(peer_next()->sport, port[1]);
}

/* As many connections as must draw some port twice. */
TEST(no_two_have_the_same_port)
{
    static struct tcb many[1000];
    static u8 buffer[SEND_BUFFER];
    static bool taken[65536];
    for (u32 i = 0; i < ARRAY_SIZE(many); i++) {
        tcp_lend(&many[i], &(struct tcp_params){buffer, SEND_BUFFER, PEER_WINDOW});
        tcp_connect(&many[i], PEER_ADDR, PEER_PORT, &other_ops, &others, 20000, now);
        u32 drawn = many[i].ports >> 16;
        assert_true(drawn >= 1024 && drawn != port[0] && drawn != port[1] && !taken[drawn]);
        taken[drawn] = true;
    }
}
