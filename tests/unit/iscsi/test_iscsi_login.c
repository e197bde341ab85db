/* The login: CHAP both ways, redirects, statuses, keys in pieces, and targets that cheat. */
#include "base/bytes.h"
#include "iscsi/chap.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FIXTURE(peer_reset);

static void expect(enum iscsi_state s, enum error e)
{
    assert_int_equal(peer_attach(), s);
    assert_int_equal(iscsi_error(), e);
}

static void chap(bool mutual)
{
    peer.chap = true;
    strcpy(peer_config.user, "joe");
    strcpy(peer_config.secret, "a secret of joe");
    if (mutual) {
        strcpy(peer_config.reverse_user, "target");
        strcpy(peer_config.reverse_secret, "the target's own");
    }
}

/* Keys. */

TEST(the_first_request_says_it_all)
{
    expect(ISCSI_READY, OK);
    assert_int_equal(peer.logins, 1);
    static const char *const keys[][2] = {
        {"InitiatorName", PEER_US},     {"TargetName", PEER_TARGET},
        {"SessionType", "Normal"},      {"HeaderDigest", "None,CRC32C"},
        {"DataDigest", "None,CRC32C"},  {"MaxRecvDataSegmentLength", "262144"},
        {"MaxBurstLength", "1048576"},  {"FirstBurstLength", "262144"},
        {"MaxOutstandingR2T", "4"},     {"InitialR2T", "No"},
        {"ImmediateData", "Yes"},       {"MaxConnections", "1"},
        {"ErrorRecoveryLevel", "0"},    {"DataPDUInOrder", "Yes"},
        {"DataSequenceInOrder", "Yes"}, {"DefaultTime2Wait", "0"},
        {"DefaultTime2Retain", "0"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        assert_non_null(peer_key(keys[i][0]));
        assert_string_equal(peer_key(keys[i][0]), keys[i][1]);
    }
    assert_null(peer_key("AuthMethod"));
}

TEST(every_key_is_answered)
{
    static const struct {
        const char *key, *name, *answer;
    } cases[] = {
        {"X-com.example.fancy=1", "X-com.example.fancy", "NotUnderstood"},
        {"IFMarker=No", "IFMarker", "NotUnderstood"},
        {"TaskReporting=RFC3720", "TaskReporting", "NotUnderstood"},
        {"TargetAlias=our disk", "TargetAlias", NULL},
        {"TargetName=" PEER_TARGET, "TargetName", NULL},
        {"Q=NotUnderstood", "Q", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        peer_reset();
        peer.extra_key = cases[i].key;
        expect(ISCSI_READY, OK);
        assert_int_equal(peer.logins, 2);
        if (cases[i].answer)
            assert_string_equal(peer_key(cases[i].name), cases[i].answer);
        else
            assert_null(peer_key(cases[i].name));
    }
}

/* A discovery session, where we offer one key and LIO all of its own. */
static const char *asked;
static u32 asked_len;
static bool sends_targets; /* we got that far */

static bool asks_first(const struct peer_pdu *p)
{
    sends_targets |= peer_opcode(p) == OPCODE_TEXT_REQ;
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return true;
    memcpy(peer.keys, p->data, p->len);
    memset(peer.keys + p->len, 0, 2);
    if (peer_key("SessionType"))
        peer_login_answer(p, 0x04, 0, 0, asked, asked_len);
    else
        peer_login_answer(p, 0x87, 0, 0, NULL, 0);
    return true;
}

static void ask_in_discovery(const char *text, u32 len)
{
    peer_reset();
    peer_config.discover = true;
    peer.hook = asks_first;
    asked = text;
    asked_len = len;
    sends_targets = false;
    iscsi_attach(&peer_config, 20000, host_now);
    peer_run(20, NULL);
    assert_true(sends_targets);
}

TEST(keys_that_the_target_offers_are_answered_by_their_result_functions)
{
    static const struct {
        const char *key, *offer, *answer;
    } cases[] = {
        {"HeaderDigest", "CRC32C,None", "None"},
        {"DataDigest", "None,CRC32C", "None"},
        {"HeaderDigest", "None", "None"},
        {"HeaderDigest", "CRC32C", "CRC32C"},
        {"DataDigest", "CRC32C", "CRC32C"},
        {"DataDigest", "X-com.example.sum", "None"},
        {"InitialR2T", "Yes", "Yes"},
        {"InitialR2T", "No", "No"},
        {"ImmediateData", "No", "No"},
        {"DataPDUInOrder", "No", "Yes"},
        {"DataSequenceInOrder", "Yes", "Yes"},
        {"MaxBurstLength", "16776192", "1048576"},
        {"MaxBurstLength", "65536", "65536"},
        {"FirstBurstLength", "0x1000000", "262144"},
        {"MaxOutstandingR2T", "8", "4"},
        {"MaxConnections", "4", "1"},
        {"MaxConnections", "99999999999", "1"},
        {"ErrorRecoveryLevel", "2", "0"},
        {"DefaultTime2Wait", "2", "2"},
        {"DefaultTime2Retain", "20", "20"},
        {"MaxRecvDataSegmentLength", "65536", NULL},
        {"TargetPortalGroupTag", "1", NULL},
        {"TargetAlias", "disk", NULL},
        {"HeaderDigest", "Irrelevant", NULL},
        {"IFMarker", "No", "NotUnderstood"},
        {"X-com.example.fancy", "1", "NotUnderstood"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[100];
        int n = snprintf(text, sizeof(text), "%s=%s", cases[i].key, cases[i].offer);
        ask_in_discovery(text, (u32)n + 1);
        if (cases[i].answer)
            assert_string_equal(peer_key(cases[i].key), cases[i].answer);
        else
            assert_null(peer_key(cases[i].key));
    }
}

TEST(answers_that_were_not_offered_end_the_login)
{
    static const char *const bad[] = {
        "MaxBurstLength=262144", /* twice */
        "InitialR2T",            /* no value */
        "=x",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        peer_reset();
        peer.extra_key = bad[i];
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
    }
}

static const char *final_text;
static u32 final_len;
static u8 final_class, final_detail, final_flags = 0x87;

static bool final_answer(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    peer_login_answer(p, final_flags, final_class, final_detail, final_text, final_len);
    return true;
}

static void with_final(const char *text, u32 len)
{
    peer_reset();
    final_text = text;
    final_len = len;
    final_class = final_detail = 0;
    final_flags = 0x87;
    peer.hook = final_answer;
}

/* We open one connection, ask for no recovery and do not wait, whatever the target could do. */
TEST(values_that_do_not_matter_are_taken_and_counted)
{
    static const char *const sloppy[] = {"ErrorRecoveryLevel=2", "MaxConnections=8",
                                         "MaxConnections=0", "DefaultTime2Wait=3601",
                                         "DefaultTime2Retain=never"};
    for (size_t i = 0; i < ARRAY_SIZE(sloppy); i++) {
        with_final(sloppy[i], (u32)strlen(sloppy[i]) + 1);
        expect(ISCSI_READY, OK);
        assert_int_equal(iscsi_stats.login_keys, 1);
    }
    with_final("DefaultTime2Wait=3600", 22);
    expect(ISCSI_READY, OK);
    assert_int_equal(iscsi_stats.login_keys, 0);
}

TEST(values_outside_of_what_was_offered)
{
    static const char *const bad[] = {
        "HeaderDigest=CRC32",
        "DataDigest=1",
        "MaxRecvDataSegmentLength=511",
        "MaxRecvDataSegmentLength=16777216",
        "MaxRecvDataSegmentLength=-1",
        "MaxBurstLength=511",
        "MaxBurstLength=2097152",
        "MaxBurstLength=99999999999999999999",
        "FirstBurstLength=0",
        "FirstBurstLength=262145",
        "MaxOutstandingR2T=0",
        "MaxOutstandingR2T=5",
        "InitialR2T=Maybe",
        "ImmediateData=Perhaps",
        "ImmediateData=2",
        "DataPDUInOrder=No",
        "DataSequenceInOrder=No",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        with_final(bad[i], (u32)strlen(bad[i]) + 1);
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
    }
    static const char *const good[] = {"HeaderDigest=None",
                                       "HeaderDigest=CRC32C",
                                       "DataDigest=CRC32C",
                                       "HeaderDigest=Reject",
                                       "MaxBurstLength=0x10000",
                                       "DataDigest=NotUnderstood",
                                       "ErrorRecoveryLevel=Irrelevant",
                                       "DefaultTime2Wait=3600"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        with_final(good[i], (u32)strlen(good[i]) + 1);
        expect(ISCSI_READY, OK);
    }
}

/* The second answer, when there has been a first. */
static const char *second_text;
static u32 answers;

static bool two_answers(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    const char *text = answers++ ? second_text : "ImmediateData=Yes";
    peer_login_answer(p, answers == 1 ? 0x04 : 0x87, 0, 0, text, (u32)strlen(text) + 1);
    return true;
}

TEST(keys_twice_end_the_login)
{
    static const char *const again[] = {"ImmediateData=Yes", "ImmediateData=No",
                                        "ImmediateData=Irrelevant"};
    for (size_t i = 0; i < ARRAY_SIZE(again); i++) {
        char both[100] = "ImmediateData=Yes";
        strcpy(both + 18, again[i]);
        with_final(both, 18 + (u32)strlen(again[i]) + 1);
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
        peer_reset();
        peer.hook = two_answers;
        answers = 0;
        second_text = again[i];
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
    }
    peer_reset();
    peer.hook = two_answers;
    answers = 0;
    second_text = "InitialR2T=Yes";
    expect(ISCSI_READY, OK);
}

TEST(what_is_not_answered_is_as_the_rfc_has_it)
{
    with_final(NULL, 0);
    expect(ISCSI_READY, OK);
    const struct iscsi_params *p = login_params();
    assert_int_equal(p->max_send_data, 8192);
    assert_int_equal(p->max_burst, 262144);
    assert_int_equal(p->first_burst, 65536);
    assert_int_equal(p->max_r2t, 1);
    assert_int_equal(p->initial_r2t, 1);
    assert_int_equal(p->immediate, 1);
    static const char text[] = "MaxBurstLength=4096\0FirstBurstLength=65536";
    with_final(text, sizeof(text));
    expect(ISCSI_READY, OK);
    assert_int_equal(login_params()->first_burst, 4096);
    assert_int_equal(iscsi_disk()->max_blocks, 8);
}

TEST(answers_in_pieces)
{
    for (u32 n = 8; n < 400; n += 1 + n / 8) {
        peer_reset();
        peer.login_pieces = n;
        expect(ISCSI_READY, OK);
    }
    peer_reset();
    peer.login_pieces = 1; /* more than 256 exchanges: that is a circle */
    expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
}

TEST(answers_of_chap_in_pieces)
{
    for (u32 n = 11; n < 200; n += 1 + n / 8)
        for (u32 mutual = 0; mutual < 2; mutual++) {
            peer_reset();
            chap(mutual);
            peer.login_pieces = n;
            expect(ISCSI_READY, OK);
            assert_true(iscsi_used()->chap);
            assert_int_equal(iscsi_used()->mutual_chap, mutual);
        }
}

TEST(keys_in_any_order_among_others)
{
    static const char text[] = "X-com.example.a=\0DefaultTime2Retain=0\0TargetAlias=our disk\0"
                               "FirstBurstLength=8192\0X#1=2\0\0\0MaxBurstLength=4096\0"
                               "TargetPortalGroupTag=65535\0InitialR2T=Yes\0HeaderDigest=None\0"
                               "TargetAddress=10.0.0.9\0MaxRecvDataSegmentLength=16384";
    with_final(text, sizeof(text));
    expect(ISCSI_READY, OK);
    assert_int_equal(login_params()->first_burst, 4096);
    assert_int_equal(login_params()->max_send_data, 16384);
    assert_int_equal(peer.connects, 1);
}

/* A target that takes 512 bytes at a time, as it says in the security stage. */
TEST(our_keys_in_pieces)
{
    strcpy(peer_config.user, "joe");
    strcpy(peer_config.secret, "a secret of joe");
    peer.chap = true;
    peer.max_recv_data = 512;
    memset(peer_config.initiator + strlen(PEER_US), 'x', 150);
    expect(ISCSI_READY, OK);
    assert_true(iscsi_used()->chap);
    /* The same with a text that only ends in a second piece. */
    static const char text[] = "MaxRecvDataSegmentLength=512\0AuthMethod=None";
    with_final(text, sizeof(text));
    final_flags = 0;
    strcpy(peer_config.user, "joe");
    iscsi_attach(&peer_config, 5000, host_now);
    peer_run(100, NULL);
    peer.hook = NULL;
}

TEST(flags_that_make_no_sense)
{
    static const u8 bad[] = {0x80, 0x81, 0x84, 0x85, 0x86, 0x83, 0x8b, 0xc7, 0x08, 0x0c, 0x00};
    for (size_t i = 0; i < sizeof(bad); i++) {
        with_final(NULL, 0);
        final_flags = bad[i];
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
    }
}

TEST(a_target_that_never_agrees)
{
    with_final(NULL, 0);
    final_flags = 0x04;
    expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
    assert_true(peer.pdus < 260);
}

/* Status. */

TEST(every_status_has_its_error)
{
    static const struct {
        u8 class, detail;
        enum error e;
    } cases[] = {
        {2, 0, ERR_LOGIN_REFUSED},       {2, 1, ERR_LOGIN_NO_METHOD},  {2, 2, ERR_LOGIN_FORBIDDEN},
        {2, 3, ERR_LOGIN_NOT_FOUND},     {2, 4, ERR_LOGIN_NOT_FOUND},  {2, 5, ERR_LOGIN_REFUSED},
        {2, 0x0b, ERR_LOGIN_REFUSED},    {2, 0xff, ERR_LOGIN_REFUSED}, {4, 0, ERR_LOGIN_REFUSED},
        {0xff, 0xff, ERR_LOGIN_REFUSED}, {1, 1, ERR_LOGIN_REFUSED}, /* a redirect to nowhere */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        with_final(NULL, 0);
        final_class = cases[i].class;
        final_detail = cases[i].detail;
        peer_config.retry_ms = 0;
        expect(ISCSI_FAILED, cases[i].e);
        assert_int_equal(host_now, 1000);
    }
    with_final(NULL, 0);
    final_class = 2;
    final_detail = 1;
    strcpy(peer_config.user, "joe");
    expect(ISCSI_FAILED, ERR_LOGIN_AUTH);
}

/* A target that is disabled, or does not let our address in, and says so by closing: LIO, SCST. */
static enum error hangs_up_by;
static u32 heard_before; /* Login Requests that it answers */

static bool hangs_up(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    if (peer.pdus <= heard_before)
        peer_login_answer(p, 0x04, 0, 0, NULL, 0);
    else
        peer_lose(hangs_up_by);
    return true;
}

TEST(a_target_that_hangs_up_has_an_error_of_its_own)
{
    static const enum error ways[] = {ERR_TCP_CLOSED, ERR_TCP_RESET};
    for (u32 i = 0; i < 4; i++) {
        peer_reset();
        peer.hook = hangs_up;
        hangs_up_by = ways[i & 1];
        heard_before = i >> 1;
        iscsi_attach(&peer_config, 20000, host_now);
        peer_run(100, NULL);
        assert_int_equal(iscsi_error(), ERR_LOGIN_CLOSED); /* so the screen can say it */
        peer.hook = NULL;                                  /* it may still be starting */
        assert_true(peer_run(10000, peer_ready));
    }
    /* Whoever is gone before or afterwards is gone for another reason. */
    peer.hook = hangs_up;
    peer_lose(ERR_TCP_RESET);
    assert_int_equal(iscsi_error(), ERR_TCP_RESET);
    peer_run(2000, NULL);
    assert_int_equal(iscsi_error(), ERR_LOGIN_CLOSED);
    peer_reset();
    peer.refuse = true;
    peer_config.retry_ms = 0;
    expect(ISCSI_FAILED, ERR_TCP_REFUSED);
}

TEST(a_target_out_of_service_is_tried_until_the_time_is_up)
{
    with_final(NULL, 0);
    final_class = 3;
    final_detail = 1;
    expect(ISCSI_FAILED, ERR_LOGIN_UNAVAILABLE);
    assert_true(host_now >= 17000);
    assert_true(peer.connects > 5 && peer.connects < 20);
}

/* A target that still holds the session of before the reset, and does not take its ISID for a
 * reason to end it. */
static u8 held_isid[6];
static u32 refused;

static bool holds_a_session(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || memcmp(p->bhs + LOGIN_ISID, held_isid, 6))
        return false;
    refused++;
    peer_login_answer(p, 0, final_class, final_detail, NULL, 0);
    return true;
}

static void hold(const u8 *isid, u8 class, u8 detail)
{
    memcpy(held_isid, isid, sizeof(held_isid));
    final_class = class;
    final_detail = detail;
    refused = 0;
    peer.hook = holds_a_session;
}

TEST(a_refused_isid_is_tried_in_another_form_and_what_works_is_kept)
{
    static const u8 statuses[][2] = {{2, 0}, {2, 6}, {3, 0}, {3, 1}, {3, 2}};
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        peer_reset();
        hold(peer_config.isid, statuses[i][0], statuses[i][1]);
        expect(ISCSI_READY, OK);
        assert_int_equal(refused, 1);
        assert_int_equal(host_now, 1000);
        const u8 *isid = iscsi_config()->isid;
        assert_memory_equal(isid, peer_config.isid, 4); /* the NIC's maker stays */
        assert_memory_not_equal(isid, peer_config.isid, 6);
        u8 worked[6];
        memcpy(worked, isid, 6);
        peer_lose(ERR_TCP_RESET);
        assert_true(peer_run(1000, peer_ready));
        assert_memory_equal(iscsi_config()->isid, worked, 6);
        assert_int_equal(refused, 1);
        /* The same once more: this session is the one that is held now. */
        hold(worked, statuses[i][0], statuses[i][1]);
        peer_lose(ERR_TCP_RESET);
        assert_true(peer_run(1000, peer_ready));
        assert_int_equal(refused, 1);
    }
}

TEST(who_is_refused_with_a_reason_or_twice_keeps_its_isid)
{
    for (u8 detail = 1; detail <= 4; detail++) {
        peer_reset();
        peer_config.retry_ms = 0;
        hold(peer_config.isid, 2, detail);
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        u32 tries = detail == 1 ? 2 : 1; /* by the way of a security stage, too */
        assert_int_equal(refused, tries);
        assert_int_equal(peer.connects, tries);
    }
    with_final(NULL, 0);
    final_class = 3;
    final_detail = 1;
    iscsi_attach(&peer_config, 20000, host_now);
    peer_run(3000, NULL);
    u32 attempts = peer.connects;
    assert_true(attempts > 2);
    hold(peer_config.isid, 2, 2);
    assert_true(peer_run(10000, peer_over));
    assert_int_equal(refused, 1);
}

/* A target that wants the security stage, even with nothing to say in it. */
static const struct {
    enum error close; /* it closes the connection; or this is its status: */
    u8 class, detail;
    u32 refusals;
} insisting[] = {{ERR_TCP_CLOSED, 0, 0, 1},
                 {ERR_TCP_RESET, 0, 0, 1},
                 {OK, 2, 1, 1},
                 {OK, 2, 0, 2},
                 {OK, 2, 7, 2}};
static u32 insists_by;

static bool insists(const struct peer_pdu *p)
{
    bool first =
        peer_opcode(p) == OPCODE_LOGIN_REQ && p->len > 14 && !memcmp(p->data, "InitiatorName=", 14);
    if (!first || !(p->bhs[BHS_FLAGS] >> 2 & 3))
        return false;
    refused++;
    if (insisting[insists_by].close)
        peer_lose(insisting[insists_by].close);
    else
        peer_login_answer(p, 0, insisting[insists_by].class, insisting[insists_by].detail, NULL, 0);
    return true;
}

TEST(a_target_that_insists_on_a_security_stage)
{
    for (insists_by = 0; insists_by < ARRAY_SIZE(insisting); insists_by++) {
        peer_reset();
        peer.hook = insists;
        refused = 0;
        expect(ISCSI_READY, OK);
        assert_int_equal(host_now, 1000);
        assert_int_equal(refused, insisting[insists_by].refusals);
        assert_int_equal(peer.logins, 2);
        assert_memory_equal(iscsi_config()->isid, peer_config.isid, 6);
        /* It is remembered. */
        peer_lose(ERR_TCP_RESET);
        assert_true(peer_run(1000, peer_ready));
        assert_int_equal(refused, insisting[insists_by].refusals);
    }
    /* So it is from a discovery session on. */
    peer_reset();
    peer.hook = insists;
    peer_config.discover = true;
    insists_by = refused = 0;
    expect(ISCSI_READY, OK);
    assert_int_equal(refused, 1);
    assert_int_equal(peer.text_requests, 1);
}

static bool wants_chap(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    memcpy(peer.keys, p->data, p->len);
    memset(peer.keys + p->len, 0, 2);
    if (p->bhs[BHS_FLAGS] >> 2 & 3)
        peer_login_answer(p, 0, 2, 1, NULL, 0);
    else
        peer_login_answer(p, 0, 0, 0, "AuthMethod=CHAP", 16);
    return true;
}

/* LIO that wants CHAP says so to somebody who begins with the operational keys, and hangs up when
 * the same offers None. */
static bool says_it_once(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    if (p->bhs[BHS_FLAGS] >> 2 & 3)
        peer_login_answer(p, 0, 2, 1, NULL, 0);
    else
        peer_lose(ERR_TCP_CLOSED);
    return true;
}

TEST(a_target_that_wants_chap_and_then_hangs_up)
{
    peer.hook = says_it_once;
    expect(ISCSI_FAILED, ERR_LOGIN_NO_METHOD);
}

TEST(nobody_without_a_name_begins_chap)
{
    peer.hook = wants_chap;
    expect(ISCSI_FAILED, ERR_LOGIN_NO_METHOD);
    assert_string_equal(peer_key("AuthMethod"), "None");
    assert_int_equal(peer.connects, 2);
}

/* An answer that would do, but for one thing. */
enum { NOTHING, ISID, NO_TSIH, RESERVED, TAG, OPCODE, AHS, WAYS };
static u32 wrong;

static bool nearly_right(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    u8 bhs[BHS_SIZE];
    peer_header(bhs, wrong == OPCODE ? OPCODE_NOP_IN : OPCODE_LOGIN_RSP, 0x87,
                get_be32(p->bhs + BHS_ITT) ^ (wrong == TAG), true);
    memcpy(bhs + LOGIN_ISID, peer_config.isid, 6);
    bhs[LOGIN_ISID + 5] ^= wrong == ISID;
    put_be16(bhs + LOGIN_TSIH, wrong == NO_TSIH ? 0 : 7);
    bhs[BHS_AHS_LENGTH] = wrong == AHS;
    if (wrong == RESERVED) {
        bhs[BHS_FLAGS] |= 0x30;
        memset(bhs + 2, 0xff, 2); /* Version-max, Version-active */
        memset(bhs + 20, 0xff, 4);
        memset(bhs + 38, 0xff, 10);
    }
    peer_send(bhs, "\0\0\0", wrong == AHS ? 4 : 0);
    return true;
}

TEST(an_answer_to_somebody_else_s_login)
{
    for (wrong = NOTHING; wrong < WAYS; wrong++) {
        peer_reset();
        peer.hook = nearly_right;
        if (wrong < TAG)
            expect(ISCSI_READY, OK);
        else
            expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
        /* Other targets make these mistakes: gotgt, jSCSI. */
        assert_int_equal(iscsi_stats.login_isid, wrong == ISID);
        assert_int_equal(iscsi_stats.login_tsih, wrong == NO_TSIH);
    }
}

/* CHAP. */

TEST(chap_one_way)
{
    for (u32 base64 = 0; base64 < 2; base64++) {
        peer_reset();
        chap(false);
        peer.base64 = base64;
        expect(ISCSI_READY, OK);
        assert_true(iscsi_used()->chap);
        assert_false(iscsi_used()->mutual_chap);
        assert_int_equal(peer.logins, 4);
    }
}

TEST(chap_both_ways)
{
    for (u32 base64 = 0; base64 < 2; base64++) {
        peer_reset();
        chap(true);
        peer.base64 = base64;
        expect(ISCSI_READY, OK);
        assert_true(iscsi_used()->mutual_chap);
        assert_int_equal(peer.logins, 4);
    }
}

TEST(chap_with_a_wrong_secret)
{
    chap(false);
    strcpy(peer_config.secret, "not the secret");
    expect(ISCSI_FAILED, ERR_LOGIN_AUTH);
}

TEST(a_target_that_does_not_know_its_own_secret)
{
    chap(true);
    peer.reverse_secret = "something else";
    expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
    peer_reset();
    chap(true);
    peer.reverse_user = "somebody else";
    expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
}

TEST(without_a_need_for_chap)
{
    chap(false);
    peer.chap = false;
    expect(ISCSI_READY, OK);
    assert_false(iscsi_used()->chap);
    peer_reset();
    chap(true); /* but who wants proof does not go on without */
    peer.chap = false;
    expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
}

TEST(a_target_that_wants_chap_from_somebody_without_it)
{
    peer.chap = true;
    expect(ISCSI_FAILED, ERR_LOGIN_NO_METHOD);
}

/* LIO with a dynamic ACL: it goes on when it is asked to with the offer that it takes None of, and
 * is silent when that is asked afterwards. */
static bool takes_none(const struct peer_pdu *p)
{
    u8 flags = p->bhs[BHS_FLAGS];
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || flags >> 2 & 3)
        return false;
    if (p->len)
        peer_login_answer(p, flags & 0x81, 0, 0, "AuthMethod=None", 16);
    return true;
}

