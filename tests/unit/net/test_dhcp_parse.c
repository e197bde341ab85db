/* One DHCP answer turned into a lease: what is read, what is refused. */
#include "base/arith.h"
#include "base/bytes.h"
#include "net/dhcp.h"
#include "net/dhcp_server.h"
#include "net/net_no_tcp.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

static void begin(void)
{
    wire_reset(0);
    begin_ack();
}

FIXTURE(begin);

/* What is said inside option 175, as text. */
static const char *ipxe(u8 number)
{
    static char value[DHCP_TEXT];
    memset(value, 0, sizeof(value));
    dhcp_ipxe(&lease, number, value, sizeof(value) - 1);
    return value;
}

TEST(every_option_is_read)
{
    u8 dns[16];
    put_be32(answer + DHCP_SIADDR, SERVER2);
    add_network();
    add_u32(OPT_LEASE_TIME, 3600);
    add_u32(OPT_T1, 1000);
    add_u32(OPT_T2, 2000);
    for (u32 i = 0; i < 4; i++)
        put_be32(dns + 4 * i, 0xc0000235 + i);
    add(OPT_DNS, dns, 16);
    add_text(OPT_DOMAIN, "example.org");
    add_text(OPT_HOSTNAME, "pc7");
    add_text(OPT_ROOT_PATH, "iscsi:192.0.2.20::::iqn.t");
    add(OPT_MTU, "\x05\x78", 2);
    add_text(OPT_INITIATOR_IQN, "iqn.2026-01.org.example:pc7");
    add(OPT_IPXE, "\x08\1\1\x09\1\0\xbe\2me\xbf\6secret\xc0\3you\xc1\2rs", 27);
    assert_true(parse());
    assert_int_equal(lease_type, DHCPACK);
    assert_int_equal(lease.ip.addr, WIRE_US);
    assert_int_equal(lease.ip.netmask, 0xffffff00);
    assert_int_equal(lease.ip.gateway, WIRE_GATEWAY);
    assert_int_equal(lease.mtu, 1400);
    assert_int_equal(lease.server, SERVER);
    for (u32 i = 0; i < DNS_SERVERS; i++)
        assert_int_equal(lease.dns[i], 0xc0000235 + i);
    assert_int_equal(lease.lease_seconds, 3600);
    assert_int_equal(lease.t1_seconds, 1000);
    assert_int_equal(lease.t2_seconds, 2000);
    assert_string_equal(lease.domain, "example.org");
    assert_string_equal(lease.hostname, "pc7");
    assert_string_equal(lease.root_path, "iscsi:192.0.2.20::::iqn.t");
    assert_string_equal(lease.initiator_iqn, "iqn.2026-01.org.example:pc7");
    assert_string_equal(ipxe(IPXE_USERNAME), "me");
    assert_string_equal(ipxe(IPXE_PASSWORD), "secret");
    assert_string_equal(ipxe(IPXE_REVERSE_USERNAME), "you");
    assert_string_equal(ipxe(IPXE_REVERSE_PASSWORD), "rs");
    assert_string_equal(ipxe(IPXE_KEEP_SAN), "\1");
    u8 flag = 1;
    assert_int_equal(dhcp_ipxe(&lease, IPXE_SKIP_SAN_BOOT, &flag, 1), 1);
    assert_int_equal(flag, 0);
    assert_int_equal(dhcp_ipxe(&lease, IPXE_SAN_DRIVE, &flag, 1), 0);
    assert_int_equal(net_stats.dhcp_option, 0);
}

TEST(split_options_are_put_together)
{
    add_text(OPT_ROOT_PATH, "iscsi:");
    add(OPT_IPXE, "\xbe\3ab", 4);
    add_text(OPT_ROOT_PATH, "192.0.2.20");
    add_text(OPT_ROOT_PATH, "::::t");
    add(OPT_IPXE, "c\x08\1\1", 4); /* cut in the middle of an encapsulated option */
    assert_true(parse());
    assert_string_equal(lease.root_path, "iscsi:192.0.2.20::::t");
    assert_string_equal(ipxe(IPXE_USERNAME), "abc");
    assert_string_equal(ipxe(IPXE_KEEP_SAN), "\1");
}

