/* The wire for the net floor's tests. */
#include "net/net_wire.h"
#include "base/arith.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/arp.h"
#include "net/eth.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/net.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define TX_PACKETS 16
#define RX_PACKETS 64
#define CAPTURED   512

const u8 wire_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
const u8 wire_peer_mac[6] = {2, 0, 0, 0, 0, 0x20};
const u8 wire_gateway_mac[6] = {2, 0, 0, 0, 0, 1};
const u8 wire_all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

bool wire_tx_full;
bool wire_neighbours;
u32 wire_flushes;
u32 wire_updates;
u16 wire_rx_flags;
struct pkt_pool wire_tx_pool, wire_rx_pool;

static struct pkt tx_pkts[TX_PACKETS], rx_pkts[RX_PACKETS];
static u8 tx_memory[TX_PACKETS * PKT_SIZE] __attribute__((aligned(16)));

static struct wire_frame captured[CAPTURED];
static u32 taken, sent;

static struct pkt *ring[RX_PACKETS];
static u32 ring_head, ring_tail;

/* Is it an ARP question for a neighbour who is there? */
static bool answer_arp(const struct pkt *p)
{
    u8 frame[64];
    const u8 *a = p->data + ETH_HEADER;
    if (!wire_neighbours || get_be16(p->data + 12) != ETH_TYPE_ARP || get_be16(a + 6) != 1)
        return false;
    ip4 target = get_be32(a + 24);
    if (target != WIRE_PEER && target != WIRE_GATEWAY)
        return false;
    const u8 *mac = target == WIRE_PEER ? wire_peer_mac : wire_gateway_mac;
    wire_queue(frame, wire_arp(frame, 2, mac, target, WIRE_US, wire_mac));
    return true;
}

static bool transmit(struct netdev *dev, struct pkt *p)
{
    (void)dev;
    if (wire_tx_full)
        return false;
    assert_true(sent - taken < CAPTURED);
    if (answer_arp(p)) {
        pkt_free(p);
        return true;
    }
    struct wire_frame *f = &captured[sent++ % CAPTURED];
    assert_true(p->len <= sizeof(f->bytes));
    memcpy(f->bytes, p->data, p->len);
    f->len = p->len;
    f->at = host_now;
    pkt_free(p);
    return true;
}

static struct pkt *receive(struct netdev *dev)
{
    (void)dev;
    return ring_head == ring_tail ? NULL : ring[ring_head++ % RX_PACKETS];
}

static void flush(struct netdev *dev)
{
    (void)dev;
    wire_flushes++;
}

static void update(struct netdev *dev)
{
    (void)dev;
    wire_updates++;
}

static const struct netdev_ops ops = {
    .transmit = transmit, .receive = receive, .flush = flush, .update = update};

struct netdev wire_dev;

void wire_reset(msec now)
{
    host_reset(now);
    for (u32 i = 0; i < RX_PACKETS; i++)
        free(rx_pkts[i].buf);
    memset(rx_pkts, 0, sizeof(rx_pkts));
    pkt_pool_init(&wire_tx_pool, tx_pkts, tx_memory, TX_PACKETS, PKT_SIZE);
    wire_rx_pool = (struct pkt_pool){.total = RX_PACKETS};
    for (u32 i = 0; i < RX_PACKETS; i++) {
        rx_pkts[i].pool = &wire_rx_pool;
        pkt_free(&rx_pkts[i]);
    }
    wire_dev = (struct netdev){.ops = &ops,
                               .model = "wire",
                               .vendor_id = 0x8086,
                               .device_id = 0x100e,
                               .mtu = 1500,
                               .rx_ring = RX_PACKETS,
                               .tx_pool = &wire_tx_pool};
    memcpy(wire_dev.mac, wire_mac, 6);
    wire_tx_full = wire_neighbours = false;
    wire_flushes = wire_updates = taken = sent = ring_head = ring_tail = wire_rx_flags = 0;
    net_init(&wire_dev, now);
}

void wire_reset_configured(msec now)
{
    wire_reset(now);
    const struct ipv4_config config = {
        .addr = WIRE_US, .netmask = 0xffffff00, .gateway = WIRE_GATEWAY};
    ip_configure(&config, now);
    wire_run(5000);
    wire_forget();
}

