/* See tcp_peer.h. */
#include "net/tcp_peer.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/port.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define QUEUE        4096
#define TX_POOL      64
#define RECEIVED     (16u << 20)
#define USER_TIMEOUT 30000

struct tcb tcb;
struct peer_options peer_options;
struct peer_events events;
void (*peer_on_connected)(void);
void (*peer_on_receive)(void);
void (*peer_on_closed)(void);
bool peer_more, peer_tx_fails, peer_no_route, peer_no_arp;
u32 peer_tx_fail_rate, peer_doubts;
u16 peer_path_mtu;
msec now;
struct pkt_pool peer_rx_pool, peer_tx_pool;
u32 our_iss, peer_tsval_offset, peer_window;
u16 our_port;

static struct netdev device;
static struct pkt rx_pkts[PEER_RX_POOL], tx_pkts[TX_POOL];
static u8 rx_memory[PEER_RX_POOL * PKT_SIZE] __attribute__((aligned(16)));
static u8 tx_memory[TX_POOL * PKT_SIZE] __attribute__((aligned(16)));
static u8 send_buffer[SEND_BUFFER];
static struct seg queue[QUEUE];
static u32 queue_head, queue_tail;
static struct seg current;
static u32 ts_echo; /* the latest TSval from lunboot */

/* --- The floor below --- */

ip4 ip_source(ip4 to)
{
    assert_int_equal(to, PEER_ADDR);
    return PEER_OUR_ADDR;
}

u32 ip_path_payload(ip4 to)
{
    (void)to;
    return min_u32(device.mtu, peer_path_mtu) - IP_HEADER;
}

void ip_path_mtu_found(ip4 to, u16 mtu, msec t)
{
    (void)t;
    assert_int_equal(to, PEER_ADDR);
    if (mtu < peer_path_mtu)
        peer_path_mtu = mtu < 576 ? 576 : mtu;
}

bool ip_path_lost(u32 payload)
{
    static const u16 steps[] = {1500, 1400, 1220, 576};
    for (u32 i = 0; i < ARRAY_SIZE(steps); i++)
        if (steps[i] < payload + IP_HEADER) {
            ip_path_mtu_found(PEER_ADDR, steps[i], now);
            return true;
        }
    return false;
}

enum error ip_reachable(ip4 to)
{
    assert_int_equal(to, PEER_ADDR);
    return peer_no_route ? ERR_NET_NO_ROUTE : peer_no_arp ? ERR_NET_NO_ARP : OK;
}

void ip_doubt(ip4 to, msec t)
{
    (void)t;
    assert_int_equal(to, PEER_ADDR);
    peer_doubts++;
}

static void parse_options(struct seg *s)
{
    const u8 *o = s->options;
    for (u32 i = 0; i < s->options_len && o[i];) {
        if (o[i] == 1) {
            i++;
            continue;
        }
        u32 n = o[i + 1];
        assert_true(n >= 2 && i + n <= s->options_len);
        switch (o[i]) {
        case 2:
            assert_int_equal(n, 4);
            s->has_mss = true;
            s->mss = get_be16(o + i + 2);
            break;
        case 3:
            assert_int_equal(n, 3);
            s->has_wscale = true;
            s->wscale = o[i + 2];
            break;
        case 4:
            s->sack_permitted = true;
            break;
        case 5:
            s->sacks = (n - 2) / 8;
            for (u32 k = 0; k < s->sacks; k++) {
                s->sack[k][0] = get_be32(o + i + 2 + 8 * k);
                s->sack[k][1] = get_be32(o + i + 6 + 8 * k);
            }
            break;
        case 8:
            assert_int_equal(n, 10);
            s->has_ts = true;
            s->tsval = get_be32(o + i + 2);
            s->tsecr = get_be32(o + i + 6);
            break;
        }
        i += n;
    }
}

