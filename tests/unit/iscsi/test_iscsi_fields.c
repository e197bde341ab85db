/* What stands in the PDUs that we send (RFC 7143, 11), byte for byte:
 * tests/conformance/unh-iol-*.md say which item of the UNH-IOL's lists each test is for. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define LUN_1 "\0\1\0\0\0\0\0\0"

static const u8 none[BHS_SIZE];
static u8 buf[PEER_BLOCKS * 512];

FIXTURE(peer_reset);

static void assert_zero(const struct peer_pdu *p, u32 from, u32 to)
{
    assert_memory_equal(p->bhs + from, none, to - from);
}

/* Login Requests (11.12). */

static u32 requests, first_stat_sn, itt_of_login;

static bool check_login(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ)
        return false;
    u8 flags = p->bhs[BHS_FLAGS], current = flags >> 2 & 3, next = flags & 3;
    if (!requests++) {
        itt_of_login = get_be32(p->bhs + BHS_ITT);
        assert_int_equal(get_be32(p->bhs + BHS_EXP_STAT_SN), 0);
        peer.stat_sn = first_stat_sn;
    } else {
        assert_int_equal(get_be32(p->bhs + BHS_EXP_STAT_SN), peer.stat_sn);
    }
    assert_int_equal(p->bhs[BHS_OPCODE], OPCODE_LOGIN_REQ | OPCODE_IMMEDIATE);
    assert_int_equal(flags & 0x30, 0);
    assert_false((flags & LOGIN_TRANSIT) && (flags & LOGIN_CONTINUE));
    assert_true(current == 0 || current == 1);
    assert_int_equal(next, flags & LOGIN_TRANSIT ? (current ? 3 : 1) : 0);
    assert_zero(p, 2, 5); /* Version-max, Version-min, TotalAHSLength */
    assert_memory_equal(p->bhs + LOGIN_ISID, peer_config.isid, 6);
    assert_zero(p, LOGIN_TSIH,
                LOGIN_TSIH + 2); /* a new session, also when an old one is replaced */
    assert_int_equal(get_be32(p->bhs + BHS_ITT), itt_of_login);
    assert_zero(p, 20, 24); /* CID */
    assert_int_equal(get_be32(p->bhs + BHS_CMD_SN), 1);
    assert_zero(p, 32, BHS_SIZE);
    return false;
}

TEST(the_login_request)
{
    static const u32 stat_sns[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    for (u32 i = 0; i < ARRAY_SIZE(stat_sns) * 2; i++) {
        peer_reset();
        peer.chap = i & 1;
        peer.login_pieces = i & 1 ? 100 : 0;
        strcpy(peer_config.user, i & 1 ? "joe" : "");
        strcpy(peer_config.secret, "a secret of joe");
        first_stat_sn = stat_sns[i / 2];
        requests = 0;
        peer.hook = check_login;
        assert_int_equal(peer_attach(), ISCSI_READY);
        assert_true(requests >= (i & 1 ? 4 : 1));
        assert_int_equal(iscsi_stats.bad_stat_sn, 0);
    }
}

TEST(a_login_after_a_loss_replaces_the_session)
{
    peer.hook = check_login;
    requests = first_stat_sn = 0;
    assert_int_equal(peer_attach(), ISCSI_READY);
    requests = 0;
    first_stat_sn = 77;
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(10000, peer_ready));
    assert_int_equal(requests, 1);
}

/* SCSI Commands (11.3). */

static u32 next_cmd_sn, commands;
static bool one_at_a_time;

static bool check_command(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_SCSI_CMD)
        return false;
    const u8 *cdb = p->bhs + SCSI_CMD_CDB;
    bool write = cdb[0] == SCSI_WRITE_10;
    u32 len = get_be32(p->bhs + SCSI_CMD_LENGTH), immediate = 0;
    if (write && peer.immediate)
        immediate = min_u32(min_u32(len, peer.first_burst), peer.max_recv_data);
    bool more = write && !peer.initial_r2t && min_u32(len, peer.first_burst) > immediate;
    assert_int_equal(p->bhs[BHS_OPCODE], OPCODE_SCSI_CMD);
    u8 direction = write ? SCSI_CMD_WRITE : len ? SCSI_CMD_READ : 0;
    assert_int_equal(p->bhs[BHS_FLAGS], (more ? 0 : FLAG_FINAL) | direction | SCSI_CMD_SIMPLE);
    assert_zero(p, 2, 5);
    assert_int_equal(p->len, immediate);
    assert_memory_equal(p->bhs + BHS_LUN,
                        cdb[0] == SCSI_REPORT_LUNS ? (const u8 *)none : (const u8 *)LUN_1, 8);
    assert_int_not_equal(get_be32(p->bhs + BHS_ITT), ISCSI_NO_TAG);
    assert_int_equal(get_be32(p->bhs + BHS_CMD_SN), next_cmd_sn);
    next_cmd_sn++;
    commands++;
    if (one_at_a_time) /* everything that the target has said was heard */
        assert_int_equal(get_be32(p->bhs + BHS_EXP_STAT_SN), peer.stat_sn);
    if (write) {
        assert_memory_equal(p->data, buf, immediate);
        assert_int_equal(len, get_be16(cdb + 7) * 512);
    }
    return false;
}