void wire_know_neighbours(void)
{
    u8 frame[64], mac[6];
    arp_lookup(WIRE_PEER, mac, host_now);
    arp_lookup(WIRE_GATEWAY, mac, host_now);
    wire_deliver(frame, wire_arp(frame, 2, wire_peer_mac, WIRE_PEER, WIRE_US, wire_mac));
    wire_deliver(frame, wire_arp(frame, 2, wire_gateway_mac, WIRE_GATEWAY, WIRE_US, wire_mac));
    wire_forget();
}

const struct wire_frame *wire_take(void)
{
    return taken == sent ? NULL : &captured[taken++ % CAPTURED];
}

const struct wire_frame *wire_take_ip(void)
{
    const struct wire_frame *f;
    do
        f = wire_take();
    while (f && get_be16(f->bytes + 12) != ETH_TYPE_IPV4);
    return f;
}

u32 wire_captured(void)
{
    return sent - taken;
}

void wire_forget(void)
{
    taken = sent;
}

void wire_queue(const u8 *frame, u32 len)
{
    struct pkt *p = wire_rx_pool.free;
    assert_non_null(p);
    wire_rx_pool.free = p->next;
    wire_rx_pool.available--;
    free(p->buf);
    u32 before = wire_rx_flags & PKT_REST ? PKT_REST_ROOM : 0;
    p->buf = malloc(before + len);
    p->data = p->buf + before;
    if (len)
        memcpy(p->data, frame, len);
    p->len = (u16)len;
    p->flags = wire_rx_flags;
    ring[ring_tail++ % RX_PACKETS] = p;
}

void wire_deliver(const u8 *frame, u32 len)
{
    wire_queue(frame, len);
    net_poll(host_now);
}

void wire_run(u32 ms)
{
    msec until = host_now + ms;
    u32 spins = 0;
    net_poll(host_now);
    while (host_now != until) {
        u32 step = min_u32(net_timeout(host_now), until - host_now);
        if (ring_head != ring_tail)
            step = 0;
        spins = step ? 0 : spins + 1;
        assert_true(spins < 10);
        host_now += step;
        net_poll(host_now);
    }
}

void wire_check_leaks(void)
{
    assert_int_equal(wire_tx_pool.available, wire_tx_pool.total);
    assert_int_equal(wire_rx_pool.available, wire_rx_pool.total);
}

static void put_eth(u8 *frame, const u8 *to, const u8 *from, u16 type)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    put_be16(frame + 12, type);
}

u32 wire_arp(u8 *frame, u16 op, const u8 *from_mac, ip4 from, ip4 to, const u8 *to_mac)
{
    u8 *a = frame + ETH_HEADER;
    put_eth(frame, to_mac, from_mac, ETH_TYPE_ARP);
    memset(a, 0, 46);
    put_be16(a, 1);
    put_be16(a + 2, 0x0800);
    a[4] = 6;
    a[5] = 4;
    put_be16(a + 6, op);
    memcpy(a + 8, from_mac, 6);
    put_be32(a + 14, from);
    if (op == 2)
        memcpy(a + 18, to_mac, 6);
    put_be32(a + 24, to);
    return ETH_HEADER + 46;
}

