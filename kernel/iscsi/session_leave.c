/* Logging out (RFC 7143, 11.14). */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/conn.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"

#define LOGOUT_MS      3000
#define LOGOUT_SESSION 0x80 /* reason 0: close the session */

void session_leave(bool back, msec now)
{
    u8 bhs[BHS_SIZE] = {0};
    session->come_back = back;
    u32 left = session->attached ? TIMEOUT_NEVER : time_left(now, session->give_up_at);
    session_enter(PHASE_LEAVE, min_u32(LOGOUT_MS, left), now);
    task_allow(false);
    if (!conn_can_send(0))
        return;
    bhs[BHS_OPCODE] = OPCODE_LOGOUT_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = LOGOUT_SESSION;
    put_be32(bhs + BHS_ITT, TAG_LOGOUT);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_send(bhs, NULL, 0);
}

void session_left(msec now)
{
    if (session->come_back) {
        session_retry(ERR_TCP_CLOSED, 0, now);
        return;
    }
    conn_close(now);
    session->phase = PHASE_CLOSED;
}

void iscsi_logout(msec now)
{
    session_disk_end(ERR_ABORTED);
    session->abandoned = false; /* this connection is to end anyway */
    if (session->phase == PHASE_READY) {
        session_leave(false, now);
    } else if (session->phase != PHASE_LEAVE && session->phase != PHASE_CLOSED) {
        conn_drop();
        session->phase = PHASE_CLOSED;
    }
    session->come_back = false;
}
