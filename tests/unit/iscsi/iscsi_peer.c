/* See iscsi_peer.h. */
#include "iscsi/iscsi_peer.h"
#include "base/arith.h"
#include "base/inet.h"
#include "base/random.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/loop.h"
#include "base/platform.h"
#include "base/str.h"
#include "iscsi/chap.h"
#include "iscsi/lun.h"
#include "net/dns.h"
#include "net/tcp.h"
#include "platform_host.h"
#include "san/rounds.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer_state peers[PEERS], *the_peer = peers;
struct iscsi_config peer_config;

/* The target's end of a connection, and what it keeps of it. */
static struct end {
    const struct tcb *tcb; /* of the initiator's end */
    const struct tcp_ops *ops;
    void *ops_ctx;
    bool connecting, was_full, discovery;
    u8 to_target[1 << 20], to_initiator[8 << 20];
    u32 to_target_len, to_initiator_len;
    u32 held_from; /* of to_initiator: comes later */
    u8 *expect_to;
    u32 expect_len;
    u32 chap_step;
    u8 peer_challenge[1024];
    u32 challenge_len;
    u32 keys_len; /* of peer.keys, while the request goes on */
    struct digests {
        bool header, data;
    } agreed, in_use; /* ... and from the last Login Response on */
    /* Writes that wait for Data-Out. */
    struct write {
        bool used;
        u32 itt, lba, len, got, r2t_sn, asked;
    } writes[TASKS];
    u32 in_flight;
    u32 written_from, written_end; /* what may have changed of peer.disk */
    char answer_left[8192];
    u32 answer_left_len;
    u8 answer_left_flags;
} ends[PEERS], *end = ends;

void peer_turn(u32 which)
{
    end = &ends[which];
    the_peer = &peers[which];
    iscsi_select(which);
}

/* To the one at the other end of a connection; each new one is the next one's. */
static void turn_to(const struct tcb *tcb)
{
    u32 which = 0;
    while (ends[which].tcb && ends[which].tcb != tcb)
        if (++which == PEERS)
            abort();
    ends[which].tcb = tcb;
    end = &ends[which];
    the_peer = &peers[which];
}

/* The stand-ins. */

void tcp_connect(struct tcb *tcb, ip4 addr, u16 port, const struct tcp_ops *o, void *ctx,
                 u32 give_up_ms, msec now)
{
    turn_to(tcb);
    (void)give_up_ms;
    (void)now;
    end->ops = o;
    end->ops_ctx = ctx;
    peer.addr = addr;
    peer.port = port;
    peer.connects++;
    end->connecting = true;
    peer.open = false;
    end->to_target_len = end->to_initiator_len = end->expect_len = 0;
}

void tcp_expect(struct tcb *tcb, u8 *to, u32 len)
{
    turn_to(tcb);
    end->expect_to = to;
    end->expect_len = len;
}

u32 tcp_send_space(const struct tcb *tcb)
{
    turn_to(tcb);
    return peer.open ? peer.send_space - end->to_target_len : 0;
}

u32 tcp_send(struct tcb *tcb, const void *data, u32 len)
{
    u32 n = min_u32(len, tcp_send_space(tcb));
    if (n < len) {
        fprintf(stderr, "half a PDU was sent\n");
        abort();
    }
    memcpy(end->to_target + end->to_target_len, data, n);
    end->to_target_len += n;
    return n;
}

void tcp_abort(struct tcb *tcb)
{
    turn_to(tcb);
    peer.aborts++;
    peer.open = end->connecting = false;
    end->to_target_len = end->to_initiator_len = 0;
}

void tcp_close(struct tcb *tcb, msec now)
{
    turn_to(tcb);
    (void)now;
    peer.open = false;
}

void tcp_set_user_timeout(struct tcb *tcb, u32 ms)
{
    turn_to(tcb);
    (void)ms;
}

bool tcp_shorten(const struct tcb *tcb)
{
    turn_to(tcb);
    return peer.long_lost;
}

void tcp_lend(struct tcb *tcb, const struct tcp_params *params)
{
    (void)tcb;
    (void)params;
}

void dns_start(const char *name, msec now)
{
    (void)now;
    snprintf(peer.dns_name, sizeof(peer.dns_name), "%s", name);
}

enum dns_state dns_result(ip4 *addr)
{
    if (ip4_parse(peer.dns_name, strlen(peer.dns_name), addr))
        return DNS_DONE;
    *addr = peer.dns_answer;
    return peer.dns_answer ? DNS_DONE : DNS_ERROR;
}

/* Answers. */

void peer_send_raw(const void *bytes, u32 len)
{
    memcpy(end->to_initiator + end->to_initiator_len, bytes, len);
    end->to_initiator_len += len;
}

