/* A target's LUNs: the form that each goes by on the wire, and what is said when ours is not there.
 */
#include "base/arith.h"
#include "base/bytes.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/lun.h"
#include "iscsi/lun_list.h"
#include "iscsi/one_request.h"
#include "iscsi/probe.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define FOR_OURS   7 /* of them, to our LUN */
#define LISTED_MAX 1100

#define LIST(...)                                                                                  \
    do {                                                                                           \
        static const u8 given[][LUN_SIZE] = {__VA_ARGS__};                                         \
        set_list(given, ARRAY_SIZE(given));                                                        \
    } while (0)

static u8 listed[LUN_LIST_SIZE(LISTED_MAX)]; /* as REPORT LUNS tells it */
static u32 listed_count;
static u32 claimed;      /* what it says of its length; 0: the truth */
static bool check;       /* a LUN that is not there is said by sense data */
static u8 lun_0;         /* byte 0 of LUN 0's INQUIRY data; 0xff: GOOD, and no data */
static bool answers_all; /* any LUN is answered for */

static void set_list(const u8 (*luns)[LUN_SIZE], u32 count)
{
    memcpy(listed + LUN_LIST_SIZE(0), luns, count * LUN_SIZE);
    listed_count = count;
}

static bool is_there(const u8 *lun)
{
    for (u32 i = 0; i < listed_count; i++)
        if (memcmp(listed + LUN_LIST_SIZE(i), lun, LUN_SIZE) == 0)
            return true;
    return false;
}

static bool has_luns(const struct peer_pdu *p)
{
    static const u8 sense[18] = {0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x25};
    static const u8 no_lun[LUN_SIZE];
    const u8 *lun = p->bhs + BHS_LUN;
    u32 itt = get_be32(p->bhs + BHS_ITT), room = get_be32(p->bhs + SCSI_CMD_LENGTH);
    u8 inquiry[36] = {0x7f};
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD)
        return false;
    peer.commands++;
    if (p->bhs[SCSI_CMD_CDB] == SCSI_REPORT_LUNS) {
        put_be32(listed, claimed ? claimed : listed_count * LUN_SIZE);
        assert_memory_equal(lun, no_lun, LUN_SIZE);
        peer_data_in(itt, 0, 0, listed, min_u32(LUN_LIST_SIZE(listed_count), room), true);
        return true;
    }
    bool plain_inquiry = p->bhs[SCSI_CMD_CDB] == SCSI_INQUIRY && !p->bhs[SCSI_CMD_CDB + 1];
    bool zero = memcmp(lun, no_lun, LUN_SIZE) == 0;
    if (!zero && (answers_all || is_there(lun))) {
        peer.commands--;
        return false;
    }
    if (zero)
        inquiry[0] = lun_0;
    if (!plain_inquiry || (check && !zero))
        peer_status(itt, SCSI_CHECK_CONDITION, sense, sizeof(sense));
    else if (inquiry[0] == 0xff)
        peer_status(itt, SCSI_GOOD, NULL, 0);
    else
        peer_data_in(itt, 0, 0, inquiry, sizeof(inquiry), true);
    return true;
}

static void setup(void)
{
    peer_reset();
    peer.hook = has_luns;
    peer_config.retry_ms = 0;
    listed_count = claimed = 0;
    check = answers_all = false;
    lun_0 = 0x0c; /* a controller */
}

FIXTURE(setup);

static void ask_for(u16 first_group)
{
    put_be16(peer_config.paths->lun, first_group);
}

/* Attach: it takes so many commands, and the disk is where the list has it. */
static void attaches(u16 asked, u16 wire, u32 commands)
{
    ask_for(asked);
    peer.commands = 0;
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(peer.commands, commands);
    assert_int_equal(peer.last_lun, wire);
}

static void fails(enum error e)
{
    assert_int_equal(peer_attach(), ISCSI_FAILED);
    assert_int_equal(iscsi_error(), e);
}

static void says(const char *text)
{
    char said[PROBE_LUNS_TEXT];
    fails(ERR_LUN_NOT_FOUND);
    probe_luns_text(said);
    assert_string_equal(said, text);
}

/* Forms. */

TEST(the_form_that_is_listed_first_time_costs_nothing)
{
    LIST({0}, {0, 5}, {0x41, 0x2c});
    attaches(5, 5, TOGETHER);
    attaches(0x12c, 0x412c, TOGETHER); /* tgt, SPDK, ctld */
}

TEST(lios_form_is_found_in_the_list)
{
    for (u32 i = 0; i < 2; i++) {
        setup();
        check = i;
        LIST({0, 5}, {1, 0x2c});
        attaches(0x12c, 0x012c, TOGETHER + FOR_OURS);
    }
    submit(BLOCK_WRITE, 9);
    assert_true(peer_run(1000, done));
    assert_request_good();
    assert_int_equal(peer.last_lun, 0x012c);
}

