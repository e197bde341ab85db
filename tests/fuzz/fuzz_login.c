/* Attaching: a target that says anything, one login after the other, with CHAP, mutual CHAP and
 * without, about its portals, and about its disk. Attaching ends in time; who is to prove itself
 * does not get in without; nobody hears a secret; and a session that was there once comes back as
 * soon as the target is decent again. */
#define _GNU_SOURCE /* memmem */
#include "base/arith.h"
#include "base/bytes.h"
#include "input.h"
#include "iscsi/chap.h"
#include "iscsi/holder.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/probe.h"
#include "platform_host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTACH_MS         20000
#define SLACK_MS          1000
#define RECOVER_MS        60000
#define BACK_MS           60000
#define TEXT_MAX          12000
#define OUR_CHALLENGE_MAX 64

/* What a byte from 80h on stands for in a text. */
#define WORDS_FROM        0x80
static const char *const words[] = {
    "AuthMethod=",
    "CHAP",
    "None",
    "CHAP_A=",
    "5",
    "CHAP_I=",
    "CHAP_C=",
    "0x",
    "0b",
    "CHAP_N=",
    "CHAP_R=",
    "target",
    "TargetAddress=",
    "TargetAlias=",
    "=",
    "TargetPortalGroupTag=",
    "10.0.0.2",
    ":3261",
    ",1",
    "HeaderDigest=",
    "DataDigest=",
    "MaxRecvDataSegmentLength=",
    "MaxBurstLength=",
    "FirstBurstLength=",
    "MaxOutstandingR2T=",
    "InitialR2T=",
    "ImmediateData=",
    "MaxConnections=",
    "ErrorRecoveryLevel=",
    "DataPDUInOrder=",
    "DataSequenceInOrder=",
    "DefaultTime2Wait=",
    "DefaultTime2Retain=",
    "Yes",
    "No",
    "Reject",
    "Irrelevant",
    "NotUnderstood",
    "8192",
    "262144",
    "0xffffff",
    "IFMarker=",
    "X-com.example.key=",
    "TargetName=",
    PEER_TARGET,
    "6",
    "7",
    "8",
    "CRC32C",
    ",None",
};
#define WORD_PROOF   0xfc /* the right CHAP_R for our challenge */
#define WORD_REFLECT 0xfd /* our own challenge */
#define WORD_LONG    0xfe /* 1000 digits */
#define WORD_PAIR    0xff /* a whole answer of a decent target: see decent_keys */

static const char decent_keys[] =
    "TargetPortalGroupTag=1\0HeaderDigest=None\0DataDigest=None\0MaxRecvDataSegmentLength=8192\0"
    "MaxBurstLength=262144\0FirstBurstLength=65536\0MaxOutstandingR2T=1\0InitialR2T=Yes\0"
    "ImmediateData=Yes\0MaxConnections=1\0ErrorRecoveryLevel=0\0DataPDUInOrder=Yes\0"
    "DataSequenceInOrder=Yes\0DefaultTime2Wait=2\0DefaultTime2Retain=0";

static bool mutual;
static bool other_disk;     /* the target has not always said the same about who its disk is */
static u8 said[512 * 1024]; /* all texts of the target's, one after the other */
static u32 said_len;
static bool proved; /* the right answer to our challenge was sent on this connection */
static u32 connects;
static u8 our_challenge[OUR_CHALLENGE_MAX];
static u32 our_challenge_len; /* 0: none yet */
static u8 our_id;
static enum chap_algorithm chosen; /* by the target's latest CHAP_A */

/* The value of a key in a request; NULL when it is not there. */
static const char *value_of(const struct peer_pdu *p, const char *key)
{
    const char *at = memmem(p->data, p->len, key, strlen(key));
    return at ? at + strlen(key) : NULL;
}

static void check_no_secret(const struct peer_pdu *p, const char *secret)
{
    u32 len = (u32)strlen(secret);
    /* A target that knows it may get it back. */
    CHECK(!len || !memmem(p->data, p->len, secret, len) || memmem(said, said_len, secret, len));
}

/* Who answers its own challenge gives away what only the other side should know. */
static void check_no_reflection(const char *answer)
{
    u8 given[HASH_MAX], own[HASH_MAX];
    u32 len;
    bool long_enough = false;
    if (!chap_decode(answer, given, sizeof(given), &len))
        return; /* NotUnderstood */
    for (u32 a = CHAP_MD5; a <= CHAP_SHA3_256; a++)
        for (u32 id = 0; id < 256; id++) {
            u32 size = chap_response((enum chap_algorithm)a, (u8)id, peer_config.secret,
                                     our_challenge, our_challenge_len, own);
            CHECK(!our_challenge_len || size != len || memcmp(own, given, len));
            long_enough |= size == len && a >= peer_config.chap_weakest;
        }
    CHECK(long_enough);
}

