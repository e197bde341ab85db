/* The whole initiator, from the block floor to the wire, with a cable that is pulled for a second,
 * a minute, half an hour, and with targets that forget their connections, all on the virtual clock.
 * The target is iscsi_peer.c's; between it and the wire stands a small TCP of its own. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/loop.h"
#include "base/random.h"
#include "iscsi/conn.h"
#include "iscsi/session.h"
#include "net/arp.h"
#include "net/net.h"
#include "net/net_wire.h"
#include "net/tcp.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

/* The peer's stand-ins for TCP become the target's socket. */
#define tcp_connect          socket_accept
#define tcp_send_space       socket_space
#define tcp_expect           socket_expect
#define tcp_send             socket_in
#define tcp_abort            socket_abort
#define tcp_close            socket_close
#define tcp_set_user_timeout socket_user_timeout
#define tcp_shorten          socket_shorten
#define tcp_lend             socket_lend
#define dns_start            socket_dns_start
#define dns_result           socket_dns_result
#include "iscsi/iscsi_peer.c"
#undef tcp_connect
#undef tcp_send_space
#undef tcp_expect
#undef tcp_send
#undef tcp_abort
#undef tcp_close
#undef tcp_set_user_timeout
#undef tcp_shorten
#undef tcp_lend
#undef dns_start
#undef dns_result

#define SEND_BUFFER 65536
#define MSS         1460
#define RTO_MS      300
#define FIN         0x01
#define SYN         0x02
#define RST         0x04
#define ACK         0x10

/* The server's end of the connection. Positions are sequence numbers. */
static struct {
    bool open;
    u16 portal; /* our port, */
    u16 port;   /* and the client's */
    u32 iss, una, nxt, end;
    u32 rcv_nxt, window;
    u8 out[4 << 20]; /* iss + 1 .. end */
    msec rto_at;
} server;

static bool cable; /* is plugged in */
static u16 dead_portal;
static u32 resets; /* that the server has sent */
/* What happens when so many more segments of ours have arrived, in the midst of all. */
static u32 countdown;
static void (*happening)(void);
static u16 next_id;

static void emit(u8 flags, u32 seq, const u8 *data, u32 len)
{
    u8 frame[2048], segment[2048] = {0};
    put_be16(segment, server.portal);
    put_be16(segment + 2, server.port);
    put_be32(segment + 4, seq);
    put_be32(segment + 8, server.rcv_nxt);
    u32 header = flags & SYN ? 24 : 20;
    segment[12] = (u8)(header << 2);
    segment[13] = flags;
    put_be16(segment + 14, 65535);
    if (flags & SYN)
        put_be32(segment + 20, 0x02040000 | MSS);
    if (len)
        memcpy(segment + header, data, len);
    u32 n = wire_ip(frame, 6, WIRE_PEER, WIRE_US, segment, header + len);
    put_be16(frame + 18, next_id++);
    wire_fix_ip(frame);
    if (cable && server.portal != dead_portal)
        wire_queue(frame, n);
}

static void reset(u32 seq)
{
    resets++;
    emit(RST | ACK, seq, NULL, 0);
    server.open = false;
}

/* What the target says to its socket. */

static void target_connected(void *ctx, msec now)
{
    (void)ctx;
    (void)now;
}

static void target_data(void *ctx, const u8 *data, u32 len, msec now)
{
    (void)ctx;
    (void)now;
    assert_true(server.end - server.iss - 1 + len <= sizeof(server.out));
    memcpy(server.out + (server.end - server.iss - 1), data, len);
    server.end += len;
}

static void target_closed(void *ctx, enum error why, msec now)
{
    (void)ctx;
    (void)why;
    (void)now;
    if (server.open)
        reset(server.nxt);
}

static const struct tcp_ops target_ops = {target_connected, target_data, target_connected,
                                          target_closed};

