/* Asymmetric access: of several ways to the disk the one to the controller that it belongs to. */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/alua.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/one_request.h"
#include "platform_host.h"
#include "san/rounds.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define ADDR(n) (PEER_ADDR - 1 + (n)) /* 10.0.0.n */
#define PORTALS 5
#define SECTORS 8

enum access { OPTIMISED, NON_OPTIMISED, STANDBY, UNAVAILABLE };

/* What is up, and the state of the port group behind each portal, by the address's last byte. */
static enum peer_portal portals[PORTALS];
static enum access states[PORTALS];
static u8 tpgs;        /* byte 5 of INQUIRY data */
static bool by_port;   /* only the relative target port is told, no group */
static bool refuses;   /* REPORT TARGET PORT GROUPS */
static u32 mute_login; /* the portal with this number answers no login; 0: none */
static u32 asked;      /* REPORT TARGET PORT GROUPS that came */

static enum peer_portal by_address(ip4 addr, u16 port)
{
    (void)port;
    return portals[addr & 0xff];
}

static u32 here(void)
{
    return peer.addr & 0xff;
}

/* Port 100 + n is all of group n. */
static u32 tell_groups(u8 *to)
{
    u32 len = 4;
    for (u32 n = 1; n < PORTALS; n++, len += 12) {
        memset(to + len, 0, 12);
        to[len] = (u8)(0x80 | states[n]); /* PREF has nothing to say */
        put_be16(to + len + 2, (u16)n);
        to[len + 7] = 1;
        put_be16(to + len + 10, (u16)(100 + n));
    }
    put_be32(to, len - 4);
    return len;
}

static u32 tell_designators(u8 *to)
{
    static const u8 page[] = {0,    0x83, 0, 28,                         /* */
                              1,    3,    0, 8,  6, 0, 0, 0, 0, 0, 0, 1, /* NAA */
                              0x61, 0x94, 0, 4,  0, 0, 0, 0,             /* relative target port */
                              0x61, 0x95, 0, 4,  0, 0, 0, 0};            /* target port group */
    memcpy(to, page, sizeof(page));
    put_be16(to + 22, (u16)(100 + here()));
    put_be16(to + 30, (u16)here());
    if (by_port)
        put_be16(to + 2, 20);
    return 4u + get_be16(to + 2);
}

static void answer(const struct peer_pdu *p, const u8 *data, u32 len)
{
    u32 itt = get_be32(p->bhs + BHS_ITT), room = get_be32(p->bhs + SCSI_CMD_LENGTH);
    peer.commands++;
    peer_data_in(itt, 0, 0, data, min_u32(len, room), true);
}

static void refuse(const struct peer_pdu *p, u8 key, u8 asc, u8 ascq)
{
    u8 sense[18] = {0x70, 0, key, 0, 0, 0, 0, 10};
    sense[12] = asc;
    sense[13] = ascq;
    peer.commands++;
    peer_status(get_be32(p->bhs + BHS_ITT), SCSI_CHECK_CONDITION, sense, sizeof(sense));
}

static bool controllers(const struct peer_pdu *p)
{
    u8 data[256] = {0};
    const u8 *cdb = p->bhs + SCSI_CMD_CDB;
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD)
        return here() == mute_login;
    if (cdb[0] == SCSI_INQUIRY && !cdb[1]) {
        memcpy(data + 8, "MAKER   A DISK          1.0 ", 28);
        data[5] = tpgs;
        answer(p, data, 36);
    } else if (cdb[0] == SCSI_INQUIRY && cdb[2] == 0x83) {
        answer(p, data, tell_designators(data));
    } else if (cdb[0] == SCSI_MAINTENANCE_IN) {
        assert_int_equal(cdb[1], SCSI_REPORT_GROUPS);
        assert_int_equal(get_be32(cdb + 6), get_be32(p->bhs + SCSI_CMD_LENGTH));
        asked++;
        if (refuses)
            refuse(p, 5, 0x20, 0);
        else
            answer(p, data, tell_groups(data));
    } else if (states[here()] >= STANDBY && cdb[0] != SCSI_INQUIRY && cdb[0] != SCSI_REPORT_LUNS) {
        refuse(p, 2, 4, (u8)(0x0b + states[here()] - STANDBY));
    } else {
        return false;
    }
    return true;
}

static void add_path(const char *server)
{
    struct iscsi_path *p = &peer_config.paths[peer_config.path_count++];
    *p = peer_config.paths[0];
    strcpy(p->server.name, server);
}