/* What lunboot sends: must be right in every field that counts, or the test ends here. */
bool ip_send(struct pkt *p, u8 protocol, ip4 to, msec t)
{
    assert_int_equal(protocol, IP_PROTO_TCP);
    assert_int_equal(to, PEER_ADDR);
    /* tcp_abort() has no time of its own. */
    assert_true(t == now || (p->data[13] & RST));
    if (peer_tx_fails || peer_no_arp || peer_no_route ||
        (peer_tx_fail_rate && (u32)rand() % 256 < peer_tx_fail_rate)) {
        pkt_free(p);
        return false;
    }
    assert_true(p->len <= ip_path_payload(to));
    assert_true(p->data - p->buf >= 34);
    u8 h[PKT_SIZE];
    memcpy(h, p->data, p->len);
    u32 sum = checksum_pseudo(PEER_OUR_ADDR, PEER_ADDR, IP_PROTO_TCP, p->len);
    assert_int_equal(checksum_finish(checksum_add(sum, h, p->len)), 0);
    u32 header = (h[12] >> 4) * 4u;
    assert_true(header >= 20 && header <= p->len);
    assert_int_equal(get_be16(h + 18), 0);

    assert_true(queue_tail - queue_head < QUEUE);
    struct seg *s = &queue[queue_tail++ % QUEUE];
    *s = (struct seg){.sport = get_be16(h), .dport = get_be16(h + 2)};
    s->seq = get_be32(h + 4);
    s->ack = get_be32(h + 8);
    s->flags = h[13];
    s->wnd = get_be16(h + 14);
    s->len = p->len - header;
    memcpy(s->data, h + header, s->len);
    s->options_len = header - 20;
    memcpy(s->options, h + 20, s->options_len);
    parse_options(s);
    if (s->has_ts)
        ts_echo = s->tsval;
    pkt_free(p);
    return true;
}

/* --- The floor above --- */

static void on_connected(void *ctx, msec t)
{
    assert_ptr_equal(ctx, &events);
    assert_int_equal(t, now);
    events.connected++;
    if (peer_on_connected)
        peer_on_connected();
}

static void on_receive(void *ctx, const u8 *data, u32 len, msec t)
{
    assert_ptr_equal(ctx, &events);
    assert_int_equal(t, now);
    assert_true(len > 0 && events.received_len + len <= RECEIVED);
    memcpy(events.received + events.received_len, data, len);
    events.received_len += len;
    events.data = data;
    if (peer_on_receive)
        peer_on_receive();
}

static void on_writable(void *ctx, msec t)
{
    assert_ptr_equal(ctx, &events);
    assert_int_equal(t, now);
    events.writable++;
}

static void on_closed(void *ctx, enum error reason, msec t)
{
    assert_ptr_equal(ctx, &events);
    assert_int_equal(t, now);
    events.closed++;
    events.reason = reason;
    if (peer_on_closed)
        peer_on_closed();
}

const struct tcp_ops peer_ops = {on_connected, on_receive, on_writable, on_closed};

/* --- Scripts --- */

void peer_reset(msec start)
{
    static u8 *received;
    tcp_abort(&tcb);
    host_reset(start);
    now = start;
    peer_tx_fails = peer_no_route = peer_no_arp = false;
    peer_tx_fail_rate = peer_doubts = 0;
    peer_path_mtu = PATH_UNKNOWN;
    peer_on_connected = peer_on_receive = peer_on_closed = NULL;
    device = (struct netdev){.mtu = 1500, .rx_ring = PEER_RX_RING, .tx_pool = &peer_tx_pool};
    net_set_device(&device);
    pkt_pool_init(&peer_rx_pool, rx_pkts, rx_memory, PEER_RX_POOL, PKT_SIZE);
    pkt_pool_init(&peer_tx_pool, tx_pkts, tx_memory, TX_POOL, PKT_SIZE);
    queue_head = queue_tail = peer_parts = 0;
    ts_echo = 0;
    peer_tsval_offset = 0x7000;
    peer_window = 0xffff;
    peer_options = (struct peer_options){
        .sack = true, .ts = true, .wscale = 3, .mss = 1460, .window = 0xffff, .iss = PEER_ISS};
    if (!received)
        received = malloc(RECEIVED);
    events = (struct peer_events){.received = received};
    tcp_init();
    if (!tcb.lent.send_buffer)
        tcp_lend(&tcb, &(struct tcp_params){send_buffer, SEND_BUFFER, PEER_WINDOW});
    tcp_set_user_timeout(&tcb, USER_TIMEOUT);
}

void peer_setup(void)
{
    peer_reset(1000);
}

void peer_teardown(void)
{
    tcp_abort(&tcb);
    assert_int_equal(peer_rx_pool.available, peer_rx_pool.total);
    assert_int_equal(peer_tx_pool.available, peer_tx_pool.total);
}