static void accept_syn(u16 portal, u16 port, u32 seq)
{
    if (peer.open)
        socket_abort(NULL); /* of a client that has come back */
    memset(&server, 0, offsetof(typeof(server), out));
    server.open = true;
    server.portal = portal;
    server.port = port;
    server.iss = random_u32();
    server.una = server.iss;
    server.nxt = server.end = server.iss + 1;
    server.rcv_nxt = seq + 1;
    emit(SYN | ACK, server.iss, NULL, 0);
}

static void input(const u8 *tcp, u32 len)
{
    u16 port = get_be16(tcp), portal = get_be16(tcp + 2);
    u8 flags = tcp[13];
    u32 seq = get_be32(tcp + 4), ack = get_be32(tcp + 8), header = (tcp[12] >> 4) * 4u;
    const u8 *data = tcp + header;
    len -= header;
    if (flags & SYN && !(flags & ACK)) {
        if (!peer.deaf && (!server.open || server.port != port || server.una == server.iss))
            accept_syn(portal, port, seq);
        return;
    }
    if (!server.open || server.port != port) {
        if (flags & RST)
            return;
        server.portal = portal;
        server.port = port;
        server.rcv_nxt = seq + len;
        reset(ack);
        return;
    }
    if (flags & RST) {
        server.open = false;
        socket_abort(NULL);
        return;
    }
    server.window = get_be16(tcp + 14);
    if (server.una == server.iss)
        socket_accept(NULL, WIRE_US, port, &target_ops, NULL, 0, host_now);
    if (serial_after(ack, server.una)) {
        server.una = ack;
        server.rto_at = host_now + RTO_MS;
        if (serial_after(server.una, server.nxt))
            server.nxt = server.una;
    }
    while (deliver())
        ;
    if (seq == server.rcv_nxt && len && peer.open) {
        server.rcv_nxt += socket_in(NULL, data, len);
        while (deliver())
            ;
    }
    if ((flags & FIN) && seq + len == server.rcv_nxt) {
        server.rcv_nxt++;
        emit(ACK, server.nxt, NULL, 0);
        reset(server.nxt);
        socket_abort(NULL);
    } else if (len && server.open) {
        emit(ACK, server.nxt, NULL, 0);
    }
}

static void output(void)
{
    if (!server.open || server.una == server.iss)
        return;
    if (server.nxt != server.una && time_reached(host_now, server.rto_at)) {
        server.nxt = server.una;
        server.rto_at = host_now + RTO_MS;
    }
    while (server.nxt != server.end && server.nxt - server.una < min_u32(server.window, 16 * MSS)) {
        u32 n = min_u32(server.end - server.nxt, MSS);
        if (server.nxt == server.una)
            server.rto_at = host_now + RTO_MS;
        emit(ACK, server.nxt, server.out + (server.nxt - server.iss - 1), n);
        server.nxt += n;
    }
}

/* The target's machine has crashed, and comes up again: it knows no connection. */
static void reboot(void)
{
    server.open = false;
    socket_abort(NULL);
}

static void plug(bool in)
{
    cable = wire_neighbours = in;
}

static bool wire_moves(void)
{
    const struct wire_frame *f;
    bool moved = false;
    while ((f = wire_take())) {
        const u8 *ip = f->bytes + 14;
        if (!cable || get_be16(f->bytes + 12) != 0x0800 || ip[9] != 6 ||
            get_be32(ip + 16) != WIRE_PEER || get_be16(ip + 22) == dead_portal)
            continue;
        input(ip + 20, get_be16(ip + 2) - 20u);
        moved = true;
        if (countdown && !--countdown)
            happening();
    }
    output();
    return moved;
}

static bool run(u32 ms, bool (*until)(void))
{
    msec end = host_now + ms;
    for (;;) {
        do
            loop_poll(NULL);
        while (wire_moves());
        if (until && until())
            return true;
        u32 left = time_left(host_now, end);
        if (!left)
            return !until;
        u32 wait = min_u32(net_timeout(host_now), iscsi_timeout(host_now));
        if (server.open && server.nxt != server.una)
            wait = min_u32(wait, time_left(host_now, server.rto_at));
        host_now += min_u32(min_u32(wait, 1000), left);
    }
}

