/* UDP: lengths, checksums, ports. */
#include "net/udp.h"

#include "base/bytes.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

#define UDP 34 /* where the header begins in a frame */

static u8 frame[2048];
static u8 payload[1472];

static struct {
    u32 count, len;
    ip4 from;
    u16 from_port;
    u8 data[1472];
} got;

static void on_datagram(const u8 *data, u32 len, ip4 from, u16 from_port, msec now)
{
    (void)now;
    got.count++;
    got.len = len;
    got.from = from;
    got.from_port = from_port;
    memcpy(got.data, data, len);
}

static void configured(void)
{
    without_tcp();
    memset(&got, 0, sizeof(got));
    for (u32 i = 0; i < sizeof(payload); i++)
        payload[i] = (u8)(i * 13 + 1);
    udp_bind(5000, on_datagram);
}

FIXTURE(configured);

static u32 datagram(u32 len)
{
    return wire_udp(frame, WIRE_PEER, 777, WIRE_US, 5000, payload, len);
}

TEST(datagrams_reach_their_port)
{
    static const u32 sizes[] = {0, 1, 2, 17, 1471, 1472};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        wire_deliver(frame, datagram(sizes[i]));
        assert_int_equal(got.count, i + 1);
        assert_int_equal(got.len, sizes[i]);
        assert_int_equal(got.from, WIRE_PEER);
        assert_int_equal(got.from_port, 777);
        assert_memory_equal(got.data, payload, sizes[i]);
    }
    assert_int_equal(net_stats.udp_bad, 0);
    wire_check_leaks();
}

TEST(a_wrong_checksum_is_dropped)
{
    u32 len = datagram(11);
    frame[len - 1] ^= 0x10;
    wire_deliver(frame, len);
    assert_int_equal(got.count, 0);
    assert_int_equal(net_stats.udp_bad, 1);
    wire_rx_flags = PKT_L4_CSUM_OK; /* the NIC knows better */
    wire_deliver(frame, len);
    assert_int_equal(got.count, 1);
    wire_rx_flags = 0;
    put_be16(frame + UDP + 6, 0); /* never computed */
    wire_deliver(frame, len);
    assert_int_equal(got.count, 2);
}

TEST(the_pseudo_header_counts)
{
    u32 len = datagram(11);
    put_be32(frame + 26, WIRE_PEER + 1);
    wire_fix_ip(frame);
    wire_deliver(frame, len);
    assert_int_equal(net_stats.udp_bad, 1);
}

TEST(lengths_that_lie_are_dropped)
{
    static const u16 lengths[] = {0, 1, 7, 20, 65535};
    for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
        u32 len = datagram(11);
        put_be16(frame + UDP + 4, lengths[i]);
        put_be16(frame + UDP + 6, 0);
        wire_deliver(frame, len);
    }
    assert_int_equal(net_stats.udp_bad, ARRAY_SIZE(lengths));
    for (u32 n = 0; n < 8; n++)
        wire_deliver(frame, wire_ip(frame, IP_PROTO_UDP, WIRE_PEER, WIRE_US, payload, n));
    assert_int_equal(net_stats.udp_bad, ARRAY_SIZE(lengths) + 8);
    assert_int_equal(got.count, 0);
    /* A shorter length than IP's is allowed: the rest is nobody's */
    u32 len = datagram(11);
    put_be16(frame + UDP + 4, 8 + 5);
    put_be16(frame + UDP + 6, 0);
    wire_deliver(frame, len);
    assert_int_equal(got.len, 5);
    wire_check_leaks();
}

TEST(unbound_ports_are_unreachable)
{
    udp_bind(5000, NULL);
    wire_deliver(frame, datagram(11));
    assert_int_equal(got.count, 0);
    assert_int_equal(net_stats.udp_no_port, 1);
    assert_int_equal(wire_captured(), 1);
}

TEST(the_table_has_an_end)
{
    assert_true(udp_bind(5000, on_datagram)); /* again: the same entry */
    assert_true(udp_bind(5001, on_datagram));
    assert_true(udp_bind(5002, on_datagram));
    assert_true(udp_bind(5003, on_datagram));
    assert_false(udp_bind(5004, on_datagram));
    assert_true(udp_bind(5002, NULL));
    assert_true(udp_bind(5004, on_datagram));
}

TEST(datagrams_go_out)
{
    for (u32 len = 0; len < 40; len++) {
        struct pkt *p = net_alloc();
        memcpy(p->data, payload, len);
        p->len = (u16)len;
        assert_true(udp_send(p, 1234, WIRE_PEER, 4321, host_now));
        ip4 to;
        u16 from_port, to_port;
        u32 out;
        const u8 *data = wire_udp_payload(wire_take(), &to, &from_port, &to_port, &out);
        assert_non_null(data);
        assert_int_equal(to, WIRE_PEER);
        assert_int_equal(from_port, 1234);
        assert_int_equal(to_port, 4321);
        assert_int_equal(out, len);
        assert_memory_equal(data, payload, len);
    }
    struct pkt *p = net_alloc();
    p->data = p->buf + 7;
    assert_false(udp_send(p, 1234, WIRE_PEER, 4321, host_now));
    wire_check_leaks();
}

TEST(a_checksum_of_zero_is_sent_as_ones)
{
    struct pkt *p = net_alloc();
    p->len = 2;
    /* The payload that makes everything else add up to FFFFh */
    u32 sum = checksum_pseudo(WIRE_US, WIRE_PEER, IP_PROTO_UDP, 10) + 1234 + 4321 + 10;
    put_be16(p->data, checksum_finish(sum));
    assert_true(udp_send(p, 1234, WIRE_PEER, 4321, host_now));
    assert_int_equal(get_be16(wire_take()->bytes + UDP + 6), 0xffff);
}

TEST(mutated_packets_do_no_harm)
{
    wire_torment(frame, datagram(100), 5000);
    wire_check_leaks();
}
