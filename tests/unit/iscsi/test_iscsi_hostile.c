/* What a hostile target could send in full feature phase. Each flaw by name; then any bit changed.
 * ASan watches the buffers: a request's is allocated to the byte. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/random.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define LEN 4096 /* bytes of the request under way */

static u8 *buf;
static struct block_req req;
static u32 itt;

/* Take the first read or write without an answer. */
static bool hold(const struct peer_pdu *p)
{
    u8 op = p->bhs[SCSI_CMD_CDB];
    return p->bhs[BHS_OPCODE] == OPCODE_SCSI_CMD && (op == SCSI_READ_10 || op == SCSI_WRITE_10);
}

static void setup(void)
{
    peer_reset();
    free(buf);
    buf = malloc(LEN);
    memset(buf, 0xee, LEN);
}

static void teardown(void)
{
    peer_reset();
    free(buf);
    buf = NULL;
}

FIXTURE(setup, teardown);

/* A session that waits for the answer to one request. */
static void under_way(enum block_op op)
{
    setup();
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = hold;
    req = (struct block_req){.op = op, .lba = 8, .count = LEN / 512, .data = buf};
    iscsi_disk()->ops->submit(iscsi_disk(), &req);
    peer_run(1, NULL);
    itt = peer.last_itt;
    peer.hook = NULL;
}

/* The connection was given up, and the request is right in the end. */
static void assert_dropped_and_replayed(void)
{
    peer_run(10000, NULL);
    assert_int_equal(iscsi_stats.bad_pdu, 1);
    assert_int_equal(peer.connects, 2);
    assert_true(req.done);
    assert_int_equal(req.status, OK);
    assert_memory_equal(buf, peer.disk + 8 * 512, LEN);
}

/* It was ignored and counted. */
static void assert_ignored(void)
{
    peer_run(100, NULL);
    assert_int_equal(peer.connects, 1);
    assert_false(req.done);
    for (u32 i = 0; i < LEN; i++)
        assert_int_equal(buf[i], 0xee);
}

TEST(data_in_outside_of_the_buffer)
{
    static u8 data[PDU_MAX_DATA];
    static const struct {
        u32 offset, len;
    } cases[] = {
        {LEN, 1},          {LEN, 512},        {0, LEN + 1},      {0, PDU_MAX_DATA},
        {1, LEN},          {0xfffffe00, 512}, {0xffffffff, 1},   {0x80000000, 8},
        {0xfffff000, LEN}, {512, 512},        {0xffffffff, LEN}, {0, PDU_MAX_DATA},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        under_way(BLOCK_READ);
        peer_data_in(itt, 0, cases[i].offset, data, cases[i].len, true);
        assert_dropped_and_replayed();
    }
}

TEST(data_in_that_overlaps_or_leaves_a_hole)
{
    static u8 data[LEN];
    static const u32 second[] = {0, 511, 513, 1024};
    for (size_t i = 0; i < ARRAY_SIZE(second); i++) {
        under_way(BLOCK_READ);
        peer_data_in(itt, 0, 0, data, 512, false);
        peer_data_in(itt, 1, second[i], data, 512, true);
        assert_dropped_and_replayed();
    }
}

TEST(data_sn_games)
{
    static u8 data[LEN];
    static const u32 sn[] = {0, 2, 0xffffffff, 0x80000001};
    for (size_t i = 0; i < ARRAY_SIZE(sn); i++) {
        under_way(BLOCK_READ);
        peer_data_in(itt, 0, 0, data, 512, false);
        peer_data_in(itt, sn[i], 512, data, 512, false);
        assert_dropped_and_replayed();
    }
}

TEST(data_in_longer_than_we_declared)
{
    under_way(BLOCK_READ);
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_DATA_IN, 0, itt, false);
    put_be24(bhs + BHS_DATA_LENGTH, 0xffffff);
    peer_send_raw(bhs, BHS_SIZE);
    assert_dropped_and_replayed();
}

TEST(data_in_for_a_write_or_for_no_data)
{
    static u8 data[LEN];
    under_way(BLOCK_WRITE);
    peer_data_in(itt, 0, 0, data, LEN, true);
    assert_dropped_and_replayed();
    under_way(BLOCK_FLUSH);
}

