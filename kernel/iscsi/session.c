/* The session's life: connect, log in, probe, serve, recover, log out. */
#include "iscsi/session.h"

#include "bytes.h"
#include "iscsi/conn.h"
#include "iscsi/discover.h"
#include "iscsi/login.h"
#include "iscsi/path.h"
#include "iscsi/probe.h"
#include "iscsi/task.h"
#include "loop.h"
#include "str.h"

#define MAX_REDIRECTS  8
#define MAX_BLOCKS     2048  /* in one request: 1 MiB */
#define CONNECT_MS     3000  /* for a TCP handshake when it is not the only chance */
#define RESOLVE_MS     30000 /* for a name; dns.c ends before that */
#define LOGIN_MS       15000
#define DISCOVER_MS    3000 /* for a discovery's login, and for its answer */
#define LOGOUT_MS      3000
#define SETTLED_MS     5000 /* a connection that lived so long is tried again at once */
#define TIME2WAIT_MAX  10   /* seconds that a target may keep us waiting after it drops us */
#define LOGOUT_SESSION 0x80 /* reason 0: close the session */
#define LOGOUT_TAG     0xfffffff1u

enum phase {
    PHASE_IDLE,
    PHASE_PAUSE,   /* until phase_end, then connect */
    PHASE_RESOLVE, /* looking up the server's name */
    PHASE_CONNECT,
    PHASE_LOGIN,
    PHASE_DISCOVER, /* in a discovery session: SendTargets is out */
    PHASE_PROBE,
    PHASE_READY,
    PHASE_LEAVE, /* logging out, because we want to or because the target asked */
    PHASE_FAILED,
    PHASE_CLOSED,
};

static struct iscsi_config config;
static enum phase phase;
static msec phase_end; /* of the phases that have one */
static msec ready_since;
static bool attached;     /* ISCSI_READY was reached */
static bool come_back;    /* PHASE_LEAVE ends with a new login */
static bool login_unsent; /* the Login Request waits for room */
static bool discovering;  /* the session that begins is to ask for portals */
static enum error error;
static msec give_up_at;
static u32 redirects;
static struct iscsi_path *way; /* the path that is gone */
static struct iscsi_path goal; /* of a redirect */
static struct iscsi_used used; /* also where the connection under way goes */
static u32 identity;           /* of the disk; 0: not known */

static void submit(struct block_dev *dev, struct block_req *req);
static void redirect_data(struct block_dev *dev, struct block_req *req, u8 *data);
static void abort_all(struct block_dev *dev);
static const struct block_ops ops = {submit, redirect_data, abort_all};
static struct block_dev disk;

static void enter(enum phase next, u32 ms, msec now)
{
    phase = next;
    phase_end = now + ms;
}

static void fail(enum error e)
{
    conn_drop();
    phase = PHASE_FAILED;
    error = e;
    task_end_all(e);
}

/* This connection is over, or can't be: go on to the next one, at the earliest in `wait` ms, unless
 * that is of no use. */
static void retry(enum error why, u32 wait, msec now)
{
    conn_drop();
    if (phase == PHASE_LEAVE && !come_back)
        phase = PHASE_CLOSED;
    if (phase == PHASE_FAILED || phase == PHASE_CLOSED)
        return;
    error = why;
    if (!attached && time_reached(now, give_up_at)) {
        fail(why);
        return;
    }
    /* A path that has worked is taken again at once, unless its portal has fallen silent; one that
     * is lost as soon as it is there waits for its turn like one that has not. */
    bool settled =
        phase == PHASE_READY && (task_progress() || time_reached(now, ready_since + SETTLED_MS));
    if (settled)
        path_settled();
    if (!settled || (why == ERR_TCP_TIMEOUT && way != &goal)) {
        u32 ms = path_failed(why, attached);
        if (ms == TIMEOUT_NEVER) {
            fail(why);
            return;
        }
        wait = max_u32(wait, ms);
    }
    task_reconnect();
    enter(PHASE_PAUSE, wait, now);
}