TEST(it_is_known_from_then_on)
{
    LIST({1, 0x2c});
    attaches(0x12c, 0x012c, TOGETHER + FOR_OURS);
    peer.commands = 0;
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(1000, peer_ready));
    assert_int_equal(peer.commands, TOGETHER);
    assert_int_equal(peer.last_lun, 0x012c);
    /* Until another target has it otherwise. */
    LIST({0x41, 0x2c});
    peer_lose(ERR_TCP_RESET);
    assert_true(peer_run(1000, peer_ready));
    assert_int_equal(peer.last_lun, 0x412c);
}

/* Who answers for any form may mean another LUN by it. */
TEST(from_256_on_the_list_has_the_last_word)
{
    answers_all = true;
    LIST({1, 0x2c});
    attaches(0x12c, 0x012c, TOGETHER + FOR_OURS);
    LIST({0xd2, 0, 1, 0x2c});
    attaches(0x12c, 0xd200, TOGETHER + FOR_OURS);
}

TEST(below_256_one_that_answers_is_not_asked_again)
{
    LIST({0x40, 5});
    attaches(5, 0x4005, TOGETHER + FOR_OURS);
    setup();
    answers_all = true;
    LIST({0x40, 5});
    attaches(5, 5, TOGETHER);
}

TEST(what_was_asked_for_is_preferred_to_its_number)
{
    LIST({0x41, 0x2c}, {1, 0x2c}); /* LIO's 16684 and 300 */
    attaches(0x12c, 0x012c, TOGETHER + FOR_OURS);
    attaches(0x412c, 0x412c, TOGETHER);
}

TEST(a_form_that_was_written_out_stays_as_it_is)
{
    static const u8 lun[LUN_SIZE] = {0x47, 0x52, 0x3a, 0x4f, 0x6b, 0x7e, 0x2f, 0x99};
    LIST({0, 1}, {0x47, 0x52}, {0x47, 0x52, 0x3a, 0x4f, 0x6b, 0x7e, 0x2f, 0x99});
    memcpy(peer_config.paths->lun, lun, LUN_SIZE);
    assert_int_equal(peer_attach(), ISCSI_READY);
    assert_int_equal(peer.commands, TOGETHER);
    setup();
    LIST({0, 1}, {0x47, 0x52});
    memcpy(peer_config.paths->lun, lun, LUN_SIZE);
    fails(ERR_LUN_NOT_FOUND);
    assert_int_equal(peer.commands, TOGETHER);
}

TEST(without_a_list_the_first_form_has_to_do)
{
    peer.fail.opcode = SCSI_REPORT_LUNS;
    peer.fail.status = SCSI_CHECK_CONDITION;
    peer.fail.key = 5;
    peer.fail.count = 9;
    peer.hook = NULL;
    attaches(0x12c, 0x412c, TOGETHER);
}

/* Long lists. */

static void list_many(u32 count)
{
    listed_count = count;
    memset(listed, 0, sizeof(listed));
    for (u32 i = 0; i < count; i++)
        put_be16(listed + LUN_LIST_SIZE(i), (u16)(i < 256 ? i : 0x4000 | i));
}

TEST(a_thousand_luns)
{
    list_many(1000);
    put_be16(listed + LUN_LIST_SIZE(999), 999); /* as LIO has it */
    attaches(999, 999, TOGETHER + FOR_OURS);
    setup();
    list_many(1000);
    ask_for(1001);
    says("LUNs there: 0, 1, 2, 3, 4, 5, 6, 7 and 992 more");
}

TEST(a_list_that_is_too_long_says_what_it_knows)
{
    list_many(1100);
    ask_for(1050); /* beyond the buffer: it is asked all the same */
    assert_int_equal(peer_attach(), ISCSI_READY);
    setup();
    list_many(1100);
    answers_all = true;
    ask_for(1200);
    peer.fail.opcode = SCSI_READ_CAPACITY_10;
    peer.fail.status = SCSI_CHECK_CONDITION;
    peer.fail.key = 5;
    peer.fail.count = 9;
    fails(ERR_SCSI); /* not: not found */
    setup();
    list_many(1100);
    ask_for(1200);
    says("LUNs there: 0, 1, 2, 3, 4, 5, 6, 7 and more");
}

/* Whoever has so many has them all in one way: ours is where the list that we take has ended. */
TEST(beyond_the_list_a_number_has_the_form_of_the_others)
{
    for (u32 form = 0; form < 3; form++)
        for (u32 wrong_one_answers = 0; wrong_one_answers < 2; wrong_one_answers++) {
            setup();
            list_many(1100);
            for (u32 i = 256; i < 1100; i++) {
                u8 *lun = listed + LUN_LIST_SIZE(i);
                put_be32(lun, form == 0   ? i << 16
                              : form == 1 ? 0x40000000 | i << 16
                                          : 0xd2000000 | i);
            }
            answers_all = wrong_one_answers;
            if (form == 1)
                attaches(1090, 0x4442, TOGETHER);
            else
                attaches(1090, form ? 0xd200 : 1090, TOGETHER + FOR_OURS);
        }
}

