/* CRC32C digests: who gets them, that data is right with them, and what follows when one is wrong.
 */
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define BLOCKS 300

static u8 buf[BLOCKS * 512], other[BLOCKS * 512];
static bool by_instruction;

bool platform_has_crc32(void)
{
    return by_instruction && __builtin_cpu_supports("sse4.2");
}

/* A target that takes them whenever it can. */
static void setup(void)
{
    peer_reset();
    peer.header_digest = peer.data_digest = "CRC32C";
    by_instruction = false;
}

FIXTURE(setup);

static void attach(void)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
}

static void assert_read(u32 lba, u32 count)
{
    memset(buf, 0xee, sizeof(buf));
    assert_int_equal(peer_io(BLOCK_READ, lba, count, buf), OK);
    assert_memory_equal(buf, peer.disk + lba * 512, count * 512);
}

static void assert_write(u32 lba, u32 count)
{
    for (u32 i = 0; i < count * 512; i++)
        other[i] = buf[i] = (u8)(rand() >> 4);
    assert_int_equal(peer_io(BLOCK_WRITE, lba, count, buf), OK);
    assert_memory_equal(other, peer.disk + lba * 512, count * 512);
}

/* Which ones there are. */

static const char *const digests[] = {NULL, "CRC32C"};

TEST(data_is_right_with_each_agreement)
{
    for (u32 how = 0; how < 8; how++) {
        peer_reset();
        peer.header_digest = digests[how & 1];
        peer.data_digest = digests[how >> 1 & 1];
        by_instruction = how & 4;
        peer.segment = 0;
        attach();
        for (u32 i = 0; i < 20; i++) {
            peer.data_in = 1 + (u32)rand() % 20000;
            peer.status_separate = rand() & 1;
            u32 count = 1 + (u32)rand() % BLOCKS;
            assert_read((u32)rand() % (PEER_BLOCKS - count), count);
            assert_write((u32)rand() % (PEER_BLOCKS - count), count);
        }
        assert_int_equal(iscsi_stats.bad_pdu + iscsi_stats.no_task, 0);
        assert_int_equal(iscsi_stats.digest_header + iscsi_stats.digest_data, 0);
        assert_int_equal(peer.connects, 1);
    }
}

TEST(every_piece_size_of_the_stream)
{
    for (u32 n = 1; n < 120; n++) {
        setup();
        peer.segment = n;
        peer.data_in = 701;
        attach();
        assert_read(5, 7);
    }
}

TEST(what_is_sent_fits_the_send_buffer_with_its_digests)
{
    for (u32 size = 65536; size < 65536 + 200; size++) {
        setup();
        peer.send_space = size;
        peer.max_recv_data = 65536;
        peer.initial_r2t = 0;
        attach();
        assert_write(7, BLOCKS);
    }
}

TEST(what_is_offered)
{
    static const char *const offers[] = {[DIGEST_ON_DEMAND] = "None,CRC32C",
                                         [DIGEST_NEVER] = "None",
                                         [DIGEST_PREFERRED] = "CRC32C,None",
                                         [DIGEST_REQUIRED] = "CRC32C"};
    for (u8 wish = 0; wish < ARRAY_SIZE(offers); wish++) {
        setup();
        peer_config.digest = wish;
        peer_attach();
        assert_string_equal(peer_key("HeaderDigest"), offers[wish]);
        assert_string_equal(peer_key("DataDigest"), offers[wish]);
    }
}

