/* TCP: the peer's stream in any segmentation, its acknowledgments in any order, losses, time, and
 * segments that no peer of good will sends. The peer's bytes are always those of its stream, so
 * that what arrives above must be that stream, in order; what lunboot sends must be its own, within
 * window and MSS. When nothing but losses has happened, all of it arrives in the end. */
#include "base/arith.h"
#include "base/bytes.h"
#include "input.h"
#include "net/icmp.h"
#include "net/ip.h"
#include "net/tcp_internal.h"
#include "net/tcp_peer.h"
#include <stdlib.h>
#include <string.h>

#define STEPS        96
#define SENT_MAX     (24u * 1024) /* bytes of ours on one connection */
#define MINUTES      10           /* that one input may last */
#define STEP_MS      1000
#define LAST_STEPS   4000 /* of LAST_STEP_MS: until all has arrived */
#define LAST_STEP_MS 100

/* The connection as the peer sees it. Positions are offsets in the two streams. */
static struct {
    bool syn;      /* its SYN was seen */
    bool raw;      /* the handshake was not of our making: nobody knows what was agreed on */
    bool accepted; /* the answer has been sent */
    bool closed;   /* either side has closed */
    u32 port;
    u32 given;        /* bytes of ours that tcp_send() has taken */
    u32 have;         /* of them, those that the peer has without a hole */
    u32 high;         /* and the end of what was sent */
    u8 got[SENT_MAX]; /* 1: the peer has it */
    bool fin;         /* the peer has our FIN */
    u32 edge;         /* where the peer's windows have ended, at most */
    u32 base;         /* where in events.received its bytes begin */
    u32 sent;         /* the end of what the peer has ever sent within the window */
    u32 checked;      /* up to where in there all is well */
    u32 last_ack;
    u32 tsval; /* the latest */
    u32 mss;
} conn;

static bool honest; /* so far */
static u32 lose;    /* one of so many segments of ours; 0: none */
static u32 seen;    /* segments of ours */
static u32 ms_left;
static u32 react; /* what the next upward call does */

/* --- What lunboot sends --- */

static u32 delivered(void)
{
    return events.received_len - conn.base;
}

static void new_connection(const struct seg *s)
{
    memset(&conn, 0, sizeof(conn));
    our_iss = s->seq;
    our_port = s->sport;
    conn.syn = true;
    conn.port = s->sport;
    conn.given = tcb.snd_end - tcb.iss - 1; /* before the handshake */
    conn.base = conn.checked = events.received_len;
    conn.closed = tcb.fin;
}

/* fill_pattern(), which takes its time; the part that most inputs need is kept. */
static void stream(u8 *to, u32 at, u32 len)
{
    static u8 beginning[128 * 1024];
    if (!beginning[1])
        fill_pattern(beginning, 0, sizeof(beginning));
    if (at <= sizeof(beginning) && len <= sizeof(beginning) - at)
        memcpy(to, beginning + at, len);
    else
        fill_pattern(to, at, len);
}

/* Loops over bytes are left to functions that libFuzzer does not look into: they would be most of
 * what it sees. */
static bool is_pattern(const u8 *data, u32 at, u32 len)
{
    static u8 want[2048];
    for (u32 n; len; data += n, at += n, len -= n) {
        n = min_u32(len, sizeof(want));
        stream(want, at, n);
        if (memcmp(data, want, n))
            return false;
    }
    return true;
}

/* How many bytes of ours from `at` on the peer has (1), or lacks (0). */
static u32 run_of(u8 got, u32 at)
{
    const u8 *end = memchr(conn.got + at, !got, conn.high - at);
    return end ? (u32)(end - conn.got) - at : conn.high - at;
}

static void hear_data(const struct seg *s, u32 at)
{
    CHECK(at <= conn.given && s->len <= conn.given - at);
    CHECK(s->len <= conn.mss);
    CHECK(!s->len || conn.raw || at + s->len <= conn.edge);
    CHECK(is_pattern(s->data, at, s->len));
    if (s->flags & FIN)
        CHECK(conn.closed && at + s->len == conn.given);
    conn.high = max_u32(conn.high, at + s->len);
    if (lose && seen % lose == 0)
        return;
    conn.fin |= s->flags & FIN;
    memset(conn.got + at, 1, s->len);
    conn.have += run_of(1, conn.have);
}