void peer_hold(u32 bytes)
{
    end->held_from = bytes ? end->to_initiator_len - bytes : UINT32_MAX;
}

void peer_header(u8 bhs[BHS_SIZE], u8 opcode, u8 flags, u32 itt, bool takes_stat_sn)
{
    memset(bhs, 0, BHS_SIZE);
    bhs[BHS_OPCODE] = opcode;
    bhs[BHS_FLAGS] = flags;
    put_be32(bhs + BHS_ITT, itt);
    put_be32(bhs + BHS_STAT_SN, peer.stat_sn);
    peer.stat_sn += takes_stat_sn;
    put_be32(bhs + BHS_EXP_CMD_SN, peer.exp_cmd_sn);
    put_be32(bhs + BHS_MAX_CMD_SN, peer.exp_cmd_sn + peer.window - 1);
}

void peer_nop_in(u8 bhs[BHS_SIZE], u32 ttt)
{
    peer_header(bhs, OPCODE_NOP_IN, FLAG_FINAL, ISCSI_NO_TAG, false);
    put_be32(bhs + BHS_TTT, ttt);
}

u8 peer_opcode(const struct peer_pdu *p)
{
    return p->bhs[BHS_OPCODE] & OPCODE_MASK;
}

/* A wrong bit for what is to be sent, where there has to be one. */
static void damage(u8 opcode, bool header, u8 *bytes, u32 len)
{
    if (!len || !peer.damage.count || peer.damage.opcode != opcode || peer.damage.header != header)
        return;
    if (peer.damage.after) {
        peer.damage.after--;
        return;
    }
    peer.damage.count--;
    bytes[random_u32() % len] ^= (u8)(1u << random_u32() % 8);
}

static void send_digest(const void *bytes, u32 len)
{
    u8 digest[CRC32C_SIZE];
    crc32c_put(digest, crc32c_add(CRC32C_START, bytes, len));
    peer_send_raw(digest, sizeof(digest));
}

void peer_send(u8 bhs[BHS_SIZE], const void *data, u32 len)
{
    u8 opcode = bhs[BHS_OPCODE] & OPCODE_MASK;
    put_be24(bhs + BHS_DATA_LENGTH, len);
    peer_send_raw(bhs, BHS_SIZE);
    u8 *sent = end->to_initiator + end->to_initiator_len;
    if (end->in_use.header) {
        send_digest(bhs, BHS_SIZE);
        damage(opcode, true, sent - BHS_SIZE, BHS_SIZE + CRC32C_SIZE);
    }
    if (!len)
        return;
    sent = end->to_initiator + end->to_initiator_len;
    peer_send_raw(data, len);
    peer_send_raw("\0\0\0", pdu_padding(len));
    if (end->in_use.data) {
        send_digest(sent, len + pdu_padding(len));
        damage(opcode, false, sent, len + pdu_padding(len) + CRC32C_SIZE);
    }
}

void peer_status(u32 itt, u8 status, const void *sense, u32 len)
{
    u8 bhs[BHS_SIZE], data[300] = {0};
    peer_header(bhs, OPCODE_SCSI_RSP, FLAG_FINAL, itt, true);
    bhs[SCSI_RSP_STATUS] = status;
    put_be16(data, (u16)len);
    if (len)
        memcpy(data + 2, sense, len);
    peer_send(bhs, data, len ? len + 2 : 0);
    end->in_flight -= end->in_flight > 0;
}

static void data_in(u32 itt, u32 data_sn, u32 offset, const void *data, u32 len, bool status,
                    u32 residual)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_DATA_IN, status ? FLAG_FINAL | DATA_IN_STATUS : 0, itt, status);
    put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
    put_be32(bhs + BHS_DATA_SN, data_sn);
    put_be32(bhs + BHS_BUFFER_OFFSET, offset);
    if (residual)
        bhs[BHS_FLAGS] |= FLAG_UNDERFLOW;
    put_be32(bhs + BHS_RESIDUAL, residual);
    peer_send(bhs, data, len);
    if (status)
        end->in_flight -= end->in_flight > 0;
}

void peer_data_in(u32 itt, u32 data_sn, u32 offset, const void *data, u32 len, bool status)
{
    data_in(itt, data_sn, offset, data, len, status, 0);
}

void peer_r2t(u32 itt, u32 ttt, u32 r2t_sn, u32 offset, u32 len)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_R2T, FLAG_FINAL, itt, false);
    put_be32(bhs + BHS_TTT, ttt);
    put_be32(bhs + BHS_DATA_SN, r2t_sn);
    put_be32(bhs + BHS_BUFFER_OFFSET, offset);
    put_be32(bhs + R2T_LENGTH, len);
    peer_send(bhs, NULL, 0);
}

