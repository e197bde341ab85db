/* The connection: bytes to PDUs and back, sequence numbers, pings. */
#include "iscsi/conn.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/platform.h"
#include "base/str.h"
#include "net/tcb.h"
#include "san/disks.h"

#define PINGS           8     /* of the target's, that wait for room to be answered */
#define QUIET_PING_MS   5000  /* silence after which we ask; */
#define QUIET_SOON_MS   2000  /* where there are other ways to go; more than ATTENTION_MS */
#define QUIET_SHORT_MS  7000  /* after which nobody but TCP has answered: see tcp_shorten() */
#define QUIET_LOST_MS   15000 /* and after which there is nobody */
#define ATTENTION_MS    1000  /* the longest gap between two polls that counts as silence */
#define USER_TIMEOUT_MS 20000 /* for TCP to get no answer at all; */
#define USER_SOON_MS    3000  /* where there are other ways: so five seconds in all */

struct iscsi_stats iscsi_stats;

#define NAME(name) "iscsi_" COUNTERS_NAME(name)
static const char counter_names[] = ISCSI_STATS(NAME);

/* What is large comes last: 128 bytes are within reach of a short displacement. */
static struct conn {
    bool is_open, full_feature, stat_sn_known, ping_out;
    u32 cmd_sn, max_cmd_sn, exp_stat_sn;
    u32 quiet;      /* ms of attended silence, */
    u32 quiet_ping; /* and after how many we ask */
    msec last_poll;
    u32 ping_count;
    struct pdu_rx rx; /* also knows what digests what we send has */
    struct tcb tcb;
    u8 pings[PINGS][BHS_SIZE]; /* answers that are due */
    u8 segment[PDU_MAX_LOGIN_DATA];
} conns[SAN_DISKS], *conn = conns;

void conn_select(u32 disk)
{
    conn = &conns[disk];
}

bool conn_is_open(void)
{
    return conn->is_open;
}

void conn_lend(const struct tcp_params *params)
{
    tcp_lend(&conn->tcb, params);
}

void conn_open(ip4 addr, u16 port, const struct tcp_ops *ops, void *ctx, bool only_way,
               u32 give_up_ms, msec now)
{
    counters_register(counter_names, (u32 *)&iscsi_stats, sizeof(iscsi_stats));
    conn_drop();
    pdu_rx_init(&conn->rx);
    conn->full_feature = conn->stat_sn_known = conn->ping_out = false;
    conn->quiet = conn->ping_count = conn->exp_stat_sn = 0;
    conn->cmd_sn = 1;
    conn->max_cmd_sn = 0; /* closed, until the first Login Response says more */
    conn->last_poll = now;
    conn->is_open = true;
    iscsi_stats.connections++;
    conn->quiet_ping = only_way ? QUIET_PING_MS : QUIET_SOON_MS;
    tcp_set_user_timeout(&conn->tcb, only_way ? USER_TIMEOUT_MS : USER_SOON_MS);
    tcp_connect(&conn->tcb, addr, port, ops, ctx, give_up_ms, now);
}

void conn_drop(void)
{
    if (conn->is_open)
        tcp_abort(&conn->tcb);
    conn->is_open = false;
}

void conn_close(msec now)
{
    if (conn->is_open)
        tcp_close(&conn->tcb, now);
    conn->is_open = false;
}

void conn_gone(void)
{
    conn->is_open = false;
}

void conn_full_feature(bool header_digest, bool data_digest)
{
    conn->full_feature = true;
    conn->rx.header_digest = header_digest;
    conn->rx.data_digest = data_digest;
    if (header_digest || data_digest)
        crc32c_init(platform_has_crc32());
}

/* Sending. */

/* What a PDU takes besides its data segment and the padding. */
static u32 frame_size(bool has_data)
{
    return BHS_SIZE + (conn->rx.header_digest ? CRC32C_SIZE : 0) +
           (has_data && conn->rx.data_digest ? CRC32C_SIZE : 0);
}

u32 conn_room(void)
{
    u32 space = conn->is_open ? tcp_send_space(&conn->tcb) : 0, frame = frame_size(true);
    return space > frame + 3 ? (space - frame) & ~3u : 0;
}

bool conn_can_send(u32 data_len)
{
    return conn->is_open &&
           tcp_send_space(&conn->tcb) >= frame_size(data_len) + data_len + pdu_padding(data_len);
}

