/* Reading a file by TFTP: a request, then a block and its acknowledgement in turn. Only a new block
 * or a time-out makes us send, never a repeated one: where both sides answer repetitions, every
 * packet goes out twice from then on (RFC 1123, 4.2.3.1). */
#include "net/tftp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/random.h"
#include "base/str.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/udp.h"

#define TFTP_OPCODE    0
#define TFTP_BLOCK     2 /* ACK and DATA; an ERROR has its code there */
#define TFTP_HEADER    4

#define RRQ            1
#define DATA           3
#define ACK            4
#define ERROR          5
#define OACK           6

#define UNDEFINED      0 /* codes of ERROR */
#define ILLEGAL        4
#define UNKNOWN_ID     5
#define OPTION_REFUSED 8

#define BLOCK_PLAIN    512  /* bytes, without the option */
#define BLOCK_LEAST    8    /* RFC 2348 */
#define BLOCK_MOST     1428 /* RFC 2348: on Ethernet, with the longest IP header */
#define FIRST_GAP      1000 /* ms to the first retransmission; each gap is twice the last */
#define GAP_DOUBLINGS  3
#define WITH_OPTIONS   3  /* tries that ask for options; some servers drop requests that do */
#define RETRY          50 /* ms until a packet is tried again that could not go out */

static enum {
    OFF,
    READING,
    READ, /* the last acknowledgement is repeated as long as somebody asks for it */
    FAILED,
} state;

static struct tftp_file file;
static enum error result;
static char said[TFTP_SAID];
static bool options; /* are asked for */
static u16 port;     /* ours: RFC 1350's transfer identifier */
static u16 peer;     /* the server's; 0: it has not answered yet */
static u16 block;    /* the latest that we have */
static u32 asked_size, block_size;
static u32 total; /* bytes so far */
static u32 tries;
static bool due;      /* a request or an acknowledgement is to go out */
static bool refused;  /* a stranger was, since then */
static msec deadline; /* of this try */
static msec give_up_at;

static void finish(u32 new_state, enum error e)
{
    state = new_state;
    result = e;
    if (state == READ)
        return;
    due = false;
    udp_bind(port, NULL);
}

static u8 *put_text(u8 *to, const char *text)
{
    size_t len = strlen(text) + 1;
    memcpy(to, text, len);
    return to + len;
}

static u8 *put_request(u8 *to)
{
    char size[6];
    to = put_text(put_text(to, file.name), "octet");
    if (!options)
        return to;
    format_text(size, sizeof(size), "%u", asked_size);
    to = put_text(put_text(to, "blksize"), size);
    return put_text(put_text(to, "tsize"), "0");
}

static bool send_request(msec now)
{
    struct pkt *p = net_alloc();
    if (!p)
        return false;
    put_be16(p->data + TFTP_OPCODE, RRQ);
    p->len = (u16)(put_request(p->data + TFTP_BLOCK) - p->data);
    return udp_send(p, port, file.server, file.port, now);
}

/* An ACK of a block, or an ERROR with its code and a text. */
static bool send_short(u16 opcode, u16 number, const char *text, u16 to_port, msec now)
{
    struct pkt *p = net_alloc();
    if (!p)
        return false;
    put_be16(p->data + TFTP_OPCODE, opcode);
    put_be16(p->data + TFTP_BLOCK, number);
    p->len = TFTP_HEADER;
    if (opcode == ERROR)
        p->len = (u16)(put_text(p->data + TFTP_HEADER, text) - p->data);
    return udp_send(p, port, file.server, to_port, now);
}

/* Something new is to be sent. */
static void step(msec now)
{
    tries = 0;
    due = true;
    refused = false;
    deadline = now + FIRST_GAP;
}

static void tftp_input(const u8 *data, u32 len, ip4 from, u16 from_port, msec now);

/* Ask for the file, from its beginning. */
static void ask(bool with_options, msec now)
{
    udp_bind(port, NULL);
    port = (u16)(0x8000 | random_u32());
    udp_bind(port, tftp_input);
    options = with_options;
    asked_size = min_u32(BLOCK_MOST, ip_path_payload(file.server) - UDP_HEADER - TFTP_HEADER);
    block_size = BLOCK_PLAIN;
    peer = block = 0;
    total = 0;
    state = READING;
    step(now);
}

void tftp_start(const struct tftp_file *what, u32 give_up_ms, msec now)
{
    file = *what;
    give_up_at = now + give_up_ms;
    ask(true, now);
    if (ip_reachable(file.server) == ERR_NET_NO_ROUTE)
        finish(FAILED, ERR_NET_NO_ROUTE);
}

void tftp_stop(void)
{
    finish(OFF, OK);
}

bool tftp_ended(void)
{
    return state != READING;
}

enum error tftp_error(void)
{
    return result;
}

const char *tftp_said(void)
{
    return said;
}

static void next_try(msec now)
{
    due = true;
    net_stats.tftp_retransmits++;
    deadline = now + ((u32)FIRST_GAP << min_u32(++tries, GAP_DOUBLINGS));
    if (options && !block && tries == WITH_OPTIONS)
        ask(false, now);
}

static bool send_due(msec now)
{
    return peer ? send_short(ACK, block, "", peer, now) : send_request(now);
}