TEST(overloaded_fields_are_read_in_order)
{
    add(OPT_OVERLOAD, "\3", 1);
    add_text(OPT_ROOT_PATH, "one,");
    answer[answer_len++] = OPT_END;
    /* RFC 3396, 5: options, then file, then sname */
    memcpy(answer + DHCP_SNAME, "\x11\5three\xff", 8);
    memcpy(answer + DHCP_FILE, "\x11\4two,\x0f\3org\xff", 12);
    assert_true(parse());
    assert_string_equal(lease.root_path, "one,two,three");
    assert_string_equal(lease.domain, "org");
}

TEST(fields_without_overload_are_just_fields)
{
    memcpy(answer + DHCP_SNAME, "\x11\5three\xff", 8);
    memcpy(answer + DHCP_FILE, "\x11\xff", 2);
    assert_true(parse());
    assert_string_equal(lease.root_path, "");
}

TEST(one_overloaded_field_to_its_last_byte)
{
    for (u32 which = 1; which <= 2; which++) {
        u8 *field = answer + (which == 1 ? DHCP_FILE : DHCP_SNAME);
        u32 len = which == 1 ? DHCP_FILE_LEN : DHCP_SNAME_LEN;
        u8 overload = (u8)which;
        begin();
        add(OPT_OVERLOAD, &overload, 1);
        memcpy(answer + DHCP_SNAME, "\x11\5sname\xff", 8);
        memcpy(answer + DHCP_FILE, "\x11\4file\xff", 7);
        assert_true(parse());
        assert_string_equal(lease.root_path, which == 1 ? "file" : "sname");
        memset(field, 'x', len);
        field[0] = OPT_ROOT_PATH;
        field[1] = (u8)(len - 2);
        assert_true(parse());
        assert_int_equal(strlen(lease.root_path), len - 2);
        field[1]++; /* runs over into the next field */
        assert_false(parse());
        assert_int_equal(lease_type, 0);
    }
}

TEST(overload_within_overloaded_fields_is_not_followed)
{
    add(OPT_OVERLOAD, "\1", 1);
    memcpy(answer + DHCP_FILE, "\x34\1\3\x11\4file\xff", 10);
    memcpy(answer + DHCP_SNAME, "\x11\5sname\xff", 8);
    assert_true(parse());
    assert_string_equal(lease.root_path, "file");
    /* Nor an option 52 that names the field that it stands in. */
    begin();
    memcpy(answer + DHCP_FILE, "\x34\1\1\x11\4file\xff", 10);
    assert_true(parse());
    assert_string_equal(lease.root_path, "");
}

/* What is no list and no text counts as it came first, whatever follows. */
TEST(options_that_repeat_count_once)
{
    add(OPT_OVERLOAD, "\2", 1);
    memcpy(answer + DHCP_FILE, "\x0c\4file\xff", 7);
    memcpy(answer + DHCP_SNAME, "\x0c\5sname\xff", 8);
    for (u32 i = 0; i < 3; i++) {
        add_u32(OPT_NETMASK, 0xffffff00 << i);
        add_u32(OPT_SERVER_ID, SERVER + 1 + i);
        add_u32(OPT_LEASE_TIME, 3600 + i);
        add_u32(OPT_T1, 100 + i);
        add_u32(OPT_ROUTERS, WIRE_GATEWAY + i);
        add(OPT_MTU, i ? "\4\0" : "\5\0", 2);
        add(OPT_TYPE, "\6", 1);
        add(OPT_OVERLOAD, "\1", 1);
    }
    assert_true(parse());
    assert_int_equal(lease_type, DHCPACK);
    assert_int_equal(lease.server, SERVER);
    assert_int_equal(lease.ip.netmask, 0xffffff00);
    assert_int_equal(lease.lease_seconds, 3600);
    assert_int_equal(lease.t1_seconds, 100);
    assert_int_equal(lease.ip.gateway, WIRE_GATEWAY);
    assert_int_equal(lease.mtu, 0x500);
    assert_string_equal(lease.hostname, "sname");
}