TEST(pdus_for_no_task)
{
    static u8 data[LEN];
    u32 wrong[] = {0, ISCSI_NO_TAG, 0, 0, 0xfffffff0};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        under_way(BLOCK_READ);
        wrong[2] = itt ^ 1;
        wrong[3] = itt + 32;
        peer_data_in(wrong[i], 0, 0, data, LEN, true);
        peer_status(wrong[i], SCSI_GOOD, NULL, 0);
        peer_r2t(wrong[i], 1, 0, 0, 512);
        assert_ignored();
        assert_true(iscsi_stats.no_task >= 3);
    }
}

TEST(a_second_answer_to_a_task_that_is_done)
{
    static u8 data[LEN];
    under_way(BLOCK_READ);
    peer_data_in(itt, 0, 0, data, LEN, true);
    peer_run(10, NULL);
    assert_true(req.done);
    memset(buf, 0xee, LEN);
    req.done = false;
    peer_data_in(itt, 0, 0, data, LEN, true);
    peer_status(itt, SCSI_CHECK_CONDITION, NULL, 0);
    assert_ignored();
}

TEST(good_status_without_all_the_data)
{
    static u8 data[LEN];
    for (u32 sent = 0; sent < LEN; sent += 1024) {
        under_way(BLOCK_READ);
        if (sent)
            peer_data_in(itt, 0, 0, data, sent, false);
        peer_status(itt, SCSI_GOOD, NULL, 0);
        peer_run(1000, NULL);
        assert_true(req.done);
        assert_int_equal(req.status, OK);
        assert_int_equal(iscsi_stats.retries, 1);
        assert_memory_equal(buf, peer.disk + 8 * 512, LEN);
    }
}

TEST(good_status_with_a_residual_count)
{
    static u8 data[LEN];
    static const u8 flags[] = {FLAG_UNDERFLOW, FLAG_OVERFLOW};
    for (u32 i = 0; i < 2; i++) {
        under_way(BLOCK_WRITE);
        u8 bhs[BHS_SIZE];
        peer_header(bhs, OPCODE_SCSI_RSP, FLAG_FINAL | flags[i], itt, true);
        put_be32(bhs + BHS_RESIDUAL, 512);
        peer_send(bhs, NULL, 0);
        peer_run(1000, NULL);
        assert_int_equal(iscsi_stats.retries, 1);
        assert_true(req.done);
    }
    under_way(BLOCK_READ);
    peer_data_in(itt, 0, 0, data, LEN, false);
    peer_status(itt, SCSI_GOOD, NULL, 0);
    peer_run(10, NULL);
    assert_true(req.done);
    assert_int_equal(iscsi_stats.retries, 0);
}

static bool always_short(const struct peer_pdu *p)
{
    if (!hold(p))
        return false;
    peer_status(get_be32(p->bhs + BHS_ITT), SCSI_GOOD, NULL, 0);
    return true;
}

TEST(a_target_that_never_gives_the_data)
{
    setup();
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = always_short;
    assert_int_equal(peer_io(BLOCK_READ, 8, 8, buf), ERR_SCSI);
}

/* The memory exposure that EDK II had. */
TEST(r2t_beyond_the_buffer)
{
    static const struct {
        u32 offset, len;
    } cases[] = {{LEN, 1},          {0, LEN + 1},
                 {1, LEN},          {LEN + 1, 1},
                 {0xffffffff, 2},   {0xfffff000, 0x1001},
                 {0, 0xffffffff},   {0x80000000, 0x80000000},
                 {0xfffffe00, 512}, {0, 0},
                 {0, 262145}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        under_way(BLOCK_WRITE);
        peer.data_outs = 0;
        u32 before = peer.pdus;
        peer_r2t(itt, 7, 0, cases[i].offset, cases[i].len);
        peer_run(0, NULL);
        assert_int_equal(peer.pdus, before);
        assert_dropped_and_replayed();
    }
}

