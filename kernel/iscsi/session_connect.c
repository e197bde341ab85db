/* From a path to the disk behind it: name, connection, login, redirects, discovery, probe. And when
 * that comes to nothing, or is lost again, the next attempt. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/discover.h"
#include "iscsi/holder.h"
#include "iscsi/login.h"
#include "iscsi/path.h"
#include "iscsi/probe.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"
#include "san/rounds.h"

#define MAX_REDIRECTS  8
#define CONNECT_MS     3000  /* for a TCP handshake when there are other ways, or was a disk */
#define LONE_MS        12000 /* else; TCP's own gaps have grown to 8 s by then */
#define LOGIN_MS       15000
#define DISCOVER_MS    3000       /* for a discovery's login, and for its answer */
#define SETTLED_MS     5000       /* a connection that lived so long is tried again at once */
#define MAX_REQUEST    (1u << 20) /* bytes */
#define DIGEST_TRIES   3          /* of attaching, when what arrives is damaged */

#define ISID_QUALIFIER 4 /* its last two bytes, in both of an ISID's forms (RFC 7143, 11.12.5) */

void session_fail(enum error e)
{
    conn_drop();
    session->phase = PHASE_FAILED;
    session->error = e;
    session_disk_end(e);
}

/* The next connection, in so many ms. */
static void go_on(u32 wait, msec now)
{
    task_reconnect();
    holder_forget();
    session->progress = session->abandoned = false;
    session_enter(PHASE_PAUSE, wait, now);
}

void session_retry(enum error why, u32 wait, msec now)
{
    conn_drop();
    if (session->phase == PHASE_LEAVE && !session->come_back)
        session->phase = PHASE_CLOSED;
    if (session->phase == PHASE_FAILED || session->phase == PHASE_CLOSED)
        return;
    session->error = why;
    if (!session->attached && time_reached(now, session->give_up_at)) {
        session_fail(why);
        return;
    }
    /* A path that has worked is taken again at once, unless its portal has fallen silent or does
     * not serve the disk; one that is lost as soon as it is there waits for its turn like one that
     * has not. */
    bool leave = why == ERR_TCP_TIMEOUT || why == ERR_LUN_STANDBY || why == ERR_DIGEST;
    bool settled = session->phase == PHASE_READY &&
                   (session->progress || time_reached(now, session->ready_since + SETTLED_MS));
    if (settled)
        rounds_settled();
    if (!settled || (leave && session->current != &session->redirected)) {
        session->damaged += why == ERR_DIGEST;
        u32 ms = path_failed(why, session->attached ||
                                      (why == ERR_DIGEST && session->damaged < DIGEST_TRIES));
        if (ms == TIMEOUT_NEVER ||
            (ms && !session->attached && time_reached(now, session->retry_until))) {
            session_fail(why);
            return;
        }
        wait = max_u32(wait, ms);
    } else {
        rounds_again();
    }
    go_on(wait, now);
}

/* To used.addr, used.port. */
static void connect(msec now)
{
    bool only_way = rounds_ways() == 1, lone = !session->attached && only_way;
    u32 limit = lone ? time_left(now, session->give_up_at) : CONNECT_MS;
    if (lone && !time_reached(now, session->retry_until))
        limit = min_u32(limit, LONE_MS);
    session_enter(PHASE_CONNECT, limit, now);
    conn_open(session->used.addr, session->used.port, session->tcp_ops, &session->disk, only_way,
              limit, now);
}

/* Go by this path, once the address of its server is known. */
static void resolve(struct iscsi_path *path, msec now)
{
    session->used.path = session->current = path;
    session->used.port = path->server.port;
    session_enter(PHASE_RESOLVE, SERVER_LOOK_UP_MS, now);
    server_look_up(&path->server, now);
}

void session_look_up(msec now)
{
    bool over = server_looked_up(&session->current->server, now);
    session->used.addr = session->current->server.addr;
    if (!over)
        return;
    if (session->used.addr)
        connect(now);
    else
        session_retry(ERR_DNS_FAILED, 0, now);
}

