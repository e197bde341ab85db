/* What TCP tells: PDUs from the target, each to whom it is for, and what Async Messages and Rejects
 * ask of the session; and what follows from all that. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/conn.h"
#include "iscsi/discover.h"
#include "iscsi/holder.h"
#include "iscsi/probe.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"

#define TIME2WAIT_MAX 10 /* seconds that a target may keep us waiting after it drops us */

static void async(const u8 *bhs, msec now)
{
    switch (bhs[ASYNC_EVENT]) {
    case ASYNC_LOGOUT:
    case ASYNC_RENEGOTIATE:
        if (session->phase == PHASE_READY || session->phase == PHASE_PROBE)
            session_leave(true, now);
        break;
    case ASYNC_DROP_CONNECTION:
    case ASYNC_DROP_SESSION:
        session_retry(ERR_TCP_CLOSED,
                      min_u32(get_be16(bhs + ASYNC_PARAMETER2), TIME2WAIT_MAX) * 1000, now);
        break;
    default:; /* SCSI events come as unit attention, too; others are the vendor's */
    }
}

/* Reject: its data segment is the header of what the target did not like. Where a digest of ours
 * was wrong there, nobody is to blame for it. False: it breaks the protocol. */
static bool rejected(const u8 *bhs, const u8 *data, u32 len, msec now)
{
    iscsi_stats.rejects++;
    if (bhs[REJECT_REASON] == REJECT_DATA_DIGEST) {
        conn_drop();
        session_lost(ERR_DIGEST, now);
        return true;
    }
    if (len < BHS_SIZE)
        return false;
    if ((data[BHS_OPCODE] & OPCODE_MASK) == OPCODE_NOP_OUT)
        return true; /* also a sign of life */
    return task_rejected(data, bhs[REJECT_REASON], now);
}

/* A header is there: where does its data segment go? False: it breaks the protocol. */
static bool take_header(void)
{
    const u8 *bhs = conn_bhs();
    bool logged_in = session->phase >= PHASE_DISCOVER && session->phase <= PHASE_LEAVE;
    u8 opcode = bhs[BHS_OPCODE] & OPCODE_MASK;
    /* A target has no use for additional headers: where there is one, something is wrong. */
    if ((opcode == OPCODE_LOGIN_RSP) == logged_in || bhs[BHS_AHS_LENGTH])
        return false;
    u8 *to = NULL;
    u32 room;
    if (opcode != OPCODE_DATA_IN)
        return true;
    if (!task_place(bhs, conn_data_length(), &to, &room))
        return false;
    conn_place(to, room);
    return true;
}

/* A PDU is complete. False: it breaks the protocol. */
static bool take_pdu(msec now)
{
    const u8 *bhs = conn_bhs();
    u32 len;
    const u8 *data = conn_data(&len);
    switch (bhs[BHS_OPCODE] & OPCODE_MASK) {
    case OPCODE_NOP_IN:
        return true; /* answered already */
    case OPCODE_LOGIN_RSP:
        session_login_answer(bhs, data, len, now);
        return true;
    case OPCODE_DATA_IN:
        task_data_in(bhs, conn_data_damaged(), now);
        return true;
    case OPCODE_SCSI_RSP:
        task_response(bhs, data, len, conn_data_damaged(), now);
        return true;
    case OPCODE_R2T:
        return task_r2t(bhs);
    case OPCODE_TASK_RSP:
        return task_aborted(bhs, now);
    case OPCODE_ASYNC:
        async(bhs, now);
        return true;
    case OPCODE_LOGOUT_RSP:
        if (session->phase == PHASE_LEAVE)
            session_left(now);
        return true;
    case OPCODE_TEXT_RSP:
        if (session->phase != PHASE_DISCOVER)
            break;
        discover_answer(session->used.path, data, len);
        session_discovered(now);
        return true;
    case OPCODE_REJECT:
        return rejected(bhs, data, len, now);
    default:;
    }
    iscsi_stats.unknown++;
    return false;
}

static void receive(void *ctx, const u8 *data, u32 len, msec now)
{
    bool news = false; /* a PDU began or ended */
    session_select(ctx);
    conn_heard(now);
    while (conn_is_open()) {
        enum conn_step step = conn_take(&data, &len);
        if (step == CONN_MORE)
            break;
        news = true;
        bool good = step == CONN_HEADER ? take_header() : step == CONN_PDU && take_pdu(now);
        if (!good && conn_is_open()) {
            iscsi_stats.bad_pdu += step != CONN_DAMAGED;
            conn_drop();
            session_lost(step == CONN_DAMAGED ? ERR_DIGEST : ERR_ISCSI_PROTOCOL, now);
        }
    }
    if (conn_is_open()) {
        conn_expect();
        if (news)
            session_pump(now);
    }
}

static void connected(void *ctx, msec now)
{
    session_select(ctx);
    if (conn_is_open())
        session_log_in(now);
}

static void writable(void *ctx, msec now)
{
    session_select(ctx);
    if (conn_is_open()) {
        conn_send_pings();
        session_pump(now);
    }
}

static void closed(void *ctx, enum error reason, msec now)
{
    session_select(ctx);
    if (conn_is_open()) {
        conn_gone();
        session_lost(reason ? reason : ERR_TCP_CLOSED, now);
    }
}

const struct tcp_ops session_tcp_ops = {connected, receive, writable, closed};

void session_pump(msec now)
{
    if (session->phase == PHASE_LOGIN && session->login_unsent)
        session_send_login();
    bool idle = holder_done();
    if (idle && session->phase == PHASE_READY && task_held()) {
        holder_forget(); /* another may hold it now */
        holder_ask();
    }
    if (idle && session->phase == PHASE_PROBE && probe_done())
        session_probed(now);
    session_disk_results();
    if (session_has_commands())
        task_pump(now);
}