static void hear(const struct seg *s)
{
    seen++;
    CHECK(s->dport == PEER_PORT);
    if (s->flags & RST)
        return;
    if ((s->flags & SYN) && (!conn.syn || s->seq != our_iss || s->sport != conn.port))
        new_connection(s);
    CHECK(s->sport == conn.port);
    if (s->has_ts)
        conn.tsval = s->tsval;
    if (s->flags & SYN)
        return;
    CHECK(s->flags & ACK);
    u32 ack = s->ack - peer_options.iss - 1;
    if (!conn.raw) {
        CHECK(ack <= delivered() + 1 && ack >= conn.last_ack);
        conn.last_ack = ack;
    }
    if (s->len || (s->flags & FIN))
        hear_data(s, s->seq - our_iss - 1);
}

static void listen(void)
{
    /* Acknowledgments are about what has been handed up. */
    struct seg *s;
    while ((s = peer_next()))
        if (!(s->flags & ACK) || (s->flags & (RST | SYN)) || conn.port == s->sport)
            hear(s);
    u32 fresh = events.received_len - conn.checked;
    CHECK(conn.raw || is_pattern(events.received + conn.checked, conn.checked - conn.base, fresh));
    conn.checked += fresh;
}

static void run(u32 ms)
{
    while (ms) {
        u32 step = min_u32(ms, STEP_MS);
        peer_run(step);
        listen();
        ms -= step;
    }
}

/* --- What the peer sends --- */

static u32 scale(void)
{
    return peer_options.wscale > 0 ? (u32)peer_options.wscale : 0;
}

static void deliver(struct seg *s)
{
    u32 ack = s->ack - our_iss - 1, wnd = s->flags & SYN ? s->wnd : s->wnd << scale();
    /* The window of an older segment than the latest does not count, its acknowledgment does (RFC
     * 9293, 3.10.7.4): what was allowed begins there then. */
    if (seq_lt(s->seq, tcb.snd_wl1))
        wnd = max_u32(wnd, tcb.snd_wnd);
    if ((s->flags & ACK) && ack <= conn.high + 2)
        conn.edge = max_u32(conn.edge, ack + wnd);
    conn.closed |= s->flags & FIN; /* lunboot closes then, too */
    u32 at = s->seq - peer_options.iss - 1;
    if (at - delivered() <= PEER_WINDOW)
        conn.sent = max_u32(conn.sent, at + s->len);
    /* Some come in several packets. */
    peer_parts = s->flags == ACK && s->len % 4 == 1 ? 1 + s->len / 3 : 0;
    peer_send_seg(s);
    listen();
}

static void add_option(struct seg *s, const void *bytes, u32 len)
{
    memcpy(s->options + s->options_len, bytes, len);
    s->options_len += len;
}

static void add_timestamp(struct seg *s)
{
    u8 o[12];
    put_be32(o, 0x0101080a);
    put_be32(o + 4, now + peer_tsval_offset);
    put_be32(o + 8, conn.tsval);
    add_option(s, o, sizeof(o));
}

/* A segment of the established connection: the peer's stream from `at` on. */
static struct seg segment(u32 at, u32 len)
{
    struct seg s = {.flags = ACK,
                    .seq = peer_options.iss + 1 + at,
                    .ack = our_iss + 1 + conn.have + (conn.fin && conn.have == conn.given),
                    .wnd = peer_window,
                    .len = len};
    if (peer_options.ts)
        add_timestamp(&s);
    stream(s.data, at, len);
    return s;
}

static void accept(void)
{
    u8 o[4];
    if (!conn.syn || conn.accepted)
        return;
    conn.accepted = true;
    conn.mss = max_u32(peer_options.mss ? peer_options.mss : TCP_DEFAULT_MSS, TCP_MIN_MSS);
    struct seg s = {.flags = SYN | ACK,
                    .seq = peer_options.iss,
                    .ack = our_iss + 1,
                    .wnd = peer_options.window};
    if (peer_options.mss) {
        put_be32(o, 0x02040000 | peer_options.mss);
        add_option(&s, o, 4);
    }
    if (peer_options.wscale >= 0) {
        put_be32(o, 0x01030300 | (u32)peer_options.wscale);
        add_option(&s, o, 4);
    }
    if (peer_options.sack) {
        put_be32(o, 0x01010402);
        add_option(&s, o, 4);
    }
    if (peer_options.ts)
        add_timestamp(&s);
    deliver(&s);
}

/* The peer's data, anywhere near to where it is wanted. */
static void data(void)
{
    u32 at = delivered() + (u32)in_offset();
    struct seg s = segment(at, in_below(1461));
    if (in_u8() > 0xf0) {
        s.flags |= FIN;
        honest = false;
    }
    deliver(&s);
}