static void setup(void)
{
    static u8 send_buffer[SEND_BUFFER];
    static const struct poller net = {net_poll, net_timeout};
    wire_reset(1000);
    loop_register(&net);
    static bool lent;
    if (!lent)
        conn_lend(&(struct tcp_params){send_buffer, SEND_BUFFER, 32768});
    lent = true;
    tcp_init();
    peer_reset();
    wire_reset_configured(1000);
    tcp_init();
    wire_rx_flags = PKT_L4_CSUM_OK;
    memset(&server, 0, offsetof(typeof(server), out));
    resets = countdown = dead_portal = 0;
    strcpy(peer_config.paths->server.name, "192.0.2.20"); /* WIRE_PEER */
    plug(true);
    iscsi_attach(&peer_config, 20000, host_now);
    assert_true(run(5000, peer_ready));
}

FIXTURE(setup);

/* Requests, some of which write; each buffer is of its own. */
#define REQUESTS 6
#define COUNT    100 /* sectors in each */
static struct block_req reqs[REQUESTS];
static u8 data[REQUESTS][COUNT * 512];

static void submit_all(void)
{
    for (u32 i = 0; i < REQUESTS; i++) {
        bool writes = i % 2;
        memset(data[i], writes ? 0xa0 + (int)i : 0xee, sizeof(data[i]));
        reqs[i] = (struct block_req){.op = writes ? BLOCK_WRITE : BLOCK_READ,
                                     .lba = i * COUNT,
                                     .count = COUNT,
                                     .data = data[i]};
        iscsi_disk()->ops->submit(iscsi_disk(), &reqs[i]);
    }
}

static bool all_done(void)
{
    for (u32 i = 0; i < REQUESTS; i++)
        if (!reqs[i].done)
            return false;
    return true;
}

static void assert_all_good(void)
{
    for (u32 i = 0; i < REQUESTS; i++) {
        assert_int_equal(reqs[i].status, OK);
        assert_memory_equal(data[i], peer.disk + i * COUNT * 512, COUNT * 512);
    }
    assert_int_equal(iscsi_stats.bad_pdu, 0);
}

static void pull(void)
{
    plug(false);
}

/* Requests, of which so many segments get through. */
static void submit_then(u32 segments, void (*what)(void))
{
    submit_all();
    countdown = segments;
    happening = what;
    run(100, NULL);
    assert_int_equal(countdown, 0);
}

/* How many segments of ours it takes when nothing happens. */
static u32 segments_in_all(void)
{
    setup();
    countdown = UINT32_MAX;
    submit_all();
    assert_true(run(1000, all_done));
    u32 all = UINT32_MAX - countdown;
    assert_true(all > 100);
    return all;
}

TEST(a_second_is_tcps_affair)
{
    u32 all = segments_in_all();
    for (u32 segments = 1; segments < all; segments++) {
        setup();
        submit_then(segments, pull);
        run(1000, NULL);
        plug(true);
        assert_true(run(10000, all_done));
        assert_all_good();
        assert_int_equal(iscsi_stats.connections, 1);
    }
}

TEST(after_a_minute_the_session_comes_back)
{
    u32 all = segments_in_all();
    for (u32 segments = 1; segments < all; segments++) {
        setup();
        submit_then(segments, pull);
        run(60000, NULL);
        assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
        assert_int_equal(iscsi_error(), ERR_NET_NO_ARP);
        plug(true);
        assert_true(run(20000, all_done));
        assert_all_good();
    }
}

TEST(after_half_an_hour_too)
{
    submit_then(10, pull);
    run(1800000, NULL);
    assert_false(all_done());
    plug(true);
    assert_true(run(20000, all_done));
    assert_all_good();
    /* And it was not bought with a storm of attempts. */
    assert_true(iscsi_stats.connections < 300);
}