void session_start(msec now)
{
    session->redirects = 0;
    resolve(path_current(), now);
    session_look_up(now);
}

void session_attach(msec now)
{
    session->identity = 0;
    session->discovering = session->config.discover;
    session->with_security = session->other_isid = session->other_chap = false;
    session->damaged = 0;
    session_start(now);
}

void session_send_login(void)
{
    u8 bhs[BHS_SIZE];
    const char *data;
    /* The largest request fits any send buffer, and the answer to the one before has emptied it. */
    session->login_unsent = !conn_can_send(PDU_MAX_LOGIN_DATA);
    if (session->login_unsent)
        return;
    u32 len = login_request(bhs, &data);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_send(bhs, data, len);
}

void session_log_in(msec now)
{
    login_start(&session->config, session->discovering ? NULL : session->used.path->target,
                session->with_security);
    session_enter(PHASE_LOGIN, session->discovering ? DISCOVER_MS : LOGIN_MS, now);
    session_send_login();
}

static void connect_again(msec now)
{
    conn_drop();
    session_enter(PHASE_PAUSE, 0, now);
}

void session_discovered(msec now)
{
    session->discovering = false;
    connect_again(now);
}

/* Who has nothing to say in the security stage may leave it out, which saves a round trip (RFC
 * 7143, 6.3), but hardly anybody else does so: a target that closes or refuses may never have seen
 * it. */
static bool wants_security(enum error why)
{
    return session->phase == PHASE_LOGIN && !session->with_security && !session->attached &&
           !session->config.user[0] &&
           (why == ERR_LOGIN_REFUSED || why == ERR_LOGIN_NO_METHOD || why == ERR_LOGIN_CLOSED);
}

void session_not_in(enum error why, msec now)
{
    if (wants_security(why)) {
        session->with_security = true;
        session->error = why;
        connect_again(now);
    } else if (session->discovering) {
        session_discovered(now);
    } else {
        session_retry(why, 0, now);
    }
}

void session_lost(enum error why, msec now)
{
    /* For some that is an answer: LIO, SCST (disabled, or the portal is not for us), gotgt (the
     * name is not known), tgtd (nor is any). LIO that wants CHAP says so, and hangs up when None is
     * offered then. */
    if (session->phase == PHASE_LOGIN && (why == ERR_TCP_CLOSED || why == ERR_TCP_RESET))
        why = session->error == ERR_LOGIN_NO_METHOD ? ERR_LOGIN_NO_METHOD : ERR_LOGIN_CLOSED;
    if (session->phase == PHASE_CONNECT)
        session_retry(why, 0, now);
    else
        session_not_in(why, now);
}

static void redirect(msec now)
{
    conn_drop();
    session->redirected = *session->used.path;
    if (session->redirects++ == MAX_REDIRECTS)
        session_retry(ERR_LOGIN_REDIRECTS, 0, now);
    else if (!path_set_portal(&session->redirected, login_redirect()))
        session_retry(ERR_LOGIN_REFUSED, 0, now);
    else
        resolve(&session->redirected, now);
}

/* A target may still hold the session of before a reset, and refuse its ISID instead of ending it
 * (RFC 7143, 6.3.5, has it end; Microsoft's was seen to refuse): the same way once more, with
 * another. False: that was tried, and the first is as good; or it is not what the target means. */
static bool try_other_isid(u8 status_class, enum error why, msec now)
{
    u8 *qualifier = session->config.isid + ISID_QUALIFIER;
    if (session->discovering || status_class < 2 ||
        (why != ERR_LOGIN_REFUSED && why != ERR_LOGIN_UNAVAILABLE))
        return false;
    if (session->other_isid) {
        put_be16(qualifier, session->first_isid);
        return false;
    }
    session->other_isid = true;
    session->first_isid = get_be16(qualifier);
    put_be16(qualifier, (u16)(session->first_isid + 1 + random_u32() % 0xffff));
    conn_drop();
    connect(now);
    return true;
}

