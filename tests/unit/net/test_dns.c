/* The DNS resolver against a scripted server, under a virtual clock. */
#include "net/dns.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

#define SERVER2 WIRE_GATEWAY
#define SERVER3 WIRE_FAR
#define HEADER  12
#define A       1
#define CNAME   5
#define ANSWER  0xc0000263 /* 192.0.2.99 */

/* ---- what the client asks ---- */

static struct {
    u8 packet[600];
    u32 len;
    ip4 to;
    u16 port;
    msec at;
} asked;

static bool hear(void)
{
    const struct wire_frame *f = wire_take_ip();
    if (!f)
        return false;
    u16 to_port;
    const u8 *p = wire_udp_payload(f, &asked.to, &asked.port, &to_port, &asked.len);
    assert_non_null(p);
    assert_int_equal(to_port, 53);
    assert_true(asked.port >= 1024);
    memcpy(asked.packet, p, asked.len);
    asked.at = f->at;
    assert_int_equal(get_be16(p + 2), 0x0100);     /* a standard query, recursion desired */
    assert_int_equal(get_be64(p + 4), 1ull << 48); /* one question, nothing else */
    assert_int_equal(get_be32(p + asked.len - 4), 0x00010001); /* A, IN */
    return true;
}

/* The name that is asked for, with dots. */
static const char *asked_name(void)
{
    static char text[300];
    u32 at = HEADER, used = 0;
    while (asked.packet[at]) {
        memcpy(text + used, asked.packet + at + 1, asked.packet[at]);
        used += asked.packet[at];
        text[used++] = '.';
        at += 1u + asked.packet[at];
    }
    assert_int_equal(at + 5, asked.len);
    text[used - 1] = 0;
    return text;
}

/* ---- what the server answers ---- */

static u8 answer[1400];
static u32 len;
static ip4 from;
static u16 from_port;

static void begin_answer(u16 rcode)
{
    memcpy(answer, asked.packet, asked.len);
    len = asked.len;
    put_be16(answer + 2, 0x8180 | rcode);
    from = asked.to;
    from_port = 53;
}

/* A name with dots, followed by a pointer when that is not 0. */
static void put_name(const char *text, u16 pointer)
{
    while (*text) {
        u32 n = (u32)strcspn(text, ".");
        answer[len++] = (u8)n;
        memcpy(answer + len, text, n);
        len += n;
        text += n;
        text += *text == '.';
    }
    if (pointer) {
        put_be16(answer + len, 0xc000 | pointer);
        len += 2;
    } else {
        answer[len++] = 0;
    }
}

/* Begin a record whose owner has been put; data is to follow. */
static void put_record(u16 type, u16 data_len)
{
    put_be16(answer + len, type);
    put_be16(answer + len + 2, 1);
    put_be32(answer + len + 4, 300);
    put_be16(answer + len + 8, data_len);
    len += 10;
    put_be16(answer + 6, get_be16(answer + 6) + 1);
}

static void put_a(ip4 addr)
{
    put_record(A, 4);
    put_be32(answer + len, addr);
    len += 4;
}

static void put_cname(const char *target)
{
    put_record(CNAME, (u16)(strlen(target) + 2));
    put_name(target, 0);
}

static void send_answer(void)
{
    u8 frame[2048];
    wire_deliver(frame, wire_udp(frame, from, from_port, WIRE_US, asked.port, answer, len));
}

/* The usual answer: a pointer to the question, and the address. */
static void answer_with(ip4 addr)
{
    begin_answer(0);
    put_name("", HEADER);
    put_a(addr);
    send_answer();
}

static enum dns_state state(void)
{
    ip4 addr;
    return dns_result(&addr);
}

static void assert_found(ip4 want)
{
    ip4 addr = 0;
    assert_int_equal(dns_result(&addr), DNS_DONE);
    assert_int_equal(addr, want);
    assert_int_equal(dns_timeout(host_now), TIMEOUT_NEVER);
}

/* ---- states ---- */

static void one_server(void)
{
    static const ip4 servers[DNS_SERVERS] = {0, WIRE_PEER, 0};
    wire_reset_configured(1000);
    wire_neighbours = true;
    dns_configure(servers, "");
}

