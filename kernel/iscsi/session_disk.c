/* The LUN as a block device: requests are checked, wait for their turn, and become SCSI commands.
 */
#include "base/arith.h"
#include "base/loop.h"
#include "iscsi/conn.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"

static void end_request(struct block_req *req, enum error e)
{
    req->status = e;
    req->done = true;
}

static void enqueue(struct block_req *req)
{
    req->next = NULL;
    if (session->queue_head)
        session->queue_tail->next = req;
    else
        session->queue_head = req;
    session->queue_tail = req;
}

/* Make commands of requests, as long as there is room for them. */
static void fill_tasks(void)
{
    for (struct block_req *req; (req = session->queue_head); session->queue_head = req->next) {
        struct scsi_command c = {
            .direction = req->op == BLOCK_READ ? SCSI_CMD_READ : SCSI_CMD_WRITE,
            .data = req->data,
            .len = req->op == BLOCK_FLUSH ? 0 : req->count * session->disk.block_size,
            .owner = req,
        };
        u32 grain = session->disk.grain;
        scsi_block_cdb(c.cdb, req->op, div_u64(req->lba, grain, NULL), req->count / grain);
        if (!task_submit(&c))
            return;
    }
}

/* What the target's word means for a request. */
static enum error request_error(const struct block_req *req, enum error e)
{
    if (e != ERR_BAD_REQUEST)
        return e;
    return req->op == BLOCK_FLUSH ? OK : ERR_SCSI; /* a disk without a cache */
}

void session_disk_results(void)
{
    struct task_result r;
    while (task_take_result(false, &r)) {
        session->progress = true;
        end_request(r.owner, request_error(r.owner, r.status));
    }
    fill_tasks();
}

void session_disk_end(enum error e)
{
    struct task_result r;
    if (task_end_all(e)) {
        conn_skip_data();
        session->abandoned = true;
    }
    while (task_take_result(false, &r))
        end_request(r.owner, request_error(r.owner, r.status));
    for (; session->queue_head; session->queue_head = session->queue_head->next)
        end_request(session->queue_head, e);
}

static void submit(struct block_dev *dev, struct block_req *req)
{
    enum error e = OK;
    session_select(dev);
    if (session->phase >= PHASE_LEAVE && !session->come_back)
        e = ERR_ABORTED;
    else if (req->op == BLOCK_WRITE && dev->read_only)
        e = ERR_LUN_PROTECTED;
    else if (req->op != BLOCK_FLUSH && (!req->count || req->count > dev->max_blocks ||
                                        (((u32)req->lba | req->count) & (dev->grain - 1))))
        e = ERR_BAD_REQUEST;
    else if (req->op != BLOCK_FLUSH && !in_range(req->lba, req->count, dev->blocks))
        e = ERR_OUT_OF_RANGE;
    if (e) {
        end_request(req, e);
        return;
    }
    req->done = false;
    enqueue(req);
    fill_tasks();
    if (session_has_commands())
        task_pump(loop_now());
}

static void redirect_data(struct block_dev *dev, struct block_req *req, u8 *data)
{
    session_select(dev);
    task_redirect(req, data);
    req->data = data;
}

/* What the target may still send, for what it knows, is of no use: a new connection forgets it. */
static void abort_all(struct block_dev *dev)
{
    session_select(dev);
    session_disk_end(ERR_ABORTED);
    if (session->abandoned)
        conn_drop();
}

const struct block_ops session_disk_ops = {submit, redirect_data, abort_all};

struct block_dev *iscsi_disk(void)
{
    return &session->disk;
}