static void check_request(const struct peer_pdu *p)
{
    static const char id_key[] = "CHAP_I=", challenge_key[] = "CHAP_C=", response_key[] = "CHAP_R=";
    if (connects != peer.connects) {
        connects = peer.connects;
        proved = false;
    }
    CHECK(p->bhs[BHS_OPCODE] == (OPCODE_LOGIN_REQ | OPCODE_IMMEDIATE));
    /* The end of the qualifier may be another one, where ours was refused. */
    CHECK(!memcmp(p->bhs + LOGIN_ISID, peer_config.isid, 4));
    CHECK(p->len <= PDU_MAX_LOGIN_DATA);
    u8 flags = p->bhs[BHS_FLAGS];
    CHECK(!(flags & LOGIN_TRANSIT) || !(flags & LOGIN_CONTINUE));
    CHECK((flags & LOGIN_CONTINUE) || !p->len || !p->data[p->len - 1]);
    check_no_secret(p, peer_config.secret);
    check_no_secret(p, peer_config.reverse_secret);
    /* Requests are short enough, but for what answers unknown keys, to be in one piece. */
    const char *response = value_of(p, response_key);
    if (response && memchr(response, 0, p->len - (u32)(response - (const char *)p->data)))
        check_no_reflection(response);
    const char *challenge = value_of(p, challenge_key), *id = value_of(p, id_key);
    if (challenge && id &&
        chap_decode(challenge, our_challenge, sizeof(our_challenge), &our_challenge_len)) {
        our_id = (u8)atoi(id);
        proved = false;
    }
}

static u32 put(u8 *text, u32 len, const void *bytes, u32 n)
{
    n = min_u32(n, TEXT_MAX - len);
    memcpy(text + len, bytes, n);
    return len + n;
}

static u32 put_hex(u8 *text, u32 len, const u8 *bytes, u32 n)
{
    char hex[2 * OUR_CHALLENGE_MAX + 3];
    chap_encode(hex, bytes, n);
    return put(text, len, hex, (u32)strlen(hex));
}

/* The text that a part of the input stands for. */
static u32 make_text(u8 *text)
{
    static const u8 digits[1000] = {'7'};
    u8 source[300], digest[HASH_MAX];
    u32 len = 0, n = in_bytes(source, sizeof(source));
    for (u32 i = 0; i < n; i++) {
        u8 c = source[i];
        switch (c) {
        case WORD_PROOF:
            len = put_hex(text, len, digest,
                          chap_response(chosen, our_id, peer_config.reverse_secret, our_challenge,
                                        our_challenge_len, digest));
            proved = our_challenge_len;
            break;
        case WORD_REFLECT:
            len = put_hex(text, len, our_challenge, our_challenge_len);
            break;
        case WORD_LONG:
            len = put(text, len, digits, sizeof(digits));
            break;
        case WORD_PAIR:
            len = put(text, len, decent_keys, sizeof(decent_keys));
            break;
        default:
            if (c >= WORDS_FROM && c - WORDS_FROM < (int)ARRAY_SIZE(words))
                len = put(text, len, words[c - WORDS_FROM], (u32)strlen(words[c - WORDS_FROM]));
            else
                len = put(text, len, &c, 1);
        }
    }
    const u8 *choice = memmem(text, len, "CHAP_A=", 7);
    if (choice && choice + 7 < text + len && choice[7] >= '5' && choice[7] <= '8')
        chosen = (enum chap_algorithm)(choice[7] - '0');
    CHECK(said_len + len <= sizeof(said));
    memcpy(said + said_len, text, len);
    said_len += len;
    return len;
}

/* What is not as it should be in an answer. */
#define WRONG_FLAGS   0x01
#define WRONG_STATUS  0x02
#define WRONG_HEADER  0x04
#define WRONG_MORE    0x08 /* it is continued */
#define WRONG_LOSES   0x10 /* the connection is lost afterwards */
#define WRONG_SEGMENT 0x20 /* the data segment's length */
#define WRONG_SILENT  0x40