/* The small ones may come last. */
TEST(beyond_the_list_a_small_number_has_the_form_of_small_ones)
{
    list_many(1100);
    for (u32 i = 0; i < 1100; i++)
        put_be16(listed + LUN_LIST_SIZE(i), (u16)(1099 - i < 256 ? 0x4000 | (1099 - i) : 1099 - i));
    attaches(5, 0x4005, TOGETHER + FOR_OURS);
}

/* What is said. */

TEST(the_luns_that_are_there_as_a_root_path_has_them)
{
    ask_for(9);
    LIST({0}, {0, 1}, {0x40, 0x0a}, {0x41, 0x2c}, {1, 0x2d}, {0xd2, 0, 1, 0x2e});
    says("LUNs there: 0, 1, 0xa, 0x12c, 0x12d, 0x12e");
    setup();
    ask_for(9);
    LIST({0xc1, 1}, {0, 1, 0, 2}, {0xd2, 0, 0x50, 0},
         {0x47, 0x52, 0x3a, 0x4f, 0x6b, 0x7e, 0x2f, 0x99});
    says("LUNs there: 0xc101, 0x0001-0002, 0xd200-5000, 0x4752-3a4f-6b7e-2f99");
}

TEST(up_to_eight_of_them)
{
    ask_for(0x20);
    list_many(8);
    says("LUNs there: 0, 1, 2, 3, 4, 5, 6, 7");
    setup();
    ask_for(0x20);
    list_many(9);
    says("LUNs there: 0, 1, 2, 3, 4, 5, 6, 7 and 1 more");
    setup();
    ask_for(0x20);
    listed_count = LISTED_MAX;
    memset(listed, 0x77, sizeof(listed)); /* of the longest */
    says("LUNs there: 0x7777-7777-7777-7777, 0x7777-7777-7777-7777, 0x7777-7777-7777-7777, "
         "0x7777-7777-7777-7777, 0x7777-7777-7777-7777, 0x7777-7777-7777-7777, "
         "0x7777-7777-7777-7777, 0x7777-7777-7777-7777 and more");
}

#define NONE "no LUN is given to our name there"

TEST(that_there_is_none)
{
    ask_for(9);
    says(NONE);
    /* LIO, SCST: LUN 0 is only there to be asked. */
    static const u8 qualifiers[] = {0x3f, 0x7f};
    for (u32 i = 0; i < 4; i++) {
        setup();
        ask_for(i & 1 ? 0 : 9);
        lun_0 = qualifiers[i / 2];
        LIST({0});
        says(NONE);
        assert_int_equal(peer.commands, TOGETHER + 1);
    }
}

TEST(a_controller_is_a_lun)
{
    static const u8 answers[] = {0x0c, 0x05, 0xff};
    for (u32 i = 0; i < sizeof(answers); i++) {
        setup();
        ask_for(9);
        lun_0 = answers[i];
        LIST({0});
        says("LUNs there: 0");
    }
}

TEST(nothing_where_nothing_is_known)
{
    ask_for(9);
    claimed = 24;
    says("");
}

/* Lists that are none. */

TEST(any_list_ends_well)
{
    for (u32 round = 0; round < 2000; round++) {
        setup();
        listed_count = (u32)rand() % (round % 4 ? 5 : LISTED_MAX);
        for (u32 i = 0; i < sizeof(listed); i++)
            listed[i] = (u8)(rand() % 3 ? 0 : rand());
        claimed = round % 3 ? 0 : (u32)rand() >> rand() % 32;
        answers_all = rand() & 1;
        lun_0 = (u8)rand();
        ask_for((u16)(rand() >> rand() % 16));
        peer_attach();
        assert_true(peer_over());
        assert_true(peer.commands <= TOGETHER + FOR_OURS + 1);
    }
}

/* The forms by themselves. */

TEST(numbers_and_texts)
{
    static const struct {
        u8 lun[LUN_SIZE];
        u32 number;
        const char *text;
    } cases[] = {
        {{0}, 0, "0"},
        {{0, 255}, 255, "ff"},
        {{0x3f, 0xff}, 0x3fff, "3fff"},
        {{0x40}, 0, "0"},
        {{0x7f, 0xff}, 0x3fff, "3fff"},
        {{0x80, 1}, LUN_NO_NUMBER, "8001"},
        {{0xc1, 1}, LUN_NO_NUMBER, "c101"},
        {{0xd2, 0, 0x3f, 0xff}, 0x3fff, "3fff"},
        {{0xd2, 0, 0x40, 0}, LUN_NO_NUMBER, "d200-4000"},
        {{0xd2, 1, 0, 0}, LUN_NO_NUMBER, "d201"},
        {{0xd2, 0, 0, 1, 0, 0, 0, 1}, LUN_NO_NUMBER, "d200-0001-0000-0001"},
        {{0, 1, 0, 2}, LUN_NO_NUMBER, "0001-0002"},
        {{0, 1, 0, 0, 0, 0, 0, 3}, LUN_NO_NUMBER, "0001-0000-0000-0003"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[LUN_TEXT];
        lun_text(text, cases[i].lun);
        assert_int_equal(lun_number(cases[i].lun), cases[i].number);
        assert_string_equal(text, cases[i].text);
    }
}
