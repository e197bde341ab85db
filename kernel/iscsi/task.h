/* SCSI commands under way: command, Data-In, R2T, Data-Out and response (RFC 7143, 11.3 to 11.8),
 * within the command window, retried as the status asks for. */
#ifndef LUNBOOT_ISCSI_TASK_H
#define LUNBOOT_ISCSI_TASK_H

#include "base/types.h"
#include "disk/block.h"
#include "iscsi/login.h"
#include "iscsi/pdu.h"
#include "iscsi/scsi.h"

#define TASKS 64 /* commands that can be in flight */

/* Forget everything, without ending requests. */
void task_init(void);

/* Requests from above: queued, and ended by done. */
void task_submit(struct block_req *req);

/* Let a read that is not done go to `data`; what of it has arrived is copied. */
void task_redirect(struct block_req *req, u8 *data);

/* End every request with this error. True when the target may still touch one of them: it knows
 * commands of this connection that are not done. */
bool task_end_all(enum error e);

/* A command of the probe's. data must stay; step names it in probe_result(). lun0: to LUN 0, not to
 * ours. It is retried for as long as the status asks for that. */
void task_probe(u8 step, const u8 cdb[SCSI_CDB], u8 *data, u32 len, bool lun0);

/* The probe's commands all end here: bytes received, and what the target said. Provided by probe.c.
 */
void probe_result(u8 step, enum error e, u32 received, msec now);

/* May requests go out, besides the probe's commands? */
void task_allow(bool requests);

/* A new connection: what was in flight is to be sent again, whole. The probe's commands are
 * forgotten. */
void task_reconnect(void);

/* What the new login has agreed on, and the LUN that the commands are for. */
void task_logged_in(const struct iscsi_params *p, const u8 lun[8]);

/* Send what can be sent: Data-Out that was asked for, then commands. */
void task_pump(msec now);

/* The header of a Data-In: where its data segment goes; *room gets its length, or 0 to skip it.
 * False: it breaks the protocol, and the connection is of no use any more. */
bool task_place(const u8 bhs[BHS_SIZE], u32 len, u8 **to, u32 *room, msec now);

/* A Data-In that task_place() has seen is complete; an R2T (false as above); a SCSI Response with
 * its data segment. */
void task_data_in(const u8 bhs[BHS_SIZE], msec now);
bool task_r2t(const u8 bhs[BHS_SIZE], msec now);
void task_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, msec now);

/* The target has rejected the PDU with this header. */
void task_rejected(const u8 bhs[BHS_SIZE], msec now);

/* Why the target wants a command to come again later, for as long as one does; else OK. There is no
 * end to that: who does not want to wait ends it. */
enum error task_waiting_for(void);

/* Has a request been done since the last task_reconnect()? */
bool task_progress(void);

/* Anything under way that has seen nothing from the target for too long (attended time)? */
bool task_stalled(msec now);

/* Milliseconds until task_pump() has something to do without input. */
u32 task_timeout(msec now);

#endif