TEST(a_target_without_a_need_for_chap_goes_on_at_once)
{
    chap(false);
    peer.chap = false;
    peer.hook = takes_none;
    expect(ISCSI_READY, OK);
    assert_false(iscsi_used()->chap);
    assert_int_equal(peer.logins, 1); /* the operational one */
    /* Nothing but its proof lets a target in that has to give one. */
    peer_reset();
    chap(true);
    peer.hook = takes_none;
    expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
}

/* The CHAP exchange by hand: answers[i] goes out as the answer to the i-th request. */
static struct {
    char text[3000];
    u32 len;
    u8 flags;
} script[8];
static u32 script_at, script_len;

static void line(const char *text, u32 len, u8 flags)
{
    memcpy(script[script_len].text, text, len);
    script[script_len].len = len;
    script[script_len++].flags = flags;
}
#define LINE(text, flags) line(text, sizeof(text), flags)

static bool scripted(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    memcpy(peer.keys, p->data, p->len);
    memset(peer.keys + p->len, 0, 2);
    if (peer_key("InitiatorName"))
        script_at = 0; /* a login of its own */
    if (script_at == script_len)
        return true;
    peer_login_answer(p, script[script_at].flags, 0, 0, script[script_at].text,
                      script[script_at].len);
    script_at++;
    return true;
}

