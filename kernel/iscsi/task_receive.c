/* What the target sends about a command: data, requests for data, and how it went. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/conn.h"
#include "iscsi/task_internal.h"

/* The task that a PDU of the target's is about. */
static struct task *task_of(const u8 bhs[BHS_SIZE])
{
    u32 itt = get_be32(bhs + BHS_ITT);
    struct task *t = &tasks[itt % TASKS];
    if (t->state == TASK_SENT && t->itt == itt)
        return t;
    iscsi_stats.no_task++;
    return NULL;
}

/* An answer that breaks the protocol: the connection is of no use any more. Who asks the same thing
 * again and again gets an error in the end. */
static bool task_fault(struct task *t)
{
    if (++t->faults >= MAX_TRIES)
        task_end(t, ERR_ISCSI_PROTOCOL);
    return false;
}

bool task_place(const u8 bhs[BHS_SIZE], u32 len, u8 **to, u32 *room)
{
    struct task *t = task_of(bhs);
    u32 offset = get_be32(bhs + BHS_BUFFER_OFFSET);
    *room = 0;
    if (!t)
        return true;
    /* DataPDUInOrder and DataSequenceInOrder: each PDU begins where the last one ended. */
    if (t->c.direction != SCSI_CMD_READ || (len && offset != t->moved) ||
        len > t->c.len - t->moved || get_be32(bhs + BHS_DATA_SN) != t->data_sn)
        return task_fault(t);
    t->data_sn++;
    *to = t->c.data + t->moved;
    *room = len;
    return true;
}

/* What to do about a reservation. While the disk is attached that is said; once it is there, reads
 * wait as for a target that is away. Writes end when it has lasted for too long: a boot loader may
 * live without them, where it may read. */
static enum scsi_retry held(const struct task *t, msec now)
{
    if (t->c.urgent)
        return SCSI_FINAL;
    if (!task_all->held || now - task_all->held_seen >= task_all->patience)
        task_all->held_since = now;
    task_all->held = task_all->held_news = true;
    task_all->held_seen = now;
    bool over = now - task_all->held_since >= task_all->patience;
    return over && t->c.direction != SCSI_CMD_READ ? SCSI_FINAL : SCSI_LATER;
}

/* The target has said how the command went. */
static void task_judge(struct task *t, const u8 *bhs, const u8 *sense, u32 sense_len, msec now)
{
    struct scsi_verdict v = scsi_judge(bhs[SCSI_RSP_STATUS], sense, sense_len);
    bool residual =
        bhs[BHS_FLAGS] & (FLAG_OVERFLOW | FLAG_UNDERFLOW) && get_be32(bhs + BHS_RESIDUAL);
    if (!v.error && !t->c.partial && (residual || t->moved < t->c.len))
        v = (struct scsi_verdict){ERR_SCSI, SCSI_AGAIN};
    /* Without error recovery the target may not be asked for the data alone, but for all of it once
     * more, now that it is done with the command (RFC 7143, 7.8). In the end by another way. */
    if (t->damaged)
        v = (struct scsi_verdict){ERR_DIGEST, t->tries < MAX_TRIES ? SCSI_AGAIN : SCSI_ELSEWHERE};
    if (v.retry == SCSI_CLEARED)
        task_doubt_before(t);
    if (v.retry == SCSI_HELD)
        v.retry = held(t, now);
    if (!v.error && !task_is_knock(t)) {
        task_all->good = now;
        task_all->held &= t->c.direction == SCSI_CMD_READ;
    }
    if (task_is_knock(t) || v.retry == SCSI_FINAL || (v.retry == SCSI_ELSEWHERE && t->c.urgent))
        task_end(t, v.error);
    else if (v.retry == SCSI_ELSEWHERE)
        task_all->lost = v.error; /* the next connection has it sent again */
    else
        task_again(t, v.error, v.retry, now);
}

void task_data_in(const u8 bhs[BHS_SIZE], bool damaged, msec now)
{
    struct task *t = task_of(bhs);
    if (!t)
        return;
    task_heard(t);
    t->damaged |= damaged;
    t->moved += get_be24(bhs + BHS_DATA_LENGTH);
    if (bhs[BHS_FLAGS] & DATA_IN_STATUS)
        task_judge(t, bhs, NULL, 0, now);
}

bool task_r2t(const u8 bhs[BHS_SIZE])
{
    struct task *t = task_of(bhs);
    u32 offset = get_be32(bhs + BHS_BUFFER_OFFSET), len = get_be32(bhs + R2T_LENGTH);
    u32 ttt = get_be32(bhs + BHS_TTT);
    if (!t)
        return true;
    u32 open =
        t->burst_count && t->bursts[0].ttt == ISCSI_NO_TAG ? t->burst_count - 1 : t->burst_count;
    if (t->c.direction != SCSI_CMD_WRITE || !len || len > task_all->params.max_burst ||
        offset > t->c.len || len > t->c.len - offset || ttt == ISCSI_NO_TAG ||
        open >= task_all->params.max_r2t || get_be32(bhs + BHS_DATA_SN) != t->data_sn)
        return task_fault(t);
    task_heard(t);
    t->data_sn++;
    task_add_burst(t, ttt, offset, len);
    return true;
}

void task_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, bool damaged, msec now)
{
    struct task *t = task_of(bhs);
    if (!t)
        return;
    task_heard(t);
    t->damaged |= damaged;
    if (bhs[SCSI_RSP_RESPONSE]) {
        task_again(t, ERR_SCSI, SCSI_AGAIN, now);
        return;
    }
    u32 sense_len = len >= 2 ? min_u32(get_be16(data), len - 2) : 0;
    task_judge(t, bhs, data + 2, sense_len, now);
}

bool task_rejected(const u8 bhs[BHS_SIZE], u8 reason, msec now)
{
    struct task *t = task_of(bhs);
    if (!t)
        return false;
    if (reason != REJECT_IMMEDIATE)
        return task_fault(t);
    task_again(t, ERR_SCSI_BUSY, SCSI_LATER, now);
    return true;
}
