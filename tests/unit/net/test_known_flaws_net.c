/* Flaws that others had on the floors below TCP, each by name: tests/conformance/known-flaws.md
 * says what they were. Those of IPv6 and DHCPv6 are looked for where our IPv4 and DHCP could have
 * the like. */
#include "base/bytes.h"
#include "base/random.h"
#include "net/arp.h"
#include "net/checksum.h"
#include "net/dhcp.h"
#include "net/dhcp_server.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/net.h"
#include "net/net_no_tcp.h"
#include "net/port.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define IP 14 /* where things begin in a frame */

static u8 frame[2048];

static void begin(void)
{
    without_tcp();
    begin_ack();
}

static void end(void)
{
    wire_check_leaks();
}

FIXTURE(begin, end);

/* An option with fewer bytes than its fields take: EDK II subtracted first and looked later. */
TEST(cve_2023_45229_option_shorter_than_its_fields)
{
    static const struct {
        u8 code;
        u32 len;
    } fields[] = {{OPT_NETMASK, 4}, {OPT_ROUTERS, 4},          {OPT_DNS, 4},
                  {OPT_MTU, 2},     {OPT_LEASE_TIME, 4},       {OPT_T1, 4},
                  {OPT_T2, 4},      {OPT_CLASSLESS_ROUTES, 5}, {OPT_OVERLOAD, 1},
                  {OPT_IPXE, 3},    {OPT_SERVER_ID, 4},        {OPT_TYPE, 1}};
    for (u32 i = 0; i < ARRAY_SIZE(fields); i++)
        for (u32 len = 0; len < fields[i].len; len++) {
            begin();
            add(fields[i].code, "\x20\xff\xff\xff\xff", len); /* the last thing in the packet */
            assert_true(parse());
            assert_int_equal(lease.ip.netmask, 0);
            assert_int_equal(lease.ip.gateway, 0);
            assert_int_equal(lease.ip.route_count, 0);
            assert_int_equal(lease.mtu, 0);
            assert_int_equal(lease.dns[0], 0);
            assert_int_equal(lease.server, SERVER);
            assert_int_equal(lease_type, DHCPACK);
        }
}

/* As long as an option can be, and as often as fits: EDK II copied a Server ID of any length. */
TEST(cve_2023_45230_long_server_id)
{
    u8 id[255];
    memset(id, 0xc0, sizeof(id));
    put_be32(id, SERVER2);
    answer_len = DHCP_OPTIONS;
    add(OPT_TYPE, "\5", 1);
    while (answer_len + 257 < 1500)
        add(OPT_SERVER_ID, id, 255);
    assert_true(parse());
    assert_int_equal(lease.server, SERVER2);
}

/* An ICMP redirect cut off anywhere; ours are not looked into at all, and routes stay. */
TEST(cve_2023_45231_truncated_redirect)
{
    u8 redirect[8 + 28] = {5, 1};
    put_be32(redirect + 4, WIRE_PEER); /* "go there instead" */
    redirect[8] = 0x45;
    put_be32(redirect + 8 + IP_SOURCE, WIRE_US);
    put_be32(redirect + 8 + IP_DESTINATION, WIRE_FAR);
    for (u32 len = 0; len <= sizeof(redirect); len++) {
        put_be16(redirect + 2, 0);
        put_be16(redirect + 2, checksum_finish(checksum_add(0, redirect, len)));
        wire_deliver(frame, wire_ip(frame, IP_PROTO_ICMP, WIRE_GATEWAY, WIRE_US, redirect, len));
    }
    ip4 next;
    assert_true(ipv4_next_hop(WIRE_FAR, &next));
    assert_int_equal(next, WIRE_GATEWAY);
    assert_int_equal(wire_captured(), 0);
}

/* Options of length 0, which a loop may take for no step at all: in the IPv4 header, in DHCP, and
 * in what DHCP's option 175 encapsulates. */