static void setup(void)
{
    static const char *const servers[PORTALS - 2] = {"10.0.0.2", "10.0.0.3", "10.0.0.4"};
    peer_reset();
    memset(portals, 0, sizeof(portals));
    for (u32 n = 0; n < PORTALS; n++)
        states[n] = NON_OPTIMISED;
    peer.portal = by_address;
    peer.hook = controllers;
    tpgs = 0x10;
    by_port = refuses = false;
    mute_login = asked = 0;
    for (u32 i = 0; i < PORTALS - 2; i++)
        add_path(servers[i]);
}

FIXTURE(setup);

static void ways(u32 n)
{
    peer_config.path_count = n;
}

/* Attach: it ends up at this portal, after so many connections. */
static void attaches_at(u32 n, u32 connects)
{
    u32 before = peer.connects;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(iscsi_used()->addr, ADDR(n));
    assert_int_equal(peer.connects - before, connects);
}

/* The connection is lost, and comes back at this portal, after so many others. */
static void comes_back_at(u32 n, u32 connects)
{
    peer_run(10000, NULL);
    u32 before = peer.connects;
    submit(BLOCK_WRITE, SECTORS);
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(10000, done));
    assert_request_good();
    assert_int_equal(iscsi_used()->addr, ADDR(n));
    assert_int_equal(peer.connects - before, connects);
}

/* Asking. */

TEST(nobody_is_asked_who_has_no_groups)
{
    tpgs = 0;
    attaches_at(1, 1);
    assert_int_equal(asked, 0);
    assert_int_equal(peer.commands, TOGETHER);
}

TEST(nor_where_there_is_one_way)
{
    ways(1);
    attaches_at(1, 1);
    assert_int_equal(asked, 0);
    assert_int_equal(peer.commands, TOGETHER);
}

TEST(every_kind_of_alua_is_asked_once)
{
    static const u8 kinds[] = {0x10, 0x20, 0x30};
    for (u32 i = 0; i < sizeof(kinds); i++) {
        setup();
        tpgs = kinds[i];
        states[1] = OPTIMISED;
        attaches_at(1, 1);
        assert_int_equal(asked, 1);
    }
}

/* A portal that SendTargets tells of is a way, too. */
TEST(learned_portals_count)
{
    static const char told[] = "TargetName=" PEER_TARGET "\0TargetAddress=10.0.0.1:3260,1\0"
                               "TargetAddress=10.0.0.3:3260,2";
    ways(1);
    peer.targets = told;
    peer.targets_len = sizeof(told);
    peer_config.discover = true;
    states[3] = OPTIMISED;
    attaches_at(3, 3);
}

/* Choosing. */

TEST(the_optimised_one_is_looked_for)
{
    for (u32 best = 2; best < PORTALS; best++) {
        setup();
        by_port = best == 3;
        states[best] = OPTIMISED;
        msec before = host_now;
        attaches_at(best, best);
        assert_int_equal(host_now, before);
        submit(BLOCK_WRITE, SECTORS);
        assert_true(peer_run(10, done));
        assert_request_good();
    }
}

TEST(where_nothing_is_optimised_the_first_is_taken)
{
    attaches_at(1, 1);
    assert_int_equal(asked, 1);
}

TEST(what_can_not_be_told_does_not_count)
{
    states[2] = OPTIMISED;
    refuses = true;
    attaches_at(1, 1);
}

TEST(standby_is_passed_over_for_what_works_and_that_for_the_best)
{
    states[1] = STANDBY;
    states[2] = UNAVAILABLE;
    states[4] = OPTIMISED;
    msec before = host_now;
    attaches_at(4, 4);
    assert_int_equal(host_now, before);
    states[4] = STANDBY;
    attaches_at(3, 3);
}

/* The optimised group's portals are not among ours, or can't be reached. */
TEST(each_other_is_tried_once)
{
    static enum peer_portal how;
    states[4] = OPTIMISED;
    for (how = PORTAL_UP; how <= PORTAL_REFUSES; how++) {
        setup();
        ways(3);
        states[4] = OPTIMISED;
        portals[2] = portals[3] = how;
        msec before = host_now;
        attaches_at(how == PORTAL_UP ? 3 : 1, how == PORTAL_UP ? 3 : 4);
        assert_int_equal(host_now, before);
        peer_run(60000, NULL);
        assert_int_equal(peer.connects, how == PORTAL_UP ? 3 : 4);
    }
}

TEST(dead_ones_together_cost_three_seconds)
{
    states[4] = OPTIMISED;
    portals[2] = portals[3] = portals[4] = PORTAL_DEAF;
    msec before = host_now;
    attaches_at(1, 3); /* the next begins as the time is up */
    assert_int_equal(host_now - before, 3000);
}