static void answer(const struct peer_pdu *p)
{
    static u8 text[TEXT_MAX];
    u8 bhs[BHS_SIZE], wrong = in_u8(), flags = p->bhs[BHS_FLAGS] & 0x8f;
    if (!(flags & LOGIN_TRANSIT) || value_of(p, "AuthMethod=CHAP"))
        flags &= 0x0c;
    if (wrong & WRONG_FLAGS)
        flags = in_u8();
    if (wrong & WRONG_MORE)
        flags = (flags & 0x0c) | LOGIN_CONTINUE;
    peer_header(bhs, OPCODE_LOGIN_RSP, flags, get_be32(p->bhs + BHS_ITT), true);
    memcpy(bhs + LOGIN_ISID, p->bhs + LOGIN_ISID, 6);
    put_be16(bhs + LOGIN_TSIH, 7);
    if (wrong & WRONG_STATUS)
        put_be16(bhs + LOGIN_STATUS, in_u16() & 0x0f03);
    if (wrong & WRONG_HEADER)
        bhs[in_below(BHS_SIZE)] = in_u8();
    if (wrong & WRONG_SILENT)
        return;
    u32 len = make_text(text);
    if (wrong & WRONG_SEGMENT) {
        put_be24(bhs + BHS_DATA_LENGTH, in_u8() & 1 ? len + in_u8() : in_u32() & 0xffffff);
        peer_send_raw(bhs, BHS_SIZE);
        peer_send_raw(text, len);
    } else {
        peer_send(bhs, text, len);
    }
    if (wrong & WRONG_LOSES)
        peer_lose(ERR_TCP_RESET);
}