void peer_lose(enum error why)
{
    peer.open = end->connecting = false;
    end->to_target_len = end->to_initiator_len = 0;
    end->ops->closed(end->ops_ctx, why, host_now);
}

/* Login. */

const char *peer_key(const char *key)
{
    size_t n = strlen(key);
    for (const char *p = peer.keys; *p; p += strlen(p) + 1)
        if (!strncmp(p, key, n) && p[n] == '=')
            return p + n + 1;
    return NULL;
}

static void login_piece(const struct peer_pdu *p)
{
    u32 n = end->answer_left_len;
    bool more = peer.login_pieces && n > peer.login_pieces;
    if (more)
        n = peer.login_pieces;
    u8 flags = more ? (end->answer_left_flags & 0x0c) | LOGIN_CONTINUE : end->answer_left_flags;
    /* A strict target's last piece has no T when the empty request before it had none. */
    if (peer.login_pieces & 1 && !(p->bhs[BHS_FLAGS] & LOGIN_TRANSIT))
        flags &= (u8) ~(LOGIN_TRANSIT | 3);
    peer_login_answer(p, flags, 0, 0, end->answer_left, n);
    memmove(end->answer_left, end->answer_left + n, end->answer_left_len -= n);
}

/* Does the text hold this pair? */
static bool says(const char *text, u32 len, const char *pair)
{
    for (u32 at = 0; at < len; at += (u32)strnlen(text + at, len - at) + 1)
        if (strlen(pair) < len - at && !strcmp(text + at, pair))
            return true;
    return false;
}

/* It is agreed on when the target says so; in a discovery session only when we do, too. */
static bool digest_agreed(const char *key, const char *text, u32 len)
{
    char pair[40];
    snprintf(pair, sizeof(pair), "%s=CRC32C", key);
    return says(text, len, pair) &&
           !(end->discovery && peer_key(key) && strcmp(peer_key(key), "CRC32C"));
}

void peer_login_answer(const struct peer_pdu *p, u8 flags, u8 class, u8 detail, const char *text,
                       u32 len)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_LOGIN_RSP, flags, get_be32(p->bhs + BHS_ITT), true);
    memcpy(bhs + LOGIN_ISID, p->bhs + LOGIN_ISID, 6);
    if ((flags & 0x83) == 0x83)
        put_be16(bhs + LOGIN_TSIH, 7);
    bhs[LOGIN_STATUS] = class;
    bhs[LOGIN_STATUS + 1] = detail;
    peer_send(bhs, text, len);
    end->agreed.header |= digest_agreed("HeaderDigest", text, len);
    end->agreed.data |= digest_agreed("DataDigest", text, len);
    if (!class && (flags & 0x83) == 0x83)
        end->in_use = end->agreed;
}

static char answer[8192];
static u32 answer_len;

static void say(const char *key, const char *value)
{
    answer_len +=
        (u32)snprintf(answer + answer_len, sizeof(answer) - answer_len, "%s=%s", key, value) + 1;
}

static void say_number(const char *key, u32 value)
{
    char t[16];
    snprintf(t, sizeof(t), "%u", value);
    say(key, t);
}

/* A binary value as the target likes to write it. */
static void say_binary(const char *key, const u8 *bytes, u32 len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char t[2100], *q = t;
    if (!peer.base64) {
        chap_encode(t, bytes, len);
        say(key, t);
        return;
    }
    q += sprintf(q, "0b");
    for (u32 i = 0; i < len; i += 3) {
        u32 v = (u32)bytes[i] << 16 | (i + 1 < len ? bytes[i + 1] << 8 : 0) |
                (i + 2 < len ? bytes[i + 2] : 0);
        for (u32 k = 0; k < 4; k++)
            *q++ = i + k > len ? '=' : digits[v >> (18 - 6 * k) & 63];
    }
    *q = 0;
    say(key, t);
}