static void begin_script(bool mutual)
{
    peer_reset();
    chap(mutual);
    peer.hook = scripted;
    script_at = script_len = 0;
}

TEST(a_method_among_declarations)
{
    begin_script(false);
    LINE("TargetPortalGroupTag=1\0X-a=b\0AuthMethod=None\0TargetAlias=disk", 0);
    LINE("", 0x81);
    LINE("MaxBurstLength=4096", 0x87);
    expect(ISCSI_READY, OK);
    assert_int_equal(login_params()->max_burst, 4096);
}

/* LIO with a dynamic ACL that needs no CHAP: it goes on where its peers would challenge us. */
TEST(a_target_that_chooses_chap_and_leaves_it_out)
{
    begin_script(false);
    LINE("AuthMethod=CHAP\0TargetAlias=LIO Target\0TargetPortalGroupTag=1", 0x81);
    LINE("MaxBurstLength=4096", 0x87);
    const u32 before = iscsi_stats.login_nochap;
    expect(ISCSI_READY, OK);
    assert_int_equal(iscsi_stats.login_nochap - before, 1);
    assert_int_equal(login_params()->max_burst, 4096);
    assert_null(peer_key("CHAP_A")); /* the last request's text is that of the next stage */
    assert_false(iscsi_used()->chap);
    begin_script(true); /* not where it has to prove itself */
    LINE("AuthMethod=CHAP", 0x81);
    expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
}