static void three_servers(void)
{
    static const ip4 servers[DNS_SERVERS] = {WIRE_PEER, SERVER2, SERVER3};
    one_server();
    dns_configure(servers, "example.org");
}

static void start(const char *name)
{
    dns_start(name, host_now);
    wire_run(50);
}

static void asking(void)
{
    one_server();
    start("target.example.org");
    assert_true(hear());
}

/* ---- tests ---- */

TEST(a_dotted_address_needs_nobody)
{
    wire_reset(0);
    assert_int_equal(state(), DNS_ERROR);
    dns_start("192.0.2.99", host_now);
    assert_found(ANSWER);
    assert_int_equal(wire_captured(), 0);
}

TEST_WITH(a_name_is_asked_and_answered, one_server)
{
    dns_start("Target.Example.ORG.", host_now);
    assert_int_equal(state(), DNS_ASKING);
    wire_run(50);
    assert_true(hear());
    assert_string_equal(asked_name(), "Target.Example.ORG");
    assert_int_equal(asked.to, WIRE_PEER);
    answer_with(ANSWER);
    assert_found(ANSWER);
    answer_with(ANSWER + 1); /* twice */
    assert_found(ANSWER);
    wire_check_leaks();
}

TEST_WITH(ids_and_ports_differ, asking)
{
    u16 id = get_be16(asked.packet), port = asked.port;
    start("target.example.org");
    assert_true(hear());
    assert_int_not_equal(get_be16(asked.packet), id);
    assert_int_not_equal(asked.port, port);
}