void tftp_poll(msec now)
{
    if (state == READING && time_reached(now, give_up_at)) {
        enum error e = ip_reachable(file.server);
        finish(FAILED, e ? e : ERR_FILE_NO_SERVER);
    }
    if (state == READING && time_reached(now, deadline))
        next_try(now);
    if (due)
        due = !send_due(now);
}

u32 tftp_timeout(msec now)
{
    if (due)
        return RETRY;
    return state == READING ? min_u32(time_left(now, deadline), time_left(now, give_up_at))
                            : TIMEOUT_NEVER;
}

/* We don't want the rest, and tell the server. */
static void give_up(enum error e, msec now)
{
    send_short(ERROR, UNDEFINED, error_text(e), peer, now);
    finish(FAILED, e);
}

static void take_data(const u8 *data, u32 len, u16 number, msec now)
{
    if (state == READ && number == block)
        due = true; /* our acknowledgement of it was lost */
    if (state != READING || number != (u16)(block + 1) || len > block_size) {
        net_stats.tftp_bad++;
        return;
    }
    total += len;
    enum error e = total > file.most ? ERR_FILE_TOO_LARGE : len ? file.take(data, len) : OK;
    if (e) {
        give_up(e, now);
        return;
    }
    block++;
    step(now);
    if (len < block_size)
        finish(READ, OK);
}

/* Is it this name, in letters of any case? */
static bool same_option(const u8 *text, const char *name)
{
    while (*name && (*text | 0x20) == *name) {
        text++;
        name++;
    }
    return !*name && !*text;
}

/* Where the text at `at` ends, by its terminator; 0: nowhere. */
static u32 text_end(const u8 *p, u32 at, u32 len)
{
    while (at < len && p[at])
        at++;
    return at < len ? at : 0;
}

/* An OACK's options. One that was not asked for changes nothing: some servers always send tsize.
 * False: it can't be agreed to. */
static bool take_options(const u8 *p, u32 len, u32 *size)
{
    for (u32 at = 0; at < len;) {
        u32 value = text_end(p, at, len) + 1;
        u32 end = text_end(p, value, len);
        if (value == 1 || !end)
            return false;
        const char *text = (const char *)p + value;
        u32 text_len = end - value;
        if (same_option(p + at, "blksize")) {
            if (!parse_number(text, text_len, 10, asked_size, &block_size) ||
                block_size < BLOCK_LEAST)
                return false;
        } else if (same_option(p + at, "tsize")) {
            parse_number(text, text_len, 10, UINT32_MAX, size);
        }
        at = end + 1;
    }
    return true;
}

/* What the server grants of what was asked for. */
static void take_oack(const u8 *p, u32 len, msec now)
{
    u32 size = 0;
    if (!take_options(p, len, &size)) {
        send_short(ERROR, OPTION_REFUSED, "", peer, now);
        ask(false, now);
    } else if (size > file.most) {
        give_up(ERR_FILE_TOO_LARGE, now);
    } else {
        step(now);
    }
}

static void take_error(const u8 *text, u32 len, u16 code, msec now)
{
    if (options && !block && (code == ILLEGAL || code == OPTION_REFUSED)) {
        ask(false, now);
        return;
    }
    size_t used = format_text(said, TFTP_SAID, "TFTP error %u ", code);
    for (u32 i = 0; i < len && text[i] && used + 1 < TFTP_SAID; i++)
        said[used++] = (char)text[i];
    said[used] = 0;
    text_clean(said);
    finish(FAILED, ERR_FILE_REFUSED);
}

/* The server answers from a port of its choice, and from that alone. Who sends from another gets
 * told (RFC 1350, 4), once for each packet of ours. */
static bool is_peer(u16 opcode, u16 from_port, msec now)
{
    if (!peer || from_port == peer)
        return true;
    if (opcode != ERROR && !refused)
        refused = send_short(ERROR, UNKNOWN_ID, "", from_port, now);
    return false;
}

static void tftp_input(const u8 *data, u32 len, ip4 from, u16 from_port, msec now)
{
    bool ok = from == file.server && len >= TFTP_HEADER;
    u16 opcode = ok ? get_be16(data + TFTP_OPCODE) : 0;
    ok = ok && is_peer(opcode, from_port, now);
    u16 number = ok ? get_be16(data + TFTP_BLOCK) : 0;
    if (ok && opcode == ERROR && state == READING) {
        take_error(data + TFTP_HEADER, len - TFTP_HEADER, number, now);
    } else if (ok && opcode == OACK && options && !peer) {
        peer = from_port;
        take_oack(data + TFTP_BLOCK, len - TFTP_BLOCK, now);
    } else if (ok && opcode == DATA && (peer || number == 1)) {
        peer = from_port;
        take_data(data + TFTP_HEADER, len - TFTP_HEADER, number, now);
    } else {
        net_stats.tftp_bad++;
    }
}

void tftp_icmp_error(const struct icmp_error *error)
{
    if (state == READING && !peer && error->to == file.server &&
        error->code == ICMP_PORT_UNREACHABLE && error->ports == ((u32)port << 16 | file.port))
        finish(FAILED, ERR_FILE_NO_SERVER);
}
