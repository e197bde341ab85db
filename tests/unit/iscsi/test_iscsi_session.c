/* The session against a target that behaves: attach, read, write, errors, recovery, logout. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static u8 buf[PEER_BLOCKS * 512], other[PEER_BLOCKS * 512];

FIXTURE(peer_reset);

static void attach(void)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
}

static void assert_read(u64 lba, u32 count)
{
    memset(buf, 0xee, count * 512 + 1);
    assert_int_equal(peer_io(BLOCK_READ, lba, count, buf), OK);
    assert_memory_equal(buf, peer.disk + lba % PEER_BLOCKS * 512, count * 512);
    assert_int_equal(buf[count * 512], 0xee);
}

static void assert_write(u64 lba, u32 count)
{
    for (u32 i = 0; i < count * 512; i++)
        buf[i] = (u8)(rand() >> 4);
    memcpy(other, buf, count * 512);
    assert_int_equal(peer_io(BLOCK_WRITE, lba, count, buf), OK);
    assert_memory_equal(other, peer.disk + lba % PEER_BLOCKS * 512, count * 512);
}

/* Attaching. */

TEST(attaching_takes_one_login_and_one_round_of_commands)
{
    attach();
    assert_int_equal(peer.logins, 1);
    assert_int_equal(peer.commands, 8);
    assert_int_equal(host_now, 1000);
    struct block_dev *d = iscsi_disk();
    assert_true(d->blocks == PEER_BLOCKS);
    assert_int_equal(d->block_size, 512);
    assert_int_equal(d->max_blocks, 512);
    assert_string_equal(d->vendor, "MAKER");
    assert_string_equal(d->product, "A DISK?");
    assert_false(d->read_only);
    assert_int_equal(iscsi_used()->addr, PEER_ADDR);
    assert_int_equal(iscsi_used()->port, PEER_PORT);
    assert_false(iscsi_used()->chap);
    assert_int_equal(iscsi_error(), OK);
}

TEST(every_piece_size_of_the_stream)
{
    for (u32 n = 1; n < 120; n++) {
        peer_reset();
        peer.segment = n;
        peer.data_in = 700;
        attach();
        assert_read(5, 7);
    }
}

TEST(random_pieces)
{
    peer.segment = 0;
    attach();
    for (u32 i = 0; i < 50; i++) {
        peer.data_in = 1 + (u32)rand() % 20000;
        peer.status_separate = rand() & 1;
        u32 count = 1 + (u32)rand() % 500;
        assert_read((u32)rand() % (PEER_BLOCKS - count), count);
        assert_write((u32)rand() % (PEER_BLOCKS - count), count);
    }
    assert_int_equal(iscsi_stats.bad_pdu + iscsi_stats.no_task + iscsi_stats.bad_stat_sn, 0);
    assert_int_equal(peer.connects, 1);
}

static void expect_failure(enum error e)
{
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), e);
    assert_false(peer.open);
}

TEST(a_refused_connection_is_tried_until_the_time_is_up)
{
    peer.refuse = true;
    expect_failure(ERR_TCP_REFUSED);
    assert_int_equal(host_now, 21000);
    assert_in_range(peer.connects, 6, 9);
}

TEST(or_as_long_as_it_is_to_be_tried_again)
{
    peer_config.retry_ms = 5000;
    peer.refuse = true;
    expect_failure(ERR_TCP_REFUSED);
    assert_in_range(host_now, 6000, 12000);
    peer_reset();
    peer_config.retry_ms = 0;
    peer.refuse = true;
    expect_failure(ERR_TCP_REFUSED);
    assert_int_equal(host_now, 1000);
}

TEST(beginning_anew_does_not_make_it_impatient)
{
    peer.refuse = true;
    expect_failure(ERR_TCP_REFUSED);
    u32 before = peer.connects;
    for (u32 i = 0; i < 10; i++)
        expect_failure(ERR_TCP_REFUSED);
    assert_in_range(peer.connects - before, 10 * 2, 10 * 5); /* in 20 s each */
}

static bool power_is_back(void)
{
    peer.refuse = host_now < 5000;
    peer.inquiry_0 = host_now < 10000 ? 0x7f : 0;
    return iscsi_state() > ISCSI_PROBING;
}

TEST(a_target_that_comes_up_step_by_step_is_waited_for)
{
    peer.refuse = true;
    iscsi_attach(&peer_config, 60000, host_now);
    peer_run(60000, power_is_back);
    assert_int_equal(iscsi_state(), ISCSI_READY);
    assert_in_range(host_now, 10000, 10000 + 12000);
}

/* The spanning tree, say, lets nothing pass for a while. */
TEST(silence_is_asked_again_and_again)
{
    peer.deaf = true;
    peer_config.retry_ms = 60000;
    iscsi_attach(&peer_config, 60000, host_now);
    peer_run(45000, NULL);
    assert_in_range(peer.connects, 3, 5);
    peer.deaf = false;
    assert_true(peer_run(12000 + 12000, peer_ready));
}

