/* Several ways to one disk: which is taken, when the next one's turn comes, and that the disk at
 * their end is the same. */
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/one_request.h"
#include "iscsi/path.h"
#include "platform_host.h"
#include "san/rounds.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define ADDR(n) (PEER_ADDR - 1 + (n)) /* 10.0.0.n */
#define COUNT   64                    /* sectors of a request */

/* What is up, by the last byte of the address. */
static enum peer_portal portals[256];

static enum peer_portal by_address(ip4 addr, u16 port)
{
    (void)port;
    return portals[addr & 0xff];
}

static void setup(void)
{
    peer_reset();
    memset(portals, 0, sizeof(portals));
    peer.portal = by_address;
}

FIXTURE(setup);

static void add_path(const char *server)
{
    struct iscsi_path *p = &peer_config.paths[peer_config.path_count++];
    *p = peer_config.paths[0];
    strcpy(p->server.name, server);
}

static void assert_good(u32 n)
{
    assert_request_good();
    assert_int_equal(iscsi_used()->addr, ADDR(n));
}

/* A portal dies, with the connection to it. */
static void dies(u32 n, enum peer_portal how)
{
    portals[n] = how;
    if (peer.open && peer.addr == ADDR(n))
        peer_lose(ERR_TCP_RESET);
}

/* Attaching. */

TEST(the_first_that_answers_is_taken)
{
    add_path("10.0.0.2");
    add_path("10.0.0.3");
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(1));
    portals[1] = portals[2] = PORTAL_REFUSES;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(3));
    assert_ptr_not_equal(iscsi_used()->path, NULL);
    assert_string_equal(iscsi_used()->path->server.name, "10.0.0.3");
    portals[1] = portals[2] = PORTAL_DEAF;
    msec before = host_now;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_true(host_now - before <= 12000);
}

TEST(without_retries_each_has_one_turn)
{
    add_path("10.0.0.2");
    peer_config.retry_ms = 0;
    portals[1] = PORTAL_REFUSES;
    strcpy(peer_config.paths[1].target, "iqn.2026-11.test:other");
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), ERR_LOGIN_NOT_FOUND);
    assert_int_equal(peer.connects, 2);
    assert_string_equal(iscsi_used()->path->target, "iqn.2026-11.test:other");
}

TEST(attaching_fails_when_all_have_failed_for_good)
{
    add_path("10.0.0.2");
    peer.block_size = 520;
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), ERR_LUN_BLOCK_SIZE);
    assert_int_equal(peer.connects, 2);
}

TEST(one_that_may_come_back_is_waited_for)
{
    add_path("10.0.0.2");
    portals[1] = PORTAL_REFUSES;
    portals[2] = PORTAL_DEAF;
    msec before = host_now;
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(host_now - before, 20000);
}

TEST(each_path_has_its_own_name_and_lun)
{
    add_path("san.example");
    peer_config.paths[1].lun[1] = 7;
    peer_config.paths[1].server.port = 3265;
    peer.dns_answer = ADDR(9);
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(peer.last_lun, 1);
    dies(1, PORTAL_REFUSES);
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(10000, done));
    assert_good(9);
    assert_string_equal(peer.dns_name, "san.example");
    assert_int_equal(peer.port, 3265);
    assert_int_equal(peer.last_lun, 7);
}

TEST(a_name_that_is_not_found_costs_its_turn)
{
    strcpy(peer_config.paths[0].server.name, "san.example");
    add_path("10.0.0.2");
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(2));
    peer_config.path_count = 1;
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), ERR_DNS_FAILED);
}

/* In mid-session. */

TEST(when_one_dies_the_next_takes_over)
{
    add_path("10.0.0.2");
    add_path("10.0.0.3");
    assert_int_equal(peer_attach(), ISCSI_READY);
    static const struct {
        u8 dies, follows;
    } steps[] = {{1, 2}, {2, 3}, {3, 1}, {1, 3}};
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        portals[steps[i].follows] = PORTAL_UP;
        submit(i & 1 ? BLOCK_READ : BLOCK_WRITE, COUNT);
        dies(steps[i].dies, i & 2 ? PORTAL_REFUSES : PORTAL_DEAF);
        assert_true(peer_run(20000, done));
        assert_good(steps[i].follows);
    }
    assert_int_equal(iscsi_state(), ISCSI_READY);
}