static bool chap_login(void)
{
    u8 digest[HASH_MAX], got[1024];
    u32 len, size;
    switch (end->chap_step++) {
    case 0:
        if (!peer_key("AuthMethod") || !strstr(peer_key("AuthMethod"), "CHAP"))
            return false;
        say("AuthMethod", "CHAP");
        return true;
    case 1:
        if (!peer_key("CHAP_A") || !strchr(peer_key("CHAP_A"), (char)('0' + peer.algorithm)))
            return false;
        say_number("CHAP_A", peer.algorithm);
        say("CHAP_I", "0x7f");
        end->challenge_len = end->challenge_len ? end->challenge_len : 24;
        for (u32 i = 0; i < end->challenge_len; i++)
            end->peer_challenge[i] = (u8)(i * 7 + 1);
        say_binary("CHAP_C", end->peer_challenge, end->challenge_len);
        return true;
    default:
        size = chap_response(peer.algorithm, 0x7f, peer.secret, end->peer_challenge,
                             end->challenge_len, digest);
        if (!peer_key("CHAP_N") || strcmp(peer_key("CHAP_N"), peer.user) || !peer_key("CHAP_R") ||
            !chap_decode(peer_key("CHAP_R"), got, sizeof(got), &len) || len != size ||
            memcmp(got, digest, size))
            return false;
        if (peer_key("CHAP_C")) {
            chap_decode(peer_key("CHAP_C"), got, sizeof(got), &len);
            size = chap_response(peer.algorithm, (u8)atoi(peer_key("CHAP_I")), peer.reverse_secret,
                                 got, len, digest);
            say("CHAP_N", peer.reverse_user);
            say_binary("CHAP_R", digest, size);
        }
        end->chap_step = 0xff;
        return true;
    }
}

static void login(const struct peer_pdu *p)
{
    u8 flags = p->bhs[BHS_FLAGS], stage = flags >> 2 & 3;
    if (end->answer_left_len) {
        login_piece(p);
        return;
    }
    memcpy(peer.keys + end->keys_len, p->data, p->len);
    end->keys_len += p->len;
    memset(peer.keys + end->keys_len, 0, 2);
    if (flags & LOGIN_CONTINUE) {
        peer_login_answer(p, flags & 0x0c, 0, 0, NULL, 0);
        return;
    }
    end->keys_len = answer_len = 0;
    peer.logins++;
    if (peer_key("SessionType"))
        end->discovery = !strcmp(peer_key("SessionType"), "Discovery");
    if (end->discovery == (peer_key("TargetName") != NULL) && peer_key("InitiatorName"))
        abort();
    u8 answer_flags = flags & 0x8f;
    if (peer_key("TargetName") && strcmp(peer_key("TargetName"), PEER_TARGET)) {
        peer_login_answer(p, 0, 2, 3, NULL, 0);
        return;
    }
    if (stage == 0 && !peer.chap) {
        if (peer_key("AuthMethod"))
            say("AuthMethod", strstr(peer_key("AuthMethod"), "None") ? "None" : "Reject");
    } else if (stage == 0 && end->chap_step != 0xff) {
        if (!chap_login()) {
            peer_login_answer(p, 0, 2, 1, NULL, 0);
            return;
        }
        if (end->chap_step != 0xff)
            answer_flags = 0;
    } else if (stage == 1) {
        if (peer.chap && end->chap_step != 0xff) {
            peer_login_answer(p, 0, 2, 1, NULL, 0);
            return;
        }
        if (peer_key("MaxBurstLength")) {
            say("TargetPortalGroupTag", "1");
            say("HeaderDigest", peer.header_digest ? peer.header_digest : "None");
            say("DataDigest", peer.data_digest ? peer.data_digest : "None");
            say_number("MaxRecvDataSegmentLength", peer.max_recv_data);
            say_number("MaxBurstLength", peer.max_burst);
            say_number("FirstBurstLength", peer.first_burst);
            say_number("MaxOutstandingR2T", peer.max_r2t);
            say("InitialR2T", peer.initial_r2t ? "Yes" : "No");
            say("ImmediateData", peer.immediate ? "Yes" : "No");
            say("MaxConnections", "1");
            say("ErrorRecoveryLevel", "0");
            say("DataPDUInOrder", "Yes");
            say("DataSequenceInOrder", "Yes");
            say("DefaultTime2Wait", "2");
            say("DefaultTime2Retain", "0");
            if (peer.extra_key) {
                answer_len += (u32)sprintf(answer + answer_len, "%s", peer.extra_key) + 1;
                answer_flags &= 0x0f & ~3;
            }
        }
    }
    if (!(answer_flags & LOGIN_TRANSIT))
        answer_flags &= 0x0c;
    memcpy(end->answer_left, answer, answer_len);
    end->answer_left_len = answer_len;
    end->answer_left_flags = answer_flags;
    login_piece(p);
}

/* Commands. */

static void send_read(u32 itt, const u8 *data, u32 len, u32 expected)
{
    u32 sn = 0, at = 0, n = min_u32(len, expected);
    do {
        u32 piece = min_u32(n - at, peer.data_in);
        bool status = at + piece == n && !peer.status_separate;
        data_in(itt, sn++, at, data + at, piece, status, status ? expected - n : 0);
        at += piece;
    } while (at < n);
    if (peer.status_separate)
        peer_status(itt, SCSI_GOOD, NULL, 0);
}