TEST(the_scsi_command)
{
    for (u32 way = 0; way < 4; way++) {
        peer_reset();
        peer.immediate = way & 1;
        peer.initial_r2t = way >> 1;
        next_cmd_sn = 1;
        commands = 0;
        one_at_a_time = false;
        peer.hook = check_command;
        assert_int_equal(peer_attach(), ISCSI_READY);
        one_at_a_time = true;
        for (u32 count = 1; count < 300; count += 37) {
            assert_int_equal(peer_io(BLOCK_READ, count, count, buf), OK);
            assert_int_equal(peer_io(BLOCK_WRITE, 2 * count, count, buf), OK);
            assert_memory_equal(peer.disk + 2 * count * 512, buf, count * 512);
        }
        assert_int_equal(peer_io(BLOCK_FLUSH, 0, 0, NULL), OK);
        assert_int_equal(commands, 8 + 2 * 9 + 1);
    }
}

/* Immediate PDUs take no CmdSN (4.2.2.1). */
TEST(pings_between_commands_take_no_number)
{
    next_cmd_sn = 1;
    one_at_a_time = false;
    peer.hook = check_command;
    assert_int_equal(peer_attach(), ISCSI_READY);
    for (u32 i = 0; i < 5; i++) {
        u8 bhs[BHS_SIZE];
        peer_nop_in(bhs, i);
        peer_send(bhs, NULL, 0);
        peer_run(6000, NULL); /* ours, too */
        assert_int_equal(peer_io(BLOCK_READ, i, 1, buf), OK);
    }
    assert_int_equal(peer.nop_answers, 5);
    assert_true(peer.pings >= 5);
}

/* Data-Out (11.7): sequences, one for each R2T and one that was not asked for. */

static struct {
    u32 ttt, next_data_sn, offset, end, total;
} sequence;
static u32 data_outs, r2ts;

static bool check_data_out(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_SCSI_CMD && p->bhs[SCSI_CMD_CDB] == SCSI_WRITE_10) {
        sequence.ttt = ISCSI_NO_TAG;
        sequence.offset = p->len;
        sequence.total = get_be32(p->bhs + SCSI_CMD_LENGTH);
        sequence.end = min_u32(sequence.total, peer.first_burst);
        sequence.next_data_sn = r2ts = 0;
        if (p->bhs[BHS_FLAGS] & FLAG_FINAL)
            sequence.end = p->len;
    }
    if (peer_opcode(p) != OPCODE_DATA_OUT)
        return false;
    data_outs++;
    if (sequence.offset == sequence.end) { /* the peer's next R2T */
        sequence.ttt = 0x55000000 + r2ts++;
        sequence.next_data_sn = 0;
        sequence.end = min_u32(sequence.offset + peer.max_burst, sequence.total);
    }
    bool last = sequence.offset + p->len == sequence.end;
    assert_int_equal(p->bhs[BHS_OPCODE], OPCODE_DATA_OUT);
    assert_int_equal(p->bhs[BHS_FLAGS], last ? FLAG_FINAL : 0);
    assert_zero(p, 2, 5);
    assert_true(p->len > 0 && p->len <= peer.max_recv_data);
    /* The LUN goes with a tag of the target's. */
    assert_memory_equal(p->bhs + BHS_LUN,
                        sequence.ttt == ISCSI_NO_TAG ? (const u8 *)none : (const u8 *)LUN_1, 8);
    assert_int_equal(get_be32(p->bhs + BHS_ITT), peer.last_itt);
    assert_int_equal(get_be32(p->bhs + BHS_TTT), sequence.ttt);
    assert_zero(p, 24, 28);
    assert_zero(p, 32, 36);
    assert_int_equal(get_be32(p->bhs + BHS_DATA_SN), sequence.next_data_sn);
    assert_int_equal(get_be32(p->bhs + BHS_BUFFER_OFFSET), sequence.offset);
    assert_zero(p, 44, 48);
    sequence.next_data_sn++;
    sequence.offset += p->len;
    return false;
}

TEST(the_data_out)
{
    static const u32 recv_data[] = {512, 1000, 8192, 65536};
    for (u32 way = 0; way < 4; way++)
        for (u32 i = 0; i < ARRAY_SIZE(recv_data); i++) {
            peer_reset();
            peer.immediate = way & 1;
            peer.initial_r2t = way >> 1;
            peer.max_recv_data = recv_data[i];
            peer.first_burst = 16384;
            peer.max_burst = 16384 + 512; /* no multiple of what a PDU holds */
            assert_int_equal(peer_attach(), ISCSI_READY);
            data_outs = 0;
            for (u32 k = 0; k < 32 * 512; k++)
                buf[k] = (u8)(k * 7 + way);
            peer.hook = check_data_out;
            assert_int_equal(iscsi_disk()->max_blocks, 33);
            assert_int_equal(peer_io(BLOCK_WRITE, 3, 33, buf), OK);
            assert_memory_equal(peer.disk + 3 * 512, buf, 33 * 512);
            assert_true(data_outs > 0);
        }
}

