/* PDUs from the target: each to whom it is for, and what Async Messages and Rejects ask of the
 * session. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/conn.h"
#include "iscsi/discover.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"

#define TIME2WAIT_MAX 10 /* seconds that a target may keep us waiting after it drops us */

static void async(const u8 *bhs, msec now)
{
    switch (bhs[ASYNC_EVENT]) {
    case ASYNC_LOGOUT:
    case ASYNC_RENEGOTIATE:
        if (session.phase == PHASE_READY || session.phase == PHASE_PROBE)
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

/* Reject: its data segment is the header of what the target did not like. */
static bool rejected(const u8 *data, u32 len, msec now)
{
    iscsi_stats.rejects++;
    if (len < BHS_SIZE)
        return false;
    if ((data[BHS_OPCODE] & OPCODE_MASK) == OPCODE_NOP_OUT)
        return true; /* also a sign of life */
    task_rejected(data, now);
    return false;
}

bool session_place(const u8 bhs[BHS_SIZE], u32 len, u8 **to, u32 *room, msec now)
{
    bool logged_in = session.phase >= PHASE_DISCOVER && session.phase <= PHASE_LEAVE;
    bool login = (bhs[BHS_OPCODE] & OPCODE_MASK) == OPCODE_LOGIN_RSP;
    /* A target has no use for additional headers: where there is one, something is wrong. */
    if (login == logged_in || bhs[BHS_AHS_LENGTH])
        return false;
    if ((bhs[BHS_OPCODE] & OPCODE_MASK) == OPCODE_DATA_IN)
        return task_place(bhs, len, to, room, now);
    return true;
}

bool session_pdu(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, msec now)
{
    switch (bhs[BHS_OPCODE] & OPCODE_MASK) {
    case OPCODE_LOGIN_RSP:
        session_login_answer(bhs, data, len, now);
        return true;
    case OPCODE_DATA_IN:
        task_data_in(bhs, now);
        return true;
    case OPCODE_SCSI_RSP:
        task_response(bhs, data, len, now);
        return true;
    case OPCODE_R2T:
        return task_r2t(bhs, now);
    case OPCODE_ASYNC:
        async(bhs, now);
        return true;
    case OPCODE_LOGOUT_RSP:
        if (session.phase == PHASE_LEAVE)
            session_left(now);
        return true;
    case OPCODE_TEXT_RSP:
        if (session.phase != PHASE_DISCOVER)
            break;
        discover_answer(session.used.path, data, len);
        session_discovered(now);
        return true;
    case OPCODE_REJECT:
        return rejected(data, len, now);
    default:;
    }
    iscsi_stats.unknown++;
    return false;
}