TEST(methods_that_were_not_offered)
{
    begin_script(false);
    LINE("AuthMethod=SRP", 0);
    expect(ISCSI_FAILED, ERR_LOGIN_NO_METHOD);
    begin_script(false);
    LINE("AuthMethod=Reject", 0);
    expect(ISCSI_FAILED, ERR_LOGIN_NO_METHOD);
    begin_script(false);
    LINE("AuthMethod=SRP", 0x81);
    expect(ISCSI_FAILED, ERR_LOGIN_NO_METHOD);
    begin_script(true);
    LINE("AuthMethod=None", 0);
    expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
    assert_string_equal(peer_key("AuthMethod"), "CHAP");
    begin_script(false);
    LINE("AuthMethod=CHAP", 0);
    LINE("CHAP_A=9\0CHAP_I=1\0CHAP_C=0x00", 0);
    expect(ISCSI_FAILED, ERR_LOGIN_ALGORITHM);
    begin_script(false);
    LINE("AuthMethod=CHAP", 0);
    LINE("CHAP_A=Reject", 0);
    expect(ISCSI_FAILED, ERR_LOGIN_ALGORITHM);
}

TEST(challenges_that_are_no_challenges)
{
#define BAD(text)                                                                                  \
    {                                                                                              \
        "CHAP_A=5\0" text, sizeof("CHAP_A=5\0" text)                                               \
    }
    static const struct {
        char text[60];
        u32 len;
    } bad[] = {BAD("CHAP_I=256\0CHAP_C=0x00"),
               BAD("CHAP_I=x\0CHAP_C=0x00"),
               BAD("CHAP_I=1\0CHAP_C=0x"),
               BAD("CHAP_I=1\0CHAP_C=0x0"),
               BAD("CHAP_I=1\0CHAP_C=junk"),
               BAD("CHAP_I=1\0CHAP_I=2\0CHAP_C=0x00"),
               BAD("CHAP_C=0x00"),
               BAD("CHAP_I=1")};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        begin_script(false);
        LINE("AuthMethod=CHAP", 0);
        line(bad[i].text, bad[i].len, 0);
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
    }
}