TEST(what_the_target_may_answer)
{
    static const struct {
        u8 wish;
        const char *header, *data;
        enum error e;
    } rows[] = {
        {DIGEST_ON_DEMAND, "None", "CRC32C", OK},
        {DIGEST_ON_DEMAND, "Reject", "NotUnderstood", OK},
        {DIGEST_ON_DEMAND, "CRC32C", "None,CRC32C", ERR_ISCSI_PROTOCOL},
        {DIGEST_ON_DEMAND, "1", "None", ERR_ISCSI_PROTOCOL},
        {DIGEST_ON_DEMAND, "Yes", "None", ERR_ISCSI_PROTOCOL},
        {DIGEST_NEVER, "None", "None", OK},
        {DIGEST_NEVER, "CRC32C", "None", ERR_LOGIN_DIGEST},
        {DIGEST_NEVER, "None", "CRC32C", ERR_LOGIN_DIGEST},
        {DIGEST_PREFERRED, "None", "None", OK},
        {DIGEST_PREFERRED, "CRC32C", "CRC32C", OK},
        {DIGEST_REQUIRED, "CRC32C", "CRC32C", OK},
        {DIGEST_REQUIRED, "CRC32C", "None", ERR_LOGIN_DIGEST},
        {DIGEST_REQUIRED, "Reject", "CRC32C", ERR_LOGIN_DIGEST},
    };
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
        setup();
        peer_config.digest = rows[i].wish;
        peer.header_digest = rows[i].header;
        peer.data_digest = rows[i].data;
        assert_int_equal(peer_attach(), rows[i].e ? ISCSI_FAILED : ISCSI_READY);
        assert_int_equal(iscsi_error(), rows[i].e);
    }
}

static bool says_nothing(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_LOGIN_REQ)
        peer_login_answer(p, 0x87, 0, 0, NULL, 0);
    return peer_opcode(p) == OPCODE_LOGIN_REQ;
}

TEST(no_word_about_them_means_none)
{
    peer.hook = says_nothing;
    attach();
    peer_reset();
    peer.hook = says_nothing;
    peer_config.digest = DIGEST_REQUIRED;
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), ERR_LOGIN_DIGEST);
}

/* When one is wrong. */

/* At any place in the eleven PDUs of it, and also in the second answer. */
TEST(a_read_with_damaged_data_is_done_again)
{
    for (u32 after = 0; after < 11; after++)
        for (u32 count = 1; count < 4; count++) {
            setup();
            attach();
            peer.data_in = 1000;
            peer.damage.opcode = OPCODE_DATA_IN;
            peer.damage.after = after;
            peer.damage.count = count;
            u32 commands = peer.commands;
            assert_read(40, 20);
            assert_int_equal(peer.damage.count, 0);
            assert_int_equal(iscsi_stats.digest_data, count);
            assert_int_equal(peer.commands - commands, after + count > 11 ? 3 : 2);
            assert_int_equal(peer.connects, 1);
        }
}

TEST(a_status_with_damaged_sense_data_tells_nothing)
{
    static const enum block_op ops[] = {BLOCK_READ, BLOCK_WRITE};
    for (u32 i = 0; i < 2; i++) {
        setup();
        attach();
        peer.fail.opcode = ops[i] == BLOCK_READ ? SCSI_READ_10 : SCSI_WRITE_10;
        peer.fail.status = SCSI_CHECK_CONDITION;
        peer.fail.key = 3; /* an error that is final */
        peer.fail.count = 1;
        peer.damage.opcode = OPCODE_SCSI_RSP;
        peer.damage.count = 1;
        assert_int_equal(peer_io(ops[i], 7, 8, buf), OK);
        assert_int_equal(iscsi_stats.digest_data, 1);
        assert_int_equal(peer.connects, 1);
    }
}

/* Any bit of it, its lengths too, and at any time. */
TEST(a_damaged_header_costs_a_connection_and_nothing_else)
{
    static const u8 opcodes[] = {OPCODE_DATA_IN, OPCODE_SCSI_RSP, OPCODE_R2T};
    for (u32 i = 0; i < 300; i++) {
        setup();
        host_random_seed(i + 1);
        peer.segment = 0;
        attach();
        peer.damage.opcode = opcodes[i % 3];
        peer.damage.header = true;
        peer.damage.after = i % 4;
        peer.damage.count = 1;
        peer.data_in = 3000;
        peer.status_separate = true;
        for (u32 k = 0; k < 4; k++) {
            assert_read(40, 20);
            assert_write(100, 200);
        }
        assert_int_equal(peer.connects, 2);
        assert_int_equal(iscsi_stats.bad_pdu, 0);
        assert_in_range(iscsi_stats.digest_header, 0, 1); /* 0: silence, where AHS were to come */
    }
}

static bool new_connection(void)
{
    return peer.connects == 2 && peer_ready();
}