/* SendTargets is answered with any text, or not at all. */
static void tell_portals(const struct peer_pdu *p)
{
    static u8 text[TEXT_MAX];
    u8 bhs[BHS_SIZE], wrong = in_u8();
    CHECK(p->bhs[BHS_OPCODE] == (OPCODE_TEXT_REQ | OPCODE_IMMEDIATE) && p->len);
    CHECK(!p->data[p->len - 1]);
    check_no_secret(p, peer_config.secret);
    peer_header(bhs, OPCODE_TEXT_RSP, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
    put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
    if (wrong & WRONG_HEADER)
        bhs[in_below(BHS_SIZE)] = in_u8();
    if (wrong & WRONG_SILENT)
        return;
    peer_send(bhs, text, make_text(text));
}

/* Let an answer be such that it is read on: its lengths right, the first holder one by iSCSI, the
 * first designator that of a port, and the LUN a disk with port groups. */
static void make_plausible(const u8 *cdb, u8 *data, u32 len)
{
    switch (cdb[0]) {
    case SCSI_PERSISTENT_RESERVE_IN:
        put_be32(data + 4, len - 8);
        data[8 + 12] |= 1;
        data[8 + 24] = (data[8 + 24] & 0xc0) | 5;
        break;
    case SCSI_REPORT_LUNS:
        put_be32(data, len - 8 + (data[0] & 8));
        break;
    case SCSI_MAINTENANCE_IN:
        put_be32(data, len - 4);
        break;
    case SCSI_INQUIRY:
        if (cdb[1]) {
            put_be16(data + 2, (u16)(len - 4));
            data[4 + 1] = 0x14 | (data[4 + 1] & 1);
            data[4 + 3] = 4;
        } else {
            data[0] = 0;
            data[5] |= 0x10;
        }
    }
}

/* A command of the probe. False: the answer is to be the decent target's. */
static bool answer_probe(const struct peer_pdu *p)
{
    u8 data[256], how = in_u8();
    u32 itt = get_be32(p->bhs + BHS_ITT), most = get_be32(p->bhs + SCSI_CMD_LENGTH);
    u32 len = how < 0x80 ? 0 : in_bytes(data, sizeof(data));
    if (how < 0x80)
        return false;
    other_disk |= p->bhs[SCSI_CMD_CDB] == SCSI_INQUIRY;
    if (how & 1 && len > 8 + 24)
        make_plausible(p->bhs + SCSI_CMD_CDB, data, len);
    if (how >= 0xf0)
        peer_status(itt, SCSI_RESERVED, NULL, 0);
    else if (how < 0xc0 && len && len <= most)
        peer_data_in(itt, 0, 0, data, len, true);
    else
        peer_status(itt, how & 1 ? SCSI_CHECK_CONDITION : in_u8(), data, len);
    return true;
}

static bool hook(const struct peer_pdu *p)
{
    switch (p->bhs[BHS_OPCODE] & OPCODE_MASK) {
    case OPCODE_LOGIN_REQ:
        check_request(p);
        if (in_left())
            answer(p);
        return true;
    case OPCODE_TEXT_REQ:
        tell_portals(p);
        return true;
    case OPCODE_SCSI_CMD:
        return p->bhs[SCSI_CMD_CDB] != SCSI_READ_10 && p->bhs[SCSI_CMD_CDB] != SCSI_READ_16 &&
               answer_probe(p);
    }
    return false;
}

static void check_ready(void)
{
    const struct iscsi_params *l = login_params();
    CHECK(l->max_send_data >= 512 && l->max_send_data <= 0xffffff);
    CHECK(l->max_burst >= 512 && l->max_burst <= LOGIN_MAX_BURST);
    CHECK(l->first_burst >= 512 && l->first_burst <= min_u32(LOGIN_FIRST_BURST, l->max_burst));
    CHECK(l->max_r2t >= 1 && l->max_r2t <= LOGIN_MAX_R2T);
    CHECK(l->initial_r2t <= 1 && l->immediate <= 1);
    CHECK(peer_config.digest != DIGEST_NEVER || !(l->header_digest | l->data_digest));
    CHECK(peer_config.digest != DIGEST_REQUIRED || (l->header_digest && l->data_digest));
    CHECK(!mutual || (proved && iscsi_used()->mutual_chap));
    const struct block_dev *dev = iscsi_disk();
    const struct iscsi_path *path = iscsi_used()->path;
    CHECK(*path->server.name && memchr(path->server.name, 0, sizeof(path->server.name)) &&
          path->server.port);
    CHECK(memchr(path->target, 0, sizeof(path->target)));
    u32 size = dev->block_size;
    CHECK(size >= 512 && size <= 4096 && !(size & (size - 1)));
    CHECK(dev->blocks && dev->max_blocks);
    CHECK(memchr(dev->vendor, 0, sizeof(dev->vendor)));
    CHECK(memchr(dev->product, 0, sizeof(dev->product)));
    u64 last = dev->blocks - 1;
    u8 *data = malloc(size), *want = peer.disk + last % (sizeof(peer.disk) / size) * size;
    peer.block_size = size; /* as it has said */
    CHECK(peer_io(BLOCK_READ, last, 1, data) == OK && !memcmp(data, want, size));
    free(data);
}

static void configure(void)
{
    u8 how = in_u8();
    peer_reset();
    iscsi_wipe();
    mutual = (how & 3) == 2;
    if (how & 3) {
        strcpy(peer_config.user, peer.user);
        strcpy(peer_config.secret, peer.secret);
    }
    if (mutual) {
        strcpy(peer_config.reverse_user, peer.reverse_user);
        strcpy(peer_config.reverse_secret, peer.reverse_secret);
    }
    peer_config.discover = how & 0x10;
    if (how & 0x20) {
        peer_config.paths[1] =
            (struct iscsi_path){{0, 2}, {0, 3261, "disk.example.org"}, "iqn.other"};
        peer_config.path_count = 2;
    }
    peer.dns_answer = how & 4 ? PEER_ADDR + 1 : 0;
    peer.segment = how & 8 ? 1460 : 1 + in_below(3000);
    peer.chap = peer.mutual = how & 3;
    if (how & 0x40)
        peer_config.chap_weakest = peer.algorithm = CHAP_SHA256;
    if (how & 0x80) {
        how = in_u8();
        peer_config.digest = how % (DIGEST_REQUIRED + 1);
        if (how & 0x80)
            put_be32(peer_config.paths->lun, in_u32());
    }
    if (peer_config.digest == DIGEST_REQUIRED)
        peer.header_digest = peer.data_digest = "CRC32C";
    peer.follows = true;
    chosen = CHAP_MD5;
    our_challenge_len = 0;
    connects = said_len = 0;
    proved = other_disk = false;
    peer.hook = hook;
}

/* What the screen shows of the target's words. */
static void check_texts(void)
{
    char *luns = malloc(PROBE_LUNS_TEXT);
    probe_luns_text(luns);
    for (const char *c = luns; *c; c++)
        CHECK(*c >= ' ' && *c <= '~');
    free(luns);
    for (const char *c = holder_text(); *c; c++)
        CHECK(*c >= ' ' && *c <= '~');
}

void fuzz_one(void)
{
    configure();
    iscsi_attach(&peer_config, ATTACH_MS, host_now);
    CHECK(peer_run(ATTACH_MS + SLACK_MS, peer_over));
    check_texts();
    CHECK(iscsi_state() != ISCSI_FAILED || iscsi_error());
    if (iscsi_state() == ISCSI_READY) {
        check_ready();
        while (in_left() > 4) {
            if (peer.open)
                peer_lose(ERR_TCP_RESET);
            peer_run(RECOVER_MS, peer_ready);
            CHECK(iscsi_state() == ISCSI_READY || iscsi_state() == ISCSI_RECOVERING);
            if (iscsi_state() == ISCSI_READY)
                check_ready();
        }
        peer.hook = NULL;
        peer.blocks = iscsi_disk()->blocks;
        if (peer.open)
            peer_lose(ERR_TCP_RESET);
        CHECK(peer_run(BACK_MS, peer_ready) || other_disk);
    }
    iscsi_logout(host_now);
}
