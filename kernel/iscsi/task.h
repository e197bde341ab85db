/* SCSI commands under way: command, Data-In, R2T, Data-Out and response (RFC 7143, 11.3 to 11.8),
 * within the command window, retried as the status asks for. Who wants a command gives it away, and
 * finds its result later. */
#ifndef LUNBOOT_ISCSI_TASK_H
#define LUNBOOT_ISCSI_TASK_H

#include "base/error.h"
#include "base/types.h"
#include "iscsi/login.h"
#include "iscsi/pdu.h"
#include "iscsi/scsi.h"

#define TASKS        64 /* commands that can be in flight */
#define TASKS_URGENT 8  /* of them, that only urgent ones can be */

struct scsi_command {
    u8 cdb[SCSI_CDB];
    u8 direction; /* SCSI_CMD_READ or SCSI_CMD_WRITE, when there is data */
    u8 *data;     /* the caller's; not touched any more once there is a result */
    u32 len;      /* bytes of data */
    bool partial; /* less may come than len */
    bool urgent;  /* goes before all that are not, also while those are held; belongs to this
                   * connection, and is  forgotten with it. */
    bool lun0;    /* for LUN 0, not for ours */
    void *owner;  /* what the result is known by, not NULL */
};

/* What follows is about this disk (san/disks.h). */
void task_select(u32 disk);

/* Forget everything, results too. What other initiators do to our commands is borne for so long. */
void task_init(u32 patience_ms);

/* Take a command (copied). False: there is no room for it now. */
bool task_submit(const struct scsi_command *c);

struct task_result {
    void *owner;
    enum error status; /* what the target has said in the end, as scsi_judge() reads it;
                        * ERR_ISCSI_PROTOCOL when it has answered nonsense again and again; or what
                        * task_end_all() was given */
    u32 moved;         /* bytes that came, or went */
};

/* The next result that nobody has taken, of urgent commands or of others; false: there is none. */
bool task_take_result(bool urgent, struct task_result *r);

/* Let the data of a read whose result nobody has taken go to `data`; what of it has arrived is
 * copied. */
void task_redirect(const void *owner, u8 *data);

/* End every command that is not urgent with this error. True when the target may still touch the
 * data of one: it knows commands of this connection that have no result. */
bool task_end_all(enum error e);

/* May commands go out that are not urgent? */
void task_allow(bool allowed);

/* A new connection: what was in flight is to be sent again, whole. Urgent commands are forgotten.
 */
void task_reconnect(void);

/* What the new login has agreed on. */
void task_logged_in(const struct iscsi_params *p);

/* The LUN that commands are for from now on, as on the wire. */
void task_set_lun(const u8 lun[8]);

/* Send what can be sent: Data-Out that was asked for, then commands. */
void task_pump(msec now);

/* The header of a Data-In: where its data segment goes; *room gets its length, or 0 to skip it.
 * False: it breaks the protocol, and the connection is of no use any more. */
bool task_place(const u8 bhs[BHS_SIZE], u32 len, u8 **to, u32 *room);

/* A Data-In that task_place() has seen is complete; an R2T (false as above); a SCSI Response with
 * its data segment. damaged: that is not what its digest says, and the command is done again. */
void task_data_in(const u8 bhs[BHS_SIZE], bool damaged, msec now);
bool task_r2t(const u8 bhs[BHS_SIZE]);
void task_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, bool damaged, msec now);

/* The answer to an abort that tasks have asked for; false as above. */
bool task_aborted(const u8 bhs[BHS_SIZE], msec now);

/* The target has rejected the PDU with this header (RFC 7143, 11.17.1). False as above. */
bool task_rejected(const u8 bhs[BHS_SIZE], u8 reason, msec now);

/* Why the target wants a command to come again later, for as long as one does; else OK. There is no
 * end to that: who does not want to wait ends it. */
enum error task_waiting_for(void);

/* Has a command that is not urgent met a reservation since the last call? */
bool task_held(void);

/* Why the connection is of no use any more: ERR_TCP_TIMEOUT when something under way has seen
 * nothing from the target for too long (attended time); or the target says that it will not do it
 * there. OK: it is good. */
enum error task_lost(msec now);

/* Milliseconds until task_pump() has something to do without input. */
u32 task_timeout(msec now);

#endif