void peer_poll(void)
{
    host_now = now;
    tcp_poll(peer_more, now);
}

void peer_run(u32 ms)
{
    msec end = now + ms;
    peer_poll();
    u32 spins = 0;
    while (now != end) {
        u32 t = tcp_timeout(now);
        /* Two polls at the same time are fine; to go on so would be a busy loop. */
        spins = t ? 0 : spins + 1;
        assert_true(spins < 4);
        now += t < end - now ? t : end - now;
        peer_poll();
    }
}

u32 peer_parts;

u32 peer_queued(void)
{
    return queue_tail - queue_head;
}

struct seg *peer_next(void)
{
    if (queue_head == queue_tail)
        return NULL;
    current = queue[queue_head++ % QUEUE];
    return &current;
}

u32 peer_drain(void)
{
    u32 n = peer_queued();
    queue_head = queue_tail;
    return n;
}

struct seg *peer_expect(u8 flags, u32 seq, u32 ack, u32 len)
{
    struct seg *s = peer_next();
    assert_non_null(s);
    assert_int_equal(s->flags, flags);
    assert_int_equal(s->seq, seq);
    assert_int_equal(s->ack, ack);
    assert_int_equal(s->len, len);
    return s;
}

void peer_expect_silence(void)
{
    assert_null(peer_next());
}

u32 peer_build(u8 *to, const struct seg *s)
{
    u32 padded = (s->options_len + 3) & ~3u;
    memset(to, 0, 20 + padded);
    put_be16(to, s->sport);
    put_be16(to + 2, s->dport);
    put_be32(to + 4, s->seq);
    put_be32(to + 8, s->ack);
    to[12] = (u8)((20 + padded) << 2);
    to[13] = s->flags;
    put_be16(to + 14, (u16)s->wnd);
    put_be16(to + 18, s->urgent);
    memcpy(to + 20, s->options, s->options_len);
    memcpy(to + 20 + padded, s->data, s->len);
    return 20 + padded + s->len;
}

static struct pkt *packet(u32 before, const u8 *data, u32 len, u16 flags)
{
    struct pkt *p = pkt_alloc(&peer_rx_pool);
    assert_non_null(p);
    p->data = p->buf + before;
    memcpy(p->data, data, len);
    p->len = (u16)len;
    p->flags = flags;
    return p;
}

void peer_send_raw(const u8 *segment, u32 len, ip4 from, ip4 to, u16 flags, bool checksum)
{
    /* Real frames lie behind Ethernet and IP headers. */
    struct pkt *p = packet(34, segment, len, flags);
    if (checksum && len >= 20) {
        put_be16(p->data + 16, 0);
        u32 sum = checksum_pseudo(from, to, IP_PROTO_TCP, (u16)len);
        put_be16(p->data + 16, checksum_finish(checksum_add(sum, p->data, len)));
    }
    host_now = now;
    if (!tcp_input(p, from, to, now))
        pkt_free(p);
}

static void add_ts(struct seg *s)
{
    u8 *o = s->options + s->options_len;
    put_be32(o, 0x0101080a);
    put_be32(o + 4, now + peer_tsval_offset);
    put_be32(o + 8, ts_echo);
    s->options_len += 12;
}

/* The first packet has so many bytes. */
static void send_parts(const u8 *segment, u32 len, u32 first)
{
    peer_send_raw(segment, first, PEER_ADDR, PEER_OUR_ADDR, PKT_FIRST | PKT_L4_CSUM_OK, false);
    for (u32 at = first, n; at < len; at += n) {
        n = min_u32(len - at, peer_parts);
        struct pkt *p = packet(PKT_REST_ROOM, segment + at, n, PKT_REST | PKT_L4_CSUM_OK);
        if (!tcp_input_rest(p, now))
            pkt_free(p);
    }
}

void peer_send_seg(struct seg *s)
{
    u8 raw[2200];
    s->sport = PEER_PORT;
    s->dport = our_port;
    u32 n = peer_build(raw, s);
    if (peer_parts && peer_parts < s->len)
        send_parts(raw, n, n - s->len + peer_parts);
    else
        peer_send_raw(raw, n, PEER_ADDR, PEER_OUR_ADDR, 0, true);
}

