/* See stack.h. */
#define _GNU_SOURCE /* memmem */
#include "stack.h"
#include "base/arith.h"

#include "base/bytes.h"
#include "input.h"
#include "net/address.h"
#include "net/checksum.h"
#include "net/dhcp.h"
#include "net/dhcp_wire.h"
#include "net/dns.h"
#include "net/eth.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/tcp.h"
#include "net/tcp_internal.h"
#include "net/tftp.h"
#include "net/udp.h"
#include <string.h>

#define DNS_PORT     53
#define IP_AT        ETH_HEADER
#define QUIET_MS     120000
#define QUIET_FRAMES 300 /* that timers alone may send in that time */
#define STEP_MS      60000

static const u8 mark[] = {0xd7, 0x1b, 0xe3, 0x5c, 0x09, 0xb6, 0x4f, 0xa1};

struct heard heard;
struct owner owner;
struct tcb tcb;

static u8 send_buffer[65536];

/* --- The owner of the connection --- */

static void on_connected(void *ctx, msec now)
{
    (void)now;
    CHECK(ctx == &owner && owner.open);
}

static void on_receive(void *ctx, const u8 *data, u32 len, msec now)
{
    (void)now;
    CHECK(ctx == &owner && owner.open && len);
    /* Every byte can be read. */
    u8 copy[2048];
    CHECK(len <= sizeof(copy));
    memcpy(copy, data, len);
    owner.received += len;
}

static void on_writable(void *ctx, msec now)
{
    (void)now;
    CHECK(ctx == &owner && owner.open);
}

static void on_closed(void *ctx, enum error reason, msec now)
{
    (void)reason;
    (void)now;
    CHECK(ctx == &owner && owner.open);
    owner.open = false;
}

void stack_connect(void)
{
    static const struct tcp_ops ops = {on_connected, on_receive, on_writable, on_closed};
    owner.open = true;
    tcp_connect(&tcb, WIRE_PEER, STACK_PORT, &ops, &owner, 20000, host_now);
}

/* --- What is sent --- */

static void hear_tcp(const u8 *t, u32 len)
{
    u32 header = len < TCP_HEADER ? 0 : (t[TCP_DATA_OFFSET] >> 4) * 4u;
    CHECK(header >= TCP_HEADER && header <= len);
    if (t[TCP_FLAGS] & TCP_RST) /* perhaps about somebody else's */
        return;
    heard.port = get_be16(t + TCP_PORTS);
    heard.seq = get_be32(t + TCP_SEQ) + len - header + !!(t[TCP_FLAGS] & TCP_SYN) +
                (t[TCP_FLAGS] & TCP_FIN);
    heard.ack = get_be32(t + TCP_ACK_NUMBER);
}

static void hear_tftp(const u8 *data, u32 len, u16 from, u16 to)
{
    static const u16 read = 1, ack = 4, error = 5;
    CHECK(len >= 4 && from >= 0x8000);
    u16 opcode = get_be16(data);
    CHECK(opcode == read ? to == TFTP_PORT : opcode == ack ? len == 4 : opcode == error);
    CHECK(opcode == ack || !data[len - 1]);
    if (opcode == error)
        return;
    heard.tftp_reads += opcode == read;
    heard.tftp_port = from;
    heard.tftp_block = opcode == ack ? get_be16(data + 2) : 0;
}

static void hear_udp(const u8 *u, u32 len)
{
    CHECK(len > UDP_HEADER && get_be16(u + 4) == len);
    u16 from = get_be16(u), to = get_be16(u + 2);
    const u8 *data = u + UDP_HEADER;
    len -= UDP_HEADER;
    if (to == DHCP_SERVER_PORT) {
        CHECK(from == DHCP_CLIENT_PORT && len > DHCP_OPTIONS);
        CHECK(!memcmp(data + DHCP_CHADDR, wire_mac, 6));
        heard.requests++;
        heard.xid = get_be32(data + DHCP_XID);
    } else if (to != DNS_PORT) {
        hear_tftp(data, len, from, to);
    } else {
        CHECK(len > 12 && len - 12 <= sizeof(heard.question));
        heard.questions++;
        heard.dns_id = get_be16(data);
        heard.dns_port = from;
        heard.question_len = len - 12;
        memcpy(heard.question, data + 12, heard.question_len);
    }
}