/* All that the peer has, in order, or from the end to the beginning. */
static void burst(void)
{
    u32 size = 1 + in_below(1460), count = 1 + in_below(16), at = delivered();
    bool backwards = in_u8() & 1;
    for (u32 i = 0; i < count; i++) {
        struct seg s = segment(at + (backwards ? count - 1 - i : i) * size, size);
        deliver(&s);
    }
}

static void add_sack(struct seg *s, u32 count, const u32 (*block)[2])
{
    u8 o[4];
    put_be32(o, 0x01010500 | (2 + 8 * count));
    add_option(s, o, 4);
    for (u32 i = 0; i < count; i++)
        for (u32 k = 0; k < 2; k++) {
            put_be32(o, our_iss + 1 + block[i][k]);
            add_option(s, o, 4);
        }
}

/* What the peer has. */
static void acknowledge(void)
{
    u32 block[3][2], count = 0;
    struct seg s = segment(delivered(), 0);
    for (u32 at = conn.have; at < conn.high && count < 3; at += run_of(1, at)) {
        at += run_of(0, at);
        if (at == conn.high)
            break;
        block[count][0] = at;
        block[count++][1] = at + run_of(1, at);
    }
    if (count && peer_options.sack)
        add_sack(&s, count, (const u32(*)[2])block);
    deliver(&s);
}

/* Within the stream, or so far that comparisons of sequence numbers go around. */
static u32 some_distance(void)
{
    return in_u8() & 1 ? (u32)in_u8() << 24 : in_u16();
}

static void acknowledge_anything(void)
{
    u32 block[3][2];
    struct seg s = segment(delivered() + (u32)in_offset(), in_below(20));
    s.ack += (u32)in_offset();
    u32 count = in_below(4);
    for (u32 i = 0; i < count; i++) {
        block[i][0] = conn.have + some_distance();
        block[i][1] = block[i][0] + some_distance();
    }
    if (count)
        add_sack(&s, count, (const u32(*)[2])block);
    honest = false;
    deliver(&s);
}

/* Any header; its data is the stream's. */
static void anything(void)
{
    struct seg s = {.flags = in_u8()};
    u32 at = delivered() + (u32)in_offset() + !!(s.flags & SYN);
    s.seq = peer_options.iss + 1 + at - !!(s.flags & SYN);
    s.ack = our_iss + 1 + conn.have + (u32)in_offset();
    s.wnd = in_u16();
    s.options_len = in_bytes(s.options, 40);
    s.len = in_below(100);
    stream(s.data, at, s.len);
    honest = false;
    if (tcb.state < TCP_ESTABLISHED && (s.flags & SYN)) {
        s.seq = peer_options.iss;
        stream(s.data, 0, s.len);
        conn.raw = conn.accepted = true;
        conn.mss = 0xffff;
    }
    deliver(&s);
}

/* Bytes that are hardly a segment. */
static void garbage(void)
{
    u8 raw[80] = {0};
    put_be16(raw, PEER_PORT);
    put_be16(raw + 2, our_port);
    u32 len = 4 + in_bytes(raw + 4, 60);
    /* Data would have to be the stream's. */
    if (len > 20 && (raw[12] >> 4) * 4u < len)
        raw[12] = (u8)((len + 3) / 4 << 4);
    honest = false;
    conn.raw = true;
    peer_send_raw(raw, len, PEER_ADDR, in_u8() ? PEER_OUR_ADDR : PEER_ADDR, 0, in_u8() & 1);
    listen();
}

static void set_window(void)
{
    peer_window = in_u8() & 1 ? in_u16() : in_u8();
}

/* --- The floors below and above, and time --- */

static void icmp_error(void)
{
    struct icmp_error e = {.to = PEER_ADDR, .protocol = IP_PROTO_TCP};
    e.code = (u8)in_below(8);
    e.mtu = in_u16();
    e.ports = (u32)our_port << 16 | PEER_PORT;
    e.seq = our_iss + 1 + conn.have + (u32)in_offset();
    honest &= e.code == ICMP_FRAG_NEEDED;
    tcp_icmp_error(&e, now);
    listen();
}