TEST(a_deaf_server_fails_when_the_time_is_up)
{
    peer.deaf = true;
    expect_failure(ERR_TCP_TIMEOUT);
    assert_int_equal(host_now, 21000);
}

TEST(a_mute_target_fails_as_a_login_that_does_not_end)
{
    peer.mute = true;
    expect_failure(ERR_LOGIN_TIMEOUT);
    assert_int_equal(host_now, 21000);
}

TEST(a_wrong_target_name)
{
    strcpy(peer_config.paths->target, "iqn.2026-11.test:disx");
    peer_config.retry_ms = 0;
    expect_failure(ERR_LOGIN_NOT_FOUND);
    assert_int_equal(host_now, 1000);
}

TEST(luns_that_can_not_be_used)
{
    peer.inquiry_0 = 0x7f;
    expect_failure(ERR_LUN_NOT_FOUND);
    peer_reset();
    peer.inquiry_0 = 0x20;
    expect_failure(ERR_LUN_NOT_FOUND);
    peer_reset();
    peer.inquiry_0 = 0x01; /* a tape */
    expect_failure(ERR_LUN_NOT_DISK);
    peer_reset();
    static const u32 sizes[] = {0, 1, 256, 520, 528, 4160, 8192, 0x80000000};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        peer.block_size = sizes[i];
        expect_failure(ERR_LUN_BLOCK_SIZE);
        peer_reset();
    }
    peer.blocks = 0;
    expect_failure(ERR_LUN_EMPTY);
}

static enum error io(enum block_op op, u64 lba, u32 count)
{
    return peer_io(op, lba, count, buf);
}

TEST(larger_blocks_and_what_is_split)
{
    for (u32 size = 1024; size <= 4096; size *= 2) {
        u32 grain = size / 512;
        peer.block_size = size;
        peer.blocks = PEER_BLOCKS / grain;
        attach();
        struct block_dev *d = iscsi_disk();
        assert_true(d->blocks == PEER_BLOCKS / grain);
        assert_int_equal(d->block_size, size);
        assert_int_equal(d->max_blocks * size, 262144);
        block_split(d, 512);
        assert_int_equal(d->max_blocks, 512);
        for (u32 i = 0; i < 20; i++) {
            u32 count = (1 + (u32)rand() % 30) * grain;
            u32 lba = (u32)rand() % (PEER_BLOCKS - count) / grain * grain;
            assert_read(lba, count);
            assert_write(lba, count);
        }
        u32 before = peer.commands;
        assert_int_equal(io(BLOCK_READ, 1, grain), ERR_BAD_REQUEST);
        assert_int_equal(io(BLOCK_WRITE, grain, 1), ERR_BAD_REQUEST);
        assert_int_equal(io(BLOCK_READ, PEER_BLOCKS, grain), ERR_OUT_OF_RANGE);
        assert_int_equal(peer.commands, before);
        assert_int_equal(io(BLOCK_FLUSH, 0, 0), OK);
        /* It is the same disk when it comes back, counted as before. */
        peer_lose(ERR_TCP_RESET);
        assert_read(grain, grain);
        assert_int_equal(peer.connects, 2);
        peer_reset();
    }
}

TEST(blocks_of_the_medium)
{
    static const struct {
        u8 told;
        u16 aligned;
        u32 physical, first;
    } cases[] = {{0, 0, 1, 0}, {3, 0, 8, 0}, {3, 7, 8, 7}, {0xff, 0xffff, 32768, 16383}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        peer.physical = cases[i].told;
        peer.aligned = cases[i].aligned;
        attach();
        assert_int_equal(iscsi_disk()->physical, cases[i].physical);
        assert_int_equal(iscsi_disk()->aligned, cases[i].first);
        assert_read(3, 300);
        peer_reset();
    }
}

static void fail_next(u8 opcode, u8 status, u8 key, u8 asc, u32 count)
{
    peer.fail.opcode = opcode;
    peer.fail.status = status;
    peer.fail.key = key;
    peer.fail.asc = asc;
    peer.fail.count = count;
}

TEST(who_does_not_know_read_capacity_16)
{
    peer.physical = 3;
    fail_next(SCSI_SERVICE_IN_16, SCSI_CHECK_CONDITION, 5, 0x20, 1000);
    attach();
    assert_true(iscsi_disk()->blocks == PEER_BLOCKS);
    assert_int_equal(iscsi_disk()->physical, 1);
    peer_reset();
    peer.blocks = 0x200000000ull;
    fail_next(SCSI_SERVICE_IN_16, SCSI_CHECK_CONDITION, 5, 0x20, 1000);
    expect_failure(ERR_SCSI);
}

TEST(a_cd_is_read_only_whatever_it_says)
{
    peer.inquiry_0 = 0x05;
    peer.block_size = 2048;
    peer.blocks = PEER_BLOCKS / 4;
    attach();
    struct block_dev *d = iscsi_disk();
    assert_true(d->cd && d->read_only);
    assert_int_equal(d->block_size, 2048);
    block_split(d, 512);
    assert_read(4, 8);
    assert_int_equal(io(BLOCK_WRITE, 4, 4), ERR_LUN_PROTECTED);
    peer_reset();
    attach();
    assert_false(iscsi_disk()->cd);
}