/* NOP-Out (11.18). */

static u32 nops;

static bool check_nop(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_NOP_OUT)
        return false;
    nops++;
    assert_int_equal(p->bhs[BHS_OPCODE], OPCODE_NOP_OUT | OPCODE_IMMEDIATE);
    assert_int_equal(p->bhs[BHS_FLAGS], FLAG_FINAL);
    assert_zero(p, 2, 8);
    assert_int_equal(p->len, 0);
    assert_zero(p, 32, 48);
    assert_int_equal(get_be32(p->bhs + BHS_EXP_STAT_SN), peer.stat_sn);
    assert_int_equal(get_be32(p->bhs + BHS_CMD_SN), peer.exp_cmd_sn);
    if (get_be32(p->bhs + BHS_ITT) == ISCSI_NO_TAG) { /* an answer */
        assert_int_equal(get_be32(p->bhs + BHS_TTT), 0xabcdef);
        assert_memory_equal(p->bhs + BHS_LUN, "\1\2\3\4\5\6\7\x08", 8);
    } else {
        assert_int_equal(get_be32(p->bhs + BHS_TTT), ISCSI_NO_TAG);
        assert_zero(p, BHS_LUN, BHS_LUN + 8);
    }
    return false;
}

TEST(the_nop_out)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = check_nop;
    nops = 0;
    for (u32 i = 0; i < 3; i++) {
        u8 bhs[BHS_SIZE];
        peer_nop_in(bhs, 0xabcdef);
        memcpy(bhs + BHS_LUN, "\1\2\3\4\5\6\7\x08", 8);
        peer_send(bhs, "ping data", i * 4);
        peer_run(6000, NULL);
    }
    assert_int_equal(peer.nop_answers, 3);
    assert_int_equal(nops, peer.nop_answers + peer.pings);
    assert_true(peer.pings >= 3);
    /* A NOP-In that wants no answer gets none. */
    u8 bhs[BHS_SIZE];
    peer_nop_in(bhs, ISCSI_NO_TAG);
    peer_send(bhs, NULL, 0);
    peer_run(10, NULL);
    assert_int_equal(peer.nop_answers, 3);
}

/* Logout Request (11.14). */

static bool check_logout(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGOUT_REQ)
        return false;
    assert_int_equal(p->bhs[BHS_OPCODE], OPCODE_LOGOUT_REQ | OPCODE_IMMEDIATE);
    assert_int_equal(p->bhs[BHS_FLAGS], FLAG_FINAL | 0); /* close the session */
    assert_zero(p, 2, 16);
    assert_int_equal(p->len, 0);
    assert_int_not_equal(get_be32(p->bhs + BHS_ITT), ISCSI_NO_TAG);
    assert_zero(p, 20, 24);
    assert_int_equal(get_be32(p->bhs + BHS_CMD_SN), peer.exp_cmd_sn);
    assert_int_equal(get_be32(p->bhs + BHS_EXP_STAT_SN), peer.stat_sn);
    assert_zero(p, 32, 48);
    return false;
}

TEST(the_logout_request)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = check_logout;
    assert_int_equal(peer_io(BLOCK_READ, 0, 8, buf), OK);
    iscsi_logout(host_now);
    peer_run(1000, NULL);
    assert_int_equal(peer.logouts, 1);
    assert_int_equal(iscsi_state(), ISCSI_CLOSED);
}

/* Data-In with the A bit, which only error recovery that we don't have would answer (11.7.2). */
static bool with_a_bit(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_READ_10)
        return false;
    u8 bhs[BHS_SIZE];
    for (u32 i = 0; i < 8; i++) {
        bool last = i == 7;
        u8 flags = 0x40 | (last ? FLAG_FINAL | DATA_IN_STATUS : 0);
        peer_header(bhs, OPCODE_DATA_IN, flags, peer.last_itt, last);
        put_be32(bhs + BHS_TTT, last ? ISCSI_NO_TAG : 5);
        put_be32(bhs + BHS_DATA_SN, i);
        put_be32(bhs + BHS_BUFFER_OFFSET, i * 512);
        peer_send(bhs, peer.disk + i * 512, 512);
    }
    return true;
}

TEST(the_a_bit_of_data_in_changes_nothing)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.hook = with_a_bit;
    u32 before = peer.pdus;
    assert_int_equal(peer_io(BLOCK_READ, 0, 8, buf), OK);
    assert_memory_equal(buf, peer.disk, 8 * 512);
    assert_int_equal(peer.pdus, before + 1);
}
