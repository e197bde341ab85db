/* The session's life, as its owner sees it: attach, serve, log out, and the time that all takes. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/login.h"
#include "iscsi/path.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"

#define LOGOUT_MS      3000
#define LOGOUT_SESSION 0x80 /* reason 0: close the session */
#define LOGOUT_TAG     0xfffffff1u

struct session session;

void session_enter(enum phase next, u32 ms, msec now)
{
    session.phase = next;
    session.phase_end = now + ms;
}

void session_fail(enum error e)
{
    conn_drop();
    session.phase = PHASE_FAILED;
    session.error = e;
    task_end_all(e);
}

void iscsi_attach(const struct iscsi_config *c, u32 give_up_ms, msec now)
{
    conn_drop();
    task_end_all(ERR_ABORTED);
    session.config = *c;
    memset(&session.used, 0, sizeof(session.used));
    memset(&session.disk, 0, sizeof(session.disk));
    session.attached = session.come_back = false;
    session.error = OK;
    session.give_up_at = now + give_up_ms;
    path_init(session.config.paths, session.config.path_count);
    session.used.path = path_current();
    task_init();
    if (session.config.reverse_user[0] && !session.config.user[0])
        session_fail(ERR_LOGIN_NO_METHOD); /* half of mutual CHAP would check nothing */
    else
        session_attach(now);
}

enum iscsi_state iscsi_state(void)
{
    static const u8 states[] = {
        [PHASE_IDLE] = ISCSI_IDLE,          [PHASE_PAUSE] = ISCSI_CONNECTING,
        [PHASE_RESOLVE] = ISCSI_CONNECTING, [PHASE_CONNECT] = ISCSI_CONNECTING,
        [PHASE_LOGIN] = ISCSI_LOGIN,        [PHASE_DISCOVER] = ISCSI_LOGIN,
        [PHASE_PROBE] = ISCSI_PROBING,      [PHASE_READY] = ISCSI_READY,
        [PHASE_LEAVE] = ISCSI_READY,        [PHASE_FAILED] = ISCSI_FAILED,
        [PHASE_CLOSED] = ISCSI_CLOSED,
    };
    bool leaving = session.phase == PHASE_LEAVE && session.come_back;
    if (session.attached && (session.phase < PHASE_READY || leaving))
        return ISCSI_RECOVERING;
    return leaving ? ISCSI_PROBING : (enum iscsi_state)states[session.phase];
}

enum error iscsi_error(void)
{
    /* A target that has been reached says itself what it lets us wait for. */
    enum error e =
        session.phase == PHASE_PROBE || session.phase == PHASE_READY ? task_waiting_for() : OK;
    return e ? e : session.error;
}

const struct iscsi_used *iscsi_used(void)
{
    return &session.used;
}

void session_leave(bool back, msec now)
{
    u8 bhs[BHS_SIZE] = {0};
    session.come_back = back;
    u32 left = session.attached ? TIMEOUT_NEVER : time_left(now, session.give_up_at);
    session_enter(PHASE_LEAVE, min_u32(LOGOUT_MS, left), now);
    task_allow(false);
    if (!conn_can_send(0))
        return;
    bhs[BHS_OPCODE] = OPCODE_LOGOUT_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = LOGOUT_SESSION;
    put_be32(bhs + BHS_ITT, LOGOUT_TAG);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_send(bhs, NULL, 0);
}

void session_left(msec now)
{
    if (session.come_back) {
        session_retry(ERR_TCP_CLOSED, 0, now);
        return;
    }
    conn_close(now);
    session.phase = PHASE_CLOSED;
}

void iscsi_logout(msec now)
{
    if (task_end_all(ERR_ABORTED))
        conn_skip_data();
    if (session.phase == PHASE_READY) {
        session_leave(false, now);
    } else if (session.phase != PHASE_LEAVE && session.phase != PHASE_CLOSED) {
        conn_drop();
        session.phase = PHASE_CLOSED;
    }
    session.come_back = false;
}

void iscsi_wipe(void)
{
    wipe(session.config.secret, sizeof(session.config.secret));
    wipe(session.config.reverse_secret, sizeof(session.config.reverse_secret));
    login_wipe();
}

void session_pump(msec now)
{
    if (session.phase == PHASE_LOGIN && session.login_unsent)
        session_send_login();
    if (session.phase == PHASE_PROBE || session.phase == PHASE_READY)
        task_pump(now);
}

/* The phase has lasted too long. */
static void time_out(msec now)
{
    switch (session.phase) {
    case PHASE_PAUSE:
        session_start(now);
        break;
    case PHASE_RESOLVE:
        session_retry(ERR_DNS_FAILED, 0, now);
        break;
    case PHASE_CONNECT:
        session_retry(ERR_TCP_TIMEOUT, 0, now);
        break;
    case PHASE_LOGIN:
    case PHASE_DISCOVER:
        session_not_in(ERR_LOGIN_TIMEOUT, now);
        break;
    case PHASE_LEAVE:
        session_left(now);
        break;
    default:;
    }
}

static bool has_end(void)
{
    return (session.phase >= PHASE_PAUSE && session.phase <= PHASE_DISCOVER) ||
           session.phase == PHASE_LEAVE;
}

void iscsi_poll(msec now)
{
    conn_poll(now);
    if (session.phase == PHASE_RESOLVE)
        session_look_up(now);
    if (task_stalled(now))
        session_retry(ERR_TCP_TIMEOUT, 0, now);
    if (!session.attached && session.phase > PHASE_IDLE && session.phase < PHASE_READY &&
        time_reached(now, session.give_up_at)) {
        static const u8 why[] = {
            [PHASE_RESOLVE] = ERR_DNS_FAILED,  [PHASE_CONNECT] = ERR_TCP_TIMEOUT,
            [PHASE_LOGIN] = ERR_LOGIN_TIMEOUT, [PHASE_DISCOVER] = ERR_LOGIN_TIMEOUT,
            [PHASE_PROBE] = ERR_LUN_NOT_READY,
        };
        enum error waiting = session.phase == PHASE_PROBE ? task_waiting_for() : OK;
        if (session.phase == PHASE_PAUSE)
            waiting = session.error;
        session_fail(waiting ? waiting : why[session.phase]);
    }
    if (has_end() && time_reached(now, session.phase_end))
        time_out(now);
    session_pump(now);
}

u32 iscsi_timeout(msec now)
{
    u32 ms = min_u32(conn_timeout(), has_end() ? time_left(now, session.phase_end) : TIMEOUT_NEVER);
    if (!session.attached && session.phase > PHASE_IDLE && session.phase < PHASE_READY)
        ms = min_u32(ms, time_left(now, session.give_up_at));
    if (session.phase == PHASE_PROBE || session.phase == PHASE_READY)
        ms = min_u32(ms, task_timeout(now));
    /* The address comes without an upward call. */
    return session.phase == PHASE_RESOLVE ? min_u32(ms, 20) : ms;
}