/* Connect to used.addr, used.port. */
static void connect(msec now)
{
    bool only_chance = !attached && path_count() == 1;
    u32 limit = only_chance ? time_left(now, give_up_at) : CONNECT_MS;
    enter(PHASE_CONNECT, limit, now);
    conn_open(used.addr, used.port, limit, now);
}

/* Go by this path, once the address of its server is known. */
static void resolve(struct iscsi_path *path, msec now)
{
    used.path = way = path;
    used.port = path->port;
    enter(PHASE_RESOLVE, RESOLVE_MS, now);
    dns_start(path->server, now);
}

/* The name servers may be away, too: an address that was right once is better than none. */
static void look_up(msec now)
{
    ip4 addr;
    enum dns_state state = dns_result(&addr);
    if (state == DNS_DONE)
        way->addr = addr;
    used.addr = way->addr;
    if (state == DNS_ASKING)
        return;
    if (used.addr)
        connect(now);
    else
        retry(ERR_DNS_FAILED, 0, now);
}

static void start(msec now)
{
    redirects = 0;
    resolve(path_current(), now);
    look_up(now);
}

static void send_login(void)
{
    u8 bhs[BHS_SIZE];
    const char *data;
    /* The largest request fits any send buffer, and the answer to the one before has emptied it. */
    login_unsent = !conn_can_send(PDU_MAX_LOGIN_DATA);
    if (login_unsent)
        return;
    u32 len = login_request(bhs, &data);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_send(bhs, data, len);
}

void session_connected(msec now)
{
    login_start(&config, discovering ? NULL : used.path->target);
    enter(PHASE_LOGIN, discovering ? DISCOVER_MS : LOGIN_MS, now);
    send_login();
}

/* The discovery session is over, however it went. The path is tried for the disk now. */
static void discovered(msec now)
{
    discovering = false;
    conn_drop();
    enter(PHASE_PAUSE, 0, now);
}

/* A login, or what it led to, came to nothing. */
static void not_in(enum error why, msec now)
{
    if (discovering)
        discovered(now);
    else
        retry(why, 0, now);
}

void session_lost(enum error why, msec now)
{
    if (phase == PHASE_CONNECT)
        retry(why, 0, now);
    else
        not_in(why, now);
}

static void redirect(msec now)
{
    conn_drop();
    goal = *used.path;
    if (redirects++ == MAX_REDIRECTS)
        retry(ERR_LOGIN_REDIRECTS, 0, now);
    else if (!path_set_portal(&goal, login_redirect()))
        retry(ERR_LOGIN_REFUSED, 0, now);
    else
        resolve(&goal, now);
}

static void login_done(msec now)
{
    conn_full_feature();
    if (discovering) {
        enter(PHASE_DISCOVER, DISCOVER_MS, now);
        discover_ask(used.path->target);
        return;
    }
    used.chap = login_used_chap();
    used.mutual_chap = used.chap && config.reverse_user[0];
    path_learn(used.path);
    task_logged_in(login_params(), used.path->lun);
    phase = PHASE_PROBE;
    probe_start(used.path->lun);
}

static void login_answer(const u8 *bhs, const u8 *data, u32 len, msec now)
{
    enum error why;
    switch (login_response(bhs, data, len, &why)) {
    case LOGIN_MORE:
        send_login();
        break;
    case LOGIN_DONE:
        login_done(now);
        break;
    case LOGIN_REDIRECT:
        if (discovering)
            discovered(now);
        else
            redirect(now);
        break;
    case LOGIN_FAILED:
        not_in(why, now);
        break;
    }
}