TEST(a_block_may_be_larger_than_a_burst)
{
    peer.block_size = 4096;
    peer.blocks = PEER_BLOCKS / 8;
    peer.max_burst = 512;
    peer.first_burst = 512;
    attach();
    block_split(iscsi_disk(), 512);
    assert_int_equal(iscsi_disk()->max_blocks, 8);
    assert_read(8, 8);
    assert_write(16, 8);
}

TEST(a_missing_lun_says_so_in_its_sense_data)
{
    peer_config.retry_ms = 0;
    fail_next(SCSI_INQUIRY, SCSI_CHECK_CONDITION, 5, 0x25, 9);
    expect_failure(ERR_LUN_NOT_FOUND);
}

TEST(a_lun_that_is_in_no_list_is_not_found)
{
    peer_config.paths->lun[1] = 9;
    fail_next(SCSI_READ_CAPACITY_10, SCSI_CHECK_CONDITION, 5, 0x24, 9);
    expect_failure(ERR_LUN_NOT_FOUND);
    peer_reset(); /* LUN 1 is in the list */
    fail_next(SCSI_READ_CAPACITY_10, SCSI_CHECK_CONDITION, 5, 0x24, 9);
    expect_failure(ERR_SCSI);
}

TEST(a_drive_without_a_medium)
{
    fail_next(SCSI_TEST_UNIT_READY, SCSI_CHECK_CONDITION, 2, 0x3a, 9);
    expect_failure(ERR_LUN_EMPTY);
}

TEST(a_lun_that_becomes_ready_is_waited_for)
{
    fail_next(SCSI_TEST_UNIT_READY, SCSI_CHECK_CONDITION, 2, 4, 12);
    attach();
    assert_true(host_now > 4000);
}

TEST(a_lun_that_is_never_ready)
{
    fail_next(SCSI_TEST_UNIT_READY, SCSI_CHECK_CONDITION, 2, 4, 99999);
    expect_failure(ERR_LUN_NOT_READY);
    assert_int_equal(host_now, 21000);
}

TEST(unit_attention_after_login_is_retried_at_once)
{
    for (u32 descriptor = 0; descriptor < 2; descriptor++) {
        peer_reset();
        peer.fail.descriptor = descriptor;
        fail_next(SCSI_TEST_UNIT_READY, SCSI_CHECK_CONDITION, 6, 0x29, 1);
        attach();
        assert_int_equal(host_now, 1000);
        assert_int_equal(iscsi_stats.retries, 1);
    }
}

TEST(unit_attention_without_an_end_is_an_error)
{
    fail_next(SCSI_TEST_UNIT_READY, SCSI_CHECK_CONDITION, 6, 0x29, 9999);
    expect_failure(ERR_LUN_RESET);
    peer_reset();
    fail_next(SCSI_TEST_UNIT_READY, SCSI_CHECK_CONDITION, 6, 0x2a, 9999);
    expect_failure(ERR_SCSI);
}

/* CLARiiON, while it has a unit attention to tell. */
static u32 empty_answers;
static u8 empty_opcode;

static bool capacity_without_data(const struct peer_pdu *p)
{
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != empty_opcode ||
        !empty_answers)
        return false;
    empty_answers--;
    peer_status(get_be32(p->bhs + BHS_ITT), SCSI_GOOD, NULL, 0);
    return true;
}

TEST(a_capacity_without_data_is_asked_for_again)
{
    static const u8 opcodes[] = {SCSI_READ_CAPACITY_10, SCSI_SERVICE_IN_16};
    for (u32 i = 0; i < ARRAY_SIZE(opcodes); i++) {
        peer.hook = capacity_without_data;
        peer.blocks = i ? 0x200000000ull : PEER_BLOCKS;
        empty_opcode = opcodes[i];
        empty_answers = 3;
        attach();
        assert_true(iscsi_disk()->blocks == peer.blocks);
        assert_int_equal(peer.connects, 1);
        peer_reset();
    }
}

TEST(but_not_for_ever)
{
    peer.hook = capacity_without_data;
    empty_opcode = SCSI_READ_CAPACITY_10;
    empty_answers = 1000;
    expect_failure(ERR_SCSI);
    assert_in_range(empty_answers, 985, 995);
}

TEST(disks_beyond_2_tib)
{
    peer.blocks = 0x200000000ull;
    attach();
    assert_true(iscsi_disk()->blocks == 0x200000000ull);
    assert_read(0x100000007ull, 3);
    assert_read(0xffffffffull, 1);
}

/* READ CAPACITY(16) names the last block, and 2^64 - 2 is the greatest that it can name (SBC-3,
 * 5.16.2); what stands behind that is how a LUN without blocks is told. */