TEST(cve_2023_45232_options_of_no_length)
{
    u8 segment[60] = {0};
    u32 len = wire_ip(frame, IP_PROTO_TCP, WIRE_PEER, WIRE_US, segment, 60);
    frame[IP] = 0x4f; /* 40 bytes of options */
    for (u32 kind = 0; kind < 256; kind++) {
        for (u32 i = IP_HEADER; i < 60; i += 2) {
            frame[IP + i] = (u8)kind;
            frame[IP + i + 1] = 0;
        }
        wire_fix_ip(frame);
        wire_deliver(frame, len);
    }
    assert_int_equal(no_tcp.segments, 256);
    for (u32 code = 1; code < 255; code++) {
        begin();
        for (u32 i = 0; i < 500; i++)
            add((u8)code, "", 0);
        u8 nothing[250];
        for (u32 i = 0; i < sizeof(nothing); i += 2) {
            nothing[i] = (u8)code;
            nothing[i + 1] = 0;
        }
        add(OPT_IPXE, nothing, sizeof(nothing));
        assert_int_equal(parse(), true);
    }
}

/* Padding without an end, also where the fields of the packet are options. */
TEST(cve_2023_45233_padding_without_an_end)
{
    static u8 padding[250];
    add(OPT_OVERLOAD, "\3", 1); /* file and sname are padding, too */
    for (u32 i = 0; i < 3; i++)
        add(OPT_IPXE, padding, sizeof(padding));
    answer_len += 400;
    assert_true(parse());
    assert_int_equal(lease.ip.addr, WIRE_US);
    u8 flag;
    assert_int_equal(dhcp_ipxe(&lease, IPXE_KEEP_SAN, &flag, 1), 0);
}

/* More name servers than anybody keeps. */
TEST(cve_2023_45234_long_list_of_dns_servers)
{
    u8 list[252];
    for (u32 i = 0; i < sizeof(list); i += 4)
        put_be32(list + i, 0xc0000201 + i);
    for (u32 i = 0; i < 5; i++)
        add(OPT_DNS, list, sizeof(list));
    assert_true(parse());
    for (u32 i = 0; i < DNS_SERVERS; i++)
        assert_int_equal(lease.dns[i], 0xc0000201 + 4 * i);
    assert_int_equal(lease.lease_seconds, UINT32_MAX); /* what lies behind them is as it was */
    assert_int_equal(lease.domain[0], 0);
}

/* The same Server ID in the offer of another server that wants to be the better one: what we send
 * back has four bytes for it. */
TEST(cve_2023_45235_long_server_id_in_a_second_offer)
{
    u8 id[255];
    memset(id, 0xc0, sizeof(id));
    put_be32(id, SERVER2);
    wire_reset(0);
    dhcp_start("", true, 60000, host_now);
    net_poll(host_now);
    assert_int_equal(hear(), DHCPDISCOVER);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
    begin_answer(DHCPOFFER, WIRE_US, SERVER2);
    answer_len = DHCP_OPTIONS;
    add(OPT_TYPE, "\2", 1);
    for (u32 i = 0; i < 4; i++)
        add(OPT_SERVER_ID, id, 255);
    add_text(OPT_ROOT_PATH, "root");
    send_answer();
    assert_int_equal(hear(), DHCPREQUEST);
    u8 want[4];
    put_be32(want, SERVER2);
    assert_said(OPT_SERVER_ID, want, 4);
    dhcp_stop();
}

/* EDK II's numbers followed from each other, and from the time of day at the start. Two pools that
 * have just given the same number here go on differently: there is more to a pool than what it
 * gives. */