void session_probed(enum error e, const struct block_dev *found, msec now)
{
    /* What comes back must be the disk that we had. */
    if (!e && attached &&
        (found->blocks != disk.blocks || (identity && probe_identity() != identity)))
        e = ERR_OTHER_DISK;
    if (e) {
        retry(e, 0, now);
        return;
    }
    identity = probe_identity();
    if (!attached) {
        disk = *found;
        disk.ops = &ops;
        disk.max_blocks = min_u32(login_params()->max_burst / disk.block_size, MAX_BLOCKS);
    }
    attached = true;
    error = OK;
    path_ready();
    phase = PHASE_READY;
    ready_since = now;
    task_allow(true);
}

/* Logout of the session; what comes after it depends on come_back. */
static void leave(bool back, msec now)
{
    u8 bhs[BHS_SIZE] = {0};
    come_back = back;
    enter(PHASE_LEAVE, LOGOUT_MS, now);
    task_allow(false);
    if (!conn_can_send(0))
        return;
    bhs[BHS_OPCODE] = OPCODE_LOGOUT_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = LOGOUT_SESSION;
    put_be32(bhs + BHS_ITT, LOGOUT_TAG);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_send(bhs, NULL, 0);
}

/* The answer to Logout is there, or does not come. */
static void left(msec now)
{
    if (come_back) {
        retry(ERR_TCP_CLOSED, 0, now);
        return;
    }
    conn_close(now);
    phase = PHASE_CLOSED;
}

static void async(const u8 *bhs, msec now)
{
    switch (bhs[ASYNC_EVENT]) {
    case ASYNC_LOGOUT:
    case ASYNC_RENEGOTIATE:
        if (phase == PHASE_READY || phase == PHASE_PROBE)
            leave(true, now);
        break;
    case ASYNC_DROP_CONNECTION:
    case ASYNC_DROP_SESSION:
        retry(ERR_TCP_CLOSED, min_u32(get_be16(bhs + ASYNC_PARAMETER2), TIME2WAIT_MAX) * 1000, now);
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
    bool logged_in = phase >= PHASE_DISCOVER && phase <= PHASE_LEAVE;
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
        login_answer(bhs, data, len, now);
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
        if (phase == PHASE_LEAVE)
            left(now);
        return true;
    case OPCODE_TEXT_RSP:
        if (phase != PHASE_DISCOVER)
            break;
        discover_answer(used.path, data, len);
        discovered(now);
        return true;
    case OPCODE_REJECT:
        return rejected(data, len, now);
    default:;
    }
    iscsi_stats.unknown++;
    return false;
}

void session_pump(msec now)
{
    if (phase == PHASE_LOGIN && login_unsent)
        send_login();
    if (phase == PHASE_PROBE || phase == PHASE_READY)
        task_pump(now);
}

static void submit(struct block_dev *dev, struct block_req *req)
{
    enum error e = OK;
    if (phase >= PHASE_LEAVE && !come_back)
        e = ERR_ABORTED;
    else if (req->op == BLOCK_WRITE && dev->read_only)
        e = ERR_LUN_PROTECTED;
    else if (req->op != BLOCK_FLUSH && (!req->count || req->count > dev->max_blocks))
        e = ERR_BAD_REQUEST;
    else if (req->op != BLOCK_FLUSH &&
             (req->lba >= dev->blocks || req->count > dev->blocks - req->lba))
        e = ERR_OUT_OF_RANGE;
    if (e) {
        req->status = e;
        req->done = true;
        return;
    }
    task_submit(req);
    session_pump(loop_now());
}

static void redirect_data(struct block_dev *dev, struct block_req *req, u8 *data)
{
    (void)dev;
    task_redirect(req, data);
}

static void abort_all(struct block_dev *dev)
{
    (void)dev;
    /* The target may still send data for what it knows; a new connection forgets all that. */
    if (task_end_all(ERR_ABORTED))
        retry(ERR_ABORTED, 0, loop_now());
}