TEST(so_does_one_that_says_nothing)
{
    ways(2);
    states[2] = OPTIMISED;
    mute_login = 2;
    msec before = host_now;
    attaches_at(1, 3);
    assert_int_equal(host_now - before, 3000);
}

/* Two seconds until each but the first has its capacity. */
static bool is_slow(const struct peer_pdu *p)
{
    static u32 connection;
    static msec since;
    if (connection != peer.connects)
        since = host_now;
    connection = peer.connects;
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD || p->bhs[SCSI_CMD_CDB] != SCSI_READ_CAPACITY_10 ||
        here() == 1 || host_now - since >= 2000)
        return controllers(p);
    peer_status(get_be32(p->bhs + BHS_ITT), SCSI_STATUS_BUSY, NULL, 0);
    return true;
}

TEST(and_slow_ones_that_are_no_better)
{
    states[4] = OPTIMISED;
    peer.hook = is_slow;
    msec before = host_now;
    attaches_at(2, 4); /* 3 has the last second, and the time is up */
    assert_in_range(host_now - before, 5000, 6500);
}

static bool is_other_disk(const struct peer_pdu *p)
{
    peer.blocks = here() == 2 ? PEER_BLOCKS / 2 : PEER_BLOCKS;
    return controllers(p);
}

TEST(another_disk_is_no_better_way)
{
    ways(2);
    states[2] = OPTIMISED;
    peer.hook = is_other_disk;
    attaches_at(1, 3);
    assert_true(iscsi_disk()->blocks == PEER_BLOCKS);
}

TEST(attaching_ends_in_time_all_the_same)
{
    static const u32 limits[] = {100, 1000, 5000};
    for (u32 i = 0; i < ARRAY_SIZE(limits); i++) {
        setup();
        ways(2);
        states[2] = OPTIMISED;
        portals[2] = PORTAL_DEAF;
        iscsi_attach(&peer_config, limits[i], host_now);
        assert_true(peer_run(limits[i], peer_over));
        assert_int_equal(iscsi_state(), ISCSI_READY);
        assert_int_equal(iscsi_used()->addr, ADDR(1));
    }
}

static bool one_connection(const struct peer_pdu *p)
{
    return peer.connects > 1 || controllers(p);
}

TEST(also_when_the_one_that_was_left_does_not_come_back)
{
    ways(2);
    states[2] = OPTIMISED;
    peer.hook = one_connection;
    msec before = host_now;
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(host_now - before, 20000);
}

/* Later. */

TEST(after_a_loss_the_optimised_one_comes_first)
{
    ways(2);
    states[2] = OPTIMISED;
    portals[2] = PORTAL_REFUSES;
    attaches_at(1, 3);
    portals[2] = PORTAL_UP;
    comes_back_at(2, 1);
    comes_back_at(2, 1);
    /* And when it is dead the other one does. */
    portals[2] = PORTAL_REFUSES;
    comes_back_at(1, 2);
}

TEST(a_controller_that_falls_silent_is_left_for_the_best_of_the_others)
{
    states[4] = OPTIMISED;
    portals[4] = PORTAL_REFUSES;
    attaches_at(3, 5);
    portals[4] = PORTAL_UP;
    peer_run(10000, NULL);
    submit(BLOCK_WRITE, SECTORS);
    u32 before = peer.connects;
    peer_lose(ERR_TCP_TIMEOUT);
    assert_true(peer_run(1000, done));
    assert_request_good();
    assert_int_equal(iscsi_used()->addr, ADDR(4));
    assert_int_equal(peer.connects - before, 1);
}

TEST(the_controllers_change_places)
{
    ways(3);
    states[1] = OPTIMISED;
    attaches_at(1, 1);
    for (u32 i = 0; i < 6; i++) {
        states[1] = i & 1 ? OPTIMISED : NON_OPTIMISED;
        states[2] = i & 1 ? NON_OPTIMISED : OPTIMISED;
        comes_back_at(i & 1 ? 1 : 2, 2);
        comes_back_at(i & 1 ? 1 : 2, 1);
    }
    states[1] = states[2] = states[3] = STANDBY;
    peer_lose(ERR_TCP_RESET);
    submit(BLOCK_READ, SECTORS);
    assert_false(peer_run(30000, done));
    states[2] = NON_OPTIMISED;
    assert_true(peer_run(10000, done));
    assert_request_good();
}

