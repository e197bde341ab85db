/* What the files of the tasks share: the table, and the calls between them. Nobody else includes
 * this.
 *
 *   task.c           the table: commands come in, are retried, and end
 *   task_send.c      commands and Data-Out, in the order and the room that there is
 *   task_receive.c   Data-In, R2T, status and Reject: checked, and what follows from them */
#ifndef LUNBOOT_ISCSI_TASK_INTERNAL_H
#define LUNBOOT_ISCSI_TASK_INTERNAL_H

#include "iscsi/task.h"

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
    msec not_before; /* while TASK_WAITING after a SCSI_LATER */
    u8 tries, waits, faults;
    enum error status; /* TASK_DONE's */
    /* The attempt under way: */
    u32 itt;     /* modulo TASKS: its place in the table */
    u32 moved;   /* bytes received, or sent */
    u32 data_sn; /* next DataSN or R2TSN */
    struct burst bursts[BURSTS];
    u32 burst_count;
    bool damaged; /* some of what came is not what its digest says */
};

extern struct task tasks[TASKS];

/* What all of them share. */
struct task_all {
    u8 lun[8]; /* ours */
    struct iscsi_params params;
    bool allowed;     /* commands that are not urgent may go */
    bool pump_wanted; /* something may be waiting to be sent */
    u32 next_itt;
    u32 stalled;     /* ms of attended time without a word about any */
    enum error lost; /* task_lost()'s, but for that */
};
extern struct task_all task_all;

/* The first in this state; NULL: none. */
struct task *task_find(enum task_state state);

/* The oldest that may go now; NULL: none. */
struct task *task_next_waiting(msec now);

/* These bytes of its data are to be sent, behind what was to be sent before. */
void task_add_burst(struct task *t, u32 ttt, u32 offset, u32 len);

/* The task is over: this is its result. */
void task_end(struct task *t, enum error e);

/* Send it again: at once, or later. It ends instead when SCSI_AGAIN has been of no use too often.
 */
void task_again(struct task *t, enum error why, enum scsi_retry how, msec now);

#endif