TEST(the_largest_disk)
{
    for (u32 size = 512; size <= 4096; size *= 8) {
        peer.blocks = UINT64_MAX;
        peer.block_size = size;
        attach();
        u32 grain = size / 512;
        assert_true(iscsi_disk()->blocks == UINT64_MAX);
        assert_int_equal(block_split(iscsi_disk(), 512), size == 512);
        u64 blocks = iscsi_disk()->blocks;
        assert_true(blocks == UINT64_MAX - (grain - 1));
        assert_read(blocks - 3 * grain, 3 * grain);
        assert_write(blocks - grain, grain);
        assert_int_equal(io(BLOCK_READ, blocks - grain, 2 * grain), ERR_OUT_OF_RANGE);
        assert_int_equal(io(BLOCK_WRITE, UINT64_MAX - (grain - 1), 2 * grain), ERR_OUT_OF_RANGE);
        peer_lose(ERR_TCP_RESET);
        assert_read(blocks - grain, grain);
        peer_reset();
    }
}

static bool write_protected(const struct peer_pdu *p)
{
    static const u8 mode[4] = {3, 0, 0x80, 0};
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_MODE_SENSE_6)
        return false;
    peer_data_in(get_be32(p->bhs + BHS_ITT), 0, 0, mode, 4, true);
    return true;
}

TEST(a_write_protected_disk)
{
    peer.hook = write_protected;
    attach();
    assert_true(iscsi_disk()->read_only);
    assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), ERR_LUN_PROTECTED);
    assert_read(0, 1);
}

TEST(a_lost_attempt_is_made_again_while_there_is_time)
{
    for (u32 n = 1; n <= 6; n++) {
        peer_reset();
        peer.lose_after = n;
        attach();
        assert_int_equal(peer.connects, 2);
    }
}

TEST(mutual_chap_without_a_name_of_ours_checks_nothing_and_is_refused)
{
    strcpy(peer_config.reverse_user, "target");
    expect_failure(ERR_LOGIN_NO_METHOD);
    assert_int_equal(peer.connects, 0);
}

/* Reading and writing. */

TEST(writes_under_each_agreement)
{
    for (u32 way = 0; way < 4; way++)
        for (u32 size = 0; size < 5; size++) {
            static const u32 recv_data[] = {512, 8192, 65536, 1000, 262144};
            peer_reset();
            peer.initial_r2t = way & 1;
            peer.immediate = way >> 1;
            peer.max_recv_data = recv_data[size];
            peer.max_burst = 32768;
            peer.first_burst = 16384;
            peer.max_r2t = 1 + size % 4;
            attach();
            assert_int_equal(iscsi_disk()->max_blocks, 64);
            assert_write(10, 1);
            assert_write(10, 64);
            u32 first = min_u32(16384, recv_data[size]);
            u32 total = 512 + 64 * 512, unsolicited = 0, immediate = 0;
            if (peer.immediate)
                immediate = 512 + first;
            if (!peer.initial_r2t)
                unsolicited = 512 + 16384 - immediate;
            assert_int_equal(peer.immediate_bytes, immediate);
            assert_int_equal(peer.unsolicited, unsolicited);
            assert_int_equal(peer.solicited, total - immediate - unsolicited);
            assert_int_equal(peer.connects, 1);
        }
}

TEST(writes_of_all_sizes)
{
    peer.initial_r2t = 0;
    attach();
    for (u32 count = 1; count <= 512; count += 1 + count / 3)
        assert_write(100, count);
}

TEST(no_pdu_is_sent_in_halves_through_a_small_buffer)
{
    peer.initial_r2t = 0;
    peer.max_recv_data = 262144;
    attach();
    static struct block_req req[20];
    for (u32 i = 0; i < 20; i++) {
        req[i] = (struct block_req){
            .op = BLOCK_WRITE, .lba = i * 128, .count = 128, .data = buf + i * 65536};
        memset(req[i].data, (int)i + 1, 65536);
        iscsi_disk()->ops->submit(iscsi_disk(), &req[i]);
    }
    peer_run(10000, NULL);
    for (u32 i = 0; i < 20; i++) {
        assert_true(req[i].done);
        assert_int_equal(req[i].status, OK);
    }
    assert_memory_equal(peer.disk, buf, 20 * 65536);
}

static bool hold_reads(const struct peer_pdu *p)
{
    return p->bhs[BHS_OPCODE] == OPCODE_SCSI_CMD && p->bhs[SCSI_CMD_CDB] == SCSI_READ_10 &&
           ++peer.in_flight_max;
}

static struct block_req many[200];

static void submit_reads(u32 n)
{
    for (u32 i = 0; i < n; i++) {
        many[i] = (struct block_req){.op = BLOCK_READ, .lba = i, .count = 1, .data = buf + i * 512};
        iscsi_disk()->ops->submit(iscsi_disk(), &many[i]);
    }
}

static void assert_reads(u32 n)
{
    for (u32 i = 0; i < n; i++) {
        assert_true(many[i].done);
        assert_int_equal(many[i].status, OK);
    }
    assert_memory_equal(buf, peer.disk, n * 512);
}