static void next_r2t(struct write *w)
{
    if (w->got == w->len) {
        w->used = false;
        peer_status(w->itt, SCSI_GOOD, NULL, 0);
        return;
    }
    if (w->got < w->asked)
        return;
    /* As many as were agreed on. */
    for (u32 i = 0; i < peer.max_r2t && w->asked < w->len; i++) {
        u32 n = min_u32(w->len - w->asked, peer.max_burst);
        peer_r2t(w->itt, 0x55000000 + w->r2t_sn, w->r2t_sn, w->asked, n);
        w->r2t_sn++;
        w->asked += n;
    }
}

static void fail_command(u32 itt)
{
    u8 fixed[18] = {0x70, 0, peer.fail.key, 0, 0, 0, 0, 10};
    u8 descriptor[8] = {0x72, peer.fail.key, peer.fail.asc, peer.fail.ascq};
    fixed[12] = peer.fail.asc;
    fixed[13] = peer.fail.ascq;
    bool check = peer.fail.status == SCSI_CHECK_CONDITION;
    if (peer.fail.descriptor)
        peer_status(itt, peer.fail.status, descriptor, check ? 8 : 0);
    else
        peer_status(itt, peer.fail.status, fixed, check ? 18 : 0);
}

/* EVPD. The length of a page is in its bytes 2 and 3. */
static void send_vpd(u32 itt, u8 code, u32 expected)
{
    const u8 *page = code == 0x80 ? peer.serial_page : code == 0x83 ? peer.designator_page : NULL;
    if (page)
        send_read(itt, page, 4u + get_be16(page + 2), expected);
    else
        peer_status(itt, SCSI_CHECK_CONDITION, "\x70\0\x05\0\0\0\0\x0a\0\0\0\0\x24\0\0\0\0\0", 18);
}