TEST(options_that_overrun_refuse_the_packet)
{
    add_text(OPT_ROOT_PATH, "0123456789");
    assert_true(parse()); /* without END: the packet ends, too */
    for (u32 cut = 1; cut <= 11; cut++) {
        answer_len--;
        assert_false(parse());
        assert_int_equal(lease_type, 0);
    }
    answer_len--;
    assert_true(parse());
    assert_string_equal(lease.root_path, "");
    for (u32 pads = 0; pads < 5; pads++) {
        begin();
        answer_len += pads;
        answer[answer_len++] = OPT_DNS;
        answer[answer_len++] = 255;
        answer_len += 254;
        assert_false(parse());
        answer_len++;
        assert_true(parse());
    }
}

TEST(texts_are_taken_whole_or_not_at_all)
{
    char text[255];
    memset(text, 'x', sizeof(text));
    add(OPT_ROOT_PATH, text, 255);
    assert_true(parse());
    assert_int_equal(strlen(lease.root_path), 255);
    add(OPT_ROOT_PATH, text, 1); /* one too many */
    assert_true(parse());
    assert_string_equal(lease.root_path, "");
    assert_int_equal(net_stats.dhcp_option, 1);
    add(OPT_ROOT_PATH, text, 255);
    add(OPT_ROOT_PATH, text, 255);
    assert_true(parse());
    assert_string_equal(lease.root_path, "");
}

TEST(zero_bytes_are_forgiven_at_the_end_only)
{
    add(OPT_ROOT_PATH, "abc\0\0", 5); /* RFC 2132, 2 */
    add(OPT_HOSTNAME, "abc\0def", 7);
    add(OPT_DOMAIN, "", 0);
    add(OPT_INITIATOR_IQN, "\0\0", 2);
    assert_true(parse());
    assert_string_equal(lease.root_path, "abc");
    assert_string_equal(lease.domain, "");
    assert_string_equal(lease.initiator_iqn, "");
    assert_int_equal(net_stats.dhcp_option, 1);
    for (u32 i = 0; i < DHCP_TEXT; i++)
        assert_int_equal(lease.hostname[i], 0);
}

TEST(numbers_of_a_wrong_length_are_not_there)
{
    add(OPT_LEASE_TIME, "\0\0\1", 3);
    add(OPT_NETMASK, "\xff\xff", 2);
    add(OPT_ROUTERS, "\xc0\0\2", 3);
    add(OPT_DNS, "\xc0\0\2\1\xc0\0", 6);
    add(OPT_MTU, "\5", 1);
    add(OPT_IPXE, "\x08\0\x09\1\1", 5);
    assert_true(parse());
    assert_int_equal(lease.lease_seconds, UINT32_MAX);
    assert_int_equal(lease.ip.netmask, 0);
    assert_int_equal(lease.ip.gateway, 0);
    assert_int_equal(lease.dns[0], 0xc0000201);
    assert_int_equal(lease.dns[1], 0);
    assert_int_equal(lease.mtu, 0);
    assert_string_equal(ipxe(IPXE_KEEP_SAN), "");
    assert_string_equal(ipxe(IPXE_SKIP_SAN_BOOT), "\1");
}

