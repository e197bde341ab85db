/* Other initiators reset the LUN, or the target sends all of us away, again and again: no request
 * fails for it as long as anything gets through, and none is written late. */
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define RESET_MS    30
#define RUN_MS      30000
#define IN_FLIGHT   8
#define COUNT       8 /* sectors of a request */
#define QUEUE       TASKS
#define PATIENCE_MS 20000 /* peer_attach()'s */

/* The LUN: commands that it works on, each until it is due. */
static struct work {
    struct peer_pdu pdu;
    bool used;
    msec due;
} queue[QUEUE];
static u32 service_ms;       /* how long it works on one */
static bool status_for_each; /* TAS: the initiator is told of each command that is gone */
static bool attention;       /* there is a unit attention to tell */
static bool false_alarm;     /* it says so, but nothing is gone */
static u32 resets, aborted;

static u32 itt_of(const struct work *w)
{
    return get_be32(w->pdu.bhs + BHS_ITT);
}

static void reset_lun(void)
{
    resets++;
    attention = true;
    for (struct work *w = queue; w < queue + QUEUE; w++)
        if (w->used && !false_alarm) {
            w->used = false;
            if (status_for_each)
                peer_status(itt_of(w), SCSI_TASK_ABORTED, NULL, 0);
        }
}

static void tell_attention(u32 itt)
{
    static const u8 sense[18] = {0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 3};
    attention = false;
    peer_status(itt, SCSI_CHECK_CONDITION, sense, sizeof(sense));
}

/* ABORT TASK. */
static void abort_task(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    assert_int_equal(p->bhs[BHS_OPCODE], OPCODE_TASK_REQ | OPCODE_IMMEDIATE);
    assert_int_equal(p->bhs[BHS_FLAGS], FLAG_FINAL | TASK_ABORT);
    assert_memory_equal(p->bhs + BHS_LUN, peer_config.paths[0].lun, 8);
    peer_header(bhs, OPCODE_TASK_RSP, FLAG_FINAL, get_be32(p->bhs + BHS_ITT), true);
    bhs[TASK_RSP_RESPONSE] = TASK_RSP_NO_TASK;
    aborted++;
    for (struct work *w = queue; w < queue + QUEUE; w++)
        if (w->used && itt_of(w) == get_be32(p->bhs + TASK_REQ_TAG)) {
            assert_int_equal(get_be32(p->bhs + TASK_REQ_CMD_SN), get_be32(w->pdu.bhs + BHS_CMD_SN));
            w->used = false;
            bhs[TASK_RSP_RESPONSE] = TASK_RSP_DONE;
        }
    peer_send(bhs, NULL, 0);
}

static bool lun(const struct peer_pdu *p)
{
    u8 opcode = peer_opcode(p), command = p->bhs[SCSI_CMD_CDB];
    if (opcode == OPCODE_TASK_REQ && !peer.no_abort) {
        abort_task(p);
        return true;
    }
    if (opcode == OPCODE_LOGIN_REQ)
        memset(queue, 0, sizeof(queue)); /* a new session */
    if (opcode != OPCODE_SCSI_CMD || command == SCSI_INQUIRY || command == SCSI_REPORT_LUNS)
        return false;
    if (attention) {
        tell_attention(get_be32(p->bhs + BHS_ITT));
        return true;
    }
    if (command != SCSI_READ_10 && command != SCSI_WRITE_10)
        return false;
    struct work *w = queue;
    while (w->used)
        w++;
    *w = (struct work){*p, true, host_now + service_ms - (u32)rand() % (service_ms / 4 + 1)};
    return true;
}

/* What is due is done. */
static void work(void)
{
    for (struct work *w = queue; w < queue + QUEUE; w++) {
        u8 *disk = peer.disk + get_be32(w->pdu.bhs + SCSI_CMD_CDB + 2) * 512;
        if (!w->used || w->due > host_now)
            continue;
        w->used = false;
        if (w->pdu.bhs[SCSI_CMD_CDB] == SCSI_READ_10) {
            peer_data_in(itt_of(w), 0, 0, disk, COUNT * 512, true);
        } else {
            memcpy(disk, w->pdu.data, COUNT * 512);
            peer_status(itt_of(w), SCSI_GOOD, NULL, 0);
        }
    }
}

static struct block_req requests[IN_FLIGHT];
static u8 data[IN_FLIGHT][COUNT * 512];
static u32 good;

/* Each slot has blocks of its own. */
static void submit(u32 slot, enum block_op op)
{
    requests[slot] =
        (struct block_req){.op = op, .lba = slot * COUNT, .count = COUNT, .data = data[slot]};
    memset(data[slot], rand(), COUNT * 512);
    iscsi_disk()->ops->submit(iscsi_disk(), &requests[slot]);
}

static void reap(u32 slot)
{
    assert_int_equal(requests[slot].status, OK);
    assert_memory_equal(data[slot], peer.disk + slot * COUNT * 512, COUNT * 512);
    good++;
}

static void setup(void)
{
    peer_reset();
    peer.max_recv_data = 65536;
    memset(queue, 0, sizeof(queue));
    service_ms = 5;
    status_for_each = attention = false_alarm = false;
    resets = aborted = good = 0;
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = lun;
}

FIXTURE(setup);

/* Reads, and writes among them, `many` at a time, while `disturb` is done now and then; then all
 * that is under way ends. */
