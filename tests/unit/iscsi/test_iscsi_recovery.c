/* What a session that worked lives through: it ends no request but well, however long that takes.
 */
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/one_request.h"
#include "platform_host.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 256 /* sectors of a request: many PDUs */

static void setup(void)
{
    peer_reset();
    peer.max_burst = COUNT * 512;
    peer.first_burst = 8192;
    assert_int_equal(peer_attach(), ISCSI_READY);
}

FIXTURE(setup);

static void assert_good(void)
{
    assert_request_good();
    assert_int_equal(iscsi_error(), OK);
}

/* The LUN, with the connection in best order. */

static void later(u8 status, u8 key, u8 asc, enum error e)
{
    setup();
    memset(&peer.fail, 0, sizeof(peer.fail));
    peer.fail.opcode = SCSI_READ_10;
    peer.fail.status = status;
    peer.fail.key = key;
    peer.fail.asc = asc;
    peer.fail.count = UINT32_MAX;
    submit(BLOCK_READ, COUNT);
    peer_run(3600000, NULL);
    assert_false(req.done);
    assert_int_equal(iscsi_state(), ISCSI_READY);
    assert_int_equal(iscsi_error(), e);
    /* It is asked once a second, not more often. */
    assert_true(UINT32_MAX - peer.fail.count < 3700);
    peer.fail.count = 0;
    assert_true(peer_run(2000, done));
    assert_good();
    assert_int_equal(peer.connects, 1);
}

TEST(what_is_not_ready_or_busy_is_waited_for)
{
    later(SCSI_CHECK_CONDITION, 2, 4, ERR_LUN_NOT_READY);
    later(SCSI_STATUS_BUSY, 0, 0, ERR_SCSI_BUSY);
    later(SCSI_TASK_SET_FULL, 0, 0, ERR_SCSI_BUSY);
    later(SCSI_RESERVED, 0, 0, ERR_LUN_RESERVED);
}

TEST(who_does_not_want_to_wait_for_it_gives_up)
{
    peer.fail.opcode = SCSI_WRITE_10;
    peer.fail.status = SCSI_STATUS_BUSY;
    peer.fail.count = UINT32_MAX;
    submit(BLOCK_WRITE, COUNT);
    peer_run(60000, NULL);
    assert_int_equal(iscsi_error(), ERR_SCSI_BUSY);
    iscsi_disk()->ops->abort(iscsi_disk());
    assert_true(req.done);
    assert_int_equal(req.status, ERR_ABORTED);
    assert_int_equal(iscsi_error(), OK);
}

/* The way to the target. */

static u32 connections_lost, pdus_in, lose_at;

/* Lose each new connection after so many PDUs, several times in a row. */
static bool lose_again(const struct peer_pdu *p)
{
    static u32 connects;
    (void)p;
    if (connects != peer.connects)
        pdus_in = 0;
    connects = peer.connects;
    if (connections_lost == 4 || ++pdus_in < lose_at)
        return false;
    connections_lost++;
    peer_lose(ERR_TCP_RESET);
    return true;
}

/* In the login, CHAP's included, in the probe, in the command, its data and its R2Ts. */
TEST(lost_again_and_again_at_each_pdu)
{
    for (u32 chap = 0; chap < 2; chap++)
        for (lose_at = 1; lose_at < 30; lose_at++) {
            peer_reset();
            peer.max_burst = COUNT * 512;
            peer.first_burst = 8192;
            peer.immediate = lose_at & 1;
            if (chap) {
                peer.chap = true;
                strcpy(peer_config.user, "joe");
                strcpy(peer_config.secret, "a secret of joe");
            }
            assert_int_equal(peer_attach(), ISCSI_READY);
            connections_lost = pdus_in = 0;
            peer.hook = lose_again;
            peer_lose(ERR_TCP_RESET);
            submit(BLOCK_WRITE, COUNT);
            assert_true(peer_run(30000, done));
            assert_good();
        }
}

static bool mute_login(const struct peer_pdu *p)
{
    return peer_opcode(p) == OPCODE_LOGIN_REQ && peer.connects <= 4;
}

TEST(a_login_that_hangs_is_begun_anew)
{
    peer.hook = mute_login;
    peer_lose(ERR_TCP_RESET);
    submit(BLOCK_WRITE, COUNT);
    peer_run(40000, NULL);
    assert_false(req.done);
    assert_int_equal(iscsi_error(), ERR_LOGIN_TIMEOUT);
    assert_true(peer_run(20000, done));
    assert_good();
}

static bool refuse_login(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || host_now > 100000)
        return false;
    peer_login_answer(p, 0, 3, 1, NULL, 0);
    return true;
}

/* Whatever it says: an administrator may put it right. */
TEST(a_target_that_lets_us_in_no_more_is_asked_again)
{
    peer.hook = refuse_login;
    peer_lose(ERR_TCP_RESET);
    submit(BLOCK_READ, COUNT);
    peer_run(60000, NULL);
    assert_int_equal(iscsi_error(), ERR_LOGIN_UNAVAILABLE);
    assert_true(peer_run(60000, done));
    assert_good();
}

/* The target sends us elsewhere, and that place dies in the middle of a write. */

static bool goal_is_dead;

