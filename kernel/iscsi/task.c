/* The table of commands: how they come in, when they are tried again, and how they end. */
#include "base/arith.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/task_internal.h"

#define WAIT_FIRST_MS   20
#define WAIT_LAST_MS    1000
#define STALL_MS        60000      /* a disk may be slow, */
#define STALL_URGENT_MS 20000      /* but has to say who it is */
#define URGENT_AHEAD    (1u << 30) /* commands: that far they go ahead */
#define KNOCK_MS        200        /* of silence; each is twice as far into it as the last */
#define ATTENTION_MS    1000       /* the longest gap between two polls that counts as waiting */

static struct task tables[SAN_DISKS][TASKS];
static struct task_all all[SAN_DISKS];
struct task *tasks = tables[0];
struct task_all *task_all = all;

void task_select(u32 disk)
{
    tasks = tables[disk];
    task_all = &all[disk];
}

/* Nothing is in doubt. */
static void forget_doubt(void)
{
    task_all->doubt = false;
    task_all->asked = ISCSI_NO_TAG;
    task_all->knock_at = KNOCK_MS;
}

void task_init(u32 patience_ms)
{
    memset(tasks, 0, TASKS * sizeof(*tasks));
    memset(task_all->results, 0, sizeof(task_all->results));
    task_all->allowed = task_all->pump_wanted = false;
    task_all->waiting_for = task_all->lost = OK;
    task_all->stalled = 0;
    task_all->held = task_all->held_news = false;
    task_all->patience = patience_ms;
    task_all->next_itt = random_u32();
    forget_doubt();
}

void task_allow(bool allowed)
{
    task_all->allowed = allowed;
    task_all->pump_wanted = true;
}

void task_logged_in(const struct iscsi_params *p)
{
    task_all->params = *p;
}

void task_set_lun(const u8 lun[8])
{
    memcpy(task_all->lun, lun, sizeof(task_all->lun));
}

enum error task_waiting_for(void)
{
    for (const struct task *t = tasks; t < tasks + TASKS; t++)
        if ((t->state == TASK_WAITING || t->state == TASK_SENT) && t->waits)
            return task_all->waiting_for;
    return OK;
}

bool task_held(void)
{
    bool news = task_all->held_news;
    task_all->held_news = false;
    return news;
}

struct task *task_find(enum task_state state)
{
    for (struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state == state)
            return t;
    return NULL;
}

struct task *task_next_waiting(msec now)
{
    struct task *best = NULL;
    for (struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state == TASK_WAITING && (task_all->allowed || t->c.urgent) &&
            (!(t->waits | t->tries) || time_reached(now, t->not_before)) &&
            (!best || serial_after(best->order, t->order)))
            best = t;
    return best;
}

bool task_submit(const struct scsi_command *c)
{
    struct task *t = c->urgent ? tasks : tasks + TASKS_URGENT;
    while (t < tasks + TASKS && t->state != TASK_FREE)
        t++;
    if (t == tasks + TASKS)
        return false;
    memset(t, 0, sizeof(*t));
    t->state = TASK_WAITING;
    t->c = *c;
    if (!c->len)
        t->c.direction = 0;
    t->order = task_all->next_order++ - (c->urgent ? URGENT_AHEAD : 0);
    task_all->pump_wanted = true;
    return true;
}

void task_add_burst(struct task *t, u32 ttt, u32 offset, u32 len)
{
    t->bursts[t->burst_count++] = (struct burst){ttt, offset, len, 0};
    task_all->pump_wanted = true;
}

void task_end(struct task *t, enum error e)
{
    if (task_is_knock(t)) {
        t->state = TASK_FREE;
        return;
    }
    t->state = TASK_DONE;
    t->status = e;
    task_all->results[t->c.urgent]++;
}

bool task_take_result(bool urgent, struct task_result *r)
{
    if (!task_all->results[urgent])
        return false;
    struct task *t = tasks;
    while (t->state != TASK_DONE || t->c.urgent != urgent)
        t++;
    *r = (struct task_result){t->c.owner, t->status, t->moved};
    t->state = TASK_FREE;
    task_all->results[urgent]--;
    return true;
}