/* The textbook's way, on purpose not the kernel's. */
static u16 checksum(u32 sum, const u8 *p, u32 len)
{
    for (u32 i = 0; i < len; i++)
        sum += i & 1 ? p[i] : (u32)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

static u32 pseudo(const u8 *ip, u32 len)
{
    u32 sum = ip[9] + len;
    for (u32 i = 12; i < 20; i += 2)
        sum += get_be16(ip + i);
    return sum;
}

void wire_fix_ip(u8 *frame)
{
    u8 *ip = frame + ETH_HEADER;
    put_be16(ip + 10, 0);
    put_be16(ip + 10, checksum(0, ip, (ip[0] & 15) * 4u));
}

static void fix_udp(u8 *frame, u32 len)
{
    u8 *ip = frame + ETH_HEADER;
    u8 *udp = ip + (ip[0] & 15) * 4u;
    u32 udp_len = get_be16(udp + 4);
    if (udp + udp_len > frame + len || udp_len < 8)
        return;
    put_be16(udp + 6, 0);
    u16 sum = checksum(pseudo(ip, udp_len), udp, udp_len);
    put_be16(udp + 6, sum ? sum : 0xffff);
}

u32 wire_ip(u8 *frame, u8 protocol, ip4 from, ip4 to, const u8 *payload, u32 len)
{
    u8 *ip = frame + ETH_HEADER;
    put_eth(frame, to == IP4_BROADCAST ? wire_all : wire_mac, wire_peer_mac, ETH_TYPE_IPV4);
    memset(ip, 0, IP_HEADER);
    ip[0] = 0x45;
    put_be16(ip + 2, (u16)(IP_HEADER + len));
    ip[8] = 64;
    ip[9] = protocol;
    put_be32(ip + 12, from);
    put_be32(ip + 16, to);
    wire_fix_ip(frame);
    if (len)
        memmove(ip + IP_HEADER, payload, len);
    return ETH_HEADER + IP_HEADER + len;
}

u32 wire_udp(u8 *frame, ip4 from, u16 from_port, ip4 to, u16 to_port, const u8 *payload, u32 len)
{
    u8 udp[2048];
    put_be16(udp, from_port);
    put_be16(udp + 2, to_port);
    put_be16(udp + 4, (u16)(8 + len));
    put_be16(udp + 6, 0);
    memcpy(udp + 8, payload, len);
    u32 total = wire_ip(frame, IP_PROTO_UDP, from, to, udp, 8 + len);
    fix_udp(frame, total);
    return total;
}

const u8 *wire_udp_payload(const struct wire_frame *f, ip4 *to, u16 *from_port, u16 *to_port,
                           u32 *len)
{
    const u8 *ip = f->bytes + ETH_HEADER, *udp = ip + IP_HEADER;
    if (get_be16(f->bytes + 12) != ETH_TYPE_IPV4 || ip[9] != IP_PROTO_UDP)
        return NULL;
    u32 udp_len = get_be16(udp + 4);
    assert_int_equal(get_be16(ip + 2), f->len - ETH_HEADER);
    assert_int_equal(udp_len, f->len - ETH_HEADER - IP_HEADER);
    assert_int_equal(checksum(0, ip, IP_HEADER), 0);
    assert_int_equal(checksum(pseudo(ip, udp_len), udp, udp_len), 0);
    *to = get_be32(ip + 16);
    *from_port = get_be16(udp);
    *to_port = get_be16(udp + 2);
    *len = udp_len - 8;
    return udp + 8;
}

static u32 dice(u32 n)
{
    static u32 seed = 12345;
    seed = seed * 1103515245 + 12345;
    return (seed >> 8) % n;
}

void wire_torment(const u8 *frame, u32 len, u32 rounds)
{
    u8 copy[2048];
    bool ip = get_be16(frame + 12) == ETH_TYPE_IPV4;
    for (u32 n = 0; n < len; n++) {
        memcpy(copy, frame, n);
        wire_deliver(copy, n); /* the IP length is too long then */
        if (ip && n >= ETH_HEADER + IP_HEADER + 8) {
            put_be16(copy + ETH_HEADER + 2, (u16)(n - ETH_HEADER));
            wire_fix_ip(copy);
            if (copy[ETH_HEADER + 9] == IP_PROTO_UDP) {
                put_be16(copy + ETH_HEADER + IP_HEADER + 4, (u16)(n - ETH_HEADER - IP_HEADER));
                fix_udp(copy, n);
            }
            wire_deliver(copy, n);
        }
        wire_forget();
    }
    for (u32 i = 0; i < rounds; i++) {
        u32 n = dice(4) ? len : dice(len);
        memcpy(copy, frame, len);
        for (u32 changes = 1 + dice(4); changes; changes--)
            copy[ETH_HEADER + dice(len - ETH_HEADER)] =
                (u8)(dice(2) ? dice(256) : (const u8[]){0, 255, 1, 128}[dice(4)]);
        if (ip && dice(8)) {
            copy[ETH_HEADER] = 0x45;
            if (n != len && n >= ETH_HEADER + IP_HEADER)
                put_be16(copy + ETH_HEADER + 2, (u16)(n - ETH_HEADER));
            wire_fix_ip(copy);
            if (copy[ETH_HEADER + 9] == IP_PROTO_UDP && n >= ETH_HEADER + IP_HEADER + 8)
                fix_udp(copy, n);
        }
        wire_deliver(copy, n);
        wire_forget();
    }
}