static bool redirect_logins(const struct peer_pdu *p)
{
    static const char to[] = "TargetAddress=10.0.0.7:3261";
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || peer.addr != PEER_ADDR || goal_is_dead)
        return false;
    peer_login_answer(p, 0x04, 1, 1, to, sizeof(to));
    return true;
}

static bool goal_dies(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_DATA_OUT && !goal_is_dead) {
        goal_is_dead = true;
        peer_lose(ERR_TCP_TIMEOUT);
        return true;
    }
    return redirect_logins(p);
}

TEST(when_a_redirects_goal_dies_the_configured_portal_is_asked)
{
    peer_reset();
    goal_is_dead = false;
    peer.hook = redirect_logins;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, 0x0a000007);
    u8 block[512];
    assert_int_equal(peer_io(BLOCK_READ, 0, 1, block), OK);
    peer.hook = goal_dies;
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(30000, done));
    assert_true(goal_is_dead);
    assert_good();
    assert_int_equal(iscsi_used()->addr, PEER_ADDR);
}

/* A write between its R2T and its status, when the target asks us to leave. */

static bool ask_us_to_leave(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    if (peer_opcode(p) != OPCODE_DATA_OUT || peer.connects > 1)
        return false;
    if (!peer.logouts) {
        peer_header(bhs, OPCODE_ASYNC, FLAG_FINAL, ISCSI_NO_TAG, true);
        bhs[ASYNC_EVENT] = ASYNC_LOGOUT;
        peer_send(bhs, NULL, 0);
    }
    return true;
}

TEST(asked_to_log_out_in_the_middle_of_a_write)
{
    peer.hook = ask_us_to_leave;
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(30000, done));
    assert_good();
    assert_int_equal(peer.logouts, 1);
    assert_int_equal(peer.connects, 2);
}

/* Garbage in place of answers. */

static u32 garbage_left;

static bool answer_garbage(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_SCSI_CMD || !garbage_left)
        return false;
    garbage_left--;
    u8 bytes[600];
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(i * 37 + garbage_left * 11 + 0x80);
    peer_send_raw(bytes, sizeof(bytes));
    return true;
}

TEST(garbage_costs_a_connection_each_time)
{
    garbage_left = 5;
    peer.hook = answer_garbage;
    submit(BLOCK_READ, COUNT);
    assert_true(peer_run(60000, done));
    assert_good();
    assert_true(peer.connects > 1);
}

/* A Data-In that stops in the middle, with its connection. */

static bool half_a_data_in(const struct peer_pdu *p)
{
    u32 len = get_be32(p->bhs + SCSI_CMD_LENGTH);
    if (peer_opcode(p) != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_READ_10)
        return false;
    peer_data_in(get_be32(p->bhs + BHS_ITT), 0, 0, peer.disk + REQ_LBA * 512, len, true);
    peer_hold(len / 2);
    peer.hook = NULL;
    return true;
}

/* The place that it went to is given to a shorter read, which is then to go elsewhere. */
TEST(what_had_come_of_a_read_is_not_anothers)
{
    static u8 place[COUNT * 512];
    struct block_dev *dev = iscsi_disk();
    for (u32 lost = 0; lost < 2; lost++) {
        setup();
        struct block_req one = {.op = BLOCK_READ, .lba = REQ_LBA, .count = COUNT, .data = place};
        struct block_req next = {.op = BLOCK_READ, .lba = REQ_LBA, .count = 1, .data = place};
        u8 *elsewhere = malloc(512);
        peer.hook = half_a_data_in;
        dev->ops->submit(dev, &one);
        peer_run(100, NULL);
        if (lost)
            peer_lose(ERR_TCP_RESET);
        dev->ops->abort(dev);
        assert_true(one.done);
        dev->ops->submit(dev, &next);
        dev->ops->redirect(dev, &next, elsewhere);
        peer_run(10000, NULL);
        assert_true(next.done);
        assert_int_equal(next.status, OK);
        assert_memory_equal(elsewhere, peer.disk + REQ_LBA * 512, 512);
        free(elsewhere);
    }
}

/* An answer that is whole, and behind it what costs the connection. */

static bool all_and_nonsense(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    u32 len = get_be32(p->bhs + SCSI_CMD_LENGTH);
    if (peer_opcode(p) != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_READ_10)
        return false;
    peer_data_in(get_be32(p->bhs + BHS_ITT), 0, 0, peer.disk + REQ_LBA * 512, len, true);
    peer_header(bhs, 0x3f, 0, ISCSI_NO_TAG, false);
    peer_send(bhs, NULL, 0);
    peer.hook = NULL;
    return true;
}

TEST(what_has_come_whole_but_was_not_told_of_can_go_elsewhere)
{
    static u8 place[512];
    u8 *elsewhere = malloc(512);
    struct block_dev *dev = iscsi_disk();
    struct block_req one = {.op = BLOCK_READ, .lba = REQ_LBA, .count = 1, .data = place};
    peer.hook = all_and_nonsense;
    dev->ops->submit(dev, &one);
    peer_run(0, NULL);
    assert_false(one.done);
    assert_null(peer.hook);
    dev->ops->redirect(dev, &one, elsewhere);
    peer_run(10000, NULL);
    assert_true(one.done);
    assert_int_equal(one.status, OK);
    assert_memory_equal(elsewhere, peer.disk + REQ_LBA * 512, 512);
    free(elsewhere);
}