TEST(r2t_for_a_read)
{
    under_way(BLOCK_READ);
    peer_r2t(itt, 7, 0, 0, 512);
    assert_dropped_and_replayed();
}

TEST(r2t_sn_and_tag_games)
{
    under_way(BLOCK_WRITE);
    peer_r2t(itt, 7, 1, 0, 512);
    assert_dropped_and_replayed();
    under_way(BLOCK_WRITE);
    peer_r2t(itt, ISCSI_NO_TAG, 0, 0, 512);
    assert_dropped_and_replayed();
}

static bool swallow_data_out(const struct peer_pdu *p)
{
    return p->bhs[BHS_OPCODE] == OPCODE_DATA_OUT;
}

TEST(more_r2ts_than_were_agreed_on)
{
    under_way(BLOCK_WRITE);
    peer.hook = swallow_data_out;
    peer.segment = 100000; /* all in one receive(), so that none is served between */
    for (u32 i = 0; i < 6; i++)
        peer_r2t(itt, 7 + i, i, 0, 512);
    peer_run(0, NULL);
    peer.hook = NULL;
    assert_dropped_and_replayed();
}

TEST(stat_sn_games)
{
    static const u32 step[] = {1, 5, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < ARRAY_SIZE(step); i++) {
        under_way(BLOCK_READ);
        peer.stat_sn += step[i];
        peer_data_in(itt, 0, 0, peer.disk + 8 * 512, LEN, true);
        peer_run(10, NULL);
        assert_true(req.done);
        assert_int_equal(req.status, OK);
        assert_int_equal(iscsi_stats.bad_stat_sn, 1);
        assert_int_equal(peer.connects, 1);
    }
}

TEST(a_window_that_makes_no_sense)
{
    static const u32 max[] = {0, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < ARRAY_SIZE(max); i++) {
        under_way(BLOCK_READ);
        u8 bhs[BHS_SIZE];
        peer_nop_in(bhs, ISCSI_NO_TAG);
        put_be32(bhs + BHS_EXP_CMD_SN, 100);
        put_be32(bhs + BHS_MAX_CMD_SN, max[i]);
        peer_send(bhs, NULL, 0);
        peer_data_in(itt, 0, 0, peer.disk + 8 * 512, LEN, true);
        peer_run(10, NULL);
        assert_true(req.done);
        memset(buf, 0, LEN);
        assert_int_equal(peer_io(BLOCK_READ, 8, 8, buf), OK);
    }
}

static u32 held;

static bool count_held(const struct peer_pdu *p)
{
    held += hold(p);
    return hold(p);
}

/* MaxCmdSN below ExpCmdSN - 1 opens nothing (RFC 7143, 4.2.2.1). */
TEST(a_window_before_its_own_beginning)
{
    static u8 data[20][512];
    static struct block_req reqs[20];
    setup();
    peer.window = 4;
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = count_held;
    held = 0;
    for (u32 i = 0; i < 20; i++) {
        reqs[i] = (struct block_req){.op = BLOCK_READ, .lba = i, .count = 1, .data = data[i]};
        iscsi_disk()->ops->submit(iscsi_disk(), &reqs[i]);
    }
    peer_run(10, NULL);
    assert_int_equal(held, 4);
    u8 bhs[BHS_SIZE];
    peer_nop_in(bhs, ISCSI_NO_TAG);
    put_be32(bhs + BHS_MAX_CMD_SN, peer.exp_cmd_sn + 50);
    put_be32(bhs + BHS_EXP_CMD_SN, peer.exp_cmd_sn + 52);
    peer_send(bhs, NULL, 0);
    peer_run(10, NULL);
    assert_int_equal(held, 4);
    peer_nop_in(bhs, ISCSI_NO_TAG);
    put_be32(bhs + BHS_MAX_CMD_SN, peer.exp_cmd_sn + 50);
    put_be32(bhs + BHS_EXP_CMD_SN, peer.exp_cmd_sn + 51);
    peer_send(bhs, NULL, 0);
    peer_run(10, NULL);
    assert_int_equal(held, 20);
}

