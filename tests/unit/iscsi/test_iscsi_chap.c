/* The CHAP exchange against a target that does each step by the book, or otherwise:
 * tests/conformance/unh-iol-chap.md says which item of the UNH-IOL's list each test is for. */
#include "base/bytes.h"
#include "iscsi/chap.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET  "a secret of joe"
#define REVERSE "the target's own"

/* The target's side: what it says in each step of the security stage, one pair a line; NULL: as it
 * should be. */
static struct {
    const char *method, *challenge, *proof;
    const char *id; /* CHAP_I, its challenge's */
} say;
static u32 step;
static char our_challenge[64], our_response[64], our_name[300];

static void keep(char *to, size_t size, const char *key)
{
    if (peer_key(key))
        snprintf(to, size, "%s", peer_key(key));
}

static bool target(const struct peer_pdu *p)
{
    char text[5000], hex[2 * MD5_SIZE + 3];
    u8 digest[HASH_MAX], bytes[32];
    u32 len;
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || p->bhs[BHS_FLAGS] >> 2 & 3)
        return false; /* the operational stage is the peer's */
    memcpy(peer.keys, p->data, p->len);
    memset(peer.keys + p->len, 0, 2);
    keep(our_challenge, sizeof(our_challenge), "CHAP_C");
    keep(our_response, sizeof(our_response), "CHAP_R");
    keep(our_name, sizeof(our_name), "CHAP_N");
    u8 flags = 0;
    switch (step++) {
    case 0:
        strcpy(text, say.method ? say.method : "AuthMethod=CHAP\n");
        break;
    case 1:
        snprintf(text, sizeof(text), "CHAP_A=5\nCHAP_I=%s\nCHAP_C=0x0102030405060708\n", say.id);
        if (say.challenge)
            strcpy(text, say.challenge);
        break;
    case 2:
        flags = 0x81;
        text[0] = 0;
        if (say.proof) {
            strcpy(text, say.proof);
        } else if (peer_key("CHAP_C")) {
            assert_true(chap_decode(our_challenge, bytes, sizeof(bytes), &len));
            chap_response(CHAP_MD5, (u8)atoi(peer_key("CHAP_I")), peer.reverse_secret, bytes, len,
                          digest);
            chap_encode(hex, digest, MD5_SIZE);
            snprintf(text, sizeof(text), "CHAP_N=%s\nCHAP_R=%s\n", peer.reverse_user, hex);
        }
        break;
    default:
        return true; /* it has no more to say */
    }
    len = (u32)strlen(text);
    for (u32 i = 0; i < len; i++)
        if (text[i] == '\n')
            text[i] = 0;
    peer_login_answer(p, flags, 0, 0, text, len);
    return true;
}

static void begin(bool mutual)
{
    peer_reset();
    memset(&say, 0, sizeof(say));
    say.id = "1";
    step = 0;
    our_challenge[0] = our_response[0] = our_name[0] = 0;
    peer.hook = target;
    strcpy(peer_config.user, "joe");
    strcpy(peer_config.secret, SECRET);
    if (mutual) {
        strcpy(peer_config.reverse_user, "target");
        strcpy(peer_config.reverse_secret, REVERSE);
    }
}

static void setup(void)
{
    begin(true);
}

FIXTURE(setup);

static void expect(enum error e)
{
    assert_int_equal(peer_attach(), e ? ISCSI_FAILED : ISCSI_READY);
    assert_int_equal(iscsi_error(), e);
}

/* CHAP_A */

TEST(algorithms_other_than_md5)
{
    static const char *const algorithms[] = {"7",          "0",   "6",      "256",
                                             "4294967301", "md5", "-5",     "",
                                             "5,7",        "5 ",  "Reject", "NotUnderstood"};
    for (u32 i = 0; i < ARRAY_SIZE(algorithms); i++) {
        char text[100];
        begin(false);
        snprintf(text, sizeof(text), "CHAP_A=%s\nCHAP_I=1\nCHAP_C=0x0102\n", algorithms[i]);
        say.challenge = text;
        expect(ERR_LOGIN_NO_METHOD);
        assert_string_equal(our_response, "");
    }
}

/* Keys before their time, or without what has to come with them. */