static void text(const struct peer_pdu *p)
{
    static const char ask[] = "SendTargets=" PEER_TARGET;
    u8 bhs[BHS_SIZE];
    peer.text_requests++;
    if (!end->discovery || p->len != sizeof(ask) || memcmp(p->data, ask, sizeof(ask)))
        abort();
    peer_header(bhs, OPCODE_TEXT_RSP, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
    put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
    peer_send(bhs, peer.targets, peer.targets_len);
}

static void command(const struct peer_pdu *p)
{
    if (end->discovery)
        abort();
    const u8 *cdb = p->bhs + SCSI_CMD_CDB;
    u32 itt = get_be32(p->bhs + BHS_ITT), expected = get_be32(p->bhs + SCSI_CMD_LENGTH);
    u8 data[256] = {0};
    peer.commands++;
    peer.in_flight_max = max_u32(peer.in_flight_max, ++end->in_flight);
    if (peer.fail.count && cdb[0] == peer.fail.opcode) {
        peer.fail.count--;
        fail_command(itt);
        return;
    }
    u64 lba = get_be32(cdb + 2);
    u32 count = get_be16(cdb + 7);
    switch (cdb[0]) {
    case SCSI_TEST_UNIT_READY:
    case SCSI_SYNC_CACHE_10:
        peer_status(itt, SCSI_GOOD, NULL, 0);
        return;
    case SCSI_REPORT_LUNS:
        put_be32(data, 16);
        data[8 + 9] = 1;
        send_read(itt, data, 24, expected);
        return;
    case SCSI_INQUIRY:
        if (cdb[1] & 1) {
            send_vpd(itt, cdb[2], expected);
            return;
        }
        memcpy(data + 8, "MAKER   A DISK\x1b         1.0 ", 28);
        data[0] = peer.inquiry_0;
        send_read(itt, data, 96, expected);
        return;
    case SCSI_READ_CAPACITY_10:
        put_be32(data,
                 (u32)(peer.blocks > UINT32_MAX || !peer.blocks ? UINT32_MAX : peer.blocks - 1));
        put_be32(data + 4, peer.block_size);
        send_read(itt, data, 8, expected);
        return;
    case SCSI_SERVICE_IN_16:
        put_be64(data, peer.blocks - 1);
        put_be32(data + 8, peer.block_size);
        data[13] = peer.physical;
        put_be16(data + 14, peer.aligned);
        send_read(itt, data, 32, expected);
        return;
    case SCSI_READ_16:
    case SCSI_WRITE_16:
        lba = get_be64(cdb + 2);
        count = get_be32(cdb + 10);
        break;
    case SCSI_READ_10:
    case SCSI_WRITE_10:
        break;
    default:
        peer_status(itt, SCSI_CHECK_CONDITION, "\x70\0\x05\0\0\0\0\x0a\0\0\0\0\x20\0\0\0\0\0", 18);
        return;
    }
    u32 sectors = peer.block_size / 512;
    lba = lba * sectors % PEER_BLOCKS; /* large disks repeat themselves */
    count *= sectors;
    if (lba + count > PEER_BLOCKS || count * 512 != expected)
        abort();
    if (cdb[0] == SCSI_READ_10 || cdb[0] == SCSI_READ_16) {
        send_read(itt, peer.disk + lba * 512, expected, expected);
        return;
    }
    peer.writes++;
    struct write *w = end->writes;
    while (w->used)
        w++;
    *w = (struct write){true, itt, (u32)lba, expected, p->len, 0, p->len};
    end->written_from = min_u32(end->written_from, (u32)lba);
    end->written_end = max_u32(end->written_end, (u32)lba + count);
    memcpy(peer.disk + lba * 512, p->data, p->len);
    peer.immediate_bytes += p->len;
    /* Unsolicited data: all that is allowed, when the command says that there is some. */
    if (!(p->bhs[BHS_FLAGS] & FLAG_FINAL))
        w->asked = min_u32(expected, peer.first_burst);
    if (p->len > peer.max_recv_data || (p->len && !peer.immediate) || p->len > peer.first_burst ||
        (w->asked > p->len && peer.initial_r2t))
        abort();
    next_r2t(w);
}

static void data_out(const struct peer_pdu *p)
{
    u32 itt = get_be32(p->bhs + BHS_ITT), at = get_be32(p->bhs + BHS_BUFFER_OFFSET);
    struct write *w = end->writes;
    while (w < end->writes + TASKS && (!w->used || w->itt != itt))
        w++;
    if (w == end->writes + TASKS) {
        if (!peer.forgives)
            abort();
        return;
    }
    peer.data_outs++;
    if (get_be32(p->bhs + BHS_TTT) == ISCSI_NO_TAG)
        peer.unsolicited += p->len;
    else
        peer.solicited += p->len;
    if (at != w->got || p->len > peer.max_recv_data || p->len > w->asked - w->got)
        abort();
    memcpy(peer.disk + w->lba * 512 + at, p->data, p->len);
    w->got += p->len;
    bool final = p->bhs[BHS_FLAGS] & FLAG_FINAL;
    if (w->got == w->asked && !final)
        abort();
    next_r2t(w);
}

/* The answer to who wants it aborted. */
static u8 forget_write(u32 itt)
{
    for (struct write *w = end->writes; w < end->writes + TASKS; w++)
        if (w->used && w->itt == itt) {
            w->used = false;
            return TASK_RSP_DONE;
        }
    return TASK_RSP_NO_TASK;
}

static void take_pdu(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE], opcode = p->bhs[BHS_OPCODE];
    bool counted = !(opcode & OPCODE_IMMEDIATE) && opcode != OPCODE_DATA_OUT;
    if (counted && get_be32(p->bhs + BHS_CMD_SN) != peer.exp_cmd_sn)
        abort();
    peer.exp_cmd_sn += counted;
    peer.pdus++;
    if (peer.lose_after && peer.pdus == peer.lose_after) {
        peer_lose(ERR_TCP_RESET);
        return;
    }
    if ((opcode & OPCODE_MASK) == OPCODE_SCSI_CMD) {
        peer.immediate_commands += !counted;
        peer.last_itt = get_be32(p->bhs + BHS_ITT);
        if (get_be16(p->bhs + BHS_LUN))
            peer.last_lun = get_be16(p->bhs + BHS_LUN);
    }
    if (peer.mute || (peer.hook && peer.hook(p)))
        return;
    switch (opcode & OPCODE_MASK) {
    case OPCODE_LOGIN_REQ:
        login(p);
        break;
    case OPCODE_SCSI_CMD:
        command(p);
        break;
    case OPCODE_TEXT_REQ:
        text(p);
        break;
    case OPCODE_DATA_OUT:
        data_out(p);
        break;
    case OPCODE_NOP_OUT:
        if (get_be32(p->bhs + BHS_ITT) == ISCSI_NO_TAG) {
            peer.nop_answers++;
            break;
        }
        peer.pings++;
        peer_header(bhs, OPCODE_NOP_IN, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
        put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
        peer_send(bhs, NULL, 0);
        break;
    case OPCODE_TASK_REQ:
        peer.tasks_aborted++;
        peer_header(bhs, OPCODE_TASK_RSP, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
        bhs[TASK_RSP_RESPONSE] = peer.no_abort ? 5 : forget_write(get_be32(p->bhs + TASK_REQ_TAG));
        peer_send(bhs, NULL, 0);
        break;
    case OPCODE_LOGOUT_REQ:
        peer.logouts++;
        peer_header(bhs, OPCODE_LOGOUT_RSP, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
        peer_send(bhs, NULL, 0);
        break;
    default:
        abort();
    }
}

/* The wire. */

/* What we have sent ends with its digest, where there is one. */
static void check_digest(bool is_there, const u8 *bytes, u32 len)
{
    if (is_there && crc32c_add(CRC32C_START, bytes, len) != CRC32C_GOOD) {
        fprintf(stderr, "a PDU was sent with a wrong digest\n");
        abort();
    }
}

static bool deliver(void)
{
    static struct peer_pdu pdu;
    bool moved = false;
    enum peer_portal portal = PORTAL_UP;
    if (end->connecting && peer.portal)
        portal = peer.portal(peer.addr, peer.port);
    if (end->connecting && !peer.deaf && portal != PORTAL_DEAF) {
        end->connecting = false;
        moved = true;
        if (peer.refuse || portal == PORTAL_REFUSES) {
            end->ops->closed(end->ops_ctx, ERR_TCP_REFUSED, host_now);
            return true;
        }
        peer.open = true;
        peer.exp_cmd_sn = 1;
        peer.stat_sn = 0xfffffffe; /* it wraps soon */
        end->chap_step = end->answer_left_len = end->keys_len = end->in_flight = 0;
        end->agreed = end->in_use = (struct digests){0};
        peer_hold(0);
        memset(end->writes, 0, sizeof(end->writes));
        end->ops->connected(end->ops_ctx, host_now);
    }
    end->was_full = peer.open && peer.send_space - end->to_target_len < 16384;
    u32 from = 0;
    while (peer.open && end->to_target_len - from >= BHS_SIZE) {
        const u8 *next = end->to_target + from;
        if (peer.follows && (next[BHS_OPCODE] & OPCODE_MASK) != OPCODE_LOGIN_REQ)
            end->in_use =
                (struct digests){login_params()->header_digest, login_params()->data_digest};
        u32 header = BHS_SIZE + (end->in_use.header ? CRC32C_SIZE : 0), len, data;
        len = get_be24(next + BHS_DATA_LENGTH);
        data = len + pdu_padding(len) + (end->in_use.data && len ? CRC32C_SIZE : 0);
        if (end->to_target_len - from < header + data)
            break;
        check_digest(end->in_use.header, next, header);
        check_digest(end->in_use.data && len, next + header, data);
        memcpy(pdu.bhs, next, BHS_SIZE);
        memcpy(pdu.data, next + header, len);
        pdu.len = len;
        from += header + data;
        moved = true;
        take_pdu(&pdu);
    }
    if (from <= end->to_target_len) /* else the connection is lost */
        memmove(end->to_target, end->to_target + from, end->to_target_len -= from);
    if (moved && end->was_full && peer.open)
        end->ops->writable(end->ops_ctx, host_now);
    u32 at = 0;
    static u8 piece[1 << 20];
    while (peer.open && at < min_u32(end->to_initiator_len, end->held_from)) {
        u32 n = peer.segment ? peer.segment : 1 + random_u32() % 3000;
        n = min_u32(min_u32(n, sizeof(piece)), min_u32(end->to_initiator_len, end->held_from) - at);
        /* A copy of its own, so that ASan sees who reads beyond it. */
        u8 *copy = malloc(n);
        memcpy(copy, end->to_initiator + at, n);
        at += n;
        /* What is expected is in its place already, or what came with a bad checksum is there. */
        const u8 *data = copy;
        if (end->expect_len)
            memset(end->expect_to, 0xee, end->expect_len);
        if (n <= end->expect_len && random_u32() % 2)
            data = memcpy(end->expect_to, copy, n);
        end->expect_len = 0;
        end->ops->receive(end->ops_ctx, data, n, host_now);
        free(copy);
        moved = true;
    }
    if (at <= end->to_initiator_len) {
        memmove(end->to_initiator, end->to_initiator + at, end->to_initiator_len -= at);
        end->held_from -= end->held_from == UINT32_MAX ? 0 : at;
    }
    return moved;
}

/* All that goes on between the initiator and each of the targets. */
static void deliver_all(void)
{
    u32 turn = (u32)(the_peer - peers);
    for (u32 which = 0; which < PEERS; which++) {
        peer_turn(which);
        while (deliver())
            ;
    }
    peer_turn(turn);
}

/* As the SAN polls its disks. */
static void poll_all(msec now)
{
    u32 turn = (u32)(the_peer - peers);
    for (u32 which = 0; which < PEERS; which++) {
        peer_turn(which);
        iscsi_poll(now);
    }
    peer_turn(turn);
}

static u32 timeout_of_all(msec now)
{
    u32 ms = TIMEOUT_NEVER, turn = (u32)(the_peer - peers);
    for (u32 which = 0; which < PEERS; which++) {
        peer_turn(which);
        ms = min_u32(ms, iscsi_timeout(now));
    }
    peer_turn(turn);
    return ms;
}

bool peer_run(u32 ms, bool (*until)(void))
{
    msec over = host_now + ms;
    for (u32 spins = 0; spins < 100;) {
        loop_poll(NULL);
        deliver_all();
        if (until && until())
            return true;
        u32 wait = min_u32(timeout_of_all(host_now), time_left(host_now, over));
        if (!time_left(host_now, over))
            return !until;
        host_now += wait;
        spins = wait ? 0 : spins + 1;
    }
    fprintf(stderr, "the initiator spins\n");
    abort();
}

bool peer_ready(void)
{
    return iscsi_state() == ISCSI_READY;
}

bool peer_over(void)
{
    enum iscsi_state s = iscsi_state();
    return s == ISCSI_READY || s == ISCSI_FAILED || s == ISCSI_CLOSED;
}

enum iscsi_state peer_attach(void)
{
    iscsi_attach(&peer_config, 20000, host_now);
    peer_run(30000, peer_over);
    return iscsi_state();
}

static struct block_req *waiting;

static bool request_done(void)
{
    return waiting->done;
}

enum error peer_io(enum block_op op, u64 lba, u32 count, u8 *data)
{
    struct block_req req = {.op = op, .lba = lba, .count = count, .data = data};
    struct block_dev *dev = iscsi_disk();
    waiting = &req;
    dev->ops->submit(dev, &req);
    if (!peer_run(600000, request_done)) {
        dev->ops->abort(dev);
        return ERR_BUSY;
    }
    return req.status;
}

/* The initiator is gone, and the target is as new. */
static void reset_target(void)
{
    static const u8 no_lun[LUN_SIZE];
    static u8 pattern[sizeof(peer.disk)];
    iscsi_logout(host_now);
    if (end->ops && peer.open)
        peer_lose(ERR_TCP_RESET);
    rounds_settled();
    lun_set_form(no_lun, no_lun);
    for (u32 i = sizeof(pattern); !pattern[1] && i--;)
        pattern[i] = (u8)(i * 31 + i / 512 * 7);
    if (!peer.blocks)
        end->written_end = PEER_BLOCKS;
    if (end->written_from < end->written_end)
        memcpy(peer.disk + end->written_from * 512, pattern + end->written_from * 512,
               (end->written_end - end->written_from) * 512);
    end->written_from = PEER_BLOCKS;
    end->written_end = 0;
    memset(&peer, 0, offsetof(struct peer_state, disk));
    end->to_target_len = end->to_initiator_len = end->challenge_len = 0;
    end->connecting = false;
    peer_hold(0);
    peer.max_recv_data = 8192;
    peer.max_burst = 262144;
    peer.first_burst = 65536;
    peer.max_r2t = 1;
    peer.initial_r2t = 1;
    peer.immediate = 1;
    peer.data_in = 8192;
    peer.window = 32;
    peer.segment = 1460;
    peer.send_space = 65536;
    peer.blocks = PEER_BLOCKS;
    peer.block_size = 512;
    peer.algorithm = CHAP_MD5;
    peer.user = "joe";
    peer.secret = "a secret of joe";
    peer.reverse_user = "target";
    peer.reverse_secret = "the target's own";
}

void peer_reset(void)
{
    static bool registered;
    static const struct poller poller = {poll_all, timeout_of_all};
    if (!registered)
        loop_register(&poller);
    registered = true;
    for (u32 which = PEERS; which--;) {
        peer_turn(which);
        reset_target();
    }
    host_reset(1000);
    loop_poll(NULL);
    memset(&iscsi_stats, 0, sizeof(iscsi_stats));
    peer_config =
        (struct iscsi_config){.paths = {{{0, 1}, {0, PEER_PORT, "10.0.0.1"}, PEER_TARGET}},
                              .path_count = 1,
                              .retry_ms = 20000,
                              .isid = {0x40, 1, 2, 3, 4, 5},
                              .initiator = PEER_US};
}

bool peer_redirects_once(const struct peer_pdu *p)
{
    static const char to[] = "TargetAddress=10.0.0.7:3261";
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || peer.addr != PEER_ADDR)
        return false;
    peer_login_answer(p, 0x04, 1, 1, to, sizeof(to));
    return true;
}
