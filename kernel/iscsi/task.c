/* Commands, their data, their ends. */
#include "iscsi/task.h"

#include "bytes.h"
#include "iscsi/conn.h"
#include "loop.h"
#include "platform.h"
#include "str.h"

/* R2Ts of a task that can be under way, and its unsolicited data before them. */
#define BURSTS         (LOGIN_MAX_R2T + 1)
#define MAX_DATA_OUT   32768 /* fits any send buffer (64 KiB or more) */
#define MIN_DATA_OUT   8192  /* rather wait for room than send less, unless it is the end */
#define MAX_TRIES      8     /* of SCSI_AGAIN, and of answers that break the protocol */
#define WAIT_FIRST_MS  20
#define WAIT_LAST_MS   1000
#define STALL_MS       60000 /* a disk may be slow, */
#define PROBE_STALL_MS 20000 /* but has to say who it is */
#define ATTENTION_MS   1000  /* the longest gap between two polls that counts as waiting */
#define ITT_INDEX_BITS 6     /* log2 of TASKS */
#define PROBE_TASKS    8     /* that requests leave free: a probe goes before their replay */

/* A run of Data-Out PDUs that the target wants, or takes unasked (ISCSI_NO_TAG). */
struct burst {
    u32 ttt, offset, left, data_sn;
};

enum task_state { TASK_FREE, TASK_WAITING, TASK_SENT };

struct task {
    enum task_state state;
    struct block_req *req; /* NULL: the probe's */
    u8 step;
    bool lun0;
    u8 direction; /* SCSI_CMD_READ, SCSI_CMD_WRITE, 0 */
    u8 cdb[SCSI_CDB];
    u8 *data;
    u32 len;
    u32 order;       /* of arrival: older goes first */
    msec not_before; /* while TASK_WAITING after a SCSI_LATER */
    u8 tries, waits, faults;
    /* The attempt under way: */
    u32 itt;
    u32 moved;   /* bytes received, or sent */
    u32 data_sn; /* next DataSN or R2TSN */
    struct burst bursts[BURSTS];
    u32 burst_count;
};

static struct task tasks[TASKS];
static struct block_req *queue_head, *queue_tail;
static u8 our_lun[8];
static struct iscsi_params params;
static bool requests_allowed, progress;
static bool pump_wanted; /* something may be waiting to be sent */
static u32 next_order, next_itt;
static enum error waiting_for;
static u32 stalled;
static msec last_look;

void task_init(void)
{
    memset(tasks, 0, sizeof(tasks));
    queue_head = queue_tail = NULL;
    requests_allowed = progress = pump_wanted = false;
    waiting_for = OK;
    stalled = 0;
    next_itt = platform_random();
}

void task_allow(bool requests)
{
    requests_allowed = requests;
    pump_wanted = true;
}

void task_logged_in(const struct iscsi_params *p, const u8 lun[8])
{
    params = *p;
    memcpy(our_lun, lun, sizeof(our_lun));
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

/* The first in this state, at or after an index. */
static struct task *find_state(enum task_state state, u32 from)
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
    pump_wanted = true;
}

void task_submit(struct block_req *req)
{
    req->done = false;
    req->next = NULL;
    pump_wanted = true;
    if (queue_tail)
        queue_tail->next = req;
    else
        queue_head = req;
    queue_tail = req;
}

/* Give queued requests to free tasks. */
static void fill_tasks(void)
{
    struct task *t;
    while (requests_allowed && queue_head && (t = find_state(TASK_FREE, PROBE_TASKS))) {
        struct block_req *req = queue_head;
        queue_head = req->next;
        if (!queue_head)
            queue_tail = NULL;
        add(t, req->op == BLOCK_READ ? SCSI_CMD_READ : SCSI_CMD_WRITE, req->data,
            req->op == BLOCK_FLUSH ? 0 : req->count * SCSI_BLOCK);
        t->req = req;
        scsi_block_cdb(t->cdb, req->op, req->lba, req->count);
    }
}

void task_probe(u8 step, const u8 cdb[SCSI_CDB], u8 *data, u32 len, bool lun0)
{
    struct task *t = find_state(TASK_FREE, 0);
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
    if (req->awaited)
        loop_satisfy();
}

/* The task is over, and free. */
static void end(struct task *t, enum error e, msec now)
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
    requests_allowed = progress = false;
    stalled = 0;
    pump_wanted = true;
}

