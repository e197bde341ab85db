/* The DNS resolver: asking, and understanding the answer. Ids and ports are random (RFC 5452), and
 * an answer counts only from a server that we ask. */
#include "net/dns.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/random.h"
#include "base/str.h"
#include "net/port.h"
#include "net/udp.h"

#define DNS_PORT       53
#define DNS_ID         0
#define DNS_FLAGS      2
#define DNS_QUESTIONS  4
#define DNS_ANSWERS    6
#define DNS_HEADER     12

#define FLAG_RESPONSE  0x8000
#define FLAG_OPCODE    0x7800
#define FLAG_RECURSION 0x0100
#define FLAG_RCODE     0x000f
#define RCODE_NXDOMAIN 3

#define TYPE_A         1
#define TYPE_CNAME     5
#define CLASS_IN       1
#define QUESTION_TAIL  4  /* type, class */
#define RECORD_TAIL    10 /* type, class, TTL, length of the data */

#define WIRE_NAME      255 /* bytes of a name as labels (RFC 1035, 2.3.4) */
#define LABEL          63
#define POINTER        0xc0
#define CHAIN          8    /* CNAMEs that we follow */
#define ROUNDS         3    /* times that every server is asked */
#define FIRST_WAIT     1000 /* ms for an answer in the first round; each round twice the last */
#define RETRY          50   /* ms until a question is tried again that could not go out */

static ip4 server[DNS_SERVERS];
static u32 server_count;
static char domain[DNS_NAME];

static enum dns_state state;
static ip4 result;
static char alone[DNS_NAME];   /* the name without the domain */
static bool try_alone;         /* that is still to be tried */
static u8 question[WIRE_NAME]; /* the name as labels */
static u32 question_len;
static u8 name[2][WIRE_NAME]; /* scratch: the name that is looked for, and that of a record */
static u16 id, port;
static u32 tries;
static bool sent;
static msec deadline; /* of this try */

static void dns_finish(enum dns_state how)
{
    state = how;
    udp_bind(port, NULL);
}

void dns_init(void)
{
    static const ip4 none[DNS_SERVERS];
    state = DNS_ERROR;
    port = 0;
    dns_configure(none, "");
}

void dns_configure(const ip4 servers[DNS_SERVERS], const char *suffix)
{
    if (state == DNS_ASKING)
        dns_finish(DNS_ERROR);
    server_count = 0;
    for (u32 i = 0; i < DNS_SERVERS; i++)
        if (servers[i])
            server[server_count++] = servers[i];
    str_put(domain, sizeof(domain), suffix, strlen(suffix));
}

/* Append a name's labels to the question. False when it is no name, or too long. */
static bool put_labels(const char *s)
{
    while (*s) {
        u32 len = 0;
        while (s[len] && s[len] != '.')
            len++;
        if (!len || len > LABEL || question_len + 1 + len + 1 > WIRE_NAME)
            return false;
        question[question_len++] = (u8)len;
        memcpy(question + question_len, s, len);
        question_len += len;
        s += len;
        if (*s)
            s++;
    }
    return question_len > 0;
}

static void dns_input(const u8 *msg, u32 len, ip4 from, u16 from_port, msec now);

static void dns_ask(const char *host, const char *suffix, msec now)
{
    question_len = 0;
    bool ok = put_labels(host) && (!*suffix || put_labels(suffix));
    question[question_len++] = 0;
    tries = 0;
    sent = false;
    id = (u16)random_u32();
    udp_bind(port, NULL);
    port = (u16)(0x8000 | random_u32());
    deadline = now + FIRST_WAIT;
    state = DNS_ASKING;
    if (!ok || !server_count || !udp_bind(port, dns_input))
        dns_finish(DNS_ERROR);
}

static bool has_dot(const char *s)
{
    while (*s && *s != '.')
        s++;
    return *s == '.';
}

void dns_start(const char *host, msec now)
{
    size_t len = strlen(host);
    try_alone = false;
    if (ip4_parse(host, len, &result)) {
        dns_finish(DNS_DONE);
    } else if (!domain[0] || has_dot(host)) {
        dns_ask(host, "", now);
    } else {
        try_alone = str_put(alone, sizeof(alone), host, len);
        dns_ask(host, domain, now);
    }
}

enum dns_state dns_result(ip4 *addr)
{
    if (state == DNS_DONE)
        *addr = result;
    return state;
}

static bool dns_send(msec now)
{
    struct pkt *p = net_alloc();
    if (!p)
        return false;
    u8 *msg = p->data;
    memset(msg, 0, DNS_HEADER);
    put_be16(msg + DNS_ID, id);
    put_be16(msg + DNS_FLAGS, FLAG_RECURSION);
    put_be16(msg + DNS_QUESTIONS, 1);
    memcpy(msg + DNS_HEADER, question, question_len);
    put_be32(msg + DNS_HEADER + question_len, TYPE_A << 16 | CLASS_IN);
    p->len = (u16)(DNS_HEADER + question_len + QUESTION_TAIL);
    return udp_send(p, port, server[tries % server_count], DNS_PORT, now);
}