static void trouble(void)
{
    switch (in_below(7)) {
    case 0:
        peer_tx_fails = !peer_tx_fails;
        break;
    case 1:
        peer_no_arp = in_below(3);
        break;
    case 2:
        peer_no_route = !peer_no_route;
        break;
    case 3:
        peer_tx_fail_rate = in_u8() & 0x7f;
        break;
    case 4: /* the peer's clock */
        peer_tsval_offset += (u32)in_offset();
        honest = false;
        break;
    default:
        lose = in_u8() & 7;
    }
}

/* The next bytes of our stream. Its connection may be so new that nothing of it was heard. */
static void give(u32 n)
{
    static u8 bytes[SENT_MAX];
    u32 at = tcb.snd_end - tcb.iss - 1, space = tcp_send_space(&tcb);
    n = min_u32(n, SENT_MAX - min_u32(at, SENT_MAX));
    stream(bytes, at, n);
    CHECK(tcp_send(&tcb, bytes, n) == min_u32(n, space));
    if (tcb.iss == our_iss)
        conn.given = tcb.snd_end - tcb.iss - 1;
}

static void shut(void)
{
    tcp_close(&tcb, now);
    conn.closed |= tcb.fin;
}

static void act_above(void)
{
    switch (react) {
    case 1:
        give(700);
        break;
    case 2:
        shut();
        break;
    case 3:
        tcp_abort(&tcb);
        break;
    }
    react = 0;
    /* What comes next has a place, or the first half of it. */
    static u8 place[2048];
    tcp_expect(&tcb, place, events.received_len % sizeof(place));
}

static void reconnect(void)
{
    if (react == 4)
        peer_connect();
    react = 0;
}

static void above(void)
{
    switch (in_below(8)) {
    case 0:
        shut();
        break;
    case 1:
        react = in_below(5);
        break;
    case 2:
        peer_connect();
        peer_poll();
        break;
    case 3:
        accept();
        break;
    default:
        give(in_u16() & 0x1fff);
        peer_poll();
    }
    listen();
}

static void pass_time(void)
{
    u32 ms = in_u8();
    ms = min_u32(ms < 200 ? ms : (ms - 199) * 500, ms_left);
    ms_left -= ms;
    run(ms);
}

/* Losses heal: what both sides have given arrives. */
static void finish(void)
{
    peer_tx_fails = peer_no_route = peer_no_arp = false;
    peer_tx_fail_rate = lose = react = 0;
    peer_window = 0xffff;
    tcp_set_user_timeout(&tcb, 1u << 30);
    u32 end = conn.sent;
    for (u32 i = 0; i < LAST_STEPS && (conn.have < conn.given || delivered() < end); i++) {
        while (delivered() < end && !events.closed) {
            struct seg s = segment(delivered(), min_u32(1000, end - delivered()));
            u32 before = delivered();
            deliver(&s);
            if (delivered() == before)
                break;
        }
        acknowledge();
        run(LAST_STEP_MS);
        CHECK(!events.closed);
    }
    CHECK(conn.have == conn.given && delivered() >= end);
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {data,     burst,   acknowledge, acknowledge_anything,
                                          anything, garbage, set_window,  icmp_error,
                                          trouble,  above,   pass_time};
    static const u16 sizes[] = {1460, 536, 0, 1, 65535, 1400};
    srand(1);
    u8 how = in_u8();
    peer_reset(how & 0x80 ? 0xffffff00 : 5000);
    peer_options.sack = how & 1;
    peer_options.ts = how & 2;
    peer_options.wscale = (s32)(how >> 2 & 15) - 1;
    peer_options.iss = how & 0x40 ? 0xfffffff0 : PEER_ISS;
    peer_options.mss = sizes[in_below(ARRAY_SIZE(sizes))];
    peer_options.window = in_u8() << 8 | 0xff;
    peer_on_receive = act_above;
    peer_on_closed = reconnect;
    memset(&conn, 0, sizeof(conn));
    honest = true;
    lose = seen = react = 0;
    ms_left = MINUTES * 60000;
    peer_connect();
    peer_poll();
    listen();
    if (in_u8() < 0xf0)
        accept();
    for (u32 i = 0; i < STEPS && in_left(); i++)
        steps[in_below(ARRAY_SIZE(steps))]();
    if (honest && conn.accepted && events.connected == 1 && !events.closed &&
        tcb.state >= TCP_ESTABLISHED)
        finish();
    peer_on_receive = peer_on_closed = NULL;
    peer_tx_fails = false;
    tcp_abort(&tcb);
    peer_drain();
    CHECK(peer_rx_pool.available == peer_rx_pool.total);
    CHECK(peer_tx_pool.available == peer_tx_pool.total);
}
