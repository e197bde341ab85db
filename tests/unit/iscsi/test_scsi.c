/* CDBs, and what status and sense mean. */
#include "base/bytes.h"
#include "iscsi/scsi.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

TEST(small_requests_take_ten_bytes)
{
    u8 cdb[SCSI_CDB];
    scsi_block_cdb(cdb, BLOCK_READ, 0xfffffffe, 0xffff);
    assert_int_equal(cdb[0], SCSI_READ_10);
    assert_int_equal(get_be32(cdb + 2), 0xfffffffe);
    assert_int_equal(get_be16(cdb + 7), 0xffff);
    assert_int_equal(cdb[9], 0);
    scsi_block_cdb(cdb, BLOCK_WRITE, 1, 1);
    assert_int_equal(cdb[0], SCSI_WRITE_10);
}

TEST(large_ones_take_sixteen)
{
    u8 cdb[SCSI_CDB];
    scsi_block_cdb(cdb, BLOCK_WRITE, 0x123456789aull, 7);
    assert_int_equal(cdb[0], SCSI_WRITE_16);
    assert_true(get_be64(cdb + 2) == 0x123456789aull);
    assert_int_equal(get_be32(cdb + 10), 7);
    scsi_block_cdb(cdb, BLOCK_READ, 0, 0x10000);
    assert_int_equal(cdb[0], SCSI_READ_16);
}

TEST(a_flush_is_of_the_whole_disk)
{
    static const u8 want[SCSI_CDB] = {SCSI_SYNC_CACHE_10};
    u8 cdb[SCSI_CDB];
    scsi_block_cdb(cdb, BLOCK_FLUSH, 99, 99);
    assert_memory_equal(cdb, want, SCSI_CDB);
}

static void status(u8 status, enum error e, enum scsi_retry retry)
{
    struct scsi_verdict v = scsi_judge(status, NULL, 0);
    assert_int_equal(v.error, e);
    assert_int_equal(v.retry, retry);
}

TEST(every_status)
{
    status(SCSI_GOOD, OK, SCSI_FINAL);
    status(SCSI_STATUS_BUSY, ERR_SCSI_BUSY, SCSI_LATER);
    status(SCSI_TASK_SET_FULL, ERR_SCSI_BUSY, SCSI_LATER);
    status(SCSI_RESERVED, ERR_LUN_RESERVED, SCSI_HELD);
    status(SCSI_TASK_ABORTED, ERR_LUN_RESET, SCSI_RESET);
    status(0xff, ERR_SCSI, SCSI_AGAIN);
    status(SCSI_CHECK_CONDITION, ERR_SCSI, SCSI_AGAIN); /* sense data absent */
}

TEST(sense_in_both_formats)
{
    static const struct {
        u8 key, asc, ascq;
        enum error e;
        enum scsi_retry retry;
    } cases[] = {
        {0x0, 0, 0, OK, SCSI_FINAL},
        {0x1, 0x17, 0, OK, SCSI_FINAL},
        {0x2, 0x04, 1, ERR_LUN_NOT_READY, SCSI_LATER},
        {0x2, 0x04, 0x0a, ERR_LUN_NOT_READY, SCSI_LATER}, /* ALUA: in transition */
        {0x2, 0x04, 0x0b, ERR_LUN_STANDBY, SCSI_ELSEWHERE},
        {0x2, 0x04, 0x0c, ERR_LUN_STANDBY, SCSI_ELSEWHERE}, /* unavailable */
        {0x2, 0x3a, 2, ERR_LUN_EMPTY, SCSI_FINAL},
        {0x3, 0x11, 0, ERR_MEDIUM, SCSI_FINAL},
        {0x4, 0x44, 0, ERR_MEDIUM, SCSI_FINAL},
        {0x5, 0x20, 0, ERR_BAD_REQUEST, SCSI_FINAL},
        {0x5, 0x21, 0, ERR_OUT_OF_RANGE, SCSI_FINAL},
        {0x5, 0x25, 0, ERR_LUN_NOT_FOUND, SCSI_FINAL},
        {0x6, 0x29, 2, ERR_LUN_RESET, SCSI_CLEARED},
        {0x6, 0x2f, 0, ERR_LUN_RESET, SCSI_CLEARED},
        {0x6, 0x2a, 9, ERR_SCSI, SCSI_AGAIN}, /* capacity data has changed */
        {0x7, 0x27, 0, ERR_LUN_PROTECTED, SCSI_FINAL},
        {0x7, 0x27, 7, ERR_LUN_FULL, SCSI_FINAL},
        {0x8, 0, 0, ERR_SCSI, SCSI_FINAL},
        {0xb, 0x47, 0, ERR_SCSI, SCSI_AGAIN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        u8 fixed[18] = {0xf0, 0, cases[i].key | 0x60}, descriptor[8] = {0x72, cases[i].key};
        fixed[12] = descriptor[2] = cases[i].asc;
        fixed[13] = descriptor[3] = cases[i].ascq;
        struct scsi_verdict v = scsi_judge(SCSI_CHECK_CONDITION, fixed, sizeof(fixed));
        assert_int_equal(v.error, cases[i].e);
        assert_int_equal(v.retry, cases[i].retry);
        v = scsi_judge(SCSI_CHECK_CONDITION, descriptor, sizeof(descriptor));
        assert_int_equal(v.error, cases[i].e);
        assert_int_equal(v.retry, cases[i].retry);
    }
}

TEST(a_full_pool_is_no_write_protection_for_a_caller_either)
{
    assert_int_equal(error_int13_status(ERR_LUN_FULL), 0xcc);
    assert_int_equal(error_int13_status(ERR_LUN_PROTECTED), 0x03);
}

TEST(sense_of_any_length_is_read_within_it)
{
    static const u8 formats[] = {0x70, 0x71, 0x72, 0x73, 0xf0, 0x00, 0x7f};
    for (size_t f = 0; f < sizeof(formats); f++)
        for (u32 len = 0; len <= 18; len++) {
            u8 *sense = malloc(len ? len : 1);
            memset(sense, 0xff, len ? len : 1);
            sense[0] = formats[f];
            scsi_judge(SCSI_CHECK_CONDITION, sense, len);
            free(sense);
        }
}
