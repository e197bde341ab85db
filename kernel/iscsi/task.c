/* The table of commands: how they come in, when they are tried again, and how they end. */
#include "base/arith.h"
#include "base/platform.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/task_internal.h"

#define WAIT_FIRST_MS  20
#define WAIT_LAST_MS   1000
#define STALL_MS       60000 /* a disk may be slow, */
#define PROBE_STALL_MS 20000 /* but has to say who it is */
#define ATTENTION_MS   1000  /* the longest gap between two polls that counts as waiting */
#define PROBE_TASKS    8     /* that requests leave free: a probe goes before their replay */

struct task tasks[TASKS];
struct task_all task_all;

static struct block_req *queue_head, *queue_tail;
static bool progress;
static u32 next_order;
static enum error waiting_for;
static msec last_look;

void task_init(void)
{
    memset(tasks, 0, sizeof(tasks));
    queue_head = queue_tail = NULL;
    task_all.requests_allowed = progress = task_all.pump_wanted = false;
    waiting_for = OK;
    task_all.stalled = 0;
    task_all.next_itt = random_u32();
}

void task_allow(bool requests)
{
    task_all.requests_allowed = requests;
    task_all.pump_wanted = true;
}

void task_logged_in(const struct iscsi_params *p, const u8 lun[8])
{
    task_all.params = *p;
    memcpy(task_all.lun, lun, sizeof(task_all.lun));
}

enum error task_waiting_for(void)
{
    for (const struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state != TASK_FREE && t->waits)
            return waiting_for;
    return OK;
}

bool task_progress(void)
{
    return progress;
}

struct task *task_find(enum task_state state, u32 from)
{
    for (u32 i = from; i < TASKS; i++)
        if (tasks[i].state == state)
            return &tasks[i];
    return NULL;
}

/* A fresh task, TASK_WAITING. The caller has looked that there is one. */
static void add(struct task *t, u8 direction, u8 *data, u32 len)
{
    memset(t, 0, sizeof(*t));
    t->state = TASK_WAITING;
    t->direction = len ? direction : 0;
    t->data = data;
    t->len = len;
    t->order = next_order++;
    task_all.pump_wanted = true;
}

void task_submit(struct block_req *req)
{
    req->done = false;
    req->next = NULL;
    task_all.pump_wanted = true;
    if (queue_tail)
        queue_tail->next = req;
    else
        queue_head = req;
    queue_tail = req;
}

bool task_fill(void)
{
    struct task *t;
    while (task_all.requests_allowed && queue_head && (t = task_find(TASK_FREE, PROBE_TASKS))) {
        struct block_req *req = queue_head;
        queue_head = req->next;
        if (!queue_head)
            queue_tail = NULL;
        add(t, req->op == BLOCK_READ ? SCSI_CMD_READ : SCSI_CMD_WRITE, req->data,
            req->op == BLOCK_FLUSH ? 0 : req->count * SCSI_BLOCK);
        t->req = req;
        scsi_block_cdb(t->cdb, req->op, req->lba, req->count);
    }
    return queue_head;
}

void task_probe(u8 step, const u8 cdb[SCSI_CDB], u8 *data, u32 len, bool lun0)
{
    struct task *t = task_find(TASK_FREE, 0);
    if (!t)
        return; /* there are PROBE_TASKS, which is enough */
    add(t, SCSI_CMD_READ, data, len);
    memcpy(t->cdb, cdb, SCSI_CDB);
    t->step = step;
    t->lun0 = lun0;
}

static void end_request(struct block_req *req, enum error e)
{
    req->status = e;
    req->done = true;
}

void task_end(struct task *t, enum error e, msec now)
{
    struct block_req *req = t->req;
    t->state = TASK_FREE;
    if (!req) {
        probe_result(t->step, e, t->moved, now);
        return;
    }
    progress = true;
    end_request(req, e);
}

void task_redirect(struct block_req *req, u8 *data)
{
    for (struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state != TASK_FREE && t->req == req) {
            u32 have = t->moved + conn_redirect_data(t->data, t->len, data);
            memcpy(data, t->data, have);
            t->data = data;
        }
    req->data = data;
}

bool task_end_all(enum error e)
{
    bool in_flight = false;
    for (struct task *t = tasks; t < tasks + TASKS; t++) {
        if (!t->req || t->state == TASK_FREE)
            continue;
        in_flight |= t->state == TASK_SENT;
        t->state = TASK_FREE;
        end_request(t->req, e);
    }
    while (queue_head) {
        struct block_req *req = queue_head;
        queue_head = req->next;
        end_request(req, e);
    }
    queue_tail = NULL;
    return in_flight;
}

void task_reconnect(void)
{
    for (struct task *t = tasks; t < tasks + TASKS; t++) {
        if (!t->req)
            t->state = TASK_FREE;
        else if (t->state == TASK_SENT)
            t->state = TASK_WAITING;
    }
    task_all.requests_allowed = progress = false;
    task_all.stalled = 0;
    task_all.pump_wanted = true;
}

void task_again(struct task *t, enum error why, enum scsi_retry how, msec now)
{
    bool wait = how == SCSI_LATER;
    u8 *count = wait ? &t->waits : &t->tries;
    if (!wait && *count >= MAX_TRIES) {
        task_end(t, why, now);
        return;
    }
    iscsi_stats.retries++;
    if (wait)
        waiting_for = why;
    /* Doubling up to WAIT_LAST_MS, but the first SCSI_AGAIN is at once. */
    t->not_before = now;
    if (wait || *count)
        t->not_before += min_u32(WAIT_FIRST_MS << min_u32(*count, 6), WAIT_LAST_MS);
    if (*count < UINT8_MAX)
        ++*count;
    t->state = TASK_WAITING;
    task_all.pump_wanted = true;
}

bool task_stalled(msec now)
{
    bool in_flight = task_find(TASK_SENT, 0) ||
                     (task_all.pump_wanted && task_next_waiting(now) && !conn_window_open());
    task_all.stalled = in_flight ? task_all.stalled + min_u32(now - last_look, ATTENTION_MS) : 0;
    last_look = now;
    return task_all.stalled >= (task_all.requests_allowed ? STALL_MS : PROBE_STALL_MS);
}

u32 task_timeout(msec now)
{
    u32 ms = TIMEOUT_NEVER;
    for (struct task *t = tasks; task_all.pump_wanted && t < tasks + TASKS; t++)
        if (t->state == TASK_WAITING && !time_reached(now, t->not_before))
            ms = min_u32(ms, time_left(now, t->not_before));
    return ms;
}