TEST(challenges_of_any_size)
{
    static const u32 sizes[] = {1, 16, 1024, 1025, 1400};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char text[3000] = "CHAP_A=5\0CHAP_I=1\0CHAP_C=0x";
        memset(text + 27, 'a', sizes[i] * 2);
        text[27 + sizes[i] * 2] = 0;
        begin_script(false);
        LINE("AuthMethod=CHAP", 0);
        line(text, 28 + sizes[i] * 2, 0);
        iscsi_attach(&peer_config, 1000, host_now);
        peer_run(500, NULL);
        if (sizes[i] <= 1024)
            assert_non_null(peer_key("CHAP_R"));
        else
            assert_int_equal(iscsi_error(), ERR_ISCSI_PROTOCOL);
    }
}

TEST(a_target_that_skips_its_proof)
{
    static const u8 flags[] = {0x81, 0x00};
    for (u32 i = 0; i < 2; i++) {
        begin_script(true);
        LINE("AuthMethod=CHAP", 0);
        LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0);
        line("", 0, flags[i]);
        expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
        begin_script(true);
        LINE("AuthMethod=CHAP", 0x81); /* before there was anything to prove */
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
        begin_script(true);
        LINE("AuthMethod=CHAP", 0);
        LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0x81);
        expect(ISCSI_FAILED, ERR_ISCSI_PROTOCOL);
        begin_script(true);
        LINE("AuthMethod=CHAP", 0);
        LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0);
        LINE("CHAP_N=target\0CHAP_R=0x00112233445566778899aabbccddee", flags[i]);
        expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
        begin_script(true);
        LINE("AuthMethod=CHAP", 0);
        LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0);
        LINE("CHAP_N=target\0CHAP_R=0x00112233445566778899aabbccddeeff00112233", flags[i]);
        expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
    }
}