void iscsi_attach(const struct iscsi_config *c, u32 give_up_ms, msec now)
{
    conn_drop();
    task_end_all(ERR_ABORTED);
    config = *c;
    memset(&used, 0, sizeof(used));
    memset(&disk, 0, sizeof(disk));
    attached = come_back = false;
    error = OK;
    identity = 0;
    discovering = config.discover;
    give_up_at = now + give_up_ms;
    path_init(config.paths, config.path_count);
    used.path = path_current();
    task_init();
    if (config.reverse_user[0] && !config.user[0])
        fail(ERR_LOGIN_NO_METHOD); /* mutual CHAP without the first half would check nothing */
    else
        start(now);
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
    bool recovering = attached && (phase < PHASE_READY || (phase == PHASE_LEAVE && come_back));
    return recovering ? ISCSI_RECOVERING : (enum iscsi_state)states[phase];
}

enum error iscsi_error(void)
{
    /* A target that has been reached says itself what it lets us wait for. */
    enum error e = phase == PHASE_PROBE || phase == PHASE_READY ? task_waiting_for() : OK;
    return e ? e : error;
}

struct block_dev *iscsi_disk(void)
{
    return &disk;
}

const struct iscsi_used *iscsi_used(void)
{
    return &used;
}

void iscsi_logout(msec now)
{
    if (task_end_all(ERR_ABORTED))
        conn_skip_data();
    if (phase == PHASE_READY) {
        leave(false, now);
    } else if (phase != PHASE_LEAVE && phase != PHASE_CLOSED) {
        conn_drop();
        phase = PHASE_CLOSED;
    }
    come_back = false;
}

void iscsi_wipe(void)
{
    wipe(config.secret, sizeof(config.secret));
    wipe(config.reverse_secret, sizeof(config.reverse_secret));
    login_wipe();
}

/* The phase has lasted too long. */
static void time_out(msec now)
{
    switch (phase) {
    case PHASE_PAUSE:
        start(now);
        break;
    case PHASE_RESOLVE:
        retry(ERR_DNS_FAILED, 0, now);
        break;
    case PHASE_CONNECT:
        retry(ERR_TCP_TIMEOUT, 0, now);
        break;
    case PHASE_LOGIN:
    case PHASE_DISCOVER:
        not_in(ERR_LOGIN_TIMEOUT, now);
        break;
    case PHASE_LEAVE:
        left(now);
        break;
    default:;
    }
}

static bool has_end(void)
{
    return (phase >= PHASE_PAUSE && phase <= PHASE_DISCOVER) || phase == PHASE_LEAVE;
}

void iscsi_poll(msec now)
{
    conn_poll(now);
    if (phase == PHASE_RESOLVE)
        look_up(now);
    if (task_stalled(now))
        retry(ERR_TCP_TIMEOUT, 0, now);
    if (!attached && phase > PHASE_IDLE && phase < PHASE_READY && time_reached(now, give_up_at)) {
        static const u8 why[] = {
            [PHASE_RESOLVE] = ERR_DNS_FAILED,  [PHASE_CONNECT] = ERR_TCP_TIMEOUT,
            [PHASE_LOGIN] = ERR_LOGIN_TIMEOUT, [PHASE_DISCOVER] = ERR_LOGIN_TIMEOUT,
            [PHASE_PROBE] = ERR_LUN_NOT_READY,
        };
        enum error waiting = phase == PHASE_PROBE ? task_waiting_for() : OK;
        if (phase == PHASE_PAUSE)
            waiting = error;
        fail(waiting ? waiting : why[phase]);
    }
    if (has_end() && time_reached(now, phase_end))
        time_out(now);
    session_pump(now);
}

u32 iscsi_timeout(msec now)
{
    u32 ms = min_u32(conn_timeout(), has_end() ? time_left(now, phase_end) : TIMEOUT_NEVER);
    if (!attached && phase > PHASE_IDLE && phase < PHASE_READY)
        ms = min_u32(ms, time_left(now, give_up_at));
    if (phase == PHASE_PROBE || phase == PHASE_READY)
        ms = min_u32(ms, task_timeout(now));
    /* The address comes without an upward call. */
    return phase == PHASE_RESOLVE ? min_u32(ms, 20) : ms;
}