static void send_digest(u32 crc)
{
    u8 digest[CRC32C_SIZE];
    crc32c_put(digest, crc);
    tcp_send(&conn->tcb, digest, CRC32C_SIZE);
}

void conn_send(u8 bhs[BHS_SIZE], const void *data, u32 len)
{
    static const u8 zeros[4];
    u32 pad = pdu_padding(len);
    put_be24(bhs + BHS_DATA_LENGTH, len);
    put_be32(bhs + BHS_EXP_STAT_SN, conn->exp_stat_sn);
    tcp_send(&conn->tcb, bhs, BHS_SIZE);
    if (conn->rx.header_digest)
        send_digest(crc32c_add(CRC32C_START, bhs, BHS_SIZE));
    if (!len)
        return;
    tcp_send(&conn->tcb, data, len);
    if (pad)
        tcp_send(&conn->tcb, zeros, pad);
    if (conn->rx.data_digest)
        send_digest(crc32c_add(crc32c_add(CRC32C_START, data, len), zeros, pad));
}

u32 conn_cmd_sn(void)
{
    return conn->cmd_sn;
}

bool conn_window_open(void)
{
    return !serial_after(conn->cmd_sn, conn->max_cmd_sn);
}

void conn_take_cmd_sn(void)
{
    conn->cmd_sn++;
}

/* NOP-Out: immediate, so that a closed command window does not hold it. */
static void nop_out(u8 bhs[BHS_SIZE], u32 itt, u32 ttt)
{
    bhs[BHS_OPCODE] = OPCODE_NOP_OUT | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = FLAG_FINAL;
    put_be32(bhs + BHS_ITT, itt);
    put_be32(bhs + BHS_TTT, ttt);
}

void conn_send_pings(void)
{
    u32 sent = 0;
    for (; sent < conn->ping_count && conn_can_send(0); sent++) {
        put_be32(conn->pings[sent] + BHS_CMD_SN, conn->cmd_sn);
        conn_send(conn->pings[sent], NULL, 0);
    }
    conn->ping_count -= sent;
    memmove(conn->pings[0], conn->pings[sent], conn->ping_count * BHS_SIZE);
}

/* A NOP-In: the target wants an answer when it gives a tag. Its ping has no data to send back
 * (RFC 7143, 11.19). */
static void nop_in(const u8 bhs[BHS_SIZE])
{
    u32 ttt = get_be32(bhs + BHS_TTT);
    if (ttt == ISCSI_NO_TAG)
        return;
    if (conn->ping_count == PINGS) {
        iscsi_stats.ping_dropped++;
        return;
    }
    u8 *answer = conn->pings[conn->ping_count++];
    memset(answer, 0, BHS_SIZE);
    memcpy(answer + BHS_LUN, bhs + BHS_LUN, 8);
    nop_out(answer, ISCSI_NO_TAG, ttt);
    conn_send_pings();
}

/* Receiving. */

/* The numbers that every PDU of the target carries. ExpCmdSN is only there to tell whether MaxCmdSN
 * makes sense (RFC 7143, 4.2.2.1). */
static void take_numbers(const u8 bhs[BHS_SIZE])
{
    u8 opcode = bhs[BHS_OPCODE] & OPCODE_MASK;
    u32 max = get_be32(bhs + BHS_MAX_CMD_SN), exp = get_be32(bhs + BHS_EXP_CMD_SN);
    if (!serial_after(exp - 1, max) && serial_after(max, conn->max_cmd_sn))
        conn->max_cmd_sn = max;
    /* These carry a StatSN that counts; an R2T and a ping only say what the next one will be. */
    bool status = opcode != OPCODE_R2T &&
                  !(opcode == OPCODE_DATA_IN && !(bhs[BHS_FLAGS] & DATA_IN_STATUS)) &&
                  !(opcode == OPCODE_NOP_IN && get_be32(bhs + BHS_ITT) == ISCSI_NO_TAG);
    if (!status)
        return;
    u32 sn = get_be32(bhs + BHS_STAT_SN);
    if (conn->stat_sn_known && sn != conn->exp_stat_sn)
        iscsi_stats.bad_stat_sn++;
    /* TCP has lost nothing, and every task knows what it is owed, so a gap does no harm; but what
     * was acknowledged once stays so. */
    if (!conn->stat_sn_known || !serial_after(conn->exp_stat_sn, sn))
        conn->exp_stat_sn = sn + 1;
    conn->stat_sn_known = true;
}

