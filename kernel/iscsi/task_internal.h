/* What the files of the tasks share: the table, and the calls between them. Nobody else includes
 * this.
 *
 *   task.c           the table: commands come in, are retried, and end
 *   task_doubt.c     commands that may have vanished: the target is asked
 *   task_send.c      commands and Data-Out, in the order and the room that there is
 *   task_receive.c   Data-In, R2T, status and Reject: checked, and what follows from them */
#ifndef LUNBOOT_ISCSI_TASK_INTERNAL_H
#define LUNBOOT_ISCSI_TASK_INTERNAL_H

#include "iscsi/task.h"
#include "san/disks.h"

/* R2Ts of a task that can be under way, and its unsolicited data before them. */
#define BURSTS    (LOGIN_MAX_R2T + 1)
#define MAX_TRIES 8 /* of SCSI_AGAIN, and of answers that break the protocol */

/* A run of Data-Out PDUs that the target wants, or takes unasked (ISCSI_NO_TAG). */
struct burst {
    u32 ttt, offset, left, data_sn;
};

enum task_state {
    TASK_FREE,
    TASK_WAITING, /* to be sent */
    TASK_SENT,
    TASK_DONE, /* its result waits to be taken */
};

struct task {
    enum task_state state;
    struct scsi_command c;
    u32 order;       /* of arrival: older goes first */
    msec not_before; /* while TASK_WAITING to be sent again */
    msec since;      /* when it was first to be sent again */
    u8 tries, waits, faults;
    enum error status; /* TASK_DONE's */
    /* The attempt under way: */
    u32 itt; /* modulo TASKS: its place in the table; the rest of it counts up */
    u32 cmd_sn;
    bool doubt;   /* the target may know nothing of it any more */
    u32 moved;    /* bytes received, or sent */
    u32 data_sn;  /* next DataSN or R2TSN */
    bool damaged; /* some of what came is not what its digest says */
    u32 burst_count;
    struct burst bursts[BURSTS];
};

extern struct task *tasks; /* TASKS of them, of the disk that is selected */

/* What all of them share. */
struct task_all {
    u8 lun[8]; /* ours */
    struct iscsi_params params;
    bool allowed;     /* commands that are not urgent may go */
    bool pump_wanted; /* something may be waiting to be sent */
    u32 next_itt;
    u32 stalled;                /* ms of attended time without a word about any */
    enum error lost;            /* task_lost()'s, but for that */
    u32 patience;               /* ms, task_init()'s */
    msec good;                  /* when a command has succeeded last */
    bool held;                  /* a reservation was met, and no write has succeeded since, */
    bool held_news;             /* and task_held() has not told of it; */
    msec held_since, held_seen; /* first, and last */
    bool doubt;                 /* some task may be in doubt */
    u32 asked;    /* the ITT of the task that the target is to abort, or ISCSI_NO_TAG */
    u32 knock_at; /* what `stalled` is when it is time to knock */
    /* task.c: */
    u32 results[2]; /* that wait to be taken, of commands that are not urgent, and that are */
    u32 next_order;
    enum error waiting_for;
    bool in_flight; /* as task_lost() has seen it last */
    msec last_look;
};
extern struct task_all *task_all;

/* The first in this state; NULL: none. */
struct task *task_find(enum task_state state);

/* The oldest that may go now; NULL: none. */
struct task *task_next_waiting(msec now);

/* These bytes of its data are to be sent, behind what was to be sent before. */
void task_add_burst(struct task *t, u32 ttt, u32 offset, u32 len);

/* The task is over: this is its result. */
void task_end(struct task *t, enum error e);

/* Send it again: at once, or later. It ends instead when SCSI_AGAIN has been of no use too often,
 * or when SCSI_RESET or SCSI_CLEARED is all that was heard for too long. */
void task_again(struct task *t, enum error why, enum scsi_retry how, msec now);

/* A command without any use, which tells whether a silent LUN was reset. */
static inline bool task_is_knock(const struct task *t)
{
    return !t->c.owner;
}

/* The target has said something about this one. */
void task_heard(const struct task *t);

/* ---- task_doubt.c ---- */

/* Other initiators have ended commands before `first` came. */
void task_doubt_before(const struct task *first);

/* Ask about what is in doubt. */
void task_doubt_ask(void);

#endif