TEST(nonsense_values_are_not_used)
{
    add_u32(OPT_NETMASK, 0xff00ff00);
    add(OPT_ROUTERS, "\0\0\0\0\x7f\0\0\1\xc0\0\2\1", 12);
    add(OPT_DNS, "\xff\xff\xff\xff\xe0\0\0\1\xc0\0\2\5", 12);
    add(OPT_MTU, "\2\x3f", 2); /* 575 */
    put_be32(answer + DHCP_SIADDR, 0x7f000001);
    assert_true(parse());
    assert_int_equal(lease.ip.netmask, 0);
    assert_int_equal(lease.ip.gateway, 0xc0000201);
    assert_int_equal(lease.dns[0], 0xc0000205);
    assert_int_equal(lease.mtu, 0);
    begin();
    add_u32(OPT_ROUTERS, WIRE_US); /* ourselves */
    add(OPT_MTU, "\2\x40", 2);
    assert_true(parse());
    assert_int_equal(lease.ip.gateway, 0);
    assert_int_equal(lease.mtu, 576);
}

TEST(an_mtu_is_at_most_9000)
{
    static const u16 mtus[] = {1500, 1501, 8999, 9000, 9001, 65535};
    for (u32 i = 0; i < ARRAY_SIZE(mtus); i++) {
        u8 mtu[2];
        put_be16(mtu, mtus[i]);
        begin();
        add(OPT_MTU, mtu, 2);
        assert_true(parse());
        assert_int_equal(lease.mtu, min_u32(mtus[i], 9000));
    }
}

/* ---- the boot file ---- */

#define FILE_OF(text) memcpy(answer + DHCP_FILE, text, sizeof(text) - 1)

static void check_boot(ip4 server, const char *file)
{
    assert_true(parse());
    assert_int_equal(lease.next_server, server);
    assert_string_equal(lease.boot_file, file);
}

TEST(a_boot_file_is_named_by_the_field_or_by_option_67)
{
    check_boot(0, "");
    FILE_OF("field.ipxe");
    check_boot(SERVER, "field.ipxe"); /* no other server is named: the one that answers */
    put_be32(answer + DHCP_SIADDR, WIRE_GATEWAY);
    check_boot(WIRE_GATEWAY, "field.ipxe");
    add_text(OPT_BOOT_FILE, "option.ipxe");
    check_boot(WIRE_GATEWAY, "option.ipxe");
    begin();
    memset(answer + DHCP_FILE, 'x', DHCP_FILE_LEN); /* without a terminator */
    assert_true(parse());
    assert_int_equal(strlen(lease.boot_file), DHCP_FILE_LEN);
}

TEST(an_overloaded_field_names_no_boot_file)
{
    add(OPT_OVERLOAD, "\1", 1);
    FILE_OF("\x0c\3pc7\xff");
    check_boot(0, "");
    FILE_OF("\x43\6a.ipxe\xff"); /* but may hold the option */
    check_boot(SERVER, "a.ipxe");
}

TEST(its_server_is_siaddr_else_option_66_else_who_answers)
{
    static const struct {
        const char *option;
        ip4 siaddr, want;
    } cases[] = {
        {"192.0.2.99", SERVER2, SERVER2},       {"192.0.2.99", 0, 0xc0000263},
        {"192.0.2.99", 0x7f000001, 0xc0000263}, {"127.0.0.1", 0, SERVER},
        {"tftp.example.org", 0, SERVER},        {"192.0.2.100.too.long", 0, SERVER},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        FILE_OF("f");
        put_be32(answer + DHCP_SIADDR, cases[i].siaddr);
        add(OPT_TFTP_SERVER, cases[i].option, (u32)strlen(cases[i].option) + 1);
        check_boot(cases[i].want, "f");
    }
}

static const u8 routes[] = {0,  192, 0,   2,    1,                /* default */
                            8,  10,  192, 0,    2,   2,           /* 10/8 */
                            20, 172, 16,  0xff, 192, 0, 2, 3,     /* 172.16/20, host bits set */
                            32, 203, 0,   113,  5,   0, 0, 0, 0}; /* on link */