TEST(commands_stay_inside_the_window)
{
    attach();
    for (u32 window = 1; window < 12; window++) {
        peer_reset();
        attach();
        peer.window = window;
        assert_read(0, 1); /* MaxCmdSN does not go back: use up what the old one allowed */
        for (u32 i = 0; i < 40; i++)
            assert_read(i, 1);
        peer.hook = hold_reads;
        peer.in_flight_max = 0;
        submit_reads(60);
        peer_run(100, NULL);
        assert_int_equal(peer.in_flight_max, window);
        peer_lose(ERR_TCP_RESET);
        peer.hook = NULL;
        peer_run(1000, NULL);
        assert_reads(60);
    }
}

TEST(many_requests_go_out_together_and_all_end)
{
    peer.window = 128;
    attach();
    peer.hook = hold_reads;
    peer.in_flight_max = 0;
    submit_reads(200);
    peer_run(100, NULL);
    assert_true(peer.in_flight_max >= 24);
    assert_true(peer.in_flight_max <= TASKS);
    peer_lose(ERR_TCP_CLOSED);
    peer.hook = NULL;
    peer_run(1000, NULL);
    assert_reads(200);
}

TEST(requests_that_can_not_be_are_refused_at_once)
{
    attach();
    assert_int_equal(peer_io(BLOCK_READ, PEER_BLOCKS, 1, buf), ERR_OUT_OF_RANGE);
    assert_int_equal(peer_io(BLOCK_READ, PEER_BLOCKS - 1, 2, buf), ERR_OUT_OF_RANGE);
    assert_int_equal(peer_io(BLOCK_READ, UINT64_MAX, 2, buf), ERR_OUT_OF_RANGE);
    assert_int_equal(peer_io(BLOCK_READ, 0, 0, buf), ERR_BAD_REQUEST);
    assert_int_equal(peer_io(BLOCK_WRITE, 0, iscsi_disk()->max_blocks + 1, buf), ERR_BAD_REQUEST);
    assert_read(PEER_BLOCKS - 1, 1);
}

TEST(busy_and_task_set_full_are_waited_out)
{
    static const u8 status[] = {SCSI_STATUS_BUSY, SCSI_TASK_SET_FULL, SCSI_RESERVED};
    attach();
    for (u32 i = 0; i < 3; i++) {
        msec before = host_now;
        fail_next(SCSI_READ_10, status[i], 0, 0, 7);
        assert_read(3, 3);
        assert_true(host_now - before > 1000);
        fail_next(SCSI_WRITE_10, status[i], 0, 0, 3);
        assert_write(3, 300);
    }
    assert_true(peer.connects == 1);
}

TEST(errors_that_do_not_heal_are_told)
{
    attach();
    static const struct {
        u8 key, asc;
        enum error e;
    } cases[] = {
        {3, 0x11, ERR_MEDIUM},        {4, 0x44, ERR_MEDIUM},        {5, 0x21, ERR_OUT_OF_RANGE},
        {5, 0x25, ERR_LUN_NOT_FOUND}, {7, 0x27, ERR_LUN_PROTECTED}, {5, 0x24, ERR_SCSI},
        {0xb, 0x47, ERR_SCSI},        {6, 0x3f, ERR_SCSI},          {6, 0x29, ERR_LUN_RESET}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fail_next(SCSI_WRITE_10, SCSI_CHECK_CONDITION, cases[i].key, cases[i].asc, 99);
        assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), cases[i].e);
    }
    peer.fail.count = 0;
    assert_write(0, 1);
}

TEST(a_flush)
{
    attach();
    assert_int_equal(peer_io(BLOCK_FLUSH, 0, 0, NULL), OK);
    fail_next(SCSI_SYNC_CACHE_10, SCSI_CHECK_CONDITION, 5, 0x20, 1);
    assert_int_equal(peer_io(BLOCK_FLUSH, 0, 0, NULL), OK); /* a disk without a cache */
    fail_next(SCSI_SYNC_CACHE_10, SCSI_CHECK_CONDITION, 3, 0x0c, 1);
    assert_int_equal(peer_io(BLOCK_FLUSH, 0, 0, NULL), ERR_MEDIUM);
}

/* Signs of life. */

TEST(an_idle_session_pings_and_stays)
{
    attach();
    peer_run(600000, NULL);
    assert_true(peer.pings >= 60 && peer.pings <= 121);
    assert_int_equal(peer.connects, 1);
    assert_read(0, 1);
}

TEST(a_target_that_pings_is_answered)
{
    attach();
    for (u32 i = 0; i < 30; i++) {
        u8 bhs[BHS_SIZE];
        peer_nop_in(bhs, 0x1000 + i);
        bhs[BHS_LUN + 1] = 1;
        peer_send(bhs, "data", i % 5);
        peer_run(2000, NULL);
    }
    assert_int_equal(peer.nop_answers, 30);
    assert_int_equal(peer.pings, 0);
    assert_int_equal(peer.connects, 1);
    assert_int_equal(iscsi_stats.bad_stat_sn, 0);
}

TEST(a_silent_target_is_given_up_after_15_s)
{
    attach();
    peer.mute = true;
    msec before = host_now;
    peer_run(14000, NULL);
    assert_int_equal(peer.connects, 1);
    peer_run(4000, NULL);
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    assert_int_equal(iscsi_error(), ERR_TCP_TIMEOUT);
    peer.mute = false;
    assert_true(peer_run(60000, peer_ready));
    assert_true(host_now - before < 40000);
    assert_read(1, 1);
}

