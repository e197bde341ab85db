/* Commands and their data on the way out. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/task_internal.h"

#define MAX_DATA_OUT   32768 /* fits any send buffer (64 KiB or more) */
#define MIN_DATA_OUT   8192  /* rather wait for room than send less, unless it is the end */
#define DATA_OUT_STEP  512u  /* bytes: what is cut off is cut off there */
#define ITT_INDEX_BITS 6     /* log2 of TASKS */

/* The next Data-Out of the task's first burst; false when there is no room for it. */
static bool send_data_out(struct task *t)
{
    struct burst *b = t->bursts;
    u32 len = min_u32(min_u32(b->left, task_all->params.max_send_data), MAX_DATA_OUT);
    u32 room = conn_room();
    if (room < len) {
        if (room < MIN_DATA_OUT)
            return false;
        len = room & ~(DATA_OUT_STEP - 1);
    }
    u8 bhs[BHS_SIZE] = {0};
    bhs[BHS_OPCODE] = OPCODE_DATA_OUT;
    bhs[BHS_FLAGS] = len == b->left ? FLAG_FINAL : 0;
    if (b->ttt != ISCSI_NO_TAG)
        memcpy(bhs + BHS_LUN, task_all->lun, sizeof(task_all->lun));
    put_be32(bhs + BHS_ITT, t->itt);
    put_be32(bhs + BHS_TTT, b->ttt);
    put_be32(bhs + BHS_DATA_SN, b->data_sn++);
    put_be32(bhs + BHS_BUFFER_OFFSET, b->offset);
    conn_send(bhs, t->c.data + b->offset, len);
    b->offset += len;
    b->left -= len;
    t->moved += len;
    if (!b->left) {
        t->burst_count--;
        memmove(t->bursts, t->bursts + 1, t->burst_count * sizeof(*b));
    }
    return true;
}

/* May this command go? Where the target lets none in, not even while it has none of ours (istgt was
 * seen to), one goes as an immediate command, which takes no number; every target has room for one
 * (RFC 7143, 4.2.2.1). Its answer may open the window. */
static bool may_go(const struct task *t)
{
    return t && (conn_window_open() || task_is_knock(t) || !task_find(TASK_SENT));
}

/* False when there is no room for the command and its immediate data. */
static bool send_command(struct task *t)
{
    bool write = t->c.direction == SCSI_CMD_WRITE;
    u32 unasked = write ? min_u32(t->c.len, task_all->params.first_burst) : 0, immediate = 0;
    if (task_all->params.immediate)
        immediate = min_u32(min_u32(unasked, task_all->params.max_send_data), MAX_DATA_OUT);
    if (task_all->params.initial_r2t)
        unasked = immediate;
    if (!conn_can_send(immediate))
        return false;
    /* All ones is no tag, and just below is the ping's. */
    task_all->next_itt = (task_all->next_itt + 1) & (ISCSI_NO_TAG >> (ITT_INDEX_BITS + 1));
    t->itt = task_all->next_itt << ITT_INDEX_BITS | (u32)(t - tasks);
    t->state = TASK_SENT;
    t->damaged = false;
    t->data_sn = t->burst_count = 0;
    t->doubt = false;
    t->moved = immediate;
    u8 bhs[BHS_SIZE] = {0};
    bhs[BHS_OPCODE] = OPCODE_SCSI_CMD;
    t->cmd_sn = conn_cmd_sn();
    put_be32(bhs + BHS_CMD_SN, t->cmd_sn);
    if (conn_window_open())
        conn_take_cmd_sn();
    else
        bhs[BHS_OPCODE] |= OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = (u8)(t->c.direction | SCSI_CMD_SIMPLE);
    if (unasked == immediate)
        bhs[BHS_FLAGS] |= FLAG_FINAL;
    else
        task_add_burst(t, ISCSI_NO_TAG, immediate, unasked - immediate);
    if (!t->c.lun0)
        memcpy(bhs + BHS_LUN, task_all->lun, sizeof(task_all->lun));
    put_be32(bhs + BHS_ITT, t->itt);
    put_be32(bhs + SCSI_CMD_LENGTH, t->c.len);
    memcpy(bhs + SCSI_CMD_CDB, t->c.cdb, SCSI_CDB);
    conn_send(bhs, t->c.data, immediate);
    return true;
}

void task_pump(msec now)
{
    struct task *t;
    if (!task_all->pump_wanted)
        return;
    task_doubt_ask();
    do {
        /* All data that is due goes before the next command: unsolicited data keeps the order of
         * the commands (RFC 7143, 4.2.5.2). */
        for (t = tasks; t < tasks + TASKS; t++)
            while (t->state == TASK_SENT && t->burst_count)
                if (!send_data_out(t))
                    return;
        t = task_next_waiting(now);
    } while (may_go(t) && send_command(t));
    task_all->pump_wanted = task_find(TASK_WAITING);
}