TEST(classless_routes_are_read)
{
    static const struct ipv4_route want[] = {{0, 0, 0xc0000201},
                                             {0x0a000000, 8, 0xc0000202},
                                             {0xac10f000, 20, 0xc0000203},
                                             {WIRE_FAR, 32, 0}};
    add(OPT_CLASSLESS_ROUTES, routes, sizeof(routes));
    assert_true(parse());
    assert_int_equal(lease.ip.route_count, ARRAY_SIZE(want));
    for (u32 i = 0; i < ARRAY_SIZE(want); i++) {
        assert_int_equal(lease.ip.routes[i].net, want[i].net);
        assert_int_equal(lease.ip.routes[i].prefix, want[i].prefix);
        assert_int_equal(lease.ip.routes[i].gateway, want[i].gateway);
    }
}

TEST(malformed_routes_are_not_used_and_option_3_counts)
{
    for (u32 n = 1; n < sizeof(routes); n++) { /* cut off anywhere */
        begin();
        add_network();
        add(OPT_CLASSLESS_ROUTES, routes, n);
        assert_true(parse());
        assert_int_equal(lease.ip.route_count, n == 5 ? 1 : n == 11 ? 2 : n == 19 ? 3 : 0);
        assert_int_equal(lease.ip.gateway, WIRE_GATEWAY);
    }
    begin();
    add(OPT_CLASSLESS_ROUTES, "\x21\xc0\0\2\1\1\xc0\0\2\1", 10); /* a prefix of 33 */
    assert_true(parse());
    assert_int_equal(lease.ip.route_count, 0);
    begin();
    add(OPT_CLASSLESS_ROUTES, "\0\x7f\0\0\1", 5); /* a router that is none */
    assert_true(parse());
    assert_int_equal(lease.ip.route_count, 0);
    begin();
    for (u32 i = 0; i < 60; i++) /* more than we keep, and than we read */
        add(OPT_CLASSLESS_ROUTES, "\x08\x0a\xc0\0\2\2", 6);
    assert_true(parse());
    assert_int_equal(lease.ip.route_count, IPV4_ROUTES);
}

TEST(encapsulated_options_that_overrun_are_not_used)
{
    add(OPT_IPXE, "\x08\1\1\xbf\6secre", 10);
    assert_true(parse());
    assert_string_equal(ipxe(IPXE_KEEP_SAN), "");
    assert_string_equal(ipxe(IPXE_PASSWORD), "");
    assert_int_equal(net_stats.dhcp_option, 1);
    begin();
    const u8 filler[255] = {1, 253};
    for (u32 i = 0; i < 5; i++) /* more than fits */
        add(OPT_IPXE, filler, 255);
    assert_true(parse());
    assert_int_equal(net_stats.dhcp_option, 1);
}

TEST(other_messages_are_no_leases)
{
    for (u32 t = 0; t < 256; t++) {
        begin();
        begin_answer((u8)t, WIRE_US, SERVER);
        assert_int_equal(parse(), t == DHCPOFFER || t == DHCPACK || !t);
        assert_int_equal(lease_type, t);
        assert_int_equal(lease.server, SERVER);
    }
}

/* ---- BOOTP ---- */

static void begin_bootp(void)
{
    begin();
    answer_len = DHCP_OPTIONS;
}

TEST(an_answer_without_a_type_is_bootps_and_for_ever)
{
    begin_bootp();
    add_network(); /* RFC 1048's vendor area */
    add_text(OPT_ROOT_PATH, "root");
    memcpy(answer + DHCP_FILE, "file", 4);
    put_be32(answer + DHCP_SIADDR, SERVER2);
    assert_true(parse());
    assert_int_equal(lease_type, 0);
    assert_int_equal(lease.server, SERVER2);
    assert_int_equal(lease.lease_seconds, UINT32_MAX);
    assert_int_equal(lease.ip.addr, WIRE_US);
    assert_int_equal(lease.ip.netmask, 0xffffff00);
    assert_int_equal(lease.ip.gateway, WIRE_GATEWAY);
    assert_string_equal(lease.root_path, "root");
    assert_string_equal(lease.boot_file, "file");
    put_be32(answer + DHCP_SIADDR, 0);
    assert_true(parse());
    assert_int_equal(lease.server, PARSED_FROM);
}

