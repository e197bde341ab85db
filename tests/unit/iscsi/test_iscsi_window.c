/* The command window (RFC 7143, 4.2.2.1), small or shut. */
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define REQUESTS      40
#define ONE_AT_A_TIME 1

static u8 data[REQUESTS * 512];
static struct block_req requests[REQUESTS];

FIXTURE(peer_reset);

static void attach(void)
{
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(peer.connects, 1);
    assert_int_equal(host_now, 1000); /* nothing but round trips */
}

static bool all_done(void)
{
    for (u32 i = 0; i < REQUESTS; i++)
        if (!requests[i].done)
            return false;
    return true;
}

/* Reads and writes, given together. */
static void move_much(void)
{
    for (u32 i = 0; i < REQUESTS; i++) {
        requests[i] = (struct block_req){
            .op = i % 2 ? BLOCK_READ : BLOCK_WRITE, .lba = i, .count = 1, .data = data + i * 512};
        memset(requests[i].data, (int)i, 512);
        iscsi_disk()->ops->submit(iscsi_disk(), &requests[i]);
    }
    assert_true(peer_run(1000, all_done));
    for (u32 i = 0; i < REQUESTS; i++)
        assert_int_equal(requests[i].status, OK);
    assert_memory_equal(data, peer.disk, sizeof(data));
}

TEST(a_window_that_never_opens_lets_one_immediate_command_through_at_a_time)
{
    peer.window = 0;
    attach();
    assert_int_equal(peer.immediate_commands, TOGETHER);
    move_much();
    assert_int_equal(peer.immediate_commands, TOGETHER + REQUESTS);
    assert_int_equal(peer.in_flight_max, ONE_AT_A_TIME);
    assert_int_equal(peer.connects, 1);
}

TEST(a_window_of_one_needs_no_immediate_command)
{
    peer.window = 1;
    attach();
    move_much();
    assert_int_equal(peer.immediate_commands, 0);
    assert_int_equal(peer.in_flight_max, ONE_AT_A_TIME);
}

static bool open_window(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_SCSI_CMD)
        peer.window = 8;
    return false;
}

TEST(the_answer_to_an_immediate_command_may_open_it)
{
    peer.window = 0;
    peer.hook = open_window;
    attach();
    move_much();
    assert_int_equal(peer.immediate_commands, 1);
    assert_int_equal(peer.connects, 1);
}

/* Writes whose data is asked for, in more than one R2T. */
TEST(immediate_commands_move_data_as_others_do)
{
    static u8 much[64 * 512];
    peer.window = 0;
    peer.max_burst = 32768;
    attach();
    memset(much, 0x5a, sizeof(much));
    assert_int_equal(peer_io(BLOCK_WRITE, 7, 64, much), OK);
    assert_memory_equal(peer.disk + 7 * 512, much, 64 * 512);
    assert_true(peer.solicited);
}

static u32 rejects;

static bool reject_immediate(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    if (p->bhs[BHS_OPCODE] != (OPCODE_SCSI_CMD | OPCODE_IMMEDIATE) || !rejects)
        return false;
    rejects--;
    peer_header(bhs, OPCODE_REJECT, FLAG_FINAL, ISCSI_NO_TAG, true);
    bhs[REJECT_REASON] = REJECT_IMMEDIATE;
    peer_send(bhs, p->bhs, BHS_SIZE);
    return true;
}

TEST(too_many_immediate_commands_for_the_target_are_sent_later)
{
    peer.window = 0;
    peer.hook = reject_immediate;
    rejects = 20;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(rejects, 0);
    assert_int_equal(peer.connects, 1);
}