/* Sooner, when it is likely that its answers are too long for the way. */
TEST(a_target_whose_long_segments_are_lost_is_asked_for_shorter_ones)
{
    attach();
    peer.mute = peer.long_lost = true;
    peer_run(6500, NULL);
    assert_int_equal(peer.connects, 1);
    peer.mute = false;
    peer_run(1500, NULL);
    assert_int_equal(peer.connects, 2);
    assert_read(1, 1);
}

TEST(nobody_is_given_up_while_nobody_looked)
{
    attach();
    for (u32 i = 0; i < 5; i++) {
        host_now += 120000; /* the caller had the CPU for two minutes */
        iscsi_poll(host_now);
        assert_int_equal(iscsi_state(), ISCSI_READY);
        peer_run(100, NULL);
    }
    assert_int_equal(peer.connects, 1);
}

static bool forget_writes(const struct peer_pdu *p)
{
    return p->bhs[BHS_OPCODE] == OPCODE_SCSI_CMD && p->bhs[SCSI_CMD_CDB] == SCSI_WRITE_10 &&
           peer.connects == 1;
}

TEST(a_command_that_gets_lost_in_the_target_is_replayed)
{
    attach();
    peer.hook = forget_writes;
    msec before = host_now;
    assert_write(7, 9);
    assert_int_equal(peer.connects, 2);
    assert_true(host_now - before >= 60000 && host_now - before < 70000);
}

/* Recovery. */

TEST(lost_at_any_pdu_everything_is_replayed)
{
    for (u32 n = 1; n < 40; n++) {
        peer_reset();
        peer.first_burst = 16384;
        peer.max_burst = 32768;
        peer.initial_r2t = n & 1;
        attach();
        static struct block_req req[6];
        memset(buf, 0, 6 * 65536);
        for (u32 i = 0; i < 6; i++) {
            req[i] = (struct block_req){.op = i & 1 ? BLOCK_READ : BLOCK_WRITE,
                                        .lba = i * 64,
                                        .count = 64,
                                        .data = buf + i * 32768};
            if (req[i].op == BLOCK_WRITE)
                memset(req[i].data, (int)(i + n), 32768);
        }
        peer.lose_after = peer.pdus + n;
        for (u32 i = 0; i < 6; i++)
            iscsi_disk()->ops->submit(iscsi_disk(), &req[i]);
        peer_run(30000, NULL);
        for (u32 i = 0; i < 6; i++) {
            assert_true(req[i].done);
            assert_int_equal(req[i].status, OK);
        }
        assert_memory_equal(buf, peer.disk, 6 * 32768);
        assert_true(peer.connects <= 2);
    }
}

static u32 lost_writes;

/* Lose the connection between the R2T and the status of a write, several times. */
static bool lose_in_data_out(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_DATA_OUT || lost_writes == 5)
        return false;
    lost_writes++;
    peer_lose(ERR_TCP_RESET);
    return true;
}

TEST(a_replayed_write_is_written_whole)
{
    peer.immediate = 0;
    attach();
    lost_writes = 0;
    peer.hook = lose_in_data_out;
    u32 before = peer.solicited;
    assert_write(0, 512);
    assert_int_equal(lost_writes, 5);
    assert_int_equal(peer.solicited - before, 512 * 512);
    assert_int_equal(peer.connects, 6);
}

TEST(the_target_may_be_away_for_half_an_hour)
{
    attach();
    peer.refuse = true;
    peer_lose(ERR_TCP_RESET);
    struct block_req req = {.op = BLOCK_READ, .lba = 9, .count = 1, .data = buf};
    iscsi_disk()->ops->submit(iscsi_disk(), &req);
    peer_run(900000, NULL);
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    assert_int_equal(iscsi_error(), ERR_TCP_REFUSED);
    assert_in_range(peer.connects, 100, 130); /* every 8 s */
    peer.refuse = false;
    peer.deaf = true;
    peer_run(900000, NULL);
    assert_false(req.done);
    peer.deaf = false;
    peer_run(20000, NULL);
    assert_true(req.done);
    assert_int_equal(req.status, OK);
    assert_memory_equal(buf, peer.disk + 9 * 512, 512);
}

static bool not_ready_after_reboot(const struct peer_pdu *p)
{
    static const u8 sense[18] = {0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 1};
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || host_now > 200000 || peer.connects == 1)
        return false;
    peer_status(get_be32(p->bhs + BHS_ITT), SCSI_CHECK_CONDITION, sense, sizeof(sense));
    return true;
}

TEST(a_rebooted_target_may_take_its_time_to_be_ready)
{
    attach();
    peer.hook = not_ready_after_reboot;
    peer_lose(ERR_TCP_RESET);
    submit_reads(100);
    peer_run(150000, NULL);
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    peer_run(100000, NULL);
    assert_reads(100);
    assert_int_equal(peer.connects, 2);
}

