/* The session's life, as its owner sees it: attach, serve, log out, and the time that all takes. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/holder.h"
#include "iscsi/login.h"
#include "iscsi/path.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"
#include "san/rounds.h"

void iscsi_attach(const struct iscsi_config *c, u32 give_up_ms, msec now)
{
    conn_drop();
    session_disk_end(ERR_ABORTED);
    session->config = *c;
    session->tcp_ops = &session_tcp_ops;
    memset(&session->used, 0, sizeof(session->used));
    if (!session->disk.number)
        memset(&iscsi_stats, 0, sizeof(iscsi_stats));
    session->disk = (struct block_dev){.ops = &session_disk_ops, .number = session->disk.number};
    session->attached = session->come_back = session->progress = session->abandoned = false;
    session->error = OK;
    session->give_up_at = now + give_up_ms;
    session->retry_until = now + c->retry_ms;
    path_init(session->config.paths, session->config.path_count);
    session->used.path = path_current();
    task_init(give_up_ms);
    holder_forget();
    if (session->config.reverse_user[0] && !session->config.user[0])
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
    bool leaving = session->phase == PHASE_LEAVE && session->come_back;
    if (session->attached && (session->phase < PHASE_READY || leaving))
        return ISCSI_RECOVERING;
    return leaving ? ISCSI_PROBING : (enum iscsi_state)states[session->phase];
}

enum error iscsi_error(void)
{
    /* A target that has been reached says itself what it lets us wait for. */
    enum error e = session_has_commands() ? task_waiting_for() : OK;
    return e ? e : session->error;
}

const struct iscsi_config *iscsi_config(void)
{
    return &session->config;
}

const struct iscsi_used *iscsi_used(void)
{
    return &session->used;
}

void iscsi_wipe(void)
{
    wipe(session->config.secret, sizeof(session->config.secret));
    wipe(session->config.reverse_secret, sizeof(session->config.reverse_secret));
    login_wipe();
}

/* The phase has lasted too long. */
static void time_out(msec now)
{
    switch (session->phase) {
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
    return (session->phase >= PHASE_PAUSE && session->phase <= PHASE_DISCOVER) ||
           session->phase == PHASE_LEAVE;
}

static bool is_seeking(void)
{
    return rounds_seeking() && session->phase > PHASE_IDLE && session->phase < PHASE_READY;
}

void iscsi_poll(msec now)
{
    if (!conn_poll(now))
        session_lost(ERR_TCP_TIMEOUT, now);
    if (session->abandoned)
        session_retry(ERR_ABORTED, 0, now);
    if (session->phase == PHASE_RESOLVE)
        session_look_up(now);
    enum error lost = task_lost(now);
    if (lost)
        session_retry(lost, 0, now);
    if (!session->attached && session->phase > PHASE_IDLE && session->phase < PHASE_READY &&
        time_reached(now, session->give_up_at)) {
        static const u8 why[] = {
            [PHASE_RESOLVE] = ERR_DNS_FAILED,  [PHASE_CONNECT] = ERR_TCP_TIMEOUT,
            [PHASE_LOGIN] = ERR_LOGIN_TIMEOUT, [PHASE_DISCOVER] = ERR_LOGIN_TIMEOUT,
            [PHASE_PROBE] = ERR_LUN_NOT_READY,
        };
        enum error waiting = session->phase == PHASE_PROBE ? task_waiting_for() : session->error;
        session_fail(waiting ? waiting : why[session->phase]);
    }
    if (is_seeking() && time_reached(now, session->seek_until))
        session_sought(now);
    if (has_end() && time_reached(now, session->phase_end))
        time_out(now);
    session_pump(now);
}

u32 iscsi_timeout(msec now)
{
    u32 ms =
        min_u32(conn_timeout(), has_end() ? time_left(now, session->phase_end) : TIMEOUT_NEVER);
    if (!session->attached && session->phase > PHASE_IDLE && session->phase < PHASE_READY)
        ms = min_u32(ms, time_left(now, session->give_up_at));
    if (is_seeking())
        ms = min_u32(ms, time_left(now, session->seek_until));
    if (session_has_commands())
        ms = min_u32(ms, task_timeout(now));
    return session->phase == PHASE_RESOLVE ? min_u32(ms, SERVER_LOOK_UP_POLL) : ms;
}
