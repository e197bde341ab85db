/* Frames with time between them, and what lunboot itself does meanwhile, over the whole net floor.
 */
#include "base/arith.h"
#include "base/bytes.h"
#include "input.h"
#include "net/address.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/dhcp_wire.h"
#include "net/dns.h"
#include "net/eth.h"
#include "net/icmp.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/tcp.h"
#include "net/tcp_internal.h"
#include "net/udp.h"
#include "stack.h"
#include <stdlib.h>
#include <string.h>

#define STEPS       64
#define DATA_MAX    1400
#define TO_SEND_MAX 8192 /* of data of ours; more would only take time */
#define MINUTES     10   /* that one input may last */
#define FULL_MS     1000 /* that the ring is full, at most, in one step */

/* Of a frame in several packets, as the NIC says: besides FIT_ADDRESSED and so on. */
#define PARTS_FIRST 0x40
#define PARTS_REST  0x80
#define PARTS_ANY   (PARTS_FIRST | PARTS_REST)

_Static_assert(PARTS_REST / PARTS_FIRST * PKT_FIRST == PKT_REST, "one factor for both");

static u8 frame[2048];
static u32 to_send, ms_left;

static void deliver(u32 len, u32 how)
{
    stack_fit(frame, len, how);
    wire_rx_flags = how & PARTS_ANY ? how / PARTS_FIRST * PKT_FIRST | PKT_L4_CSUM_OK : 0;
    wire_deliver(frame, len);
    wire_rx_flags = 0;
    stack_listen();
}

static ip4 some_address(void)
{
    static const ip4 list[] = {WIRE_PEER, WIRE_US,       WIRE_GATEWAY, WIRE_FAR,
                               0,         IP4_BROADCAST, WIRE_US | 255};
    u32 i = in_below(ARRAY_SIZE(list) + 1);
    return i < ARRAY_SIZE(list) ? list[i] : in_u32();
}

static void any_frame(void)
{
    u32 how = in_u8();
    deliver(in_bytes(frame, sizeof(frame)), how);
}

static void tcp_segment(void)
{
    u8 segment[TCP_HEADER + 40 + DATA_MAX] = {0};
    segment[TCP_FLAGS] = in_u8();
    put_be32(segment + TCP_SEQ, (u32)in_offset());
    put_be32(segment + TCP_ACK_NUMBER, (u32)in_offset());
    put_be16(segment + TCP_WINDOW, in_u16());
    u32 options = in_bytes(segment + TCP_HEADER, 40);
    u32 header = TCP_HEADER + ((options + 3) & ~3u);
    segment[TCP_DATA_OFFSET] = (u8)(header << 2);
    u32 len = header + in_bytes(segment + header, DATA_MAX);
    deliver(wire_ip(frame, IP_PROTO_TCP, WIRE_PEER, WIRE_US, segment, len), FIT_NUMBERS | FIT_SUMS);
}

/* An ICMP message; an error is about the packet that lunboot has sent last, or nearly so. */
static void icmp_message(void)
{
    u8 message[8 + 128] = {in_u8(), in_u8()};
    put_be32(message + 4, in_u32());
    u32 len = 8;
    if (message[0] == ICMP_UNREACHABLE) {
        u32 quoted = min_u32(heard.packet_len, IP_HEADER + 8u);
        memcpy(message + 8, heard.packet, quoted);
        len += quoted;
        u32 spoil = in_u8();
        if (spoil < quoted)
            message[8 + spoil] ^= in_u8();
    }
    len += in_bytes(message + len, sizeof(message) - len);
    deliver(wire_ip(frame, IP_PROTO_ICMP, some_address(), WIRE_US, message, len), FIT_SUMS);
}

static void arp_message(void)
{
    const u8 *macs[] = {wire_peer_mac, wire_gateway_mac, wire_mac, wire_all};
    u16 op = in_u8();
    const u8 *mac = macs[in_below(ARRAY_SIZE(macs))];
    ip4 from = some_address(), to = some_address();
    deliver(wire_arp(frame, op, mac, from, to, in_u8() & 1 ? wire_all : wire_mac), 0);
}

static void udp_message(void)
{
    u8 data[DATA_MAX];
    ip4 from = some_address(), to = some_address();
    u16 from_port = in_u16(), to_port = in_u16();
    deliver(wire_udp(frame, from, from_port, to, to_port, data, in_bytes(data, sizeof(data))),
            FIT_SUMS);
}