static char reflected[200];

/* Keep the challenge that we were sent. */
static bool steal_challenge(const struct peer_pdu *p)
{
    bool taken = scripted(p);
    if (taken && peer_key("CHAP_C"))
        snprintf(reflected, sizeof(reflected), "%s", peer_key("CHAP_C"));
    return taken;
}

TEST(a_reflected_challenge_gets_no_answer)
{
    begin_script(true);
    peer.hook = steal_challenge;
    LINE("AuthMethod=CHAP", 0);
    LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0);
    iscsi_attach(&peer_config, 1000, host_now);
    peer_run(500, NULL);
    assert_int_equal(strlen(reflected), 2 + 32);
    /* In a second login, in the hope that we solve our own. */
    char text[300] = "CHAP_A=5\0CHAP_I=1\0CHAP_C=";
    strcpy(text + 25, reflected);
    begin_script(true);
    LINE("AuthMethod=CHAP", 0);
    line(text, 26 + (u32)strlen(reflected), 0);
    expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
}

/* The right proof, and with it whatever `text` says. */
static const char *proof_extra;

static bool prove(const struct peer_pdu *p)
{
    char text[300] = "CHAP_N=target";
    u8 challenge[16], digest[HASH_MAX];
    u32 len;
    if ((p->bhs[BHS_FLAGS] >> 2 & 3) != 0 || !scripted(p))
        return false;
    if (!peer_key("CHAP_C"))
        return true;
    assert_true(chap_decode(peer_key("CHAP_C"), challenge, sizeof(challenge), &len));
    chap_response(CHAP_MD5, (u8)atoi(peer_key("CHAP_I")), "the target's own", challenge, 16,
                  digest);
    strcpy(text + 14, "CHAP_R=");
    chap_encode(text + 21, digest, 16);
    u32 n = 21 + 35;
    strcpy(text + n, proof_extra);
    peer_login_answer(p, 0x81, 0, 0, text, n + (u32)strlen(proof_extra) + 1);
    return true;
}