TEST(the_path_that_worked_is_tried_first)
{
    add_path("10.0.0.2");
    portals[1] = PORTAL_REFUSES;
    assert_int_equal(peer_attach(), ISCSI_READY);
    portals[1] = PORTAL_UP;
    peer_run(10000, NULL);
    peer_lose(ERR_TCP_RESET);
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(1000, done));
    assert_good(2);
}

TEST(dead_paths_are_not_hammered)
{
    for (u32 n = 2; n <= 4; n++)
        add_path("10.0.0.2");
    assert_int_equal(peer_attach(), ISCSI_READY);
    portals[2] = PORTAL_REFUSES;
    dies(1, PORTAL_REFUSES);
    u32 before = peer.connects;
    peer_run(60000, NULL);
    u32 rounds = (peer.connects - before) / (4 + 2);
    assert_true(rounds >= 10 && rounds <= 25);
    submit(BLOCK_READ, COUNT);
    portals[1] = PORTAL_UP;
    assert_true(peer_run(5000, done));
    assert_good(1);
}

TEST(the_one_that_worked_has_every_second_turn)
{
    for (u32 n = 2; n <= 4; n++)
        add_path(n == 2 ? "10.0.0.2" : n == 3 ? "10.0.0.3" : "10.0.0.4");
    assert_int_equal(peer_attach(), ISCSI_READY);
    portals[2] = portals[3] = portals[4] = PORTAL_DEAF;
    dies(1, PORTAL_REFUSES);
    peer_run(30000, NULL);
    submit(BLOCK_READ, COUNT);
    portals[1] = PORTAL_UP;
    assert_true(peer_run(4000, done));
    assert_good(1);
}

static bool never_reads(const struct peer_pdu *p)
{
    return peer.addr == ADDR(1) && p->bhs[BHS_OPCODE] == OPCODE_SCSI_CMD &&
           p->bhs[SCSI_CMD_CDB] == SCSI_READ_10;
}

static bool says_nothing(const struct peer_pdu *p)
{
    (void)p;
    return peer.addr == ADDR(1);
}

TEST(one_that_falls_silent_is_left_first)
{
    add_path("10.0.0.2");
    for (u32 i = 0; i < 2; i++) {
        peer.hook = NULL;
        assert_int_equal(peer_attach(), ISCSI_READY);
        /* Mute as a whole, or only where it reads, which a disk is given a minute for. */
        peer.hook = i ? never_reads : says_nothing;
        submit(BLOCK_READ, COUNT);
        msec before = host_now;
        assert_true(peer_run(100000, done));
        assert_good(2);
        assert_true(host_now - before <= (i ? 61000 : 16000));
    }
}

TEST(an_address_is_remembered_when_the_name_server_is_away)
{
    strcpy(peer_config.paths[0].server.name, "san.example");
    peer.dns_answer = ADDR(5);
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.dns_answer = 0;
    peer_lose(ERR_TCP_RESET);
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(1000, done));
    assert_good(5);
    /* A new one counts. */
    peer.dns_answer = ADDR(6);
    peer_lose(ERR_TCP_RESET);
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(1000, done));
    assert_good(6);
}

/* Where a controller does not serve the disk, as its ports say (ALUA). */
static u32 standby; /* this path is in standby */

static bool in_standby(const struct peer_pdu *p)
{
    static const u8 sense[18] = {0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 0x0b};
    u8 opcode = p->bhs[SCSI_CMD_CDB];
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || peer.addr != ADDR(standby) ||
        opcode == SCSI_REPORT_LUNS || opcode == SCSI_INQUIRY)
        return false;
    peer_status(get_be32(p->bhs + BHS_ITT), SCSI_CHECK_CONDITION, sense, sizeof(sense));
    return true;
}

TEST(a_path_in_standby_is_passed_over)
{
    add_path("10.0.0.2");
    peer.hook = in_standby;
    standby = 1;
    msec before = host_now;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(2));
    assert_true(host_now - before < 1000);
}