static void dhcp_answer(void)
{
    u8 message[DHCP_OPTIONS + 512] = {DHCP_BOOTREPLY, DHCP_ETHERNET, 6};
    put_be32(message + DHCP_YIADDR, some_address());
    u32 len = DHCP_OPTIONS;
    message[len++] = OPT_TYPE;
    message[len++] = 1;
    message[len++] = in_u8();
    message[len++] = OPT_SERVER_ID;
    message[len++] = 4;
    put_be32(message + len, WIRE_PEER);
    len += 4;
    len += in_bytes(message + len, sizeof(message) - len);
    len = wire_udp(frame, WIRE_PEER, DHCP_SERVER_PORT, WIRE_US, DHCP_CLIENT_PORT, message, len);
    deliver(len, FIT_NUMBERS | FIT_SUMS);
}

static void dns_answer(void)
{
    u8 message[DATA_MAX] = {0};
    put_be16(message + 2, 0x8180 ^ in_u8());
    put_be16(message + 4, 1);
    put_be16(message + 6, in_u8());
    memcpy(message + 12, heard.question, heard.question_len);
    u32 len = 12 + heard.question_len;
    len += in_bytes(message + len, 512);
    deliver(wire_udp(frame, WIRE_PEER, 53, WIRE_US, 53, message, len), FIT_NUMBERS | FIT_SUMS);
}

/* What lunboot has sent comes back to it. */
static void echo(void)
{
    if (!heard.packet_len)
        return;
    u32 how = in_u8();
    memcpy(frame, wire_mac, 6);
    memcpy(frame + 6, wire_peer_mac, 6);
    put_be16(frame + 12, ETH_TYPE_IPV4);
    memcpy(frame + ETH_HEADER, heard.packet, heard.packet_len);
    deliver(ETH_HEADER + heard.packet_len, how);
}

static void pass_time(void)
{
    u32 ms = in_u8();
    ms = min_u32(ms < 128 ? ms : (ms - 127) * 200, ms_left);
    if (wire_tx_full) /* longer is only more of the same, every few milliseconds */
        ms = min_u32(ms, FULL_MS);
    ms_left -= ms;
    stack_run(ms);
}

/* Another way to the same peer, perhaps. */
static void configure(void)
{
    struct ipv4_config config = {.addr = ipv4_config()->addr, .gateway = some_address()};
    u32 prefix = in_below(33);
    config.netmask = prefix ? ~0u << (32 - prefix) : 0;
    config.route_count = in_below(3);
    for (u32 i = 0; i < config.route_count; i++) {
        struct ipv4_route *r = &config.routes[i];
        r->prefix = (u8)in_below(33);
        r->net = r->prefix ? some_address() & ~0u << (32 - r->prefix) : 0;
        r->gateway = some_address();
    }
    if (config.addr)
        ip_configure(&config, host_now);
}

static void act(void)
{
    static const char *const names[] = {"disk", "disk.example.org", "192.0.2.9", "..", ""};
    u8 data[256] = {0}, mac[6];
    u32 n;
    switch (in_below(12)) {
    case 0:
        if (ipv4_config()->addr)
            stack_connect();
        break;
    case 1:
        n = min_u32(in_below(2000), to_send);
        for (to_send -= n; n; n -= min_u32(n, sizeof(data)))
            tcp_send(&tcb, data, min_u32(n, sizeof(data)));
        break;
    case 2:
        tcp_close(&tcb, host_now);
        break;
    case 3:
        tcp_abort(&tcb);
        owner.open = false;
        break;
    case 4:
        dns_start(names[in_below(ARRAY_SIZE(names))], host_now);
        break;
    case 5: /* as on the way to a disk only: connections keep their address */
        tcp_abort(&tcb);
        owner.open = false;
        stack_listen();
        dhcp_start("pc-1", in_u8() & 1, 1000 + in_u16(), host_now);
        break;
    case 6:
        dhcp_stop();
        break;
    case 7:
        arp_refresh(some_address(), host_now);
        break;
    case 8:
        arp_lookup(some_address(), mac, host_now);
        break;
    case 9:
        configure();
        break;
    case 10:
        wire_neighbours = !wire_neighbours;
        break;
    default:
        wire_tx_full = !wire_tx_full;
    }
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {any_frame,   tcp_segment, icmp_message, arp_message,
                                          udp_message, dhcp_answer, dns_answer,   echo,
                                          pass_time,   act};
    stack_reset((enum situation)in_below(SITUATIONS));
    to_send = TO_SEND_MAX;
    ms_left = MINUTES * 60000;
    for (u32 i = 0; i < STEPS && in_left(); i++) {
        steps[in_below(ARRAY_SIZE(steps))]();
        stack_listen();
    }
    stack_end();
}
