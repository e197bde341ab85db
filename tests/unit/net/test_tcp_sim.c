/* TCP over a bad network: megabytes both ways at once through seeded loss, duplication, reordering
 * and refused transmissions, against a peer written for this test. Every byte is checked. */
#include "base/bytes.h"
#include "net/port.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

struct sim {
    const char *name;
    u32 seed;
    u32 loss, duplicate, reorder; /* per mille */
    u32 delay;                    /* milliseconds one way */
    bool sack, ts;
    s32 wscale;
    u32 peer_window; /* bytes that the peer takes ahead */
    bool stalls;     /* its window shuts at times */
    u32 tx_fail;     /* of 256 */
    u32 up, down;    /* bytes */
    u32 limit_ms;    /* must be done by then */
    u32 peer_iss;
};

#define IN_FLIGHT 512
#define MSS       1448

struct flying {
    bool used;
    msec at;
    u32 order;
    struct seg seg;
};
static struct flying to_peer[IN_FLIGHT], to_us[IN_FLIGHT];

static const struct sim *sim;
static u32 order;

/* The peer. Positions are stream offsets: 0 is the first byte behind the SYN. */
static struct {
    u32 rcv, rcv_max;
    bool *got;
    u32 ts_recent, latest;
    bool ack_due;
    u32 una, nxt, end, wnd_edge, dups;
    msec timer;
    bool shut;
} peer;

static u32 per_mille(void)
{
    return (u32)rand() % 1000;
}

static void fly(struct flying *air, const struct seg *s)
{
    if (per_mille() < sim->loss)
        return;
    u32 copies = 1 + (per_mille() < sim->duplicate);
    for (u32 i = 0; i < IN_FLIGHT && copies; i++)
        if (!air[i].used) {
            air[i].used = true;
            air[i].at = now + sim->delay + (per_mille() < sim->reorder ? (u32)rand() % 10 : 0);
            air[i].order = order++;
            air[i].seg = *s;
            copies--;
        }
}

static struct flying *landed(struct flying *air)
{
    struct flying *first = NULL;
    for (u32 i = 0; i < IN_FLIGHT; i++)
        if (air[i].used && (s32)(air[i].at - now) <= 0 &&
            (!first || (s32)(air[i].at - first->at) < 0 ||
             (air[i].at == first->at && (s32)(air[i].order - first->order) < 0)))
            first = &air[i];
    if (first)
        first->used = false;
    return first;
}

static u32 peer_rcv_window(void)
{
    return peer.shut ? 0 : sim->peer_window;
}

static void peer_emit(u32 position, u32 len)
{
    struct seg s = {.sport = PEER_PORT, .dport = our_port, .flags = ACK, .len = len};
    s.seq = sim->peer_iss + 1 + position;
    s.ack = our_iss + 1 + peer.rcv;
    s.wnd = peer_rcv_window() >> (sim->wscale > 0 ? sim->wscale : 0);
    if (s.wnd > 65535)
        s.wnd = 65535;
    u8 *o = s.options;
    if (sim->ts) {
        put_be32(o, 0x0101080a);
        put_be32(o + 4, now + peer_tsval_offset);
        put_be32(o + 8, peer.ts_recent);
        o += 12;
    }
    if (sim->sack && peer.rcv_max > peer.rcv) {
        /* The block of the latest arrival, then the lowest ones. */
        u8 *blocks = o;
        u32 n = 0;
        o += 4;
        if (peer.latest > peer.rcv) {
            u32 l = peer.latest, r = peer.latest;
            while (l > peer.rcv && peer.got[l - 1])
                l--;
            while (r < peer.rcv_max && peer.got[r])
                r++;
            put_be32(o, our_iss + 1 + l);
            put_be32(o + 4, our_iss + 1 + r);
            o += 8;
            n++;
        }
        for (u32 i = peer.rcv; i < peer.rcv_max && n < 3;) {
            while (i < peer.rcv_max && !peer.got[i])
                i++;
            u32 l = i;
            while (i < peer.rcv_max && peer.got[i])
                i++;
            if (i > l) {
                put_be32(o, our_iss + 1 + l);
                put_be32(o + 4, our_iss + 1 + i);
                o += 8;
                n++;
            }
        }
        put_be32(blocks, 0x01010500 | (2 + 8 * n));
    }
    s.options_len = (u32)(o - s.options);
    fill_pattern(s.data, position, len);
    peer.ack_due = false;
    fly(to_us, &s);
}

