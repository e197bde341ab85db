/* Texts of the login that a hostile target could send: of any length, without an end, in pieces
 * where none belong. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define FLAGS_OPERATIONAL 0x04
#define FLAGS_DONE        0x87

FIXTURE(peer_reset);

static void expect(enum error e)
{
    assert_int_equal(peer_attach(), e ? ISCSI_FAILED : ISCSI_READY);
    assert_int_equal(iscsi_error(), e);
}

static char text[8192];
static u32 text_len;
static u8 text_flags;

static bool say_text(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_LOGIN_REQ)
        peer_login_answer(p, text_flags, 0, 0, text, text_len);
    return peer_opcode(p) == OPCODE_LOGIN_REQ;
}

static void with_text(u8 flags, u32 len)
{
    peer_reset();
    text_flags = flags;
    text_len = len;
    peer.hook = say_text;
}

TEST(texts_without_a_terminator)
{
    static const u8 flags[] = {FLAGS_OPERATIONAL, FLAGS_DONE};
    static const u32 lengths[] = {1, 2, 15, 16, 100, 8191, 8192};
    for (u32 f = 0; f < 2; f++)
        for (u32 i = 0; i < ARRAY_SIZE(lengths); i++)
            for (u32 pair = 0; pair < 2; pair++) {
                memset(text, 'v', sizeof(text));
                if (pair)
                    memcpy(text, "InitialR2T=", min_u32(11, lengths[i]));
                with_text(flags[f], lengths[i]);
                expect(ERR_ISCSI_PROTOCOL);
            }
    /* The terminators of the longest pairs there can be, and of one that is longer. */
    memset(text, 'v', sizeof(text));
    memcpy(text, "X-a=", 4);
    memcpy(text + 4096, "X-b=", 4);
    text[4095] = text[8191] = 0;
    with_text(FLAGS_DONE, 8192);
    expect(OK);
    memcpy(text + 4095, "vX-b=", 5);
    text[4096] = 0;
    with_text(FLAGS_DONE, 8192);
    expect(ERR_ISCSI_PROTOCOL);
}

TEST(keys_and_values_of_any_length)
{
    for (u32 len = 1; len < 8000; len += 1 + len / 5) {
        memset(text, 'k', sizeof(text));
        strcpy(text + len, "=v");
        with_text(FLAGS_DONE, len + 3);
        expect(len <= 63 ? OK : ERR_ISCSI_PROTOCOL);
        memset(text, '0', sizeof(text));
        memcpy(text, "MaxBurstLength=", 15);
        strcpy(text + 15 + len, "262144");
        with_text(FLAGS_DONE, 15 + len + 7);
        /* Zeros in front of a number don't make it another one. */
        expect(15 + len + 7 <= 4096 ? OK : ERR_ISCSI_PROTOCOL);
        memset(text + 15, '9', len);
        with_text(FLAGS_DONE, 15 + len + 7);
        expect(ERR_ISCSI_PROTOCOL);
    }
}

/* A PDU with more than the 8,192 bytes that hold until the login is over, its header only or all of
 * it. */
static u32 claimed, sent;

static bool say_much(const struct peer_pdu *p)
{
    static u8 zeros[8192];
    u8 bhs[BHS_SIZE];
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    peer_header(bhs, OPCODE_LOGIN_RSP, FLAGS_DONE, get_be32(p->bhs + BHS_ITT), true);
    memcpy(bhs + LOGIN_ISID, peer_config.isid, 6);
    put_be16(bhs + LOGIN_TSIH, 7);
    put_be24(bhs + BHS_DATA_LENGTH, claimed);
    peer_send_raw(bhs, BHS_SIZE);
    for (u32 at = 0; at < sent; at += sizeof(zeros))
        peer_send_raw(zeros, min_u32(sizeof(zeros), sent - at));
    return true;
}

TEST(answers_larger_than_a_login_s)
{
    static const u32 sizes[] = {8193, 8196, 65535, 65536, 262144, 0xffffff};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        for (u32 all = 0; all < 2; all++) {
            peer_reset();
            claimed = sizes[i];
            sent = all ? min_u32(sizes[i], 1 << 20) : 0;
            peer.hook = say_much;
            expect(ERR_ISCSI_PROTOCOL);
        }
    peer_reset();
    claimed = sent = 8192; /* empty pairs, all of them */
    expect(OK);
}

/* C bits. The target's first answer makes us say so much that it takes three requests. */

#define UNKNOWN_KEYS 60

static u32 pieces;
static char said[4096];
static u32 said_len;
static u8 reply_flags;
static const char *reply;

static bool in_pieces(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    if (p->bhs[BHS_FLAGS] >> 2 & 3) {
        peer_login_answer(p, FLAGS_DONE, 0, 0, NULL, 0);
        return true;
    }
    if (peer_key("InitiatorName")) { /* the first one was seen */
        assert_true(p->len <= 512);
        memcpy(said + said_len, p->data, p->len);
        said_len += p->len;
        bool more = p->bhs[BHS_FLAGS] & LOGIN_CONTINUE;
        pieces += more;
        if (more)
            peer_login_answer(p, reply_flags, 0, 0, reply, reply ? (u32)strlen(reply) + 1 : 0);
        else
            peer_login_answer(p, 0x81, 0, 0, NULL, 0);
        return true;
    }
    memcpy(peer.keys, p->data, p->len);
    u32 n = (u32)sprintf(text, "MaxRecvDataSegmentLength=512") + 1;
    n += (u32)sprintf(text + n, "AuthMethod=None") + 1;
    for (u32 i = 0; i < UNKNOWN_KEYS; i++)
        n += (u32)sprintf(text + n, "X-%02u=?", i) + 1;
    peer_login_answer(p, 0, 0, 0, text, n);
    return true;
}

static void begin_pieces(u8 flags, const char *with)
{
    peer_reset();
    strcpy(peer_config.user, "joe");
    pieces = said_len = 0;
    reply_flags = flags;
    reply = with;
    peer.hook = in_pieces;
}

TEST(our_own_text_goes_in_pieces)
{
    begin_pieces(0, NULL);
    expect(OK);
    assert_true(pieces >= 2);
    u32 at = 0;
    for (u32 i = 0; i < UNKNOWN_KEYS; i++) {
        char want[40];
        sprintf(want, "X-%02u=NotUnderstood", i);
        assert_string_equal(said + at, want);
        at += (u32)strlen(want) + 1;
    }
    assert_int_equal(at, said_len);
}

/* RFC 7143, 6.2: while one side has more to say, the other only nods. */
TEST(c_bits_inside_of_c_bits)
{
    static const struct {
        u8 flags;
        const char *text;
    } bad[] = {{LOGIN_CONTINUE, NULL}, {LOGIN_CONTINUE, "X-a=b"},
               {0, "X-a=b"},           {0x81, NULL},
               {0xc1, NULL},           {0x87, NULL}};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        begin_pieces(bad[i].flags, bad[i].text);
        expect(ERR_ISCSI_PROTOCOL);
        assert_int_equal(pieces, 1);
    }
}

/* A C bit in every answer, with nothing in it, or with a little more each time. */
TEST(c_bits_without_an_end)
{
    for (u32 len = 0; len < 300; len += 100) {
        memset(text, 'v', sizeof(text));
        with_text(FLAGS_OPERATIONAL | LOGIN_CONTINUE, len);
        expect(ERR_ISCSI_PROTOCOL);
        assert_true(peer.pdus <= 8192 / max_u32(len, 32) + 2);
    }
}