static void hear_ip(const u8 *ip, u32 len)
{
    CHECK(len >= IP_HEADER && ip[IP_VERSION_IHL] == 0x45 && get_be16(ip + IP_TOTAL_LEN) == len);
    CHECK(!checksum_finish(checksum_add(0, ip, IP_HEADER)));
    ip4 from = get_be32(ip + IP_SOURCE), to = get_be32(ip + IP_DESTINATION);
    CHECK(from == ipv4_config()->addr && from != to);
    u8 protocol = ip[IP_PROTOCOL];
    const u8 *data = ip + IP_HEADER;
    u32 data_len = len - IP_HEADER;
    u32 sum = protocol == IP_PROTO_ICMP ? 0 : checksum_pseudo(from, to, protocol, (u16)data_len);
    CHECK(!checksum_finish(checksum_add(sum, data, data_len)));
    switch (protocol) {
    case IP_PROTO_TCP:
        hear_tcp(data, data_len);
        break;
    case IP_PROTO_UDP:
        hear_udp(data, data_len);
        break;
    default:
        CHECK(protocol == IP_PROTO_ICMP);
    }
    memcpy(heard.packet, ip, len);
    heard.packet_len = len;
}

/* May the mark have come in? A part of it may have been a number, and have been turned around. */
static bool may_echo_mark(void)
{
    return in_contains(mark, sizeof(mark) / 2) ||
           in_contains(mark + sizeof(mark) / 2, sizeof(mark) / 2);
}

void stack_listen(void)
{
    const struct wire_frame *f;
    while ((f = wire_take())) {
        CHECK(f->len > ETH_HEADER && f->len <= ETH_HEADER + 1500u);
        CHECK(!memcmp(f->bytes + 6, wire_mac, 6));
        CHECK(!memmem(f->bytes, f->len, mark, sizeof(mark)) || may_echo_mark());
        heard.frames++;
        heard.bytes += f->len;
        if (get_be16(f->bytes + 12) == ETH_TYPE_IPV4)
            hear_ip(f->bytes + IP_AT, f->len - IP_AT);
        else
            CHECK(get_be16(f->bytes + 12) == ETH_TYPE_ARP && f->len == ETH_HEADER + 28u);
    }
}

void stack_run(u32 ms)
{
    stack_listen();
    while (ms) {
        u32 step = min_u32(ms, STEP_MS);
        wire_run(step);
        stack_listen();
        ms -= step;
    }
}

/* --- What is received --- */

static void fit_sum(u8 *at, u32 sum, const u8 *data, u32 len)
{
    put_be16(at, 0);
    u16 v = checksum_finish(checksum_add(sum, data, len));
    put_be16(at, v ? v : 0xffff);
}

static void fit_numbers(u8 protocol, u8 *data, u32 len)
{
    if (protocol == IP_PROTO_TCP && len >= TCP_HEADER) {
        put_be16(data + TCP_PORTS, STACK_PORT);
        put_be16(data + TCP_PORTS + 2, heard.port);
        put_be32(data + TCP_SEQ, get_be32(data + TCP_SEQ) + heard.ack);
        put_be32(data + TCP_ACK_NUMBER, get_be32(data + TCP_ACK_NUMBER) + heard.seq);
    } else if (protocol == IP_PROTO_UDP && len >= UDP_HEADER + 2) {
        u8 *message = data + UDP_HEADER;
        if (get_be16(data) == DNS_PORT) {
            put_be16(data + 2, heard.dns_port);
            put_be16(message, heard.dns_id);
        } else if (len >= UDP_HEADER + DHCP_OPTIONS) {
            put_be16(data, DHCP_SERVER_PORT);
            put_be16(data + 2, DHCP_CLIENT_PORT);
            put_be32(message + DHCP_XID, heard.xid);
            memcpy(message + DHCP_CHADDR, wire_mac, 6);
            put_be32(message + DHCP_COOKIE, DHCP_MAGIC);
        }
    }
}