TEST(damage_to_other_data_costs_a_connection_too)
{
    u8 bhs[BHS_SIZE];
    attach();
    peer.damage.opcode = OPCODE_NOP_IN;
    peer.damage.count = 1;
    peer_nop_in(bhs, 7);
    peer_send(bhs, "ping", 4);
    assert_true(peer_run(1000, new_connection));
    assert_int_equal(peer.nop_answers, 0);
    assert_int_equal(iscsi_stats.digest_data, 1);
    assert_read(7, 8);
}

TEST(digests_that_are_always_wrong_end_the_attempt_to_attach)
{
    static const u8 opcodes[] = {OPCODE_DATA_IN, OPCODE_SCSI_RSP};
    for (u32 i = 0; i < 4; i++) {
        setup();
        peer.damage.opcode = opcodes[i / 2];
        peer.damage.header = i & 1;
        peer.damage.count = UINT32_MAX;
        if (opcodes[i / 2] == OPCODE_SCSI_RSP) {
            peer.fail.opcode = SCSI_TEST_UNIT_READY;
            peer.fail.status = SCSI_CHECK_CONDITION;
            peer.fail.count = UINT32_MAX;
        }
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        assert_int_equal(iscsi_error(), ERR_DIGEST);
        assert_int_equal(peer.logins, 3);
        assert_true(host_now < 20000);
    }
}

TEST(digests_that_are_wrong_for_a_while_only_take_time)
{
    for (u32 header = 0; header < 2; header++) {
        setup();
        peer.damage.opcode = OPCODE_DATA_IN;
        peer.damage.header = header;
        peer.damage.count = 2;
        attach();
        peer.damage.count = 100;
        assert_read(7, 100);
        assert_int_equal(peer.damage.count, 0);
    }
}

#define REJECTS 20

/* What a target says when one of ours was wrong there: here on the first connections. */
static bool rejects_data(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    if (peer_opcode(p) != OPCODE_DATA_OUT || peer.connects > REJECTS)
        return false;
    peer_header(bhs, OPCODE_REJECT, FLAG_FINAL, ISCSI_NO_TAG, true);
    bhs[REJECT_REASON] = REJECT_DATA_DIGEST;
    peer_send(bhs, p->bhs, BHS_SIZE);
    return true;
}

TEST(data_of_ours_that_arrives_damaged_is_sent_again)
{
    attach();
    peer.hook = rejects_data;
    assert_write(7, BLOCKS);
    assert_int_equal(peer.connects, REJECTS + 1);
    assert_int_equal(iscsi_stats.bad_pdu, 0);
}

/* Data that goes elsewhere, or nowhere, from some byte on counts all the same. */
static bool half_a_data_in(const struct peer_pdu *p)
{
    u32 len = get_be32(p->bhs + SCSI_CMD_LENGTH);
    const u8 *cdb = p->bhs + SCSI_CMD_CDB;
    if (peer_opcode(p) != OPCODE_SCSI_CMD || cdb[0] != SCSI_READ_10)
        return false;
    peer_data_in(get_be32(p->bhs + BHS_ITT), 0, 0, peer.disk + get_be32(cdb + 2) * 512, len, true);
    peer_hold(len / 2);
    peer.hook = NULL;
    return true;
}

static bool half_there(void)
{
    return !peer.hook;
}

TEST(data_that_is_redirected_in_the_middle_adds_up)
{
    struct block_dev *dev = iscsi_disk();
    struct block_req req = {.op = BLOCK_READ, .lba = 7, .count = 64, .data = buf};
    attach();
    peer.hook = half_a_data_in;
    dev->ops->submit(dev, &req);
    assert_true(peer_run(1000, half_there));
    peer_run(100, NULL);
    assert_false(req.done);
    dev->ops->redirect(dev, &req, other);
    peer_hold(0);
    peer_run(100, NULL);
    assert_true(req.done);
    assert_int_equal(req.status, OK);
    assert_memory_equal(other, peer.disk + 7 * 512, 64 * 512);
    assert_int_equal(iscsi_stats.digest_data, 0);
    assert_int_equal(peer.commands, 8);
}