TEST(a_proof_that_comes_with_a_second_challenge)
{
    static const char *const extra[] = {"", "CHAP_C=0x01020304", "CHAP_I=7"};
    for (u32 i = 0; i < 3; i++) {
        begin_script(true);
        peer.hook = prove;
        proof_extra = extra[i];
        LINE("AuthMethod=CHAP", 0);
        LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0);
        peer.chap = false; /* for the operational stage, which is the peer's again */
        if (i)
            expect(ISCSI_FAILED, ERR_LOGIN_TARGET_AUTH);
        else
            expect(ISCSI_READY, OK);
    }
}

TEST(operational_keys_in_the_security_stage_are_rejected)
{
    begin_script(false);
    LINE("MaxBurstLength=4096\0MaxRecvDataSegmentLength=4096", 0);
    iscsi_attach(&peer_config, 1000, host_now);
    peer_run(500, NULL);
    assert_string_equal(peer_key("MaxBurstLength"), "Reject");
    assert_null(peer_key("MaxRecvDataSegmentLength"));
}

TEST(challenges_differ)
{
    char first[200];
    for (u32 i = 0; i < 2; i++) {
        begin_script(true);
        host_random_seed(i + 5);
        peer.hook = steal_challenge;
        LINE("AuthMethod=CHAP", 0);
        LINE("CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102", 0);
        iscsi_attach(&peer_config, 1000, host_now);
        peer_run(500, NULL);
        if (i)
            assert_string_not_equal(first, reflected);
        strcpy(first, reflected);
    }
}

TEST(secrets_are_wiped)
{
    chap(true);
    expect(ISCSI_READY, OK);
    iscsi_logout(host_now);
    iscsi_wipe();
    /* What is left can't log in any more. */
    peer_lose(OK);
    assert_int_equal(iscsi_state(), ISCSI_CLOSED);
}

/* Redirects. */

static const char *redirect_to[12];
static u32 redirect_at;

static bool redirecting(const struct peer_pdu *p)
{
    const char *to = redirect_to[redirect_at];
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || !to)
        return false;
    redirect_at++;
    char text[400];
    int n = sprintf(text, "TargetAddress=%s", to) + 1;
    peer_login_answer(p, 0x04, 1, 1 + redirect_at % 2, text, (u32)n);
    return true;
}

static void redirect(const char *to)
{
    peer_reset();
    memset(redirect_to, 0, sizeof(redirect_to));
    redirect_to[0] = to;
    redirect_at = 0;
    peer.hook = redirecting;
}

/* With a security stage, too. */
static void redirect_always(const char *to)
{
    redirect(to);
    redirect_to[1] = to;
}