TEST(a_link_that_flaps)
{
    submit_all();
    for (u32 i = 0; i < 40; i++) {
        plug(i & 1);
        run(100 + i * 37 % 900, NULL);
    }
    plug(true);
    assert_true(run(20000, all_done));
    assert_all_good();
}

TEST(a_pull_while_nothing_was_in_flight)
{
    run(60000, NULL);
    assert_int_equal(iscsi_stats.connections, 1);
    plug(false);
    run(60000, NULL);
    plug(true);
    submit_all();
    assert_true(run(20000, all_done));
    assert_all_good();
}

#define OTHER_PORTAL (PEER_PORT + 1)

static void attach_by_two_portals(void)
{
    setup();
    peer_config.paths[1] = peer_config.paths[0];
    peer_config.paths[1].server.port = OTHER_PORTAL;
    peer_config.path_count = 2;
    iscsi_attach(&peer_config, 20000, host_now);
    assert_true(run(5000, peer_ready));
    assert_int_equal(server.portal, PEER_PORT);
}

static void portal_vanishes(void)
{
    dead_portal = PEER_PORT;
}

/* Nothing comes back, not even a reset: by the other one within five seconds. */
TEST(a_portal_that_vanishes_is_left_for_another)
{
    u32 all = segments_in_all();
    for (u32 segments = 1; segments < all; segments++) {
        attach_by_two_portals();
        submit_then(segments, portal_vanishes);
        msec before = host_now;
        assert_true(run(10000, all_done));
        assert_true(host_now - before <= 5100);
        assert_all_good();
        assert_int_equal(server.portal, OTHER_PORTAL);
    }
}

/* Loss for as long as TCP bears with, and a clock that jumps, are no reason to leave. */
TEST(nor_is_it_left_for_less)
{
    u32 all = segments_in_all();
    for (u32 segments = 1; segments < all; segments += 5) {
        attach_by_two_portals();
        submit_then(segments, portal_vanishes);
        run(1500, NULL);
        dead_portal = 0;
        assert_true(run(10000, all_done));
        host_now += 60000;
        submit_all();
        assert_true(run(10000, all_done));
        assert_all_good();
        assert_int_equal(server.portal, PEER_PORT);
    }
}

/* The target has forgotten us and says so when it hears from us (RST); or its machine is there, and
 * says nothing at all until it is up. */
TEST(half_open)
{
    run(1000, NULL);
    reboot();
    submit_all();
    msec before = host_now;
    assert_true(run(20000, all_done));
    assert_true(host_now - before < 1000);
    assert_true(resets);
    assert_all_good();

    setup();
    reboot();
    plug(false); /* no RST gets through, either */
    submit_all();
    run(30000, NULL);
    plug(true);
    assert_true(run(20000, all_done));
    assert_all_good();
}

/* Spanning tree: the link is up, and frames pass a minute later. */
TEST(a_switch_that_begins_slowly)
{
    iscsi_logout(host_now);
    run(1000, NULL);
    plug(false);
    arp_init();
    peer_config.retry_ms = 90000;
    iscsi_attach(&peer_config, 90000, host_now);
    run(60000, NULL);
    assert_int_equal(iscsi_state(), ISCSI_CONNECTING);
    assert_int_equal(iscsi_error(), ERR_NET_NO_ARP);
    plug(true);
    assert_true(run(16000, peer_ready));
}

TEST(a_target_that_takes_no_connections_for_a_while)
{
    submit_all();
    reboot();
    peer.deaf = true;
    run(120000, NULL);
    assert_false(all_done());
    assert_int_equal(iscsi_error(), ERR_TCP_TIMEOUT);
    peer.deaf = false;
    assert_true(run(20000, all_done));
    assert_all_good();
}

TEST(a_target_that_dies_in_each_place)
{
    u32 all = segments_in_all();
    for (u32 segments = 1; segments < all; segments++) {
        setup();
        submit_then(segments, reboot);
        assert_true(run(20000, all_done));
        assert_all_good();
        assert_true(iscsi_stats.connections <= 2);
    }
}
