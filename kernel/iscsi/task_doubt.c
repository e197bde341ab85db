/* Commands that may have vanished. When another initiator resets the LUN, or clears it, the target
 * need not say so for each command of ours that is gone (SAM-5, 5.3.1, TAS 0): the first that comes
 * afterwards gets a unit attention, and those before it get no answer. For these the target is
 * asked to abort them (RFC 7143, 11.5). Once it says that they are no more they can be sent again:
 * a write that was only slow could else be done late, over a newer one. */
#include "base/bytes.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/task_internal.h"

/* Was a sent after b? ITTs count up, in 31 bits. */
static bool sent_after(const struct task *a, const struct task *b)
{
    return (s32)((a->itt - b->itt) << 1) > 0;
}

void task_doubt_before(const struct task *first)
{
    for (struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state == TASK_SENT && t->c.lun0 == first->c.lun0 && sent_after(first, t))
            t->doubt = task_all->doubt = task_all->pump_wanted = true;
}

static void send_abort(const struct task *t)
{
    u8 bhs[BHS_SIZE] = {0};
    bhs[BHS_OPCODE] = OPCODE_TASK_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = FLAG_FINAL | TASK_ABORT;
    if (!t->c.lun0)
        memcpy(bhs + BHS_LUN, task_all->lun, sizeof(task_all->lun));
    put_be32(bhs + BHS_ITT, TAG_ABORT);
    put_be32(bhs + TASK_REQ_TAG, t->itt);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    put_be32(bhs + TASK_REQ_CMD_SN, t->cmd_sn);
    conn_send(bhs, NULL, 0);
    task_all->asked = t->itt;
}

/* One at a time: every target has room for one (RFC 7143, 4.2.2.1). */
void task_doubt_ask(void)
{
    if (!task_all->doubt || task_all->asked != ISCSI_NO_TAG || !conn_can_send(0))
        return;
    for (const struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state == TASK_SENT && t->doubt) {
            send_abort(t);
            return;
        }
    task_all->doubt = false;
}

bool task_aborted(const u8 bhs[BHS_SIZE], msec now)
{
    if (get_be32(bhs + BHS_ITT) != TAG_ABORT || task_all->asked == ISCSI_NO_TAG)
        return false;
    struct task *t = &tasks[task_all->asked % TASKS];
    u8 response = bhs[TASK_RSP_RESPONSE];
    /* Who does not know how to abort still ends all of a session's commands when it begins anew. */
    if (response != TASK_RSP_DONE && response != TASK_RSP_NO_TASK) {
        task_all->lost = ERR_LUN_RESET;
        return true;
    }
    if (t->state == TASK_SENT && t->itt == task_all->asked)
        task_again(t, ERR_LUN_RESET, SCSI_RESET, now);
    task_all->asked = ISCSI_NO_TAG;
    task_all->pump_wanted = true;
    return true;
}