TEST(additional_headers)
{
    static u8 ahs[255 * 4];
    for (u32 words = 1; words < 256; words += 127) {
        under_way(BLOCK_READ);
        u8 bhs[BHS_SIZE];
        peer_header(bhs, OPCODE_DATA_IN, FLAG_FINAL | DATA_IN_STATUS, itt, true);
        bhs[BHS_AHS_LENGTH] = (u8)words;
        put_be24(bhs + BHS_DATA_LENGTH, LEN);
        peer_send_raw(bhs, BHS_SIZE);
        peer_send_raw(ahs, words * 4);
        peer_send_raw(peer.disk + 8 * 512, LEN);
        assert_dropped_and_replayed();
    }
}

TEST(sense_data_absent_or_cut_off)
{
    static const struct {
        const char *data;
        u32 len;
    } cases[] = {{"", 0},
                 {"\0", 1},
                 {"\0\x12", 2},
                 {"\xff\xff\x70", 3},
                 {"\0\x12\x72\x05", 4},
                 {"\0\0\x70\0\x05", 5}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        under_way(BLOCK_READ);
        u8 bhs[BHS_SIZE];
        peer_header(bhs, OPCODE_SCSI_RSP, FLAG_FINAL, itt, true);
        bhs[SCSI_RSP_STATUS] = SCSI_CHECK_CONDITION;
        peer_send(bhs, cases[i].data, cases[i].len);
        peer_run(10000, NULL);
        assert_true(req.done);
        assert_int_equal(peer.connects, 1);
    }
}

TEST(a_response_larger_than_we_keep)
{
    static u8 data[100000];
    under_way(BLOCK_READ);
    memcpy(data, "\xff\xff\x70\0\x03", 5);
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_SCSI_RSP, FLAG_FINAL, itt, true);
    bhs[SCSI_RSP_STATUS] = SCSI_CHECK_CONDITION;
    peer_send(bhs, data, sizeof(data));
    peer_run(10, NULL);
    assert_true(req.done);
    assert_int_equal(req.status, ERR_MEDIUM);
    /* And a ping with as much. */
    peer_nop_in(bhs, 0);
    peer_send(bhs, data, sizeof(data));
    peer_run(10, NULL);
    assert_int_equal(peer.nop_answers, 1);
    assert_int_equal(peer.connects, 1);
}

TEST(a_response_that_is_no_status)
{
    under_way(BLOCK_READ);
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_SCSI_RSP, FLAG_FINAL, itt, true);
    bhs[SCSI_RSP_RESPONSE] = 1;
    peer_send(bhs, NULL, 0);
    peer_run(10, NULL);
    assert_true(req.done);
    assert_int_equal(req.status, OK);
    assert_int_equal(iscsi_stats.retries, 1);
}

TEST(a_flood_of_pings)
{
    under_way(BLOCK_READ);
    peer.send_space = 0; /* no room to answer */
    for (u32 i = 0; i < 1000; i++) {
        u8 bhs[BHS_SIZE];
        peer_nop_in(bhs, i);
        peer_send(bhs, NULL, 0);
    }
    peer_run(0, NULL);
    assert_int_equal(peer.nop_answers, 0);
    assert_int_equal(iscsi_stats.ping_dropped, 992);
    assert_ignored();
}

TEST(opcodes_that_an_initiator_does_not_get)
{
    static const u8 bad[] = {
        OPCODE_SCSI_CMD, OPCODE_NOP_OUT, OPCODE_DATA_OUT, OPCODE_LOGIN_RSP, 0x22, 0x24, 0x3e, 0x1f};
    for (size_t i = 0; i < sizeof(bad); i++) {
        under_way(BLOCK_READ);
        u8 bhs[BHS_SIZE];
        peer_header(bhs, bad[i], FLAG_FINAL, itt, false);
        peer_send(bhs, "xyz", 3);
        assert_dropped_and_replayed();
    }
}

TEST(a_logout_answer_that_nobody_asked_for)
{
    under_way(BLOCK_READ);
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_LOGOUT_RSP, FLAG_FINAL, itt, true);
    peer_send(bhs, NULL, 0);
    assert_ignored();
}

