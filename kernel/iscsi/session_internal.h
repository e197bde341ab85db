/* What the files of the session share: its state, and the calls between them. Nobody else includes
 * this.
 *
 *   session.c           its life as the owner sees it: attach, log out, state, time
 *   session_connect.c   from a path to a disk that is ready, and again when that is lost
 *   session_input.c     the target's PDUs, each to whom it is for
 *   session_disk.c      the LUN as a block device */
#ifndef LUNBOOT_ISCSI_SESSION_INTERNAL_H
#define LUNBOOT_ISCSI_SESSION_INTERNAL_H

#include "base/types.h"
#include "disk/block.h"
#include "iscsi/session.h"

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

struct session {
    struct iscsi_config config;
    enum phase phase;
    msec phase_end;         /* of the phases that have one */
    bool attached;          /* ISCSI_READY was reached */
    bool come_back;         /* PHASE_LEAVE ends with a new login */
    bool login_unsent;      /* the Login Request waits for room */
    enum error error;       /* why it has failed, or recovers */
    msec give_up_at;        /* unless attached */
    struct iscsi_used used; /* also where the connection under way goes */
    struct block_dev disk;
};
extern struct session session;

/* session.c */

/* Go to a phase that ends in so many ms. */
void session_enter(enum phase phase, u32 ms, msec now);

/* It is over, and so are all requests, with this error. */
void session_fail(enum error e);

/* Log out of the session; with `back`, to log in again. */
void session_leave(bool back, msec now);

/* The answer to Logout is there, or does not come. */
void session_left(msec now);

/* session_connect.c */

/* The first attempt to attach: to any disk, and by way of a discovery where that is wanted. */
void session_attach(msec now);

/* The next attempt, by the path whose turn it is. */
void session_start(msec now);

/* This connection is over, or can't be: go on to the next one, at the earliest in `wait` ms, unless
 * that is of no use. */
void session_retry(enum error why, u32 wait, msec now);

/* A login, or what it led to, came to nothing. */
void session_not_in(enum error why, msec now);

/* PHASE_RESOLVE: is the server's address known by now? */
void session_look_up(msec now);

/* The next Login Request, or login_unsent. */
void session_send_login(void);

void session_login_answer(const u8 *bhs, const u8 *data, u32 len, msec now);

/* The discovery session is over, however it went. The path is tried for the disk now. */
void session_discovered(msec now);

/* session_disk.c */

/* The probe has found this one, for the first time. */
void session_new_disk(const struct block_dev *found);

#endif
