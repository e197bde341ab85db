/* The LUN as a block device: requests are checked, and become tasks. */
#include "base/arith.h"
#include "base/loop.h"
#include "iscsi/conn.h"
#include "iscsi/login.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"

#define MAX_BLOCKS 2048 /* in one request: 1 MiB */

static void submit(struct block_dev *dev, struct block_req *req)
{
    enum error e = OK;
    if (session.phase >= PHASE_LEAVE && !session.come_back)
        e = ERR_ABORTED;
    else if (req->op == BLOCK_WRITE && dev->read_only)
        e = ERR_LUN_PROTECTED;
    else if (req->op != BLOCK_FLUSH && (!req->count || req->count > dev->max_blocks))
        e = ERR_BAD_REQUEST;
    else if (req->op != BLOCK_FLUSH && !in_range(req->lba, req->count, dev->blocks))
        e = ERR_OUT_OF_RANGE;
    if (e) {
        req->status = e;
        req->done = true;
        return;
    }
    task_submit(req);
    session_pump(loop_now());
}

static void redirect_data(struct block_dev *dev, struct block_req *req, u8 *data)
{
    (void)dev;
    task_redirect(req, data);
}

static void abort_all(struct block_dev *dev)
{
    (void)dev;
    /* The target may still send data for what it knows; a new connection forgets all that. */
    if (task_end_all(ERR_ABORTED))
        session_retry(ERR_ABORTED, 0, loop_now());
}

void session_new_disk(const struct block_dev *found)
{
    static const struct block_ops ops = {submit, redirect_data, abort_all};
    session.disk = *found;
    session.disk.ops = &ops;
    session.disk.max_blocks =
        min_u32(login_params()->max_burst / session.disk.block_size, MAX_BLOCKS);
}

struct block_dev *iscsi_disk(void)
{
    return &session.disk;
}