TEST(another_vendors_area_says_nothing)
{
    begin_bootp();
    memset(answer + DHCP_COOKIE, 0x11, 64);
    memcpy(answer + DHCP_FILE, "file", 4);
    answer_len = DHCP_COOKIE + 64;
    assert_true(parse());
    assert_int_equal(lease_type, 0);
    assert_string_equal(lease.root_path, "");
    assert_string_equal(lease.boot_file, "file");
    assert_int_equal(lease.next_server, PARSED_FROM);
    put_be32(answer + DHCP_YIADDR, 0);
    assert_false(parse());
    merge(); /* nor is it another server's word on the disk */
    assert_int_equal(net_stats.dhcp_option, 0);
}

TEST(short_packets_are_refused)
{
    add_text(OPT_ROOT_PATH, "root");
    u32 whole = answer_len;
    for (answer_len = 0; answer_len < whole; answer_len++)
        if (parse())
            assert_true(answer_len == DHCP_OPTIONS ||    /* BOOTP */
                        answer_len == DHCP_OPTIONS + 9); /* type and server, no root path */
}

/* ---- another server's answer beside it ---- */

#define IPXE_OF_PROXY "\x08\1\1\xbe\4them\xbf\6secret"

/* As a proxyDHCP server answers, with everything that is taken, and some that is not. */
static void begin_proxy(u8 message_type)
{
    begin_answer(message_type, 0, SERVER2);
    put_be32(answer + DHCP_SIADDR, SERVER2);
    add_u32(OPT_NETMASK, 0xffff0000);
    add_u32(OPT_ROUTERS, SERVER2);
    add_u32(OPT_LEASE_TIME, 7);
    add_text(OPT_DOMAIN, "proxy.org");
    add_text(OPT_ROOT_PATH, "proxy's");
    add_text(OPT_INITIATOR_IQN, "iqn.proxy");
    add(OPT_IPXE, IPXE_OF_PROXY, sizeof(IPXE_OF_PROXY) - 1);
}

static void check_proxys_are_taken(void)
{
    assert_string_equal(lease.root_path, "proxy's");
    assert_string_equal(lease.initiator_iqn, "iqn.proxy");
    assert_string_equal(ipxe(IPXE_USERNAME), "them");
    assert_string_equal(ipxe(IPXE_PASSWORD), "secret");
    assert_string_equal(ipxe(IPXE_KEEP_SAN), "\1");
}

TEST(what_the_lease_lacks_of_the_disk_is_taken)
{
    add_network();
    add_u32(OPT_LEASE_TIME, 3600);
    add_text(OPT_ROOT_PATH, "");
    for (u8 message_type = 0; message_type < 10; message_type++) {
        u32 len = answer_len;
        assert_true(parse());
        u8 own[sizeof(answer)];
        memcpy(own, answer, len);
        begin_proxy(message_type);
        merge();
        if (message_type == DHCPOFFER || message_type == DHCPACK)
            check_proxys_are_taken();
        else
            assert_true(!lease.root_path[0] && !lease.initiator_iqn[0] && !lease.ipxe_len);
        /* The rest is not its business. */
        assert_int_equal(lease.ip.addr, WIRE_US);
        assert_int_equal(lease.ip.netmask, 0xffffff00);
        assert_int_equal(lease.ip.gateway, WIRE_GATEWAY);
        assert_int_equal(lease.server, SERVER);
        assert_int_equal(lease.lease_seconds, 3600);
        assert_string_equal(lease.domain, "");
        memcpy(answer, own, len);
        answer_len = len;
    }
    assert_int_equal(net_stats.dhcp_option, 0);
}

