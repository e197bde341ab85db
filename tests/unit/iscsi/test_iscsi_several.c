/* Two disks, each of a target of its own: what goes on with one is nothing to the other. */
#include "base/loop.h"
#include "iscsi/iscsi_peer.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define COUNT 8 /* sectors */

static struct block_req reqs[PEERS];
static u8 data[PEERS][COUNT * 512];

static void attach(u32 which)
{
    peer_turn(which);
    peer_config.paths->server.name[7] = (char)('1' + which);
    peer_config.isid[3] = (u8)which;
    iscsi_attach(&peer_config, 20000, host_now);
}

static bool both_ready(void)
{
    bool ready = true;
    for (u32 which = 0; which < PEERS; which++) {
        peer_turn(which);
        ready &= iscsi_state() == ISCSI_READY;
    }
    return ready;
}

static void setup(void)
{
    peer_reset();
    for (u32 which = 0; which < PEERS; which++) {
        peer_turn(which);
        memset(peer.disk, 0xa0 + (int)which, COUNT * 512);
    }
}

FIXTURE(setup);

static void attach_both(void)
{
    for (u32 which = 0; which < PEERS; which++)
        attach(which);
    assert_true(peer_run(5000, both_ready));
}

static void submit(u32 which)
{
    peer_turn(which);
    reqs[which] =
        (struct block_req){.op = BLOCK_READ, .lba = 0, .count = COUNT, .data = data[which]};
    memset(data[which], 0xee, sizeof(data[which]));
    iscsi_disk()->ops->submit(iscsi_disk(), &reqs[which]);
}

static bool first_done(void)
{
    return reqs[0].done;
}

static bool second_done(void)
{
    return reqs[1].done;
}

static void assert_good(u32 which)
{
    assert_int_equal(reqs[which].status, OK);
    assert_memory_equal(data[which], peers[which].disk, COUNT * 512);
}

/* The second disk, again and again, with time between. */
static void second_is_read(u32 times)
{
    for (u32 i = 0; i < times; i++) {
        submit(1);
        assert_true(peer_run(1000, second_done));
        assert_good(1);
        peer_run(500, NULL);
    }
    peer_turn(1);
    assert_int_equal(iscsi_state(), ISCSI_READY);
    assert_int_equal(peers[1].connects, 1);
}

static void first_comes_back(void)
{
    assert_true(peer_run(60000, first_done));
    assert_good(0);
    peer_turn(0);
    assert_int_equal(iscsi_state(), ISCSI_READY);
}

/* Their logins go on in turn, in pieces and with CHAP. */
TEST(both_are_attached_at_once)
{
    peers[0].login_pieces = 40;
    peers[1].chap = true;
    strcpy(peer_config.user, "joe");
    strcpy(peer_config.secret, "a secret of joe");
    attach_both();
    for (u32 which = 0; which < PEERS; which++)
        assert_int_equal(peers[which].connects, 1);
}

TEST(reads_of_both_go_on_at_once)
{
    attach_both();
    submit(0);
    submit(1);
    assert_true(peer_run(1000, second_done));
    assert_true(peer_run(1000, first_done));
    assert_good(0);
    assert_good(1);
}

TEST(one_is_silent)
{
    attach_both();
    peers[0].mute = true;
    submit(0);
    second_is_read(100);
    assert_false(reqs[0].done);
    peers[0].mute = false;
    first_comes_back();
}

TEST(one_is_reset_and_refused)
{
    attach_both();
    peers[0].refuse = true;
    submit(0);
    peer_turn(0);
    peer_lose(ERR_TCP_RESET);
    second_is_read(20);
    assert_false(reqs[0].done);
    peer_turn(0);
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    assert_int_equal(iscsi_error(), ERR_TCP_REFUSED);
    peers[0].refuse = false;
    first_comes_back();
}

static bool first_portal_is_dead;

static enum peer_portal portal(ip4 addr, u16 port)
{
    (void)port;
    return addr == PEER_ADDR && first_portal_is_dead ? PORTAL_DEAF : PORTAL_UP;
}

TEST(one_goes_another_way)
{
    first_portal_is_dead = false;
    peers[0].portal = portal;
    peer_config.paths[1] = peer_config.paths[0];
    peer_config.paths[1].server.name[7] = '9';
    peer_config.path_count = 2;
    attach(0);
    peer_config.path_count = 1;
    attach(1);
    assert_true(peer_run(5000, both_ready));
    first_portal_is_dead = true;
    submit(0);
    peer_turn(0);
    peer_lose(ERR_TCP_TIMEOUT);
    second_is_read(2);
    first_comes_back();
    assert_int_equal(peers[0].addr, 0x0a000009);
    assert_int_equal(peers[1].addr, 0x0a000002);
}

/* Esc at a call for the first. */
TEST(what_is_given_up_of_one_is_not_of_the_other)
{
    attach_both();
    peers[0].mute = peers[1].mute = true;
    submit(0);
    submit(1);
    peer_run(1000, NULL);
    peer_turn(1);
    struct block_dev *second = iscsi_disk();
    peer_turn(0);
    iscsi_disk()->ops->abort(iscsi_disk());
    assert_true(reqs[0].done);
    assert_int_equal(reqs[0].status, ERR_ABORTED);
    assert_false(reqs[1].done);
    /* What is asked of a device is asked of its target, whoever was selected. */
    static u8 elsewhere[COUNT * 512];
    second->ops->redirect(second, &reqs[1], elsewhere);
    peers[0].mute = peers[1].mute = false;
    assert_true(peer_run(60000, second_done));
    assert_int_equal(reqs[1].status, OK);
    assert_memory_equal(elsewhere, peers[1].disk, COUNT * 512);
}

TEST(one_is_left_and_the_other_stays)
{
    attach_both();
    peer_turn(0);
    iscsi_logout(host_now);
    peer_run(5000, NULL);
    assert_int_equal(iscsi_state(), ISCSI_CLOSED);
    assert_int_equal(peers[0].logouts, 1);
    assert_int_equal(peers[1].logouts, 0);
    second_is_read(3);
}