void peer_send(u8 flags, u32 seq, u32 ack, const void *data, u32 len)
{
    struct seg s = {.flags = flags, .seq = seq, .ack = ack, .wnd = peer_window, .len = len};
    if (peer_options.ts && !(flags & RST))
        add_ts(&s);
    if (len)
        memcpy(s.data, data, len);
    peer_send_seg(&s);
}

void peer_send_options(u8 flags, u32 seq, u32 ack, const u8 *options, u32 options_len,
                       const char *data)
{
    struct seg s = {.flags = flags, .seq = seq, .ack = ack, .wnd = peer_window};
    s.len = (u32)strlen(data);
    memcpy(s.data, data, s.len);
    s.options_len = options_len;
    memcpy(s.options, options, options_len);
    peer_send_seg(&s);
}

void peer_send_sack(u32 ack, u32 blocks, const u32 (*block)[2])
{
    struct seg s = {.flags = ACK, .seq = peer_options.iss + 1, .ack = ack, .wnd = peer_window};
    if (peer_options.ts)
        add_ts(&s);
    u8 *o = s.options + s.options_len;
    put_be32(o, 0x01010500 | (2 + 8 * blocks));
    for (u32 i = 0; i < blocks; i++) {
        put_be32(o + 4 + 8 * i, block[i][0]);
        put_be32(o + 8 + 8 * i, block[i][1]);
    }
    s.options_len += 4 + 8 * blocks;
    peer_send_seg(&s);
}

void peer_connect(void)
{
    tcp_connect(&tcb, PEER_ADDR, PEER_PORT, &peer_ops, &events, 20000, now);
}

void state_syn_sent(void)
{
    peer_connect();
    peer_poll();
    struct seg *s = peer_next();
    assert_non_null(s);
    assert_int_equal(s->flags, SYN);
    our_iss = s->seq;
    our_port = s->sport;
}

struct seg *peer_accept(void)
{
    struct seg s = {.flags = SYN | ACK,
                    .seq = peer_options.iss,
                    .ack = our_iss + 1,
                    .wnd = peer_options.window};
    u8 *o = s.options;
    if (peer_options.mss) {
        put_be32(o, 0x02040000 | peer_options.mss);
        o += 4;
    }
    if (peer_options.wscale >= 0) {
        put_be32(o, 0x01030300 | (u32)peer_options.wscale);
        o += 4;
    }
    if (peer_options.sack) {
        put_be32(o, 0x01010402);
        o += 4;
    }
    s.options_len = (u32)(o - s.options);
    if (peer_options.ts)
        add_ts(&s);
    peer_send_seg(&s);
    peer_poll();
    return peer_expect(ACK, our_iss + 1, peer_options.iss + 1, 0);
}

void state_established(void)
{
    state_syn_sent();
    peer_accept();
    peer_expect_silence();
    assert_int_equal(events.connected, 1);
}

void state_fin_wait_1(void)
{
    state_established();
    tcp_close(&tcb, now);
    peer_poll();
    peer_expect(FIN | ACK, our_iss + 1, peer_options.iss + 1, 0);
}

void state_fin_wait_2(void)
{
    state_fin_wait_1();
    peer_send(ACK, peer_options.iss + 1, our_iss + 2, NULL, 0);
    peer_poll();
    peer_expect_silence();
    assert_int_equal(events.closed, 0);
}

void state_time_wait(void)
{
    state_fin_wait_2();
    peer_send(FIN | ACK, peer_options.iss + 1, our_iss + 2, NULL, 0);
    peer_poll();
    peer_expect(ACK, our_iss + 2, peer_options.iss + 2, 0);
    assert_int_equal(events.closed, 1);
    assert_int_equal(events.reason, OK);
}

u8 pattern(u32 position)
{
    return (u8)((position * 2654435761u) >> 24 ^ position);
}

void fill_pattern(u8 *p, u32 position, u32 len)
{
    for (u32 i = 0; i < len; i++)
        p[i] = pattern(position + i);
}

void send_pattern(u32 position, u32 len)
{
    static u8 data[SEND_BUFFER];
    fill_pattern(data, position, len);
    assert_int_equal(tcp_send(&tcb, data, len), len);
}

bool received_pattern(u32 len)
{
    if (events.received_len != len)
        return false;
    for (u32 i = 0; i < len; i++)
        if (events.received[i] != pattern(i))
            return false;
    return true;
}