static void peer_take(const struct seg *s)
{
    assert_true(s->flags & ACK);
    assert_false(s->flags & (RST | SYN));
    u32 position = s->seq - our_iss - 1;
    if (s->has_ts && (s32)(position - peer.rcv) <= 0)
        peer.ts_recent = s->tsval;
    if (s->len) {
        for (u32 i = 0; i < s->len; i++) {
            if (s->data[i] != pattern(position + i))
                fail_msg("byte %u of ours is wrong", position + i);
            if (position + i < peer.rcv + peer_rcv_window())
                peer.got[position + i] = true;
        }
        if (!peer.shut) {
            peer.latest = position;
            if (position + s->len > peer.rcv_max)
                peer.rcv_max = position + s->len;
            while (peer.rcv < peer.rcv_max && peer.got[peer.rcv])
                peer.rcv++;
        }
    }
    if (s->len || position + 1 == peer.rcv)
        peer.ack_due = true;

    u32 ack = s->ack - sim->peer_iss - 1;
    assert_true(ack <= peer.nxt || ack <= peer.end);
    if ((s32)(ack - peer.una) > 0) {
        peer.una = ack;
        peer.dups = 0;
        peer.timer = now + 300;
        if ((s32)(peer.nxt - ack) < 0)
            peer.nxt = ack;
    } else if (ack == peer.una && !s->len && peer.nxt != peer.una && ++peer.dups == 3) {
        peer_emit(peer.una, peer.end - peer.una < MSS ? peer.end - peer.una : MSS);
    }
    u32 edge = ack + (s->wnd << 3);
    if (sim->wscale < 0)
        edge = ack + s->wnd;
    /* A window never shrinks. */
    assert_true((s32)(edge - peer.wnd_edge) >= 0 || (s32)(ack - peer.una) < 0);
    if ((s32)(edge - peer.wnd_edge) > 0)
        peer.wnd_edge = edge;
}

static void peer_work(void)
{
    if (sim->stalls && rand() % 64 == 0) {
        bool was = peer.shut;
        peer.shut = rand() % 3 == 0;
        if (was && !peer.shut)
            peer.ack_due = true; /* the window update, which may get lost */
    }
    if (peer.una != peer.end && (s32)(now - peer.timer) >= 0) {
        peer.nxt = peer.una;
        peer.timer = now + 300;
    }
    for (u32 burst = 0; peer.nxt < peer.end && burst < 20; burst++) {
        u32 len = 1 + (rand() % 4 ? MSS - 1 : (u32)rand() % MSS);
        if (len > peer.end - peer.nxt)
            len = peer.end - peer.nxt;
        if (peer.nxt + len > peer.wnd_edge || peer.nxt - peer.una > 24 * MSS)
            break;
        peer_emit(peer.nxt, len);
        peer.nxt += len;
    }
    if (peer.ack_due)
        peer_emit(peer.nxt, 0);
}

static void run(const struct sim *parameters)
{
    sim = parameters;
    peer_reset(sim->seed * 977);
    srand(sim->seed);
    memset(to_peer, 0, sizeof(to_peer));
    memset(to_us, 0, sizeof(to_us));
    memset(&peer, 0, sizeof(peer));
    peer.got = calloc(sim->up + 1, 1);
    peer.end = sim->down;
    peer.wnd_edge = 65535;
    peer.timer = now + 300;
    peer_options =
        (struct peer_options){sim->sack, sim->ts, sim->wscale, 1460, 65535, sim->peer_iss};
    tcp_set_user_timeout(&tcb, 600000);
    state_established();
    peer_tx_fail_rate = sim->tx_fail;

    msec start = now;
    u32 sent = 0;
    while (peer.rcv < sim->up || events.received_len < sim->down || peer.una < sim->down) {
        u32 n = (u32)rand() % 20000;
        if (n > sim->up - sent)
            n = sim->up - sent;
        if (n > tcp_send_space(&tcb))
            n = tcp_send_space(&tcb);
        send_pattern(sent, n);
        sent += n;

        struct flying *f;
        while ((f = landed(to_peer)))
            peer_take(&f->seg);
        peer_work();
        while ((f = landed(to_us))) {
            u8 raw[2200];
            u32 len = peer_build(raw, &f->seg);
            peer_send_raw(raw, len, PEER_ADDR, PEER_OUR_ADDR, 0, true);
        }
        peer_poll();
        struct seg *s;
        while ((s = peer_next()))
            fly(to_peer, s);
        if (events.closed)
            fail_msg("%s: closed with %d", sim->name, events.reason);
        now++;
        if (now - start > sim->limit_ms)
            fail_msg("%s: %u of %u up, %u of %u down after %u ms", sim->name, peer.rcv, sim->up,
                     events.received_len, sim->down, now - start);
    }
    assert_true(received_pattern(sim->down));
    /* What gets lost at random is not too long. */
    if (sim->loss < 100)
        assert_int_equal(peer_path_mtu, PATH_UNKNOWN);
    print_message("%s: %u ms, %u retransmits, %u fast, %u out of order, srtt %u\n", sim->name,
                  now - start, net_stats.tcp_retransmits, net_stats.tcp_fast_retransmits,
                  net_stats.tcp_out_of_order, tcb.srtt8 / 8);
    free(peer.got);
    tcp_abort(&tcb);
    assert_int_equal(peer_rx_pool.available, peer_rx_pool.total);
    assert_int_equal(peer_tx_pool.available, peer_tx_pool.total);
}