static int by_value(const void *a, const void *b)
{
    const u32 *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

TEST(cve_2023_45237_one_number_does_not_tell_the_next)
{
    enum { COUNT = 1 << 17 };
    static u32 taken[COUNT][2]; /* a number and its successor */
    random_add(1);              /* the real pool, not the host's numbers */
    u32 number = random_u32(), same = 0;
    for (u32 i = 0; i < COUNT; i++) {
        taken[i][0] = number;
        number = taken[i][1] = random_u32();
    }
    qsort(taken, COUNT, sizeof(taken[0]), by_value);
    for (u32 i = 1; i < COUNT; i++)
        if (taken[i][0] == taken[i - 1][0]) {
            same++;
            assert_int_not_equal(taken[i][1], taken[i - 1][1]);
        }
    assert_in_range(same, 1, 20); /* two are to be expected */
}

/* Packets that EDK II refused without giving their memory back. */
TEST(edk2_cve_2019_14559_invalid_packets_are_given_back)
{
    for (u32 i = 0; i < 1000; i++) {
        u32 len = wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
        frame[IP + i % 8] ^= 0x11;
        wire_deliver(frame, len - i % 47);
        len = wire_ip(frame, IP_PROTO_ICMP, WIRE_PEER, WIRE_US, answer, 40);
        frame[IP + i % 20] ^= (u8)(i / 20 + 1);
        wire_deliver(frame, len - i % 50);
        wire_check_leaks();
        wire_forget();
    }
    assert_true(net_stats.arp_bad > 500);
}

/* ICMP errors that quote more than anybody keeps, up to a whole frame: EDK II copied them all. */
TEST(edk2_issue_13169_icmp_error_of_any_size)
{
    static u8 error[1480];
    for (u32 icmp_type = 0; icmp_type < 20; icmp_type++)
        for (u32 len = 8; len <= sizeof(error); len += 1 + len / 3) {
            memset(error, 0xff, sizeof(error));
            put_be32(error, icmp_type << 24);
            error[8] = 0x45;
            error[8 + IP_PROTOCOL] = IP_PROTO_TCP;
            put_be32(error + 8 + IP_SOURCE, WIRE_US);
            put_be16(error + 2, checksum_finish(checksum_add(0, error, len)));
            wire_deliver(frame, wire_ip(frame, IP_PROTO_ICMP, WIRE_GATEWAY, WIRE_US, error, len));
            wire_forget();
        }
    assert_true(no_tcp.errors > 0);
    assert_true(net_stats.icmp_bad > 0);
}

/* ARP packets whose lengths are not those of Ethernet and IPv4, or that end early: iPXE took the
 * addresses from where such lengths put them. */
TEST(ipxe_arp_length)
{
    for (u32 hardware = 0; hardware < 256; hardware += 3)
        for (u32 protocol = 0; protocol < 256; protocol += 4) {
            if (hardware == 6 && protocol == 4)
                continue;
            u32 len = wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
            frame[IP + 4] = (u8)hardware;
            frame[IP + 5] = (u8)protocol;
            wire_deliver(frame, len);
        }
    for (u32 len = IP; len < IP + 28; len++) {
        wire_arp(frame, 1, wire_peer_mac, WIRE_PEER, WIRE_US, wire_all);
        wire_deliver(frame, len);
    }
    assert_int_equal(wire_captured(), 0); /* none was answered */
}

/* DHCP messages that end before their options begin: to the parser, which also gets PXE's cached
 * answer, and to a client that waits for one. */
TEST(ipxe_dhcp_underlength)
{
    for (answer_len = 0; answer_len < DHCP_OPTIONS; answer_len++)
        assert_false(parse());
    wire_reset(0);
    dhcp_start("", true, 60000, host_now);
    net_poll(host_now);
    assert_int_equal(hear(), DHCPDISCOVER);
    for (u32 len = 0; len < DHCP_OPTIONS + 8; len++) {
        begin_answer(DHCPOFFER, WIRE_US, SERVER);
        wire_deliver(frame, wire_udp(frame, SERVER, 67, WIRE_US, 68, answer, len));
    }
    wire_run(1500); /* as long as an offer without a root path would have waited */
    u8 next = hear();
    assert_true(next == 0 || next == DHCPDISCOVER);
    dhcp_stop();
}