TEST(what_the_lease_has_stays)
{
    add_text(OPT_ROOT_PATH, "own");
    add_text(OPT_INITIATOR_IQN, "iqn.own");
    assert_true(parse());
    begin_proxy(DHCPACK);
    merge();
    assert_string_equal(lease.root_path, "own");
    assert_string_equal(lease.initiator_iqn, "iqn.own");
    assert_string_equal(ipxe(IPXE_USERNAME), "them");
    begin();
    add(OPT_IPXE, "\xbe\2me", 4);
    assert_true(parse());
    begin_proxy(DHCPACK);
    merge();
    assert_string_equal(lease.root_path, "proxy's");
    assert_string_equal(ipxe(IPXE_USERNAME), "me"); /* and no password of somebody else's */
    assert_string_equal(ipxe(IPXE_PASSWORD), "");
    assert_string_equal(ipxe(IPXE_KEEP_SAN), "");
}

TEST(the_boot_file_comes_with_its_own_server)
{
    put_be32(answer + DHCP_SIADDR, SERVER);
    assert_true(parse());
    begin_answer(DHCPOFFER, 0, SERVER2);
    merge();
    assert_int_equal(lease.next_server, SERVER);
    FILE_OF("proxy's");
    merge();
    assert_string_equal(lease.boot_file, "proxy's");
    assert_int_equal(lease.next_server, SERVER2);
    begin_answer(DHCPOFFER, 0, SERVER);
    FILE_OF("late");
    merge();
    assert_string_equal(lease.boot_file, "proxy's");
    assert_int_equal(lease.next_server, SERVER2);
}

TEST(the_first_that_says_it_counts)
{
    assert_true(parse());
    begin_answer(DHCPOFFER, 0, SERVER);
    add_text(OPT_ROOT_PATH, "first");
    merge();
    begin_proxy(DHCPOFFER);
    merge();
    assert_string_equal(lease.root_path, "first");
    assert_string_equal(lease.initiator_iqn, "iqn.proxy");
}

TEST(split_and_overloaded_options_are_taken_from_it_too)
{
    assert_true(parse());
    begin_answer(DHCPACK, 0, SERVER2);
    add(OPT_OVERLOAD, "\3", 1);
    add(OPT_IPXE, "\xbe\3ab", 4);
    add(OPT_IPXE, "c", 1);
    add_text(OPT_ROOT_PATH, "one,");
    memcpy(answer + DHCP_FILE, "\x11\3two\xff", 6);
    memcpy(answer + DHCP_SNAME, "\xcb\3iqn\xff", 6);
    merge();
    assert_string_equal(lease.root_path, "one,two");
    assert_string_equal(lease.initiator_iqn, "iqn");
    assert_string_equal(ipxe(IPXE_USERNAME), "abc");
}

TEST(nothing_is_taken_from_a_malformed_answer)
{
    static const struct dhcp_lease none;
    struct dhcp_lease before;
    assert_true(parse());
    before = lease;
    begin_proxy(DHCPACK);
    u32 whole = answer_len;
    for (answer_len = 0; answer_len < whole; answer_len++) {
        merge();
        if (lease.root_path[0]) /* cut behind it only */
            assert_string_equal(lease.root_path, "proxy's");
        if (lease.ipxe_len)
            fail();
        lease = before;
    }
    for (u32 i = 0; i < 3; i++) { /* op, htype, hlen */
        begin_proxy(DHCPACK);
        answer[i] ^= 3;
        merge();
        assert_memory_equal(&lease, &before, sizeof(lease));
    }
    begin_proxy(DHCPACK);
    answer[DHCP_COOKIE] ^= 1;
    merge();
    assert_memory_equal(&lease, &before, sizeof(lease));
    begin(); /* where no lease is, none comes of it */
    lease = none;
    begin_proxy(DHCPACK);
    merge();
    assert_int_equal(lease.ip.addr, 0);
}