/* On to the next server. */
static void next_try(msec now)
{
    tries++;
    sent = false;
    deadline = now + ((u32)FIRST_WAIT << (tries / server_count));
    if (tries == ROUNDS * server_count)
        dns_finish(DNS_ERROR);
}

void dns_poll(msec now)
{
    if (state == DNS_ASKING && time_reached(now, deadline))
        next_try(now);
    if (state == DNS_ASKING && !sent)
        sent = dns_send(now);
}

u32 dns_timeout(msec now)
{
    if (state != DNS_ASKING)
        return TIMEOUT_NEVER;
    u32 ms = time_left(now, deadline);
    return sent ? ms : min_u32(ms, RETRY);
}

/* Read the name at `at` into out, in lower case. Returns where the message goes on behind it; 0
 * when it is malformed. Pointers only ever lead back, so that they end. */
static u32 read_name(const u8 *msg, u32 len, u32 at, u8 out[WIRE_NAME])
{
    u32 used = 0, after = 0, least = at;
    while (at < len) {
        u32 n = msg[at];
        if (n >= POINTER) {
            if (at + 2 > len)
                return 0;
            if (!after)
                after = at + 2;
            at = get_be16(msg + at) & 0x3fff;
            if (at >= least)
                return 0;
            least = at;
            continue;
        }
        if (n > LABEL || n >= len - at || used + 1 + n > WIRE_NAME)
            return 0;
        out[used++] = (u8)n;
        at++;
        if (!n)
            return after ? after : at;
        while (n--) {
            u8 c = msg[at++];
            out[used++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
        }
    }
    return 0;
}

/* Two names as labels, the first of them in lower case and well formed. */
static bool same_name(const u8 *a, const u8 *b)
{
    u32 i = 0;
    for (u32 n; (n = a[i]) != 0; i += n + 1)
        if (memcmp(a + i, b + i, n + 1))
            return false;
    return !b[i];
}

enum outcome { MALFORMED, NO_ADDRESS, ALIAS, FOUND };

/* Look through all answers for one about name[0]. An alias replaces name[0]. */
static enum outcome dns_scan(const u8 *msg, u32 len, u32 at)
{
    u32 count = get_be16(msg + DNS_ANSWERS);
    while (count--) {
        at = read_name(msg, len, at, name[1]);
        if (!at || len - at < RECORD_TAIL)
            return MALFORMED;
        u32 type = get_be32(msg + at); /* and class */
        u32 data_len = get_be16(msg + at + RECORD_TAIL - 2);
        at += RECORD_TAIL;
        if (data_len > len - at)
            return MALFORMED;
        if (same_name(name[1], name[0])) {
            if (type == (TYPE_A << 16 | CLASS_IN) && data_len == 4) {
                result = get_be32(msg + at);
                if (ip4_is_host(result))
                    return FOUND;
            } else if (type == (TYPE_CNAME << 16 | CLASS_IN)) {
                return read_name(msg, len, at, name[0]) ? ALIAS : MALFORMED;
            }
        }
        at += data_len;
    }
    return NO_ADDRESS;
}

/* The id is right: is this an answer to our question, and what does it say? */
static enum outcome understand(const u8 *msg, u32 len)
{
    u32 flags = get_be16(msg + DNS_FLAGS);
    if ((flags & (FLAG_RESPONSE | FLAG_OPCODE)) != FLAG_RESPONSE ||
        get_be16(msg + DNS_QUESTIONS) != 1)
        return MALFORMED;
    u32 at = read_name(msg, len, DNS_HEADER, name[0]);
    if (!at || len - at < QUESTION_TAIL || get_be32(msg + at) != (TYPE_A << 16 | CLASS_IN) ||
        !read_name(question, question_len, 0, name[1]) || !same_name(name[0], name[1]))
        return MALFORMED;
    at += QUESTION_TAIL;
    for (u32 i = 0; i <= CHAIN; i++) {
        enum outcome outcome = dns_scan(msg, len, at);
        if (outcome != ALIAS)
            return outcome;
    }
    return NO_ADDRESS;
}

static bool is_server(ip4 addr)
{
    for (u32 i = 0; i < server_count; i++)
        if (server[i] == addr)
            return true;
    return false;
}

static void dns_input(const u8 *msg, u32 len, ip4 from, u16 from_port, msec now)
{
    enum outcome outcome = MALFORMED;
    if (from_port == DNS_PORT && is_server(from) && len >= DNS_HEADER &&
        get_be16(msg + DNS_ID) == id)
        outcome = understand(msg, len);
    u32 rcode = len >= DNS_HEADER ? get_be16(msg + DNS_FLAGS) & FLAG_RCODE : 0;
    if (outcome == MALFORMED) {
        net_stats.dns_bad++;
    } else if (outcome == FOUND) {
        dns_finish(DNS_DONE);
    } else if (rcode && rcode != RCODE_NXDOMAIN) {
        next_try(now); /* this server can't tell */
    } else if (try_alone) {
        try_alone = false;
        dns_ask(alone, "", now);
    } else {
        dns_finish(DNS_ERROR);
    }
}