static bool bad_data(const struct peer_pdu *p)
{
    if (!hold(p))
        return false;
    peer_data_in(get_be32(p->bhs + BHS_ITT), 9, 0, NULL, 0, true);
    return true;
}

TEST(a_target_that_is_always_wrong_ends_the_request)
{
    setup();
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = bad_data;
    assert_int_equal(peer_io(BLOCK_READ, 8, 8, buf), ERR_ISCSI_PROTOCOL);
    peer.hook = NULL;
    assert_true(peer_run(20000, peer_ready));
    assert_int_equal(peer_io(BLOCK_READ, 8, 8, buf), OK);
}

/* Answers of the probe that lie about themselves. */
static u8 probe_answer[600];
static u32 probe_len;
static u8 probe_opcode;

static bool lie(const struct peer_pdu *p)
{
    u8 op = p->bhs[SCSI_CMD_CDB];
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || op != probe_opcode)
        return false;
    u32 expected = get_be32(p->bhs + SCSI_CMD_LENGTH);
    peer_data_in(get_be32(p->bhs + BHS_ITT), 0, 0, probe_answer, min_u32(probe_len, expected),
                 true);
    return true;
}

TEST(probe_answers_of_every_length)
{
    static const u8 opcodes[] = {SCSI_INQUIRY, SCSI_REPORT_LUNS, SCSI_READ_CAPACITY_10,
                                 SCSI_MODE_SENSE_6, SCSI_SERVICE_IN_16};
    for (size_t i = 0; i < sizeof(opcodes); i++)
        for (u32 fill = 0; fill < 2; fill++)
            for (probe_len = 0; probe_len < 64; probe_len++) {
                setup();
                probe_opcode = opcodes[i];
                memset(probe_answer, fill ? 0xff : 0, sizeof(probe_answer));
                peer.blocks = i == 4 ? 0x200000000ull : PEER_BLOCKS;
                peer.hook = lie;
                peer_attach();
                assert_true(peer_over());
                enum error e = iscsi_error();
                if (opcodes[i] == SCSI_READ_CAPACITY_10 && !fill)
                    assert_int_not_equal(e, OK);
                if (opcodes[i] == SCSI_INQUIRY && (probe_len < 36 || fill))
                    assert_int_not_equal(e, OK);
                if (opcodes[i] == SCSI_REPORT_LUNS || opcodes[i] == SCSI_MODE_SENSE_6)
                    assert_int_equal(e, OK);
            }
}

TEST(a_list_of_luns_longer_than_it_is)
{
    for (u32 i = 0; i < 2; i++) {
        setup();
        probe_opcode = SCSI_REPORT_LUNS;
        memset(probe_answer, 0x33, sizeof(probe_answer));
        put_be32(probe_answer, i ? 0xffffffff : sizeof(probe_answer) - 8 + 1);
        probe_len = sizeof(probe_answer);
        peer.hook = lie;
        peer.fail.opcode = SCSI_READ_CAPACITY_10;
        peer.fail.status = SCSI_CHECK_CONDITION;
        peer.fail.key = 5;
        peer.fail.count = 9;
        peer_attach();
        assert_int_equal(iscsi_error(), ERR_SCSI); /* the list is cut off: it says nothing */
    }
}

/* The stream of a read and a write, with any bit changed: nothing is touched that is not ours, and
 * in the end both are done. */
static u32 bit;

static bool change_a_bit(const struct peer_pdu *p)
{
    u8 op = p->bhs[SCSI_CMD_CDB];
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || bit == UINT32_MAX)
        return false;
    u8 bhs[BHS_SIZE];
    if (op == SCSI_READ_10)
        peer_header(bhs, OPCODE_DATA_IN, FLAG_FINAL | DATA_IN_STATUS, peer.last_itt, true);
    else if (op == SCSI_WRITE_10)
        peer_header(bhs, OPCODE_R2T, FLAG_FINAL, peer.last_itt, false);
    else
        return false;
    put_be24(bhs + BHS_DATA_LENGTH, op == SCSI_READ_10 ? LEN : 0);
    put_be32(bhs + R2T_LENGTH, op == SCSI_READ_10 ? 0 : LEN);
    bhs[bit / 8] ^= (u8)(1 << bit % 8);
    bit = UINT32_MAX;
    peer_send_raw(bhs, BHS_SIZE);
    if (op == SCSI_READ_10)
        peer_send_raw(peer.disk + 8 * 512, LEN);
    return true;
}