/* 2A/06: asymmetric access state changed; 2A/07: and that has failed. */
TEST(a_change_of_state_is_only_a_unit_attention)
{
    ways(2);
    states[1] = OPTIMISED;
    for (u8 ascq = 6; ascq <= 7; ascq++)
        for (u32 i = 0; i < 3; i++) {
            static const u8 opcodes[] = {SCSI_READ_10, SCSI_WRITE_10, SCSI_MAINTENANCE_IN};
            setup();
            ways(2);
            states[1] = OPTIMISED;
            peer.fail.opcode = opcodes[i];
            peer.fail.status = SCSI_CHECK_CONDITION;
            peer.fail.key = 6;
            peer.fail.asc = 0x2a;
            peer.fail.ascq = ascq;
            peer.fail.count = 2;
            attaches_at(1, 1);
            submit(i ? BLOCK_WRITE : BLOCK_READ, SECTORS);
            assert_true(peer_run(100, done));
            assert_request_good();
            assert_int_equal(peer.connects, 1);
        }
}

/* The answer by itself. */

#define GROUP(state, group, ports) state, 0, 0, group, 0, 0, 0, ports
#define PORT(port)                 0, 0, 0, port
#define IN_GROUP(group)            0x61, 0x95, 0, 4, 0, 0, 0, group
#define AT_PORT(port)              0x61, 0x94, 0, 4, 0, 0, 0, port
#define ANSWER(...)                ((const u8[]){__VA_ARGS__}), sizeof((const u8[]){__VA_ARGS__})

/* From memory of its own, so that ASan sees who reads beyond it. */
static bool better(const u8 *answer_bytes, u32 len, const u8 *page, u32 page_len)
{
    u8 *a = malloc(len), *d = malloc(page_len);
    memcpy(a, answer_bytes, len);
    memcpy(d, page, page_len);
    struct vpd_page designators = {d, page_len};
    bool result = alua_better_elsewhere(a, len, &designators);
    free(a);
    free(d);
    return result;
}

TEST(what_an_answer_means)
{
    static const u8 answer_1[] = {
        0, 0, 0, 28, GROUP(1, 7, 1), PORT(3), GROUP(0x80, 8, 2), PORT(4), PORT(5)};
    static const u8 answer_2[] = {0, 0, 0, 8, GROUP(1, 7, 0)};
    assert_true(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, IN_GROUP(7))));
    assert_true(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, AT_PORT(3))));
    assert_false(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, IN_GROUP(8))));
    assert_false(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, AT_PORT(5))));
    /* The group is the surer one; one that is not there is nowhere. */
    assert_true(
        better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 16, AT_PORT(5), IN_GROUP(7))));
    assert_false(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, IN_GROUP(9))));
    assert_false(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, AT_PORT(9))));
    assert_false(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 0)));
    assert_false(better(answer_2, sizeof(answer_2), ANSWER(0, 0x83, 0, 8, IN_GROUP(7))));
    /* A designator of the LUN's, or one that is too short, is no port's. */
    assert_false(
        better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 8, 0x01, 0x05, 0, 4, 0, 0, 0, 7)));
    assert_false(better(answer_1, sizeof(answer_1), ANSWER(0, 0x83, 0, 7, 1, 0x95, 0, 3, 0, 0, 7)));
}

TEST(what_is_cut_off_is_not_there)
{
    static const u8 whole[] = {0,       0,      0, 28, GROUP(1, 7, 1), PORT(3), GROUP(0, 8, 2),
                               PORT(4), PORT(5)};
    static const u8 page[] = {0, 0x83, 0, 8, AT_PORT(3)};
    for (u32 len = 0; len <= sizeof(whole); len++)
        assert_int_equal(better(whole, len, page, sizeof(page)), len >= 24);
    for (u32 len = 0; len <= sizeof(page); len++)
        assert_int_equal(better(whole, sizeof(whole), page, len), len == sizeof(page));
    /* It is said to be shorter, or its ports more. */
    u8 lying[sizeof(whole)];
    for (u32 told = 0; told < 40; told++) {
        memcpy(lying, whole, sizeof(whole));
        lying[3] = (u8)told;
        assert_int_equal(better(lying, sizeof(lying), page, sizeof(page)), told >= 20);
    }
    memcpy(lying, whole, sizeof(whole));
    lying[11] = 255;
    assert_false(better(lying, sizeof(lying), page, sizeof(page)));
}

TEST(any_answer_ends_well)
{
    for (u32 round = 0; round < 100000; round++) {
        u8 a[80], d[60];
        for (u32 i = 0; i < sizeof(a); i++)
            a[i] = (u8)(rand() % 3 ? rand() % 3 : rand());
        for (u32 i = 0; i < sizeof(d); i++)
            d[i] = (u8)(rand() % 3 ? rand() % 6 : rand());
        u32 a_len = (u32)rand() % sizeof(a), d_len = (u32)rand() % sizeof(d);
        if (better(a, a_len, d, d_len)) /* two groups, and a port of ours */
            assert_true(a_len >= 4 + 8 + 8 && d_len >= 4 + 8);
    }
}