/* tgt takes SHA-256's number for SHA-1's, and LIO before Linux 3.15 takes no list: the same way
 * once more with MD5 alone, which all know but those that are not allowed to; those get the list.
 * False: that was tried, and the next login offers what the last but one did; or it can't help. */
static bool try_other_chap(enum error why, msec now)
{
    bool again = !session->other_chap && login_chap_in_doubt(why);
    if (again || session->other_chap)
        session->config.chap_md5 = !session->config.chap_md5;
    session->other_chap = again;
    if (again) {
        conn_drop();
        connect(now);
    }
    return again;
}

static void login_done(msec now)
{
    conn_full_feature(login_params()->header_digest, login_params()->data_digest);
    session->other_chap = false;
    if (session->discovering) {
        session_enter(PHASE_DISCOVER, DISCOVER_MS, now);
        discover_ask(session->used.path->target);
        return;
    }
    session->other_isid = false;
    session->used.chap = login_used_chap();
    session->used.mutual_chap = session->used.chap && session->config.reverse_user[0];
    path_learn(session->used.path);
    task_logged_in(login_params());
    session->phase = PHASE_PROBE;
    probe_start(session->used.path->lun, rounds_ways() > 1);
}

void session_login_answer(const u8 *bhs, const u8 *data, u32 len, msec now)
{
    enum error why;
    switch (login_response(bhs, data, len, &why)) {
    case LOGIN_MORE:
        session_send_login();
        break;
    case LOGIN_DONE:
        login_done(now);
        break;
    case LOGIN_REDIRECT:
        if (session->discovering)
            session_discovered(now);
        else
            redirect(now);
        break;
    case LOGIN_FAILED:
        if (!try_other_chap(why, now) && !try_other_isid(bhs[LOGIN_STATUS], why, now))
            session_not_in(why, now);
        break;
    }
}

/* The probe has found this one, for the first time. */
static void new_disk(const struct lun_found *found)
{
    struct block_dev *disk = &session->disk;
    disk->blocks = found->blocks;
    disk->block_size = found->block_size;
    disk->grain = 1;
    disk->physical = found->physical;
    disk->aligned = found->aligned;
    disk->read_only = found->read_only;
    disk->cd = found->cd;
    memcpy(disk->vendor, found->vendor, sizeof(disk->vendor));
    memcpy(disk->product, found->product, sizeof(disk->product));
    u32 most = min_u32(login_params()->max_burst, MAX_REQUEST) / disk->block_size;
    disk->max_blocks = max_u32(most, 1); /* a longer one comes or goes in several bursts */
}

/* The disk is there, but another controller is the one for it (ALUA). The other ways together have
 * the time in which one is found dead, and attaching half of what is left to it. */
static void seek(bool since_before, msec now)
{
    u32 ms = CONNECT_MS;
    if (!session->attached)
        ms = min_u32(ms, time_left(now, session->give_up_at) / 2);
    if (!since_before)
        session->seek_until = now + ms;
    conn_drop();
    go_on(0, now);
}

void session_sought(msec now)
{
    rounds_stop_seeking();
    session_retry(ERR_TCP_TIMEOUT, 0, now);
}

void session_probed(msec now)
{
    struct lun_found found;
    enum error e = probe_verdict(&found);
    if (e == ERR_LUN_RESERVED && holder_ask())
        return; /* until that is answered */
    /* What comes back must be the disk that we had. */
    bool known = session->disk.blocks;
    if (!e && known &&
        (found.blocks != session->lun_blocks ||
         (session->identity && found.identity != session->identity)))
        e = ERR_OTHER_DISK;
    if (e) {
        session_retry(e, 0, now);
        return;
    }
    session->identity = found.identity;
    session->lun_blocks = found.blocks;
    session->error = OK;
    session->damaged = 0;
    if (!known)
        new_disk(&found);
    bool sought = rounds_seeking();
    if (rounds_ready(!found.better_elsewhere)) {
        session->attached = true;
        session->phase = PHASE_READY;
        session->ready_since = now;
        task_allow(true);
    } else {
        seek(sought, now);
    }
}