static bool swallow_rest(const struct peer_pdu *p)
{
    if (change_a_bit(p))
        return true;
    return p->bhs[BHS_OPCODE] == OPCODE_DATA_OUT && peer.connects == 1;
}

static bool request_done(void)
{
    return req.done;
}

TEST(any_bit_of_a_header_changed)
{
    for (u32 way = 0; way < 2; way++)
        for (u32 b = 0; b < BHS_SIZE * 8; b++) {
            setup();
            assert_int_equal(peer_attach(), ISCSI_READY);
            peer.hook = swallow_rest;
            bit = b;
            req = (struct block_req){
                .op = way ? BLOCK_WRITE : BLOCK_READ, .lba = 8, .count = 8, .data = buf};
            iscsi_disk()->ops->submit(iscsi_disk(), &req);
            assert_true(peer_run(200000, request_done));
            if (req.status == OK && !way)
                assert_memory_equal(buf, peer.disk + 8 * 512, LEN);
        }
}

/* Noise in place of the target's answers. */
static bool noise(const struct peer_pdu *p)
{
    static const u8 opcodes[] = {OPCODE_NOP_IN, OPCODE_SCSI_RSP, OPCODE_DATA_IN, OPCODE_LOGOUT_RSP,
                                 OPCODE_R2T,    OPCODE_ASYNC,    OPCODE_REJECT,  OPCODE_LOGIN_RSP};
    if (peer_opcode(p) == OPCODE_LOGIN_REQ || random_u32() % 4)
        return p->bhs[BHS_OPCODE] == OPCODE_DATA_OUT;
    static u8 data[2048];
    u8 bhs[BHS_SIZE];
    for (u32 i = 0; i < 1 + random_u32() % 3; i++) {
        peer_header(bhs, opcodes[random_u32() % sizeof(opcodes)], (u8)random_u32(),
                    random_u32() % 3 ? peer.last_itt : ISCSI_NO_TAG, true);
        for (u32 k = random_u32() % 8; k; k--)
            bhs[random_u32() % BHS_SIZE] = (u8)(random_u32() % 3 ? 0 : random_u32());
        for (u32 k = 0; k < sizeof(data); k++)
            data[k] = (u8)random_u32();
        peer_send(bhs, data, random_u32() % sizeof(data));
    }
    return true;
}

TEST(noise_for_answers)
{
    u32 other_disks = 0;
    for (u32 seed = 1; seed < 300; seed++) {
        setup();
        host_random_seed(seed);
        peer.segment = 0;
        assert_int_equal(peer_attach(), ISCSI_READY);
        peer.hook = noise;
        static struct block_req reqs[8];
        u8 *bufs[8];
        for (u32 i = 0; i < 8; i++) {
            bufs[i] = malloc(LEN);
            memset(bufs[i], (int)i, LEN);
            reqs[i] = (struct block_req){
                .op = i & 1 ? BLOCK_WRITE : BLOCK_READ, .lba = i * 8, .count = 8, .data = bufs[i]};
            iscsi_disk()->ops->submit(iscsi_disk(), &reqs[i]);
        }
        peer_run(30000, NULL);
        iscsi_disk()->ops->abort(iscsi_disk());
        for (u32 i = 0; i < 8; i++) {
            assert_true(reqs[i].done);
            free(bufs[i]);
        }
        peer.hook = NULL;
        if (!peer_run(100000, peer_ready)) {
            /* Noise has told who the disk is, and what follows is another. */
            assert_int_equal(iscsi_error(), ERR_OTHER_DISK);
            other_disks++;
            continue;
        }
        assert_int_equal(peer_io(BLOCK_READ, 8, 8, buf), OK);
        assert_memory_equal(buf, peer.disk + 8 * 512, LEN);
    }
    assert_in_range(other_disks, 0, 5);
}