void conn_heard(msec now)
{
    conn->quiet = 0;
    conn->ping_out = false;
    conn->last_poll = now;
}

/* A PDU is complete. */
static enum conn_step take_whole(void)
{
    u8 opcode = conn->rx.bhs[BHS_OPCODE] & OPCODE_MASK;
    iscsi_stats.digest_data += conn->rx.damaged;
    if (conn->rx.damaged && opcode != OPCODE_DATA_IN && opcode != OPCODE_SCSI_RSP)
        return CONN_DAMAGED;
    take_numbers(conn->rx.bhs);
    if (opcode == OPCODE_NOP_IN)
        nop_in(conn->rx.bhs);
    return CONN_PDU;
}

enum conn_step conn_take(const u8 **data, u32 *len)
{
    switch (pdu_take(&conn->rx, data, len)) {
    case PDU_HEADER:
        conn_place(conn->segment, sizeof(conn->segment));
        return conn->rx.length <= (conn->full_feature ? PDU_MAX_DATA : PDU_MAX_LOGIN_DATA)
                   ? CONN_HEADER
                   : CONN_BROKEN;
    case PDU_DONE:
        return take_whole();
    case PDU_DAMAGED:
        iscsi_stats.digest_header++;
        return CONN_DAMAGED;
    default:
        return CONN_MORE;
    }
}

const u8 *conn_bhs(void)
{
    return conn->rx.bhs;
}

u32 conn_data_length(void)
{
    return conn->rx.length;
}

void conn_place(u8 *to, u32 room)
{
    conn->rx.to = to;
    conn->rx.room = room;
}

const u8 *conn_data(u32 *len)
{
    *len = conn->rx.to == conn->segment ? conn->rx.stored : 0;
    return conn->segment;
}

bool conn_data_damaged(void)
{
    return conn->rx.damaged;
}

void conn_expect(void)
{
    if (!pdu_in_data(&conn->rx))
        return;
    u32 len = min_u32(conn->rx.data, conn->rx.room - conn->rx.stored);
    tcp_expect(&conn->tcb, len ? conn->rx.to + conn->rx.stored : NULL, len);
}

void conn_skip_data(void)
{
    conn->rx.room = conn->rx.stored;
    tcp_expect(&conn->tcb, NULL, 0);
}

u32 conn_redirect_data(const u8 *from, u32 len, u8 *to)
{
    /* Where a PDU of a connection that is gone was to go others have their data by now. */
    if (!conn->is_open || !pdu_in_data(&conn->rx) || conn->rx.to < from ||
        conn->rx.to >= from + len)
        return 0;
    conn->rx.to = to + (conn->rx.to - from);
    tcp_expect(&conn->tcb, NULL, 0);
    return conn->rx.stored;
}

/* Time. */

bool conn_poll(msec now)
{
    /* Whoever holds the CPU for a minute has not been met with silence for a minute. */
    conn->quiet += min_u32(now - conn->last_poll, ATTENTION_MS);
    conn->last_poll = now;
    if (!conn->is_open || !conn->full_feature)
        return true;
    if (conn->quiet >= QUIET_LOST_MS ||
        (conn->ping_out && conn->quiet >= QUIET_SHORT_MS && tcp_shorten(&conn->tcb))) {
        conn_drop();
        return false;
    }
    if (conn->quiet >= conn->quiet_ping && !conn->ping_out && conn_can_send(0)) {
        u8 bhs[BHS_SIZE] = {0};
        nop_out(bhs, TAG_PING, ISCSI_NO_TAG);
        put_be32(bhs + BHS_CMD_SN, conn->cmd_sn);
        conn_send(bhs, NULL, 0);
        conn->ping_out = true;
    }
    return true;
}

u32 conn_timeout(void)
{
    if (!conn->is_open || !conn->full_feature)
        return TIMEOUT_NEVER;
    u32 next = conn->ping_out || conn->quiet >= conn->quiet_ping ? QUIET_LOST_MS : conn->quiet_ping;
    return conn->quiet < next ? min_u32(next - conn->quiet, ATTENTION_MS) : 0;
}