TEST(another_disk_does_not_get_the_writes)
{
    attach();
    peer.blocks = PEER_BLOCKS - 1;
    peer_lose(ERR_TCP_RESET);
    struct block_req req = {.op = BLOCK_WRITE, .lba = 9, .count = 1, .data = buf};
    iscsi_disk()->ops->submit(iscsi_disk(), &req);
    peer_run(60000, NULL);
    assert_false(req.done);
    assert_int_equal(peer.writes, 0);
    assert_int_equal(iscsi_error(), ERR_OTHER_DISK);
    peer.blocks = PEER_BLOCKS;
    peer_run(20000, NULL);
    assert_true(req.done);
    assert_int_equal(peer.writes, 1);
}

TEST(an_idle_session_comes_back_by_itself)
{
    attach();
    peer_run(10000, NULL);
    peer_lose(OK);
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    msec before = host_now;
    assert_true(peer_run(1000, peer_ready));
    assert_int_equal(host_now, before); /* at once, for it had worked */
}

static u32 logins_in_a_loop;

static bool lose_after_probe(const struct peer_pdu *p)
{
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_READ_10)
        return false;
    logins_in_a_loop++;
    peer_lose(ERR_TCP_RESET);
    return true;
}

TEST(a_target_that_drops_us_again_and_again_is_not_hammered)
{
    attach();
    logins_in_a_loop = 0;
    peer.hook = lose_after_probe;
    submit_reads(1);
    peer_run(60000, NULL);
    assert_true(logins_in_a_loop >= 10 && logins_in_a_loop <= 25);
    peer.hook = NULL;
    peer_run(10000, NULL);
    assert_reads(1);
}

TEST(abort_ends_all_and_leaves_the_buffers_alone)
{
    attach();
    peer.hook = hold_reads;
    submit_reads(60);
    peer_run(10, NULL);
    for (u32 i = 0; i < 60; i++)
        assert_false(many[i].done);
    iscsi_disk()->ops->abort(iscsi_disk());
    for (u32 i = 0; i < 60; i++) {
        assert_true(many[i].done);
        assert_int_equal(many[i].status, ERR_ABORTED);
    }
    assert_false(peer.open);
    peer.hook = NULL;
    assert_true(peer_run(10000, peer_ready));
    assert_read(0, 1);
}

TEST(abort_with_nothing_in_flight_keeps_the_connection)
{
    attach();
    iscsi_disk()->ops->abort(iscsi_disk());
    assert_int_equal(iscsi_state(), ISCSI_READY);
    peer.deaf = true;
    peer_lose(ERR_TCP_RESET);
    submit_reads(60);
    iscsi_disk()->ops->abort(iscsi_disk());
    assert_int_equal(many[59].status, ERR_ABORTED);
    peer.deaf = false;
    assert_true(peer_run(20000, peer_ready));
}

/* Messages of the target's own accord. */

static void async(u8 event, u16 wait)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_ASYNC, FLAG_FINAL, ISCSI_NO_TAG, true);
    bhs[ASYNC_EVENT] = event;
    put_be16(bhs + ASYNC_PARAMETER2, wait);
    peer_send(bhs, "sense", 5);
}

TEST(a_logout_request_is_followed_and_we_come_back)
{
    static const u8 events[] = {ASYNC_LOGOUT, ASYNC_RENEGOTIATE};
    for (u32 i = 0; i < 2; i++) {
        peer_reset();
        attach();
        peer.hook = hold_reads;
        submit_reads(3);
        peer_run(10, NULL);
        peer.hook = NULL;
        async(events[i], 0);
        peer_run(1000, NULL);
        assert_int_equal(peer.logouts, 1);
        assert_int_equal(peer.connects, 2);
        assert_reads(3);
    }
}

TEST(a_logout_that_is_not_answered_is_not_waited_for_long)
{
    attach();
    async(ASYNC_LOGOUT, 0);
    peer.mute = true;
    peer_run(2000, NULL);
    peer.mute = false;
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    assert_true(peer_run(4000, peer_ready));
}

/* The target asks for a logout as soon as it is asked about its disk, on so many connections, and
 * does not answer it. */
static u32 unready, logouts;

static bool ask_to_leave(const struct peer_pdu *p)
{
    u8 opcode = peer_opcode(p);
    if (peer.connects > unready)
        return false;
    if (opcode == OPCODE_SCSI_CMD && p->bhs[SCSI_CMD_CDB] == SCSI_INQUIRY)
        async(ASYNC_LOGOUT, 0);
    logouts += opcode == OPCODE_LOGOUT_REQ;
    return opcode == OPCODE_SCSI_CMD || opcode == OPCODE_LOGOUT_REQ;
}

TEST(a_logout_request_while_probing_puts_off_being_ready)
{
    unready = 1;
    logouts = 0;
    peer.hook = ask_to_leave;
    attach();
    assert_int_equal(peer.connects, 2);
    assert_int_equal(logouts, 1);
    assert_int_equal(iscsi_disk()->blocks, PEER_BLOCKS);
    assert_read(0, 1);
}