TEST(a_redirect_is_followed)
{
    redirect("10.0.0.7:3261,1");
    expect(ISCSI_READY, OK);
    assert_int_equal(peer.connects, 2);
    assert_int_equal(iscsi_used()->addr, 0x0a000007);
    assert_int_equal(iscsi_used()->port, 3261);
    assert_int_equal(peer.addr, 0x0a000007);
    /* When the goal dies after some work, the portal that was configured is asked again. */
    assert_int_equal(peer_io(BLOCK_FLUSH, 0, 0, NULL), OK);
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(1000, peer_ready));
    assert_int_equal(peer.addr, PEER_ADDR);
    redirect("10.0.0.8");
    expect(ISCSI_READY, OK);
    assert_int_equal(iscsi_used()->port, 3260);
}

TEST(a_redirect_to_a_name)
{
    redirect("san.example:3262");
    peer.dns_answer = 0x0a000009;
    expect(ISCSI_READY, OK);
    assert_string_equal(peer.dns_name, "san.example");
    assert_int_equal(peer.addr, 0x0a000009);
    assert_int_equal(peer.port, 3262);
    redirect("san.example:3262");
    peer_config.retry_ms = 0;
    expect(ISCSI_FAILED, ERR_DNS_FAILED);
}

TEST(redirects_to_nowhere)
{
    static const char *const bad[] = {
        "", ":3260", "10.0.0.7:0", "10.0.0.7:65536", "[fe80::1]:3260", "10.0.0.7:x,1", "10.0.0.7:"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        redirect_always(bad[i]);
        expect(ISCSI_FAILED, ERR_LOGIN_REFUSED);
    }
    char longest[300];
    memset(longest, 'n', 299);
    longest[299] = 0;
    redirect_always(longest);
    expect(ISCSI_FAILED, ERR_LOGIN_REFUSED);
    longest[255] = 0;
    redirect_always(longest);
    expect(ISCSI_FAILED, ERR_LOGIN_REFUSED);
}

TEST(redirects_in_circles)
{
    redirect("10.0.0.7");
    for (u32 i = 1; i < 12; i++)
        redirect_to[i] = i & 1 ? "10.0.0.1" : "10.0.0.7";
    expect(ISCSI_FAILED, ERR_LOGIN_REDIRECTS);
    assert_int_equal(peer.connects, 9);
}

/* Any change of any bit of a login that works: it ends, one way or the other. */
static u8 captured[4][2000];
static u32 captured_len[4], captured_count, mutate_at, mutate_bit;

static bool mutate(const struct peer_pdu *p)
{
    bool login = peer_opcode(p) == OPCODE_LOGIN_REQ;
    if (!login || script_at >= captured_count)
        return false;
    static u8 copy[2000];
    u32 n = script_at++, len = captured_len[n];
    memcpy(copy, captured[n], len);
    put_be32(copy + BHS_ITT, get_be32(p->bhs + BHS_ITT));
    if (n == mutate_at && mutate_bit < len * 8)
        copy[mutate_bit / 8] ^= (u8)(1 << mutate_bit % 8);
    peer_send_raw(copy, len);
    return true;
}

TEST(a_login_with_any_bit_changed_ends_well)
{
    static const char first[] = "TargetPortalGroupTag=1\0AuthMethod=CHAP";
    static const char second[] = "CHAP_A=5\0CHAP_I=200\0CHAP_C=0x00112233445566778899aabb";
    static const char third[] = "";
    static const char fourth[] = "MaxRecvDataSegmentLength=8192\0MaxBurstLength=65536\0"
                                 "InitialR2T=Yes\0HeaderDigest=None\0X-a=b";
    static const struct {
        const char *text;
        u32 len;
        u8 flags;
    } answers[4] = {{first, sizeof(first), 0},
                    {second, sizeof(second), 0},
                    {third, 0, 0x81},
                    {fourth, sizeof(fourth), 0x87}};
    captured_count = 4;
    for (u32 i = 0; i < 4; i++) {
        u8 *bhs = captured[i];
        memset(bhs, 0, sizeof(captured[i]));
        bhs[BHS_OPCODE] = OPCODE_LOGIN_RSP;
        bhs[BHS_FLAGS] = answers[i].flags;
        put_be24(bhs + BHS_DATA_LENGTH, answers[i].len);
        memcpy(bhs + LOGIN_ISID, "\x40\1\2\3\4\5\0\7", 8);
        put_be32(bhs + BHS_STAT_SN, i);
        put_be32(bhs + BHS_EXP_CMD_SN, 1);
        put_be32(bhs + BHS_MAX_CMD_SN, 32);
        memcpy(bhs + BHS_SIZE, answers[i].text, answers[i].len);
        captured_len[i] = BHS_SIZE + answers[i].len + pdu_padding(answers[i].len);
    }
    u32 good = 0, bad = 0;
    for (mutate_at = 0; mutate_at < 4; mutate_at++)
        for (mutate_bit = 0; mutate_bit < captured_len[mutate_at] * 8; mutate_bit++) {
            begin_script(false);
            peer.hook = mutate;
            peer.segment = 1 + mutate_bit % 60;
            iscsi_attach(&peer_config, 3000, host_now);
            assert_true(peer_run(4000, peer_over));
            if (iscsi_state() == ISCSI_READY)
                good++;
            else
                bad++;
        }
    assert_true(good > 500);
    assert_true(bad > 500);
}