void task_redirect(const void *owner, u8 *data)
{
    for (struct task *t = tasks; t < tasks + TASKS; t++)
        if (t->state != TASK_FREE && t->c.owner == owner) {
            u32 have = t->moved + conn_redirect_data(t->c.data, t->c.len, data);
            memcpy(data, t->c.data, have);
            t->c.data = data;
        }
}

bool task_end_all(enum error e)
{
    bool in_flight = false;
    for (struct task *t = tasks; t < tasks + TASKS; t++) {
        if (t->c.urgent || (t->state != TASK_WAITING && t->state != TASK_SENT))
            continue;
        in_flight |= t->state == TASK_SENT;
        task_end(t, e);
    }
    return in_flight;
}

void task_reconnect(void)
{
    for (struct task *t = tasks; t < tasks + TASKS; t++) {
        if (t->c.urgent)
            t->state = TASK_FREE;
        else if (t->state == TASK_SENT)
            t->state = TASK_WAITING;
    }
    task_all->results[true] = 0;
    task_all->allowed = false;
    task_all->lost = OK;
    task_all->stalled = 0;
    task_all->pump_wanted = true;
    forget_doubt();
}

/* Has nothing got through for so long that nothing will? */
static bool hopeless(const struct task *t, msec now)
{
    u32 limit = t->c.urgent ? min_u32(task_all->patience, STALL_URGENT_MS) : task_all->patience;
    return now - t->since >= limit && now - task_all->good >= limit;
}

/* Doubling up to WAIT_LAST_MS, and of a length that keeps no step with whoever disturbs us. */
static u32 pause(u32 count)
{
    u32 ms = min_u32(WAIT_FIRST_MS << min_u32(count, 6), WAIT_LAST_MS);
    return ms / 2 + random_u32() % ms;
}

void task_again(struct task *t, enum error why, enum scsi_retry how, msec now)
{
    u8 *count = how == SCSI_AGAIN ? &t->tries : &t->waits;
    if (!(t->tries | t->waits))
        t->since = now;
    if (how == SCSI_AGAIN ? *count >= MAX_TRIES : how != SCSI_LATER && hopeless(t, now)) {
        task_end(t, why);
        return;
    }
    iscsi_stats.retries++;
    if (how != SCSI_AGAIN)
        task_all->waiting_for = why;
    /* Where nobody has asked for a pause every second time is at once: of two tries the first may
     * only be told that the LUN was reset in the meantime. */
    t->not_before = now;
    if (how == SCSI_LATER || *count & 1)
        t->not_before += pause(*count);
    if (*count < UINT8_MAX)
        ++*count;
    t->state = TASK_WAITING;
    task_all->pump_wanted = true;
}

void task_heard(const struct task *t)
{
    if (task_is_knock(t))
        return; /* that says nothing about the others */
    task_all->stalled = 0;
    task_all->knock_at = KNOCK_MS;
}

static bool knocking(void)
{
    for (const struct task *t = tasks; t < tasks + TASKS; t++)
        if ((t->state == TASK_WAITING || t->state == TASK_SENT) && task_is_knock(t))
            return true;
    return false;
}

/* Only a command that comes after a reset is told of it. When all that we have sent may be gone,
 * and we wait for it, there is none. */
static void knock(void)
{
    static const struct scsi_command c = {.cdb = {SCSI_TEST_UNIT_READY}, .urgent = true};
    task_all->knock_at *= 2;
    if (!knocking())
        task_submit(&c);
}

enum error task_lost(msec now)
{
    task_all->in_flight = task_find(TASK_SENT);
    task_all->stalled = task_all->in_flight
                            ? task_all->stalled + min_u32(now - task_all->last_look, ATTENTION_MS)
                            : 0;
    task_all->last_look = now;
    if (task_all->stalled >= task_all->knock_at)
        knock();
    if (task_all->stalled >= (task_all->allowed ? STALL_MS : STALL_URGENT_MS))
        return ERR_TCP_TIMEOUT;
    return task_all->lost;
}

u32 task_timeout(msec now)
{
    u32 ms = TIMEOUT_NEVER;
    if (task_all->in_flight)
        ms = task_all->knock_at - min_u32(task_all->stalled, task_all->knock_at);
    for (struct task *t = tasks; task_all->pump_wanted && t < tasks + TASKS; t++)
        if (t->state == TASK_WAITING && !time_reached(now, t->not_before))
            ms = min_u32(ms, time_left(now, t->not_before));
    return ms;
}