/* Send it again: at once, or later. */
static void again(struct task *t, enum error why, enum scsi_retry how, msec now)
{
    bool wait = how == SCSI_LATER;
    u8 *count = wait ? &t->waits : &t->tries;
    if (!wait && *count >= MAX_TRIES) {
        end(t, why, now);
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
    pump_wanted = true;
}

/* An answer that breaks the protocol: the connection is of no use any more. Who asks the same thing
 * again and again gets an error in the end. */
static bool fault(struct task *t, msec now)
{
    if (t->req && ++t->faults >= MAX_TRIES)
        end(t, ERR_ISCSI_PROTOCOL, now);
    return false;
}

/* The task that a PDU of the target's is about. */
static struct task *find_itt(const u8 bhs[BHS_SIZE])
{
    u32 itt = get_be32(bhs + BHS_ITT);
    struct task *t = &tasks[itt % TASKS];
    if (t->state == TASK_SENT && t->itt == itt)
        return t;
    iscsi_stats.no_task++;
    return NULL;
}

/* Sending. */

static void add_burst(struct task *t, u32 ttt, u32 offset, u32 len)
{
    t->bursts[t->burst_count++] = (struct burst){ttt, offset, len, 0};
    pump_wanted = true;
}

/* The next Data-Out of the task's first burst; false when there is no room for it. */
static bool send_data_out(struct task *t)
{
    struct burst *b = t->bursts;
    u32 len = min_u32(min_u32(b->left, params.max_send_data), MAX_DATA_OUT);
    u32 room = conn_room();
    if (room < len) {
        if (room < MIN_DATA_OUT)
            return false;
        len = room & ~(SCSI_BLOCK - 1u);
    }
    u8 bhs[BHS_SIZE] = {0};
    bhs[BHS_OPCODE] = OPCODE_DATA_OUT;
    bhs[BHS_FLAGS] = len == b->left ? FLAG_FINAL : 0;
    if (b->ttt != ISCSI_NO_TAG)
        memcpy(bhs + BHS_LUN, our_lun, sizeof(our_lun));
    put_be32(bhs + BHS_ITT, t->itt);
    put_be32(bhs + BHS_TTT, b->ttt);
    put_be32(bhs + BHS_DATA_SN, b->data_sn++);
    put_be32(bhs + BHS_BUFFER_OFFSET, b->offset);
    conn_send(bhs, t->data + b->offset, len);
    b->offset += len;
    b->left -= len;
    t->moved += len;
    if (!b->left) {
        t->burst_count--;
        memmove(t->bursts, t->bursts + 1, t->burst_count * sizeof(*b));
    }
    return true;
}

/* False when there is no room for the command and its immediate data. */
static bool send_command(struct task *t)
{
    bool write = t->direction == SCSI_CMD_WRITE;
    u32 unasked = write ? min_u32(t->len, params.first_burst) : 0, immediate = 0;
    if (params.immediate)
        immediate = min_u32(min_u32(unasked, params.max_send_data), MAX_DATA_OUT);
    if (params.initial_r2t)
        unasked = immediate;
    if (!conn_can_send(immediate))
        return false;
    /* All ones is no tag, and just below is the ping's. */
    next_itt = (next_itt + 1) & (ISCSI_NO_TAG >> (ITT_INDEX_BITS + 1));
    t->itt = next_itt << ITT_INDEX_BITS | (u32)(t - tasks);
    t->state = TASK_SENT;
    t->data_sn = t->burst_count = 0;
    t->moved = immediate;
    u8 bhs[BHS_SIZE] = {0};
    bhs[BHS_OPCODE] = OPCODE_SCSI_CMD;
    bhs[BHS_FLAGS] = (u8)(t->direction | SCSI_CMD_SIMPLE);
    if (unasked == immediate)
        bhs[BHS_FLAGS] |= FLAG_FINAL;
    else
        add_burst(t, ISCSI_NO_TAG, immediate, unasked - immediate);
    if (!t->lun0)
        memcpy(bhs + BHS_LUN, our_lun, sizeof(our_lun));
    put_be32(bhs + BHS_ITT, t->itt);
    put_be32(bhs + SCSI_CMD_LENGTH, t->len);
    put_be32(bhs + BHS_CMD_SN, conn_cmd_sn());
    conn_take_cmd_sn();
    memcpy(bhs + SCSI_CMD_CDB, t->cdb, SCSI_CDB);
    conn_send(bhs, t->data, immediate);
    return true;
}

/* The oldest that may go now. */
static struct task *next_waiting(msec now)
{
    struct task *best = NULL;
    for (struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state == TASK_WAITING && (requests_allowed || !t->req) &&
            (!(t->waits | t->tries) || time_reached(now, t->not_before)) &&
            (!best || serial_after(best->order, t->order)))
            best = t;
    return best;
}

void task_pump(msec now)
{
    struct task *t;
    if (!pump_wanted)
        return;
    do {
        /* All data that is due goes before the next command: unsolicited data keeps the order of
         * the commands (RFC 7143, 4.2.5.2). */
        for (t = tasks; t < tasks + TASKS; t++)
            while (t->state == TASK_SENT && t->burst_count)
                if (!send_data_out(t))
                    return;
        fill_tasks();
        t = next_waiting(now);
    } while (t && conn_window_open() && send_command(t));
    pump_wanted = queue_head || find_state(TASK_WAITING, 0);
}

/* Receiving. */

bool task_place(const u8 bhs[BHS_SIZE], u32 len, u8 **to, u32 *room, msec now)
{
    struct task *t = find_itt(bhs);
    u32 offset = get_be32(bhs + BHS_BUFFER_OFFSET);
    *room = 0;
    if (!t)
        return true;
    /* DataPDUInOrder and DataSequenceInOrder: each PDU begins where the last one ended. */
    if (t->direction != SCSI_CMD_READ || (len && offset != t->moved) || len > t->len - t->moved ||
        get_be32(bhs + BHS_DATA_SN) != t->data_sn)
        return fault(t, now);
    t->data_sn++;
    *to = t->data + t->moved;
    *room = len;
    return true;
}

/* The target has said how the command went. */
static void finish(struct task *t, const u8 *bhs, const u8 *sense, u32 sense_len, msec now)
{
    struct scsi_verdict v = scsi_judge(bhs[SCSI_RSP_STATUS], sense, sense_len);
    bool residual =
        bhs[BHS_FLAGS] & (FLAG_OVERFLOW | FLAG_UNDERFLOW) && get_be32(bhs + BHS_RESIDUAL);
    /* Only the probe's commands ask for more than there may be. */
    if (!v.error && t->req && (residual || t->moved < t->len))
        v = (struct scsi_verdict){ERR_SCSI, SCSI_AGAIN};
    if (v.error == ERR_BAD_REQUEST && t->req)
        v.error = t->req->op == BLOCK_FLUSH ? OK : ERR_SCSI; /* a disk without a cache */
    if (v.retry == SCSI_FINAL)
        end(t, v.error, now);
    else
        again(t, v.error, v.retry, now);
}

void task_data_in(const u8 bhs[BHS_SIZE], msec now)
{
    struct task *t = find_itt(bhs);
    if (!t)
        return;
    stalled = 0;
    t->moved += get_be24(bhs + BHS_DATA_LENGTH);
    if (bhs[BHS_FLAGS] & DATA_IN_STATUS)
        finish(t, bhs, NULL, 0, now);
}

bool task_r2t(const u8 bhs[BHS_SIZE], msec now)
{
    struct task *t = find_itt(bhs);
    u32 offset = get_be32(bhs + BHS_BUFFER_OFFSET), len = get_be32(bhs + R2T_LENGTH);
    u32 ttt = get_be32(bhs + BHS_TTT);
    if (!t)
        return true;
    u32 open =
        t->burst_count && t->bursts[0].ttt == ISCSI_NO_TAG ? t->burst_count - 1 : t->burst_count;
    if (t->direction != SCSI_CMD_WRITE || !len || len > params.max_burst || offset > t->len ||
        len > t->len - offset || ttt == ISCSI_NO_TAG || open >= params.max_r2t ||
        get_be32(bhs + BHS_DATA_SN) != t->data_sn)
        return fault(t, now);
    stalled = 0;
    t->data_sn++;
    add_burst(t, ttt, offset, len);
    return true;
}

void task_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, msec now)
{
    struct task *t = find_itt(bhs);
    if (!t)
        return;
    stalled = 0;
    if (bhs[SCSI_RSP_RESPONSE]) {
        again(t, ERR_SCSI, SCSI_AGAIN, now);
        return;
    }
    u32 sense_len = len >= 2 ? min_u32(get_be16(data), len - 2) : 0;
    finish(t, bhs, data + 2, sense_len, now);
}

void task_rejected(const u8 bhs[BHS_SIZE], msec now)
{
    struct task *t = find_itt(bhs);
    if (t)
        fault(t, now);
}

bool task_stalled(msec now)
{
    bool in_flight =
        find_state(TASK_SENT, 0) || (pump_wanted && next_waiting(now) && !conn_window_open());
    stalled = in_flight ? stalled + min_u32(now - last_look, ATTENTION_MS) : 0;
    last_look = now;
    return stalled >= (requests_allowed ? STALL_MS : PROBE_STALL_MS);
}

u32 task_timeout(msec now)
{
    u32 ms = TIMEOUT_NEVER;
    for (struct task *t = tasks; pump_wanted && t < tasks + TASKS; t++)
        if (t->state == TASK_WAITING && !time_reached(now, t->not_before))
            ms = min_u32(ms, time_left(now, t->not_before));
    return ms;
}
