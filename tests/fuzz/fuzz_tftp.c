/* TFTP: servers that send anything, and others that send in their place. A piece is taken only from
 * the server, from one port of it, in order and once; nothing is taken beyond what may be; and it
 * ends in time, once. */
#include "base/bytes.h"
#include "input.h"
#include "net/address.h"
#include "net/ipv4.h"
#include "net/tftp.h"
#include "stack.h"
#include <string.h>

#define STEPS   48
#define GIVE_UP 20000
#define TID     4000 /* the server's port, unless the input wants another */
#define DATA    3
#define ERROR   5
#define OACK    6

static u32 most, taken;
static u32 refuse_after; /* pieces, or 0 */
static u32 pieces;
static bool may_take; /* what is delivered now can be the next piece */
static const u8 *next;
static u32 next_len;
static u16 sender, peer; /* of this piece, of those before */
static u32 reads;        /* requests until then */

static enum error take(const u8 *data, u32 len)
{
    CHECK(may_take && !tftp_ended());
    CHECK(reads != heard.tftp_reads || sender == peer);
    reads = heard.tftp_reads;
    peer = sender;
    CHECK(len && len == next_len && !memcmp(data, next, len));
    taken += len;
    CHECK(taken <= most);
    may_take = false;
    return ++pieces == refuse_after ? ERR_FILE_NO_SETTINGS : OK;
}

static void start(void)
{
    static const u32 sizes[] = {65536, 2000, 1};
    const struct tftp_file file = {
        .server = WIRE_PEER,
        .port = TFTP_PORT,
        .name = "lunboot.conf",
        .most = most = sizes[in_below(ARRAY_SIZE(sizes))],
        .take = take,
    };
    taken = pieces = 0;
    refuse_after = in_u8() & 7;
    tftp_start(&file, GIVE_UP, host_now);
    CHECK(!tftp_ended());
    stack_run(0);
}

static void deliver(const u8 *message, u32 len, u8 odd)
{
    u8 frame[2048];
    ip4 from = odd & 1 ? in_u32() : WIRE_PEER;
    u16 from_port = odd & 2 ? (u16)(TID + in_u8()) : TID, to_port = heard.tftp_port;
    bool ended = tftp_ended();
    enum error was = tftp_error();
    may_take = from == WIRE_PEER && !ended && len > 4 && get_be16(message) == DATA &&
               get_be16(message + 2) == (u16)(heard.tftp_block + 1);
    sender = from_port;
    next = message + 4;
    next_len = len - 4;
    wire_deliver(frame, wire_udp(frame, from, from_port, WIRE_US, to_port, message, len));
    may_take = false;
    CHECK(!ended || (tftp_ended() && tftp_error() == was));
}

/* The next block, a full one or the last, or whatever else the input makes of it. */
static void block(void)
{
    static u8 message[1600];
    u8 odd = in_u8();
    u32 len = odd & 4 ? in_below(1501) : odd & 8 ? 100 : 512;
    put_be16(message, DATA);
    put_be16(message + 2, (u16)(heard.tftp_block + 1));
    if (odd & 16)
        put_be16(message + 2, in_u16());
    for (u32 i = 0; i < len; i++)
        message[4 + i] = (u8)(i + taken);
    deliver(message, 4 + len, odd);
}

static void grant(void)
{
    static const char *const options[] = {"blksize\0001000", "blksize\0001428\0tsize\000400",
                                          "tsize\00065536", "blksize\0008"};
    static const u8 lengths[] = {12, 22, 11, 9};
    u8 message[512], odd = in_u8();
    u32 i = in_below(ARRAY_SIZE(options)), len = 2;
    put_be16(message, OACK);
    if (odd & 4) {
        len += in_bytes(message + 2, 255);
    } else {
        memcpy(message + 2, options[i], lengths[i]);
        message[2 + lengths[i]] = 0;
        len += lengths[i] + 1u;
    }
    deliver(message, len, odd);
}

static void fail(void)
{
    u8 message[512], odd = in_u8();
    put_be16(message, ERROR);
    put_be16(message + 2, in_u8() & 15);
    u32 len = 4 + in_bytes(message + 4, 255);
    deliver(message, len, odd);
    for (const char *s = tftp_said(); *s; s++)
        CHECK(*s >= ' ' && *s <= '~');
    CHECK(strlen(tftp_said()) < TFTP_SAID);
}

static void anything(void)
{
    u8 message[512];
    u32 len = in_bytes(message, 255);
    deliver(message, len, in_u8());
}

static void unreachable(void)
{
    u8 frame[256] = {0}, icmp[8 + IP_HEADER + 8] = {3, in_u8() & 3}, *ip = icmp + 8;
    ip[0] = 0x45;
    ip[IP_PROTOCOL] = 17;
    put_be32(ip + IP_SOURCE, WIRE_US);
    put_be32(ip + IP_DESTINATION, WIRE_PEER);
    put_be16(ip + IP_HEADER, heard.tftp_port);
    put_be16(ip + IP_HEADER + 2, TFTP_PORT ^ in_u8());
    u32 len = wire_ip(frame, 1, WIRE_PEER, WIRE_US, icmp, sizeof(icmp));
    stack_fit(frame, len, FIT_SUMS);
    wire_deliver(frame, len);
}

static void pass_time(void)
{
    stack_run(in_u8() * 20u);
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {block,    block,       block,     grant, fail,
                                          anything, unreachable, pass_time, start};
    reads = 0;
    stack_reset(CONFIGURED);
    start();
    for (u32 i = 0; i < STEPS && in_left(); i++) {
        steps[in_below(ARRAY_SIZE(steps))]();
        u32 before = heard.frames;
        stack_listen();
        CHECK(heard.frames - before < 64);
    }
    stack_run(GIVE_UP + 1000);
    CHECK(tftp_ended());
    if (tftp_error() == OK)
        CHECK(taken <= most);
    stack_end();
}
