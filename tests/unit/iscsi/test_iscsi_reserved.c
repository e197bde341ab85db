/* The LUN is reserved by another initiator: said while attaching, waited for later, and its name
 * shown. */
#include "base/bytes.h"
#include "iscsi/holder.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define OTHER      "iqn.2026-11.test:other"
#define TIMEOUT_MS 20000 /* peer_attach()'s */

enum kind { FREE, WRITE_EXCLUSIVE, EXCLUSIVE_ACCESS, LIO_EXCLUSIVE_ACCESS, RESERVE_6 };

static enum kind kind;
static bool no_full_status; /* only READ RESERVATION */
static u8 status_data[600];
static u32 status_len, questions;

/* Does this command of ours get through? */
static bool passes(const u8 *cdb)
{
    switch (cdb[0]) {
    case SCSI_INQUIRY:
    case SCSI_REPORT_LUNS:
        return true;
    case SCSI_PERSISTENT_RESERVE_IN:
        return kind != RESERVE_6;
    case SCSI_READ_CAPACITY_10:
        return kind != RESERVE_6;
    case SCSI_TEST_UNIT_READY:
        return kind == FREE || kind == WRITE_EXCLUSIVE || kind == LIO_EXCLUSIVE_ACCESS;
    case SCSI_READ_10:
    case SCSI_MODE_SENSE_6:
        return kind == FREE || kind == WRITE_EXCLUSIVE;
    default:
        return kind == FREE;
    }
}

static bool lun(const struct peer_pdu *p)
{
    static const u8 refused[18] = {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24};
    static const u8 key[24] = {0, 0, 0, 7, 0, 0, 0, 16, 0xca, 0xfe, 0, 0, 0, 0, 0, 1};
    const u8 *cdb = p->bhs + SCSI_CMD_CDB;
    u32 itt = get_be32(p->bhs + BHS_ITT);
    if (peer_opcode(p) != OPCODE_SCSI_CMD)
        return false;
    if (!passes(cdb)) {
        peer_status(itt, SCSI_RESERVED, NULL, 0);
        return true;
    }
    if (cdb[0] != SCSI_PERSISTENT_RESERVE_IN)
        return false;
    questions++;
    if (cdb[1] == READ_RESERVATION)
        peer_data_in(itt, 0, 0, key, sizeof(key), true);
    else if (no_full_status)
        peer_status(itt, SCSI_CHECK_CONDITION, refused, sizeof(refused));
    else
        peer_data_in(itt, 0, 0, status_data, status_len, true);
    return true;
}

/* A registration: its TransportID is of format 0 (a name) or 1 (",i,0x" and the ISID behind it). */
static void add_full_status(const char *name, u8 format, bool holds)
{
    u8 *d = status_data + status_len;
    u32 len = (u32)(strlen(name) + 4) & ~3u;
    d[12] = holds;
    d[13] = 1;
    put_be32(d + 20, 4 + len);
    d[24] = (u8)(format << 6 | 5);
    put_be16(d + 26, (u16)len);
    strcpy((char *)d + 28, name);
    status_len += 28 + len;
    put_be32(status_data + 4, status_len - 8);
}

static void setup(void)
{
    peer_reset();
    kind = FREE;
    no_full_status = false;
    questions = 0;
    memset(status_data, 0, sizeof(status_data));
    status_len = 8;
    add_full_status("iqn.2026-11.test:registered", 0, false);
    add_full_status(OTHER, 0, true);
    peer.hook = lun;
}

FIXTURE(setup);

static u8 buf[512];

TEST(exclusive_access_is_said_while_attaching_and_by_whom)
{
    static const enum kind kinds[] = {EXCLUSIVE_ACCESS, LIO_EXCLUSIVE_ACCESS};
    for (u32 i = 0; i < 2; i++) {
        setup();
        kind = kinds[i];
        peer_config.retry_ms = 0;
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        assert_int_equal(iscsi_error(), ERR_LUN_RESERVED);
        assert_string_equal(holder_text(), OTHER);
        assert_int_equal(host_now, 1000);
        assert_int_equal(questions, 1);
    }
}

