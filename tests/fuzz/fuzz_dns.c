/* DNS: servers that answer anything, and others that answer in their place. An answer counts only
 * when it comes from a server and has the question's id, an address that is found stands in it, and
 * the search ends in time. */
#define _GNU_SOURCE /* memmem */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "input.h"
#include "net/address.h"
#include "net/dns.h"
#include "stack.h"
#include <stdlib.h>
#include <string.h>

#define STEPS 32
#define SEARCH_MS                                                                                  \
    64000 /* three rounds with three servers, for the name with and without domain                 \
           */
#define MESSAGE_MAX 1400
#define HEADER      12
#define DNS_PORT    53
#define ROUNDS      3
#define RECORDS     4
#define RECORD_TAIL 10 /* type, class, TTL, length of the data */
#define NAME_MAX    100
#define TYPE_A      1
#define TYPE_CNAME  5
#define CLASS_IN    1

static ip4 servers[DNS_SERVERS];
static u32 searches;

static bool is_server(ip4 addr)
{
    for (u32 i = 0; i < DNS_SERVERS; i++)
        if (addr && servers[i] == addr)
            return true;
    return false;
}

/* A name as a person may write it. */
static void search(void)
{
    static const char *const names[] = {"disk.example.org", "disk", "192.0.2.9", "a.b.c.d.e", "-"};
    char bytes[300], *name;
    u32 i = in_below(ARRAY_SIZE(names) + 1);
    if (i < ARRAY_SIZE(names)) {
        name = exact_copy(names[i], (u32)strlen(names[i]) + 1);
    } else {
        bytes[in_bytes(bytes, DNS_NAME - 1)] = 0;
        name = exact_copy(bytes, (u32)strlen(bytes) + 1);
    }
    dns_start(name, host_now);
    ip4 addr = 0, number;
    if (ip4_parse(name, strlen(name), &number))
        CHECK(dns_result(&addr) == DNS_DONE && addr == number);
    else
        CHECK(dns_result(&addr) != DNS_DONE);
    free(name);
    searches++;
    stack_run(0);
}

static void configure(void)
{
    static const ip4 some[] = {WIRE_PEER, WIRE_GATEWAY, WIRE_FAR, 0};
    static const char *const domains[] = {"example.org", "", "a..b", "org"};
    for (u32 i = 0; i < DNS_SERVERS; i++)
        servers[i] = some[in_below(ARRAY_SIZE(some))];
    dns_configure(servers, domains[in_below(ARRAY_SIZE(domains))]);
}

/* A resource record, about the name that the question has unless the input wants another. */
static u32 put_record(u8 *to)
{
    static const u16 types[] = {TYPE_A, TYPE_A, TYPE_A, TYPE_CNAME};
    u8 odd = in_u8();
    u32 len = 2;
    put_be16(to, 0xc000 | (odd & 1 ? in_u16() : HEADER));
    if (odd & 2)
        len = in_bytes(to, NAME_MAX);
    u16 type = types[odd >> 6];
    u8 *tail = to + len, *data = tail + RECORD_TAIL;
    memset(tail, 0, RECORD_TAIL);
    put_be16(tail, odd & 4 ? in_u16() : type);
    put_be16(tail + 2, odd & 8 ? in_u16() : CLASS_IN);
    u32 data_len = 4;
    if (type == TYPE_CNAME)
        data_len = in_bytes(data, NAME_MAX);
    else
        put_be32(data, odd & 16 ? in_u32() : WIRE_PEER);
    put_be16(tail + RECORD_TAIL - 2, odd & 32 ? in_u16() : (u16)data_len);
    return len + RECORD_TAIL + data_len;
}

/* An answer as it should be, but for what the input makes of it. */
static void answer(void)
{
    u8 message[MESSAGE_MAX] = {0}, frame[2048], odd = in_u8();
    u16 id = heard.dns_id, from_port = DNS_PORT, to_port = heard.dns_port;
    ip4 from = odd & 1 ? in_u32() : servers[in_below(DNS_SERVERS)];
    if (odd & 2)
        id ^= in_u16();
    if (odd & 4)
        from_port ^= in_u16();
    put_be16(message, id);
    put_be16(message + 2, 0x8180 ^ in_u8());
    if (odd & 8)
        message[2] = in_u8();
    put_be16(message + 4, odd & 16 ? in_u8() : 1);
    u32 records = in_u8();
    put_be16(message + 6, (u16)records);
    u32 len = HEADER;
    if (!(odd & 32)) {
        memcpy(message + len, heard.question, heard.question_len);
        len += heard.question_len;
    }
    for (u32 i = 0; i < records && i < RECORDS; i++)
        len += put_record(message + len);
    if (odd & 128)
        len += in_bytes(message + len, sizeof(message) - len);
    if (odd & 64)
        len = min_u32(len, in_u8());
    ip4 before = 0, after = 0;
    enum dns_state was = dns_result(&before);
    bool counts = is_server(from) && from_port == DNS_PORT && id == heard.dns_id && len >= HEADER;
    wire_deliver(frame, wire_udp(frame, from, from_port, WIRE_US, to_port, message, len));
    enum dns_state is = dns_result(&after);
    CHECK(was == DNS_ASKING || (is == was && after == before));
    if (is == was)
        return;
    CHECK(counts);
    if (is == DNS_DONE) {
        u8 bytes[4];
        put_be32(bytes, after);
        CHECK(ip4_is_host(after) && memmem(message + HEADER, len - HEADER, bytes, 4));
    }
}

static void pass_time(void)
{
    stack_run(in_u8() * 20u);
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {answer, answer, answer, pass_time, search, configure};
    stack_reset(CONFIGURED);
    searches = 0;
    configure();
    search();
    for (u32 i = 0; i < STEPS && in_left(); i++) {
        steps[in_below(ARRAY_SIZE(steps))]();
        stack_listen();
        /* Each server, for the name with and without domain. */
        CHECK(heard.questions <= 2 * ROUNDS * DNS_SERVERS * searches);
    }
    ip4 addr;
    stack_run(SEARCH_MS);
    CHECK(dns_result(&addr) != DNS_ASKING);
    stack_end();
}
