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
    const char *id;                /* CHAP_I, its challenge's */
    const char *knows;             /* the digits of its algorithms */
    bool seven_is_sha1;            /* as in tgt */
    bool takes_no_list;            /* as LIO before Linux 3.15 */
    bool base64;                   /* its proof */
    bool has_no_words;             /* 0200h where it knows none, as tgt has it */
    bool rejects_by_text;          /* CHAP_A=Reject where it knows none, and not a status */
    bool refuses_method;           /* by a status */
    enum chap_algorithm proves_by; /* another than was agreed on; 0: that one */
    int proof_bytes;               /* its proof is a byte longer, or shorter */
} say;
static u32 step;
static char our_list[20], our_challenge[64], our_response[80], our_name[300];
static char lists[100]; /* the algorithms of all logins, each with a space behind it */
static enum chap_algorithm chosen;
static const char *our_secret; /* as the target knows it */

static const u8 their_challenge[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void keep(char *to, size_t size, const char *key)
{
    if (peer_key(key))
        snprintf(to, size, "%s", peer_key(key));
}

/* The first of our list that the target knows; false: none. */
static bool choose(void)
{
    const char *at = our_list;
    snprintf(lists + strlen(lists), sizeof(lists) - strlen(lists), "%s ", our_list);
    if (say.takes_no_list && our_list[1])
        return false;
    at += strcspn(at, say.knows);
    chosen = (enum chap_algorithm)(*at - '0');
    return *at;
}

static void encode_base64(char *text, const u8 *bytes, u32 len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text += sprintf(text, "0b");
    for (u32 i = 0; i < len; i += 3) {
        u32 v = (u32)bytes[i] << 16 | (i + 1 < len ? bytes[i + 1] << 8 : 0) |
                (i + 2 < len ? bytes[i + 2] : 0);
        for (u32 k = 0; k < 4; k++)
            *text++ = i + k > len ? '=' : digits[v >> (18 - 6 * k) & 63];
    }
    *text = 0;
}

static void their_hash(const char *secret, u8 id, const u8 *challenge, u32 len, bool base64,
                       char *text)
{
    u8 digest[HASH_MAX];
    enum chap_algorithm a = chosen == CHAP_SHA256 && say.seven_is_sha1 ? CHAP_SHA1 : chosen;
    u32 size = chap_response(a, id, secret, challenge, len, digest);
    (base64 ? encode_base64 : chap_encode)(text, digest, size);
}

/* SendTargets: the target has no other portals. */
static bool answer_text(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_TEXT_RSP, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
    put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
    peer_send(bhs, NULL, 0);
    return true;
}

static bool target(const struct peer_pdu *p)
{
    char text[5000] = "", hex[2 * HASH_MAX + 5];
    u8 bytes[32];
    u32 len;
    if (peer_opcode(p) == OPCODE_TEXT_REQ)
        return answer_text(p);
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || p->bhs[BHS_FLAGS] >> 2 & 3)
        return false; /* the operational stage is the peer's */
    memcpy(peer.keys, p->data, p->len);
    memset(peer.keys + p->len, 0, 2);
    if (peer_key("InitiatorName"))
        step = 0;
    keep(our_list, sizeof(our_list), "CHAP_A");
    keep(our_challenge, sizeof(our_challenge), "CHAP_C");
    keep(our_response, sizeof(our_response), "CHAP_R");
    keep(our_name, sizeof(our_name), "CHAP_N");
    u8 flags = 0, class = 0, detail = 1;
    switch (step++) {
    case 0:
        strcpy(text, say.method ? say.method : "AuthMethod=CHAP\n");
        class = say.refuses_method ? 2 : 0;
        break;
    case 1:
        if (choose())
            snprintf(text, sizeof(text), "CHAP_A=%u\nCHAP_I=%s\nCHAP_C=0x0102030405060708\n",
                     chosen, say.id);
        else if (say.rejects_by_text)
            strcpy(text, "CHAP_A=Reject\n");
        else
            class = 2, detail = !say.has_no_words;
        if (say.challenge)
            strcpy(text, say.challenge);
        break;
    case 2:
        flags = 0x81;
        their_hash(our_secret, (u8)strtoul(say.id, NULL, 0), their_challenge,
                   sizeof(their_challenge), false, hex);
        if (say.proof) {
            strcpy(text, say.proof);
        } else if (!say.challenge && strcmp(hex, our_response)) {
            class = 2;
            detail = strlen(hex) == strlen(our_response); /* as tgt has it */
        } else if (peer_key("CHAP_C")) {
            assert_true(chap_decode(our_challenge, bytes, sizeof(bytes), &len));
            chosen = say.proves_by ? say.proves_by : chosen;
            their_hash(peer.reverse_secret, (u8)atoi(peer_key("CHAP_I")), bytes, len, say.base64,
                       hex);
            if (say.proof_bytes > 0)
                strcat(hex, "00");
            else if (say.proof_bytes)
                hex[strlen(hex) - 2] = 0;
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
    peer_login_answer(p, class ? 0 : flags, class, class ? detail : 0, text, len);
    return true;
}

static void begin(bool mutual)
{
    peer_reset();
    memset(&say, 0, sizeof(say));
    say.id = "1";
    say.knows = "5";
    our_secret = SECRET;
    step = 0;
    our_list[0] = our_challenge[0] = our_response[0] = our_name[0] = lists[0] = 0;
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

/* Whatever the target knows is used, the strongest first, both ways. */
TEST(each_algorithm)
{
    static const struct {
        const char *knows;
        enum chap_algorithm chosen;
    } targets[] = {
        {"5", CHAP_MD5},         {"6", CHAP_SHA1},     {"7", CHAP_SHA256},     {"8", CHAP_SHA3_256},
        {"5678", CHAP_SHA3_256}, {"567", CHAP_SHA256}, {"678", CHAP_SHA3_256}, {"56", CHAP_SHA1},
    };
    for (u32 i = 0; i < ARRAY_SIZE(targets); i++)
        for (u32 mutual = 0; mutual < 3; mutual++) {
            begin(mutual);
            say.knows = targets[i].knows;
            say.base64 = mutual == 2;
            expect(OK);
            assert_int_equal(chosen, targets[i].chosen);
            assert_string_equal(lists, "8,7,6,5 ");
            assert_int_equal(iscsi_used()->mutual_chap, mutual > 0);
        }
}

TEST(algorithms_that_were_not_offered)
{
    static const char *const algorithms[] = {"4",          "0",   "9",      "256",
                                             "4294967301", "md5", "-5",     "",
                                             "5,7",        "5 ",  "Reject", "NotUnderstood"};
    for (u32 i = 0; i < ARRAY_SIZE(algorithms); i++) {
        char text[100];
        begin(false);
        snprintf(text, sizeof(text), "CHAP_A=%s\nCHAP_I=1\nCHAP_C=0x0102\n", algorithms[i]);
        say.challenge = text;
        expect(ERR_LOGIN_ALGORITHM);
        assert_string_equal(our_response, "");
        assert_string_equal(lists, "8,7,6,5 5 ");
    }
}

/* One more login, and no more in all that follow: the discovery, the disk, and coming back. */
TEST(a_target_whose_7_is_sha1)
{
    begin(true);
    say.knows = "57";
    say.seven_is_sha1 = true;
    peer_config.discover = true;
    expect(OK);
    assert_string_equal(lists, "8,7,6,5 5 5 ");
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(20000, peer_ready));
    assert_string_equal(lists, "8,7,6,5 5 5 5 ");
}

TEST(a_target_that_takes_no_list)
{
    for (u32 text = 0; text < 2; text++) {
        begin(true);
        say.takes_no_list = true;
        say.rejects_by_text = text;
        expect(OK);
        assert_string_equal(lists, "8,7,6,5 5 ");
        assert_int_equal(peer.connects, 2);
    }
}

/* A wrong secret costs one login, and two where the target may have meant another algorithm. */
TEST(a_wrong_secret)
{
    static const char *const knows[][2] = {
        {"5", "8,7,6,5 "}, {"56", "8,7,6,5 "}, {"8", "8,7,6,5 "}, {"57", "8,7,6,5 5 "}};
    for (u32 i = 0; i < ARRAY_SIZE(knows); i++) {
        begin(false);
        say.knows = knows[i][0];
        strcpy(peer_config.secret, "not the secret");
        expect(ERR_LOGIN_AUTH);
        assert_string_equal(lists, knows[i][1]);
    }
}

/* The next attempt does not begin with what has failed last. */
TEST(a_target_in_fips_mode_after_one_that_knows_md5_alone)
{
    begin(false);
    say.takes_no_list = true;
    expect(OK);
    say.takes_no_list = false;
    say.knows = "678";
    lists[0] = 0;
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(20000, peer_ready));
    assert_string_equal(lists, "5 8,7,6,5 ");
    assert_int_equal(chosen, CHAP_SHA3_256);
}

/* Nobody gets us below what was set, whatever he refuses or claims to have chosen. */
TEST(the_weakest_algorithm_that_will_do)
{
    static const char *const offers[] = {"8,7,6,5 ", "8,7,6 ", "8,7 ", "8 "};
    for (u32 i = 0; i < ARRAY_SIZE(offers); i++) {
        begin(false);
        peer_config.chap_weakest = (u8)(CHAP_MD5 + i);
        say.knows = "8";
        expect(OK);
        assert_string_equal(lists, offers[i]);
    }
    for (u32 i = 1; i < ARRAY_SIZE(offers); i++) {
        static const char *const weaker[] = {"CHAP_A=5\n", "CHAP_A=6\n", "CHAP_A=7\n"};
        begin(false);
        peer_config.chap_weakest = (u8)(CHAP_MD5 + i);
        expect(ERR_LOGIN_ALGORITHM);
        assert_string_equal(lists, offers[i]);
        for (u32 k = 0; k < i; k++) {
            char text[100];
            begin(false);
            peer_config.chap_weakest = (u8)(CHAP_MD5 + i);
            snprintf(text, sizeof(text), "%sCHAP_I=1\nCHAP_C=0x0102\n", weaker[k]);
            say.challenge = text;
            expect(ERR_LOGIN_ALGORITHM);
            assert_string_equal(our_response, "");
            assert_string_equal(lists, offers[i]);
        }
    }
    begin(false);
    peer_config.chap_weakest = CHAP_SHA3_256;
    say.has_no_words = true;
    expect(ERR_LOGIN_ALGORITHM);
    assert_string_equal(lists, "8 ");
    /* Nor where it means another algorithm by the number. */
    begin(false);
    peer_config.chap_weakest = CHAP_SHA256;
    say.knows = "57";
    say.seven_is_sha1 = true;
    expect(ERR_LOGIN_ALGORITHM);
    assert_string_equal(lists, "8,7 ");
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
        /* The challenge that follows is none to whom no method was agreed on with, and without an
         * answer the target lets nobody in. */
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        assert_string_equal(our_response, "");
        assert_false(iscsi_used()->chap);
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

/* Who wants the target to prove itself offers CHAP alone; one that has no use for it has no proof:
 * FreeBSD's ctld rejects the method, others take None, or refuse by status before they have heard a
 * name. */
TEST(a_target_that_wants_no_mutual_chap)
{
    static const char *const methods[] = {"AuthMethod=Reject\n", "AuthMethod=None\n"};
    for (u32 i = 0; i < ARRAY_SIZE(methods); i++) {
        begin(true);
        say.method = methods[i];
        expect(ERR_LOGIN_TARGET_AUTH);
        assert_int_equal(peer.connects, 1);
    }
    begin(true);
    say.refuses_method = true;
    expect(ERR_LOGIN_TARGET_AUTH);
    /* Nothing of the kind where only we are to prove ourselves: it wants yet another method. */
    begin(false);
    say.method = methods[0];
    expect(ERR_LOGIN_NO_METHOD);
    begin(false);
    say.refuses_method = true;
    expect(ERR_LOGIN_AUTH);
}

/* CHAP_I */

TEST(identifiers_of_any_value)
{
    static const char *const ids[] = {"0", "1", "1", "0xff", "255", "0X7F"};
    for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
        begin(i & 1);
        say.id = ids[i];
        expect(OK); /* the target has checked the response */
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
    static const u32 digits[] = {0, 1, 2, 30, 31, 33, 34, 64, 2048, 3000};
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

TEST(proofs_have_the_size_of_their_algorithm)
{
    for (u32 a = CHAP_MD5; a <= CHAP_SHA3_256; a++)
        for (int bytes = -1; bytes <= 1; bytes++) {
            char knows[2] = {(char)('0' + a)};
            begin(true);
            say.knows = knows;
            say.proof_bytes = bytes;
            expect(bytes ? ERR_LOGIN_TARGET_AUTH : OK);
        }
}

/* The right secret, and a weaker hash of it, or one that is as long: SHA-256 and SHA3-256. */
TEST(a_proof_by_another_algorithm_proves_nothing)
{
    for (u32 a = CHAP_MD5; a <= CHAP_SHA3_256; a++)
        for (u32 other = CHAP_MD5; other <= CHAP_SHA3_256; other++) {
            char knows[2] = {(char)('0' + a)};
            begin(true);
            say.knows = knows;
            say.proves_by = (enum chap_algorithm)other;
            expect(a == other ? OK : ERR_LOGIN_TARGET_AUTH);
        }
}

/* RFC 7143, 9.2.1: an answer that we would have given ourselves proves nothing. */
TEST(one_secret_for_both_directions_is_refused)
{
    strcpy(peer_config.reverse_secret, SECRET);
    peer.reverse_secret = SECRET;
    expect(ERR_LOGIN_TARGET_AUTH);
}

TEST(secrets_of_any_length)
{
    static const u32 lengths[] = {1, 12, 16, 100, 255};
    for (u32 i = 0; i < ARRAY_SIZE(lengths); i++)
        for (u32 a = CHAP_MD5; a <= CHAP_SHA3_256; a++) {
            char secret[256] = "", knows[2] = {(char)('0' + a)};
            begin(true);
            memset(secret, 's', lengths[i]);
            strcpy(peer_config.secret, secret);
            our_secret = secret;
            say.knows = knows;
            expect(OK);
        }
}