TEST(one_that_goes_to_standby_is_left_and_no_request_fails)
{
    add_path("10.0.0.2");
    peer.hook = in_standby;
    standby = 9;
    assert_int_equal(peer_attach(), ISCSI_READY);
    for (u32 i = 0; i < 4; i++) {
        standby = 1 + i % 2;
        submit(i & 2 ? BLOCK_READ : BLOCK_WRITE, COUNT);
        assert_true(peer_run(1000, done));
        assert_good(2 - i % 2);
    }
    /* The other one is gone, too: the request waits for either. */
    dies(1, PORTAL_REFUSES);
    submit(BLOCK_WRITE, COUNT);
    assert_false(peer_run(30000, done));
    standby = 9;
    assert_true(peer_run(10000, done));
    assert_good(2);
}

TEST(the_only_path_in_standby_is_tried_until_the_time_is_up)
{
    peer.hook = in_standby;
    standby = 1;
    msec before = host_now;
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), ERR_LUN_STANDBY);
    assert_int_equal(host_now - before, 20000);
    assert_true(peer.connects < 15);
}

/* It has to be the same disk. */

static const u8 serial_a[] = {0, 0x80, 0, 8, ' ', 'd', 'i', 's', 'k', ' ', '0', '1'};
static const u8 serial_b[] = {0, 0x80, 0, 8, ' ', 'd', 'i', 's', 'k', ' ', '0', '2'};
/* NAA, T10 vendor; then what is a port's, or a vendor's own affair. */
#define NAA(x)  1, 3, 0, 8, 0x60, 1, 2, 3, 4, 5, 6, x
#define T10     2, 1, 0, 9, 'M', 'A', 'K', 'E', 'R', ' ', ' ', ' ', '1'
#define PORT(x) 0x61, 0x93, 0, 4, 0, 0, 0, x, 1, 0, 0, 4, 'o', 'w', 'n', x
static const u8 designators_a[] = {0, 0x83, 0, 41, NAA(1), T10, PORT(1)};
static const u8 designators_a_elsewhere[] = {0, 0x83, 0, 41, PORT(9), T10, NAA(1)};
static const u8 designators_b[] = {0, 0x83, 0, 41, NAA(2), T10, PORT(1)};
static const u8 designators_of_ports[] = {0, 0x83, 0, 16, PORT(1)};

/* Attach by path 1, with these pages; what happens when path 2 shows those? */
static bool taken_for_the_same(const u8 *serial_1, const u8 *designators_1, const u8 *serial_2,
                               const u8 *designators_2)
{
    setup();
    add_path("10.0.0.2");
    peer.serial_page = serial_1;
    peer.designator_page = designators_1;
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.serial_page = serial_2;
    peer.designator_page = designators_2;
    dies(1, PORTAL_REFUSES);
    submit(BLOCK_WRITE, COUNT);
    bool same = peer_run(60000, done);
    if (same) {
        assert_good(2);
        return true;
    }
    assert_int_equal(peer.writes, 0);
    assert_int_equal(iscsi_state(), ISCSI_RECOVERING);
    /* When the right one is back, all is well. */
    peer.serial_page = serial_1;
    peer.designator_page = designators_1;
    assert_true(peer_run(10000, done));
    assert_good(2);
    return false;
}

TEST(designators_tell_disks_apart)
{
    assert_true(taken_for_the_same(serial_a, designators_a, serial_a, designators_a));
    assert_true(taken_for_the_same(NULL, designators_a, NULL, designators_a_elsewhere));
    /* They count more than the serial number: some targets have one for all their LUNs. */
    assert_false(taken_for_the_same(serial_a, designators_a, serial_a, designators_b));
    assert_true(taken_for_the_same(serial_a, designators_a, serial_b, designators_a));
}

TEST(else_the_serial_number_does)
{
    assert_true(taken_for_the_same(serial_a, NULL, serial_a, NULL));
    assert_false(taken_for_the_same(serial_a, NULL, serial_b, NULL));
    assert_true(taken_for_the_same(serial_a, designators_of_ports, serial_a, NULL));
    assert_false(taken_for_the_same(serial_a, designators_of_ports, serial_b, NULL));
}