TEST(keys_out_of_order)
{
    static const char *const methods[] = {
        "CHAP_A=5\nCHAP_I=1\nCHAP_C=0x0102\n",
        "CHAP_A=5\n",
        "CHAP_I=1\n",
        "CHAP_C=0x0102\n",
        "CHAP_N=target\n",
        "CHAP_R=0x00112233445566778899aabbccddeeff\n",
        "CHAP_N=target\nCHAP_R=0x00112233445566778899aabbccddeeff\n"};
    for (u32 i = 0; i < ARRAY_SIZE(methods); i++) {
        begin(i & 1);
        say.method = methods[i];
        /* The challenge that follows is none to whom no method was agreed on with. */
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        assert_string_equal(our_response, "");
    }
    static const char *const challenges[] = {"CHAP_I=1\nCHAP_C=0x0102\n",
                                             "CHAP_A=5\nCHAP_I=1\n",
                                             "CHAP_A=5\nCHAP_C=0x0102\n",
                                             "CHAP_A=5\n",
                                             "CHAP_N=target\n",
                                             "CHAP_N=target\nCHAP_R=0x0102\n",
                                             ""};
    for (u32 i = 0; i < ARRAY_SIZE(challenges); i++) {
        begin(i & 1);
        say.challenge = challenges[i];
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        assert_string_equal(our_response, "");
    }
    /* A proof that was given with the challenge counts for nothing. */
    begin(true);
    say.challenge = "CHAP_A=5\nCHAP_I=1\nCHAP_C=0x0102\nCHAP_N=target\n"
                    "CHAP_R=0x00112233445566778899aabbccddeeff\n";
    say.proof = "";
    expect(ERR_LOGIN_TARGET_AUTH);
    static const char *const proofs[] = {
        "CHAP_N=target\n", "CHAP_R=0x00112233445566778899aabbccddeeff\n", "AuthMethod=None\n"};
    for (u32 i = 0; i < ARRAY_SIZE(proofs); i++) {
        begin(true);
        say.proof = proofs[i];
        expect(ERR_LOGIN_TARGET_AUTH);
    }
}

/* CHAP_I */

TEST(identifiers_of_any_value)
{
    static const char *const ids[] = {"0", "1", "1", "0xff", "255", "0X7F"};
    for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
        u8 digest[HASH_MAX];
        char hex[2 * MD5_SIZE + 3];
        begin(i & 1);
        say.id = ids[i];
        expect(OK);
        chap_response(CHAP_MD5, (u8)strtoul(ids[i], NULL, 0), SECRET,
                      (const u8 *)"\1\2\3\4\5\6\7\x08", 8, digest);
        chap_encode(hex, digest, MD5_SIZE);
        assert_string_equal(our_response, hex);
    }
}

/* CHAP_C */

TEST(our_challenge_is_never_the_target_s)
{
    host_random_seed(9);
    expect(OK);
    char first[64], text[200];
    strcpy(first, our_challenge);
    assert_int_equal(strlen(first), 2 + 2 * 16);
    /* The same random numbers once more, and a target that knows them. */
    login_wipe();
    begin(true);
    host_random_seed(9);
    snprintf(text, sizeof(text), "CHAP_A=5\nCHAP_I=1\nCHAP_C=%s\n", first);
    say.challenge = text;
    expect(OK);
    assert_int_equal(strlen(our_challenge), 2 + 2 * 16);
    assert_string_not_equal(our_challenge, first);
}

/* CHAP_N */

TEST(names_of_any_length)
{
    static const u32 lengths[] = {1, 2, 64, 254, 255};
    for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
        char name[256] = "";
        begin(true);
        memset(name, 'n', lengths[i]);
        strcpy(peer_config.user, name);
        strcpy(peer_config.reverse_user, name); /* the same one, which is allowed */
        peer.reverse_user = name;
        expect(OK);
        assert_string_equal(our_name, name);
    }
}

TEST(names_that_are_not_the_target_s)
{
    char long_name[1001] = "";
    memset(long_name, 'n', 1000);
    memcpy(long_name, "target", 6);
    const char *const names[] = {"", "t", "targe", "targets", "Target", "joe", long_name};
    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        begin(true);
        peer.reverse_user = names[i];
        expect(ERR_LOGIN_TARGET_AUTH);
    }
}

/* CHAP_R */

TEST(proofs_of_any_size)
{
    static const u32 digits[] = {0, 1, 2, 30, 31, 33, 34, 64, 2048, 4000};
    for (u32 i = 0; i < ARRAY_SIZE(digits); i++)
        for (u32 base64 = 0; base64 < 2; base64++) {
            static char text[4100];
            begin(true);
            int n = sprintf(text, "CHAP_N=target\nCHAP_R=0%c", base64 ? 'b' : 'x');
            memset(text + n, 'A', digits[i]);
            strcpy(text + n + digits[i], "\n");
            say.proof = text;
            expect(ERR_LOGIN_TARGET_AUTH);
        }
}

/* RFC 7143, 9.2.1: an answer that we would have given ourselves proves nothing. */
TEST(one_secret_for_both_directions_is_refused)
{
    strcpy(peer_config.reverse_secret, SECRET);
    peer.reverse_secret = SECRET;
    expect(ERR_LOGIN_TARGET_AUTH);
}