#define MB (1u << 20)

TEST(clean_network)
{
    run(&(struct sim){"clean", 1, .delay = 1, .sack = true, .ts = true, .wscale = 3, .up = 2 * MB,
                      .down = 2 * MB, .peer_window = 65536, .limit_ms = 3000,
                      .peer_iss = PEER_ISS});
}

TEST(sequence_numbers_wrap)
{
    run(&(struct sim){"wrap", 2, .delay = 1, .loss = 10, .sack = true, .ts = true, .wscale = 3,
                      .up = MB, .down = MB, .peer_window = 65536, .limit_ms = 60000,
                      .peer_iss = (u32)-300000});
}

TEST(loss_with_sack)
{
    run(&(struct sim){"loss, SACK", 3, .delay = 5, .loss = 20, .reorder = 20, .duplicate = 10,
                      .sack = true, .ts = true, .wscale = 3, .up = 2 * MB, .down = 2 * MB,
                      .peer_window = 65536, .limit_ms = 120000, .peer_iss = PEER_ISS});
}

TEST(loss_without_options)
{
    run(&(struct sim){"loss, no options", 4, .delay = 5, .loss = 20, .reorder = 20, .duplicate = 10,
                      .wscale = -1, .up = MB, .down = MB, .peer_window = 65535, .limit_ms = 120000,
                      .peer_iss = PEER_ISS});
}

TEST(heavy_loss)
{
    run(&(struct sim){"15 % loss", 5, .delay = 3, .loss = 150, .reorder = 100, .duplicate = 50,
                      .sack = true, .ts = true, .wscale = 3, .up = MB / 4, .down = MB / 4,
                      .peer_window = 32768, .limit_ms = 600000, .peer_iss = PEER_ISS});
}

TEST(windows_that_shut)
{
    run(&(struct sim){"shut windows", 6, .delay = 2, .loss = 10, .sack = true, .ts = true,
                      .wscale = 3, .up = MB, .down = MB / 4, .peer_window = 8192, .stalls = true,
                      .limit_ms = 600000, .peer_iss = PEER_ISS});
    run(&(struct sim){"shut windows, no options", 7, .delay = 2, .loss = 10, .wscale = -1,
                      .up = MB / 2, .down = MB / 4, .peer_window = 8192, .stalls = true,
                      .limit_ms = 900000, .peer_iss = PEER_ISS});
}

TEST(transmissions_that_fail)
{
    run(&(struct sim){"refused transmissions", 8, .delay = 2, .loss = 10, .sack = true, .ts = true,
                      .wscale = 3, .up = MB, .down = MB, .peer_window = 65536, .tx_fail = 100,
                      .limit_ms = 120000, .peer_iss = PEER_ISS});
}

TEST(many_seeds)
{
    for (u32 seed = 100; seed < 130; seed++)
        run(&(struct sim){"seed", seed, .delay = seed % 7, .loss = seed % 50, .reorder = seed % 90,
                          .duplicate = seed % 30, .sack = seed & 1, .ts = seed & 2,
                          .wscale = seed & 4 ? 3 : -1, .up = MB / 8, .down = MB / 8,
                          .peer_window = 16384, .stalls = seed & 8, .tx_fail = seed & 16 ? 30 : 0,
                          .limit_ms = 600000, .peer_iss = seed * 0x9e3779b9});
}