TEST(one_that_no_longer_says_who_it_is_is_another)
{
    assert_false(taken_for_the_same(serial_a, designators_a, NULL, NULL));
    assert_false(taken_for_the_same(serial_a, NULL, NULL, NULL));
    assert_true(taken_for_the_same(NULL, NULL, NULL, NULL));
    /* What could not be told at first is known from then on. */
    assert_true(taken_for_the_same(NULL, NULL, serial_a, NULL));
}

TEST(another_disk_has_an_error_of_its_own)
{
    peer.designator_page = designators_a;
    assert_int_equal(peer_attach(), ISCSI_READY);
    peer.designator_page = designators_b;
    peer_lose(ERR_TCP_RESET);
    peer_run(60000, NULL);
    assert_int_equal(iscsi_error(), ERR_OTHER_DISK);
    assert_true(peer.connects < 30);
}

TEST(pages_that_lie_about_their_lengths)
{
    u8 page[600];
    for (u32 round = 0; round < 300; round++) {
        setup();
        for (u32 i = 0; i < sizeof(page); i++)
            page[i] = (u8)(round % 3 ? rand() : 0xff);
        page[1] = round & 1 ? 0x83 : 0x80;
        put_be16(page + 2, (u16)(round % 7 ? rand() % 596 : 0));
        for (u32 at = 4, len; round & 2 && at < 560; at += 4 + len) {
            page[at + 1] = 3; /* NAA */
            page[at + 3] = (u8)(len = (u32)rand() % 40);
        }
        peer.serial_page = peer.designator_page = page;
        assert_int_equal(peer_attach(), ISCSI_READY);
        peer_lose(ERR_TCP_RESET);
        assert_true(peer_run(1000, peer_ready)); /* the same, whatever it is */
    }
}

/* Portals that the target tells of. */

#define TELL(text)                                                                                 \
    (peer.targets = (text), peer.targets_len = sizeof(text), peer_config.discover = true)
#define OURS "TargetName=" PEER_TARGET "\0"

TEST(portals_are_learned_by_send_targets)
{
    TELL("TargetName=iqn.2026-11.test:other\0TargetAddress=10.0.0.66:3260,1\0" OURS
         "TargetAddress=10.0.0.1:3260,1\0TargetAddress=[2001:db8::7]:3260,1\0"
         "TargetAddress=10.0.0.7:3261,2\0TargetAddress=\0TargetAddress=10.0.0.8:0,2\0"
         "TargetName=iqn.2026-11.test:disk2\0TargetAddress=10.0.0.67:3260,1\0");
    msec before = host_now;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(host_now, before);
    assert_int_equal(peer.text_requests, 1);
    assert_int_equal(peer.connects, 2);
    assert_int_equal(iscsi_used()->addr, ADDR(1));
    assert_int_equal(rounds_ways(), 2);
    dies(1, PORTAL_DEAF);
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(10000, done));
    assert_good(7);
    assert_int_equal(peer.port, 3261);
    assert_int_equal(peer.text_requests, 1); /* it is not asked again */
}

/* Logins for the disk, at the portal that was set. */
static bool loses_logins(const struct peer_pdu *p)
{
    bool here = peer_opcode(p) == OPCODE_LOGIN_REQ && peer.addr == ADDR(1) && peer.text_requests;
    if (here)
        peer_lose(ERR_TCP_RESET);
    return here;
}

TEST(a_learned_portal_also_helps_with_attaching)
{
    TELL(OURS "TargetAddress=10.0.0.7,1\0");
    peer.hook = loses_logins;
    portals[1] = PORTAL_UP;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(7));
}

static bool only_discoveries(const struct peer_pdu *p)
{
    if (peer_opcode(p) != OPCODE_LOGIN_REQ || peer.addr != ADDR(1) || !peer.text_requests)
        return false;
    peer_login_answer(p, 0, 2, 2, NULL, 0);
    return true;
}

TEST(also_when_the_first_does_not_want_us)
{
    TELL(OURS "TargetAddress=10.0.0.7,1\0");
    peer.hook = only_discoveries;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(7));
}

