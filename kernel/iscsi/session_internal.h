/* What the files of the session share: its state, and the calls between them, which go down this
 * list. Nobody else includes this.
 *
 *   session.c           its life as the owner sees it: attach, log out, state, time
 *   session_input.c     what TCP tells: PDUs, each to whom it is for; results; sending on
 *   session_leave.c     logging out
 *   session_connect.c   from a path to a disk that is ready, and again when that is lost
 *   session_disk.c      the LUN as a block device
 *   session_state.c     the state */
#ifndef LUNBOOT_ISCSI_SESSION_INTERNAL_H
#define LUNBOOT_ISCSI_SESSION_INTERNAL_H

#include "disk/block.h"
#include "iscsi/session.h"
#include "net/tcp.h"
#include "san/disks.h"

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

/* What is large comes last: 128 bytes are within reach of a short displacement. */
struct session {
    const struct tcp_ops *tcp_ops; /* session_input.c's */
    enum phase phase;
    msec phase_end;    /* of the phases that have one */
    bool attached;     /* ISCSI_READY was reached */
    bool come_back;    /* PHASE_LEAVE ends with a new login */
    bool login_unsent; /* the Login Request waits for room */
    bool progress;     /* a request has been done since the connection began */
    bool abandoned;    /* requests were given up that the target knows: it needs a new connection */
    enum error error;  /* why it has failed, or recovers */
    msec give_up_at;   /* unless attached */
    msec retry_until;  /* when a round is over: begin another; unless attached */
    msec seek_until;   /* while a better way to the disk is looked for (san/rounds.h) */
    struct iscsi_used used; /* also where the connection under way goes */
    /* session_disk.c: requests that wait for room. */
    struct block_req *queue_head, *queue_tail;
    /* session_connect.c: */
    msec ready_since;
    bool discovering;           /* the session that begins is to ask for portals */
    bool with_security;         /* logins begin with the security stage */
    bool other_isid;            /* one was tried since a login has worked last */
    bool other_chap;            /* other algorithms were tried since then */
    u16 first_isid;             /* before other_isid: the end of the qualifier */
    u32 redirects;              /* in a row */
    struct iscsi_path *current; /* the path that is gone */
    u32 identity;               /* of the disk; 0: not known */
    u64 lun_blocks;             /* its size */
    u32 damaged;                /* connections since the last one that led to the disk */
    struct block_dev disk;
    struct iscsi_path redirected; /* where a redirect has sent us */
    struct iscsi_config config;
};
extern struct session *session; /* the one that is selected */

/* ---- session_state.c: iscsi_select(), iscsi_is_twin() ---- */

/* The session of this device is selected. */
void session_select(struct block_dev *disk);

/* Go to a phase that ends in so many ms. */
void session_enter(enum phase phase, u32 ms, msec now);

/* May commands go out? */
bool session_has_commands(void);

/* ---- session_disk.c ---- */

extern const struct block_ops session_disk_ops;

/* Take the results of requests' commands, and make commands of requests that wait. */
void session_disk_results(void);

/* All requests end with this error. */
void session_disk_end(enum error e);

/* ---- session_connect.c ---- */

/* The first attempt to attach: to any disk, and by way of a discovery where that is wanted. */
void session_attach(msec now);

/* The next attempt, by the path whose turn it is. */
void session_start(msec now);

/* It is over, and so are all requests, with this error. */
void session_fail(enum error e);

/* This connection is over, or can't be: go on to the next one, at the earliest in `wait` ms, unless
 * that is of no use. */
void session_retry(enum error why, u32 wait, msec now);

/* A login, or what it led to, came to nothing. */
void session_not_in(enum error why, msec now);

/* The connection is gone: it has been aborted already. */
void session_lost(enum error why, msec now);

/* PHASE_RESOLVE: is the server's address known by now? */
void session_look_up(msec now);

/* TCP is there: log in. */
void session_log_in(msec now);

/* The next Login Request, or login_unsent. */
void session_send_login(void);

void session_login_answer(const u8 *bhs, const u8 *data, u32 len, msec now);

/* The discovery session is over, however it went. The path is tried for the disk now. */
void session_discovered(msec now);

/* Everything is known of the LUN. */
void session_probed(msec now);

/* A better way has been looked for until seek_until: back to the one that is known. */
void session_sought(msec now);

/* ---- session_leave.c ---- */

/* Log out of the session; with `back`, to log in again. */
void session_leave(bool back, msec now);

/* The answer to Logout is there, or does not come. */
void session_left(msec now);

/* ---- session_input.c ---- */

extern const struct tcp_ops session_tcp_ops;

/* See what has come of the commands, and send what can be sent. */
void session_pump(msec now);

#endif