TEST(the_longer_transport_id_is_cut_to_the_name)
{
    kind = EXCLUSIVE_ACCESS;
    peer_config.retry_ms = 0;
    status_len = 8;
    add_full_status(OTHER ",i,0x00023d000001", 1, true);
    peer_attach();
    assert_string_equal(holder_text(), OTHER);
}

TEST(without_full_status_there_is_the_key)
{
    kind = EXCLUSIVE_ACCESS;
    peer_config.retry_ms = 0;
    no_full_status = true;
    peer_attach();
    assert_int_equal(iscsi_error(), ERR_LUN_RESERVED);
    assert_string_equal(holder_text(), "key cafe000000000001");
}

TEST(the_old_reservation_has_no_name)
{
    kind = RESERVE_6;
    peer_config.retry_ms = 0;
    peer_attach();
    assert_int_equal(iscsi_error(), ERR_LUN_RESERVED);
    assert_string_equal(holder_text(), "");
}

static bool freed_later(void)
{
    if (host_now > 10000)
        kind = FREE;
    return iscsi_state() > ISCSI_PROBING;
}

TEST(who_may_wait_gets_the_disk_when_it_is_free)
{
    kind = EXCLUSIVE_ACCESS;
    iscsi_attach(&peer_config, 3 * TIMEOUT_MS, host_now);
    peer_run(3 * TIMEOUT_MS + 1000, freed_later);
    assert_int_equal(iscsi_state(), ISCSI_READY);
}

TEST(nobody_is_asked_without_a_conflict)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), OK);
    assert_int_equal(questions, 0);
}

TEST(write_exclusive_lets_us_read_and_ends_writes_after_the_timeout)
{
    kind = WRITE_EXCLUSIVE;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(peer_io(BLOCK_READ, 0, 1, buf), OK);
    msec before = host_now;
    assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), ERR_LUN_RESERVED);
    assert_in_range(host_now - before, TIMEOUT_MS, TIMEOUT_MS + 2000);
    assert_string_equal(holder_text(), OTHER);
    /* The next does not wait so long again, and reads go on. */
    before = host_now;
    assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), ERR_LUN_RESERVED);
    assert_int_equal(peer_io(BLOCK_FLUSH, 0, 0, NULL), ERR_LUN_RESERVED);
    assert_int_equal(host_now, before);
    assert_int_equal(peer_io(BLOCK_READ, 0, 1, buf), OK);
    kind = FREE;
    assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), OK);
    kind = WRITE_EXCLUSIVE;
    before = host_now;
    assert_int_equal(peer_io(BLOCK_WRITE, 0, 1, buf), ERR_LUN_RESERVED);
    assert_true(host_now - before >= TIMEOUT_MS);
    assert_int_equal(error_int13_status(ERR_LUN_RESERVED), 0x03);
}

static struct block_req req;

static bool done(void)
{
    return req.done;
}

TEST(a_read_waits_for_exclusive_access_to_end)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
    kind = EXCLUSIVE_ACCESS;
    req = (struct block_req){.op = BLOCK_READ, .lba = 0, .count = 1, .data = buf};
    iscsi_disk()->ops->submit(iscsi_disk(), &req);
    peer_run(600000, NULL);
    assert_false(req.done);
    assert_int_equal(iscsi_error(), ERR_LUN_RESERVED);
    assert_string_equal(holder_text(), OTHER);
    kind = FREE;
    assert_true(peer_run(2000, done));
    assert_int_equal(req.status, OK);
    assert_int_equal(peer.connects, 1);
}

/* Answers of any length, whose lengths lie. */
TEST(what_a_target_says_of_holders_is_read_within_it)
{
    for (u32 i = 0; i < 300; i++) {
        setup();
        kind = EXCLUSIVE_ACCESS;
        peer_config.retry_ms = 0;
        status_len = 8 + (u32)rand() % 120;
        for (u32 k = 8; k < status_len; k++)
            status_data[k] = (u8)(rand() % 3 ? 0xff : 5);
        put_be32(status_data + 4, rand() % 2 ? status_len - 8 : 0xffffffff);
        assert_int_equal(peer_attach(), ISCSI_FAILED);
        assert_int_equal(iscsi_error(), ERR_LUN_RESERVED);
    }
}