static void fit_sums(u8 *ip, u32 header, u32 len)
{
    u8 *data = ip + header;
    u32 data_len = len - header;
    ip4 from = get_be32(ip + IP_SOURCE), to = get_be32(ip + IP_DESTINATION);
    u32 sum = checksum_pseudo(from, to, ip[IP_PROTOCOL], (u16)data_len);
    put_be16(ip + IP_TOTAL_LEN, (u16)len);
    fit_sum(ip + IP_CHECKSUM, 0, ip, header);
    if (ip[IP_PROTOCOL] == IP_PROTO_TCP && data_len >= TCP_HEADER) {
        fit_sum(data + TCP_CHECKSUM, sum, data, data_len);
    } else if (ip[IP_PROTOCOL] == IP_PROTO_UDP && data_len >= UDP_HEADER) {
        put_be16(data + 4, (u16)data_len);
        fit_sum(data + 6, sum, data, data_len);
    } else if (ip[IP_PROTOCOL] == IP_PROTO_ICMP && data_len >= 4) {
        fit_sum(data + 2, 0, data, data_len);
    }
}

void stack_fit(u8 *frame, u32 len, u32 how)
{
    if (len < ETH_HEADER)
        return;
    if (how & FIT_ADDRESSED) {
        memcpy(frame, wire_mac, 6);
        frame[6] &= 0xfe;
    }
    u8 *ip = frame + IP_AT;
    len -= IP_AT;
    u32 header = len < IP_HEADER ? 0 : (ip[IP_VERSION_IHL] & 15) * 4u;
    if (get_be16(frame + 12) != ETH_TYPE_IPV4 || header < IP_HEADER || header > len)
        return;
    if (how & FIT_ADDRESSED) {
        put_be32(ip + IP_SOURCE, WIRE_PEER);
        put_be32(ip + IP_DESTINATION, WIRE_US);
    }
    if (how & FIT_NUMBERS)
        fit_numbers(ip[IP_PROTOCOL], ip + header, len - header);
    if (how & FIT_SUMS)
        fit_sums(ip, header, len);
}

/* --- Situations --- */

/* What was in the memory that is sent from must never be sent. */
static void mark_memory(void)
{
    static u8 marks[PKT_SIZE];
    for (u32 i = PKT_SIZE; !marks[0] && i--;)
        marks[i] = mark[i % sizeof(mark)];
    for (struct pkt *p = wire_tx_pool.free; p; p = p->next)
        memcpy(p->buf, marks, PKT_SIZE);
}

/* The answer to a SYN, with all the options that we know. */
static void accept_connection(void)
{
    static const u8 options[] = {2, 4, 5, 0xb4, 1, 3, 3, 7, 1, 1, 4, 2};
    u8 segment[TCP_HEADER + sizeof(options)] = {0}, frame[128];
    segment[TCP_DATA_OFFSET] = sizeof(segment) << 2;
    segment[TCP_FLAGS] = TCP_SYN | TCP_ACK;
    put_be32(segment + TCP_SEQ, 0x10000000);
    put_be16(segment + TCP_WINDOW, 0xffff);
    memcpy(segment + TCP_HEADER, options, sizeof(options));
    u32 len = wire_ip(frame, IP_PROTO_TCP, WIRE_PEER, WIRE_US, segment, sizeof(segment));
    stack_fit(frame, len, FIT_NUMBERS | FIT_SUMS);
    wire_deliver(frame, len);
    stack_run(100);
}

void stack_reset(enum situation s)
{
    static const ip4 servers[DNS_SERVERS] = {WIRE_PEER, WIRE_GATEWAY, 0};
    heard = (struct heard){0};
    owner = (struct owner){0};
    if (s < CONFIGURED)
        wire_reset(1000);
    else
        wire_reset_configured(1000);
    wire_neighbours = true;
    tcp_init();
    if (!tcb.lent.send_buffer)
        tcp_lend(&tcb, &(struct tcp_params){send_buffer, sizeof(send_buffer), 256 * 1024});
    memset(send_buffer, 'x', sizeof(send_buffer));
    if (s >= CONFIGURED) {
        wire_know_neighbours();
        dns_configure(servers, "example.org");
    }
    if (s == DHCP_ASKS)
        dhcp_start("pc-1", true, 30000, host_now);
    if (s == DNS_ASKS)
        dns_start("disk", host_now);
    if (s >= CONNECTING)
        stack_connect();
    stack_run(20);
    if (s == CONNECTED) {
        accept_connection();
        tcp_send(&tcb, "a request", 9);
        stack_run(20);
    }
    mark_memory();
}

void stack_end(void)
{
    tcp_abort(&tcb);
    dhcp_stop();
    owner.open = false;
    wire_tx_full = false;
    stack_listen();
    u32 before = heard.frames;
    stack_run(QUIET_MS);
    CHECK(heard.frames - before <= QUIET_FRAMES);
    wire_check_leaks();
}