TEST(there_is_room_for_so_many)
{
    TELL(OURS "TargetAddress=10.0.0.11\0TargetAddress=10.0.0.12\0TargetAddress=10.0.0.13\0"
              "TargetAddress=10.0.0.11\0TargetAddress=10.0.0.14\0TargetAddress=10.0.0.15\0"
              "TargetAddress=10.0.0.16\0TargetAddress=10.0.0.17\0TargetAddress=10.0.0.18\0"
              "TargetAddress=10.0.0.19\0TargetAddress=10.0.0.20\0TargetAddress=10.0.0.21\0");
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(rounds_ways(), 8);
}

/* Whatever a discovery comes to: the disk is attached. */

static bool in_discovery(const struct peer_pdu *p)
{
    static const char sign[] = "SessionType=Discovery";
    for (u32 i = 0; peer_opcode(p) == OPCODE_LOGIN_REQ && i + sizeof(sign) <= p->len; i++)
        if (!memcmp(p->data + i, sign, sizeof(sign)))
            return true;
    return false;
}

static bool refuse(const struct peer_pdu *p)
{
    if (in_discovery(p))
        peer_login_answer(p, 0, 2, 2, NULL, 0);
    return in_discovery(p);
}

static bool send_elsewhere(const struct peer_pdu *p)
{
    static const char to[] = "TargetAddress=10.0.0.66";
    if (in_discovery(p))
        peer_login_answer(p, 0x04, 1, 1, to, sizeof(to));
    return in_discovery(p);
}

static bool hang_in_login(const struct peer_pdu *p)
{
    return in_discovery(p);
}

static bool hang_in_text(const struct peer_pdu *p)
{
    return peer_opcode(p) == OPCODE_TEXT_REQ;
}

static bool lose_in_text(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_TEXT_REQ)
        peer_lose(ERR_TCP_CLOSED);
    return peer_opcode(p) == OPCODE_TEXT_REQ;
}

static bool reject_text(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE];
    if (peer_opcode(p) != OPCODE_TEXT_REQ)
        return false;
    peer_header(bhs, OPCODE_REJECT, FLAG_FINAL, ISCSI_NO_TAG, true);
    peer_send(bhs, p->bhs, BHS_SIZE);
    return true;
}

static bool answer_with_garbage(const struct peer_pdu *p)
{
    u8 bhs[BHS_SIZE], garbage[20000];
    if (peer_opcode(p) != OPCODE_TEXT_REQ)
        return false;
    memset(garbage, 'x', sizeof(garbage));
    memcpy(garbage, OURS, sizeof(OURS) - 1);
    peer_header(bhs, OPCODE_TEXT_RSP, 0, 0, true);
    peer_send(bhs, garbage, sizeof(garbage));
    return true;
}

TEST(a_discovery_that_fails_costs_three_seconds_at_most)
{
    static const struct {
        bool (*hook)(const struct peer_pdu *p);
        u32 ms;
    } cases[] = {
        {refuse, 0},       {send_elsewhere, 0}, {hang_in_login, 3000},   {hang_in_text, 3000},
        {lose_in_text, 0}, {reject_text, 0},    {answer_with_garbage, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        setup();
        TELL(OURS);
        peer.hook = cases[i].hook;
        msec before = host_now;
        assert_int_equal(peer_attach(), ISCSI_READY);
        assert_int_equal(host_now - before, cases[i].ms);
        assert_int_equal(iscsi_used()->addr, ADDR(1));
        assert_int_equal(rounds_ways(), 1);
        submit(BLOCK_WRITE, COUNT);
        assert_true(peer_run(10, done));
        assert_good(1);
    }
}

TEST(a_discovery_may_want_chap_too)
{
    TELL(OURS "TargetAddress=10.0.0.7\0");
    peer.chap = true;
    strcpy(peer_config.user, "joe");
    strcpy(peer_config.secret, "a secret of joe");
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(rounds_ways(), 2);
    assert_true(iscsi_used()->chap);
}

TEST(a_redirects_goal_is_a_portal_too)
{
    peer.hook = peer_redirects_once;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(rounds_ways(), 2);
    /* The one that was configured dies, and the goal's connection is lost. */
    peer_run(10000, NULL);
    portals[1] = PORTAL_DEAF;
    dies(7, PORTAL_UP);
    submit(BLOCK_WRITE, COUNT);
    assert_true(peer_run(10000, done));
    assert_good(7);
}