TEST(logout_requests_while_probing_do_not_last_for_ever)
{
    unready = 100;
    peer.hook = ask_to_leave;
    iscsi_attach(&peer_config, 20000, host_now);
    assert_true(peer_run(20001, peer_over));
    assert_int_equal(iscsi_state(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), ERR_TCP_CLOSED);
}

TEST(a_dropped_session_waits_as_long_as_it_is_told)
{
    static const u8 events[] = {ASYNC_DROP_CONNECTION, ASYNC_DROP_SESSION};
    for (u32 i = 0; i < 2; i++) {
        peer_reset();
        attach();
        async(events[i], 3);
        peer_run(2500, NULL);
        assert_int_equal(peer.connects, 1);
        assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
        assert_true(peer_run(1000, peer_ready));
    }
    async(ASYNC_DROP_SESSION, 0xffff);
    assert_true(peer_run(11000, peer_ready));
}

TEST(other_events_change_nothing)
{
    attach();
    async(ASYNC_SCSI, 0);
    async(255, 0);
    peer_run(1000, NULL);
    assert_int_equal(peer.connects, 1);
    assert_read(0, 1);
}

static void reject(const u8 *header, u32 len)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_REJECT, FLAG_FINAL, ISCSI_NO_TAG, true);
    bhs[REJECT_REASON] = 9;
    peer_send(bhs, header, len);
}

static bool reject_reads(const struct peer_pdu *p)
{
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_READ_10)
        return false;
    reject(p->bhs, BHS_SIZE);
    return true;
}

TEST(a_rejected_command_is_tried_on_new_connections_and_then_fails)
{
    attach();
    peer.hook = reject_reads;
    assert_int_equal(peer_io(BLOCK_READ, 0, 1, buf), ERR_ISCSI_PROTOCOL);
    assert_true(peer.connects > 2 && peer.connects < 10);
    peer.hook = NULL;
    assert_true(peer_run(10000, peer_ready));
    assert_read(0, 1);
}

TEST(a_rejected_ping_is_a_sign_of_life)
{
    attach();
    u8 nop[BHS_SIZE] = {OPCODE_NOP_OUT | OPCODE_IMMEDIATE};
    reject(nop, BHS_SIZE);
    peer_run(100, NULL);
    assert_int_equal(peer.connects, 1);
    assert_int_equal(iscsi_stats.rejects, 1);
    reject(nop, 10); /* not even a header */
    peer_run(400, NULL);
    assert_int_equal(peer.connects, 2);
}

/* The end. */

static bool closed(void)
{
    return iscsi_state() == ISCSI_CLOSED;
}

TEST(logout_in_order)
{
    attach();
    peer.hook = hold_reads;
    submit_reads(2);
    peer_run(10, NULL);
    iscsi_logout(host_now);
    assert_int_equal(many[1].status, ERR_ABORTED);
    assert_true(peer_run(1000, closed));
    assert_int_equal(peer.logouts, 1);
    assert_int_equal(peer_io(BLOCK_READ, 0, 1, buf), ERR_ABORTED);
    peer_run(100000, NULL);
    assert_int_equal(peer.connects, 1);
}

TEST(logout_that_nobody_answers)
{
    attach();
    peer.mute = true;
    iscsi_logout(host_now);
    assert_true(peer_run(5000, closed));
    peer_reset();
    attach();
    peer_lose(ERR_TCP_RESET);
    peer.deaf = true;
    iscsi_logout(host_now);
    assert_int_equal(iscsi_state(), ISCSI_CLOSED);
    peer_reset();
    attach();
    peer.mute = true;
    iscsi_logout(host_now);
    peer_run(10, NULL);
    peer_lose(ERR_TCP_RESET);
    assert_int_equal(iscsi_state(), ISCSI_CLOSED);
}

TEST(logout_in_the_middle_of_data_leaves_the_buffer_alone)
{
    static u8 data[4096];
    attach();
    peer.hook = hold_reads;
    struct block_req req = {.op = BLOCK_READ, .lba = 0, .count = 8, .data = buf};
    memset(buf, 0xee, 4096);
    iscsi_disk()->ops->submit(iscsi_disk(), &req);
    peer_run(10, NULL);
    /* The header and a part of the data are there. */
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_DATA_IN, FLAG_FINAL | DATA_IN_STATUS, peer.last_itt, true);
    put_be24(bhs + BHS_DATA_LENGTH, 4096);
    peer_send_raw(bhs, BHS_SIZE);
    peer_send_raw(data, 1000);
    peer_run(10, NULL);
    assert_int_equal(buf[999], 0);
    iscsi_logout(host_now);
    assert_true(req.done);
    peer_send_raw(data, 3096);
    assert_true(peer_run(1000, closed));
    assert_int_equal(buf[1000], 0xee);
    assert_int_equal(buf[4095], 0xee);
}

TEST(a_new_attach_starts_over)
{
    attach();
    peer.hook = hold_reads;
    submit_reads(40);
    peer_run(10, NULL);
    peer.hook = NULL;
    attach();
    assert_int_equal(many[39].status, ERR_ABORTED);
    assert_read(1, 1);
    assert_int_equal(peer.connects, 2);
}