TEST_WITH(lost_questions_are_repeated_to_the_end, one_server)
{
    static const u32 at[] = {0, 1000, 3000};
    msec begun = host_now;
    dns_start("target.example.org", host_now);
    wire_run(6999);
    assert_int_equal(state(), DNS_ASKING);
    for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
        assert_true(hear());
        assert_in_range(asked.at - begun, at[i], at[i] + 50);
    }
    wire_run(1);
    assert_int_equal(state(), DNS_ERROR);
    assert_false(hear());
    answer_with(ANSWER);
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(all_servers_are_asked_in_turn, three_servers)
{
    static const ip4 servers[] = {WIRE_PEER, SERVER2, SERVER3};
    dns_start("target.example.com", host_now);
    wire_run(21000);
    for (u32 i = 0; i < 9; i++) {
        assert_true(hear());
        assert_int_equal(asked.to, servers[i % 3]);
    }
    assert_false(hear());
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(a_server_without_arp_is_skipped, three_servers)
{
    wire_neighbours = false;
    dns_start("target.example.com", host_now);
    wire_run(900);
    assert_false(hear());
    wire_neighbours = true;
    wire_run(200);
    assert_true(hear());
    assert_int_equal(asked.to, SERVER2);
    answer_with(ANSWER);
    assert_found(ANSWER);
}

TEST_WITH(a_late_answer_of_the_server_before_counts, three_servers)
{
    start("target.example.com");
    assert_true(hear());
    ip4 first = asked.to;
    wire_run(1000);
    assert_true(hear());
    assert_int_not_equal(asked.to, first);
    begin_answer(0);
    put_name("", HEADER);
    put_a(ANSWER);
    from = first;
    send_answer();
    assert_found(ANSWER);
}

TEST_WITH(a_server_that_cannot_tell_passes_it_on, three_servers)
{
    start("target.example.com");
    assert_true(hear());
    begin_answer(2); /* SERVFAIL */
    send_answer();
    assert_int_equal(state(), DNS_ASKING);
    wire_run(50);
    assert_true(hear());
    assert_int_equal(asked.to, SERVER2);
    begin_answer(5); /* REFUSED */
    send_answer();
    wire_run(50);
    assert_true(hear());
    assert_int_equal(asked.to, SERVER3);
    for (u32 i = 0; i < 7; i++) {
        assert_int_equal(state(), DNS_ASKING);
        begin_answer(2);
        send_answer();
        wire_run(50);
        hear();
    }
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(an_unknown_name_is_an_error_at_once, asking)
{
    begin_answer(3);
    send_answer();
    assert_int_equal(state(), DNS_ERROR);
    asking();
    begin_answer(0); /* the name has no address */
    send_answer();
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(a_name_without_a_dot_gets_the_domain_then_goes_alone, three_servers)
{
    start("target");
    assert_true(hear());
    assert_string_equal(asked_name(), "target.example.org");
    u16 id = get_be16(asked.packet);
    begin_answer(3);
    send_answer();
    wire_run(50);
    assert_true(hear());
    assert_string_equal(asked_name(), "target");
    assert_int_not_equal(get_be16(asked.packet), id);
    begin_answer(3);
    send_answer();
    assert_int_equal(state(), DNS_ERROR);
    start("a.b");
    assert_true(hear());
    assert_string_equal(asked_name(), "a.b");
}

TEST_WITH(names_that_are_none_are_refused, one_server)
{
    char name[300];
    static const char *bad[] = {"", ".", "..", "a..b", ".a", "a.."};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        dns_start(bad[i], host_now);
        assert_int_equal(state(), DNS_ERROR);
    }
    memset(name, 'x', sizeof(name));
    name[64] = 0; /* a label of 64 */
    dns_start(name, host_now);
    assert_int_equal(state(), DNS_ERROR);
    name[63] = 0;
    dns_start(name, host_now);
    assert_int_equal(state(), DNS_ASKING);
    for (u32 i = 0; i < 300; i++)
        name[i] = i % 50 == 49 ? '.' : 'x';
    name[254] = 0;
    dns_start(name, host_now);
    assert_int_equal(state(), DNS_ERROR);
    name[253] = 0; /* 255 bytes as labels: the most there is */
    start(name);
    assert_int_equal(state(), DNS_ASKING);
    assert_true(hear());
    assert_string_equal(asked_name(), name);
    answer_with(ANSWER);
    assert_found(ANSWER);
}

TEST_WITH(without_a_server_there_is_an_error_at_once, one_server)
{
    wire_reset_configured(0);
    dns_start("target.example.org", host_now);
    assert_int_equal(state(), DNS_ERROR);
    one_server();
    static const ip4 none[DNS_SERVERS];
    dns_start("target.example.org", host_now);
    dns_configure(none, "");
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(aliases_are_followed_in_any_order, asking)
{
    begin_answer(0);
    put_name("two.example.net", 0);
    put_a(ANSWER);
    put_name("ONE.example.net", 0);
    put_cname("TWO.example.net");
    put_name("", HEADER);
    put_cname("one.EXAMPLE.net");
    send_answer();
    assert_found(ANSWER);
}

TEST_WITH(an_alias_may_be_compressed, asking)
{
    begin_answer(0);
    put_name("", HEADER);
    put_record(CNAME, 7);
    u16 target = (u16)len;
    put_name("disk", HEADER + 7); /* disk.example.org */
    put_name("", target);         /* a pointer to a pointer */
    put_a(ANSWER);
    send_answer();
    assert_found(ANSWER);
}

TEST_WITH(aliases_in_a_circle_end, asking)
{
    begin_answer(0);
    put_name("one.example.net", 0);
    put_cname("target.example.org");
    put_name("", HEADER);
    put_cname("one.example.net");
    send_answer();
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(addresses_of_others_do_not_count, asking)
{
    begin_answer(0);
    put_name("evil.example.org", 0);
    put_a(ANSWER);
    put_name("target.example.org.evil", 0);
    put_a(ANSWER);
    put_name("target.example", 0);
    put_a(ANSWER);
    put_name("", HEADER);
    put_record(28, 16); /* AAAA */
    memset(answer + len, 0, 16);
    len += 16;
    put_name("", HEADER);
    put_a(ANSWER + 1);
    send_answer();
    assert_found(ANSWER + 1);
}

TEST_WITH(addresses_that_can_be_no_machines_do_not_count, asking)
{
    begin_answer(0);
    static const ip4 bad[] = {0, 0x7f000001, 0xe0000001, IP4_BROADCAST};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        put_name("", HEADER);
        put_a(bad[i]);
    }
    put_name("", HEADER);
    put_record(A, 3); /* too short */
    len += 3;
    send_answer();
    assert_int_equal(state(), DNS_ERROR);
}

TEST_WITH(answers_of_strangers_do_not_count, asking)
{
    for (u32 i = 0; i < 9; i++) {
        begin_answer(0);
        put_name("", HEADER);
        put_a(ANSWER);
        switch (i) {
        case 0: /* another server */
            from++;
            break;
        case 1: /* another port */
            from_port = 54;
            break;
        case 2: /* another id */
            answer[1] ^= 1;
            break;
        case 3: /* a question */
            answer[2] &= 0x7f;
            break;
        case 4: /* another operation */
            answer[2] |= 0x10;
            break;
        case 5: /* two questions, or none */
            answer[5] = 2;
            break;
        case 6:
            answer[5] = 0;
            break;
        case 7: /* another name */
            answer[HEADER + 1] ^= 2;
            break;
        case 8: /* another type */
            answer[asked.len - 3] = 28;
            break;
        }
        send_answer();
        assert_int_equal(state(), DNS_ASKING);
        assert_int_equal(net_stats.dns_bad, i + 1);
    }
    answer_with(ANSWER);
    assert_found(ANSWER);
}

TEST_WITH(pointers_that_do_not_lead_back_are_malformed, asking)
{
    u32 owner = asked.len;
    const u16 bad[] = {(u16)owner, (u16)(owner + 1), (u16)(owner + 2), 0x3fff, (u16)(owner + 16)};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        begin_answer(0);
        put_name("", bad[i]);
        put_a(ANSWER);
        send_answer();
        assert_int_equal(net_stats.dns_bad, i + 1);
    }
    /* a.<pointer to itself>, and two that point at each other */
    begin_answer(0);
    put_name("a", (u16)owner);
    put_a(ANSWER);
    send_answer();
    begin_answer(0);
    put_name("", (u16)(owner + 16));
    put_a(ANSWER);
    put_name("", (u16)owner);
    put_a(ANSWER);
    send_answer();
    /* the reserved kinds of label */
    for (u32 kind = 0x40; kind <= 0x80; kind += 0x40) {
        begin_answer(0);
        answer[len++] = (u8)kind;
        answer[len++] = 0;
        put_a(ANSWER);
        send_answer();
    }
    assert_int_equal(net_stats.dns_bad, ARRAY_SIZE(bad) + 4);
    assert_int_equal(state(), DNS_ASKING);
}

TEST_WITH(names_that_grow_too_long_are_malformed, asking)
{
    begin_answer(0);
    u16 last = HEADER;
    for (u32 i = 0; i < 6; i++) { /* each one label of 60 and a pointer to the one before */
        u16 at = (u16)len;
        char label[61];
        memset(label, 'x', 60);
        label[60] = 0;
        put_name(label, last);
        put_a(ANSWER);
        last = at;
    }
    send_answer();
    assert_int_equal(net_stats.dns_bad, 1);
    assert_int_equal(state(), DNS_ASKING);
}

TEST_WITH(truncated_answers_do_no_harm, asking)
{
    begin_answer(0);
    put_name("", HEADER);
    put_cname("one.example.net");
    put_name("one.example.net", 0);
    put_a(ANSWER);
    u32 whole = len;
    for (len = 0; len < whole; len++)
        send_answer();
    assert_int_equal(net_stats.dns_bad, whole);
    assert_int_equal(state(), DNS_ASKING);
    send_answer();
    assert_found(ANSWER);
    wire_check_leaks();
}

TEST(mutated_answers_do_no_harm)
{
    u8 frame[2048];
    for (u32 round = 0; round < 400; round++) {
        asking();
        begin_answer(0);
        put_name("", HEADER);
        put_record(CNAME, 7);
        put_name("disk", HEADER + 7);
        put_name("disk", HEADER + 7);
        put_a(ANSWER);
        u32 n = wire_udp(frame, from, 53, WIRE_US, asked.port, answer, len);
        wire_torment(frame, round % 10 ? 0 : n, 0);
        for (u32 i = 0; i < 30; i++) { /* behind the id, so that it is looked at */
            u8 saved = answer[2 + (round * 30 + i) % (len - 2)];
            answer[2 + (round * 30 + i) % (len - 2)] = (u8)(round * 131 + i * 7);
            send_answer();
            answer[2 + (round * 30 + i) % (len - 2)] = saved;
        }
        wire_check_leaks();
    }
}