static void run_disturbed(u32 many, u32 every_ms, void (*disturb)(void))
{
    for (u32 i = 0; i < many; i++)
        submit(i, BLOCK_READ);
    for (u32 ms = 1; ms <= RUN_MS; ms++) {
        peer_run(1, NULL);
        work();
        if (ms % every_ms == 0)
            disturb();
        for (u32 i = 0; i < many; i++)
            if (requests[i].done) {
                reap(i);
                submit(i, rand() % 4 ? BLOCK_READ : BLOCK_WRITE);
            }
    }
    for (u32 i = 0; i < many; i++) {
        for (u32 ms = 0; !requests[i].done && ms < 10000; ms++) {
            peer_run(1, NULL);
            work();
        }
        assert_true(requests[i].done);
        reap(i);
    }
}

TEST(a_lun_that_is_reset_every_30_ms_in_silence)
{
    run_disturbed(IN_FLIGHT, RESET_MS, reset_lun);
    assert_in_range(resets, RUN_MS / RESET_MS, RUN_MS / RESET_MS);
    assert_true(good > 1000);
    assert_true(aborted);
    assert_int_equal(peer.connects, 1);
}

TEST(a_lun_that_is_reset_every_30_ms_and_tells_each_command)
{
    status_for_each = true;
    run_disturbed(IN_FLIGHT, RESET_MS, reset_lun);
    assert_true(good > 1000);
    assert_int_equal(peer.connects, 1);
}

TEST(one_in_many_is_enough)
{
    service_ms = 27;
    status_for_each = true;
    run_disturbed(IN_FLIGHT, RESET_MS, reset_lun);
    assert_true(good > 30);
    assert_int_equal(peer.connects, 1);
}

TEST(one_request_at_a_time_is_missed_soon)
{
    run_disturbed(1, RESET_MS, reset_lun);
    assert_true(good > RUN_MS / 300);
    assert_int_equal(peer.connects, 1);
}

static bool first_done(void)
{
    return requests[0].done;
}

static bool no_progress(const struct peer_pdu *p)
{
    attention = true;
    return lun(p);
}

TEST(when_nothing_at_all_gets_through_it_ends_after_the_timeout)
{
    peer.hook = no_progress;
    msec before = host_now;
    submit(0, BLOCK_READ);
    assert_true(peer_run(60000, first_done));
    assert_int_equal(requests[0].status, ERR_LUN_RESET);
    assert_in_range(host_now - before, PATIENCE_MS, PATIENCE_MS + 2000);
}

/* The target knows no task management: a new session ends all that the old one had. */
TEST(a_target_that_can_not_abort_gets_a_new_session)
{
    peer.no_abort = true;
    run_disturbed(IN_FLIGHT, 1000, reset_lun);
    assert_true(good > 1000);
    assert_true(peer.connects > 1);
}

/* A write that is said to be gone, and is not, must not come over a newer one. */
TEST(no_write_is_done_late)
{
    static u8 newest[COUNT * 512];
    false_alarm = true;
    service_ms = 500;
    submit(0, BLOCK_WRITE);
    peer_run(1, NULL);
    reset_lun();
    service_ms = 0;
    submit(1, BLOCK_READ); /* is told of the reset */
    for (u32 ms = 0; ms < 100 && !(requests[0].done && requests[1].done); ms++) {
        peer_run(1, NULL);
        work();
    }
    assert_true(requests[0].done && requests[1].done);
    assert_int_equal(aborted, 1);
    submit(0, BLOCK_WRITE);
    memcpy(newest, data[0], sizeof(newest));
    for (u32 ms = 0; ms < 2000; ms++) {
        peer_run(1, NULL);
        work();
    }
    assert_true(requests[0].done);
    assert_memory_equal(peer.disk, newest, sizeof(newest));
}

TEST(a_slow_disk_is_left_alone)
{
    service_ms = 50000;
    submit(0, BLOCK_READ);
    for (u32 ms = 0; ms < service_ms + 10; ms++) {
        peer_run(1, NULL);
        work();
    }
    assert_true(requests[0].done);
    reap(0);
    assert_int_equal(aborted, 0);
    assert_int_equal(iscsi_stats.retries, 0);
    assert_int_equal(peer.connects, 1);
}

/* The window is shut by a command that is gone: asking must be possible all the same. */
TEST(a_command_that_vanishes_in_a_window_of_one)
{
    peer.window = 1;
    for (u32 i = 0; i < 40; i++) /* use up what was offered before */
        peer_io(BLOCK_FLUSH, 0, 0, NULL);
    submit(0, BLOCK_READ);
    submit(1, BLOCK_READ);
    peer_run(1, NULL);
    reset_lun();
    for (u32 ms = 0; ms < 1500; ms++) {
        peer_run(1, NULL);
        work();
    }
    assert_true(requests[0].done && requests[1].done);
    reap(0);
    reap(1);
    assert_int_equal(peer.connects, 1);
}

/* Asynchronous events 1 to 3 in turn. */
static void send_all_away(void)
{
    static u8 event;
    u8 bhs[BHS_SIZE];
    if (!peer.open || iscsi_state() != ISCSI_READY)
        return;
    peer_header(bhs, OPCODE_ASYNC, FLAG_FINAL, ISCSI_NO_TAG, true);
    bhs[ASYNC_EVENT] = (u8)(ASYNC_LOGOUT + event++ % 3);
    peer_send(bhs, NULL, 0);
    resets++;
}

TEST(a_target_that_sends_all_away_again_and_again)
{
    run_disturbed(IN_FLIGHT, 500, send_all_away);
    assert_true(resets > 30);
    assert_true(good > 1000);
    assert_in_range(peer.connects, resets, resets + 1);
}
