/* The read cache on a disk in memory. */
#include "base/loop.h"
#include "disk/cache.h"
#include "disk/fake_disk.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define BLOCKS 4001 /* the last line is a single block */

static u8 *memory, *buf;

static void start(u32 memory_size, u32 max_blocks)
{
    host_reset(0);
    free(memory);
    memory = malloc(memory_size + 1);
    fake_disk(BLOCKS, max_blocks);
    cache_init(memory, memory_size);
}

static void setup(void)
{
    buf = malloc(BLOCKS * 512);
}

static void teardown(void)
{
    fake_disk_free();
    free(buf);
    free(memory);
    memory = NULL;
}

FIXTURE(setup, teardown);

TEST(without_memory_everything_goes_to_the_device)
{
    start(0, 64);
    check_read(7, 1);
    check_read(7, 1);
    check_read(0, BLOCKS);
    assert_int_equal(fake.blocks_moved, 2 + BLOCKS);
    assert_int_equal(fake.requests, 2 + (BLOCKS + 63) / 64);
}

TEST(a_large_read_is_split_and_kept_in_flight)
{
    start(0, 16);
    fake.later = true;
    host_on_wait = fake_complete_one; /* the latest first: out of order */
    check_read(1, 16 * 20 + 3);
    assert_int_equal(fake.requests, 21);
    assert_int_equal(fake.most_queued, 8);
    assert_int_equal(fake.queued, 0);
}

/* Of the medium: 512e, also where its blocks begin at 7. */
TEST(what_is_split_is_split_between_blocks_of_the_medium)
{
    for (u32 aligned = 0; aligned < 8; aligned += 7)
        for (u32 lba = 0; lba < 16; lba++) {
            start(0, 20);
            fake.dev.physical = 8;
            fake.dev.aligned = aligned;
            check_read(lba, 200);
            assert_int_equal(cache_write(&fake.dev, lba, 200, buf), OK);
            u32 ends_within = (lba + 200 - aligned) % 8 != 0;
            assert_int_equal(fake.cut, 2 * ends_within); /* the caller's ends */
            assert_in_range(fake.requests, 2 * 10, 2 * 14);
            fake_disk_free();
        }
    start(0, 20);
}

static bool polled;
static u32 ended; /* polls that a request's end has ended */

static void poll(msec now)
{
    (void)now;
    if (!polled)
        return;
    while (fake.queued && !loop_enough(true))
        fake_complete_one(0);
    ended += loop_enough(true);
    assert_false(loop_enough(false));
}

static u32 no_timeout(msec now)
{
    (void)now;
    return TIMEOUT_NEVER;
}

/* What lies in the NIC's ring behind its answer may wait, where it is dear. */
TEST(a_read_waits_for_its_own_end_alone)
{
    static const struct poller poller = {poll, no_timeout};
    start(0, 16);
    fake.later = true;
    loop_register(&poller);
    polled = true;
    check_read(1, 3);
    assert_int_equal(ended, 1);
    check_read(1, 16 * 20 + 3);
    assert_in_range(ended, 2, 22);
    polled = false;
}

TEST(sector_by_sector_costs_one_request_a_line)
{
    start(64 * 1024, 64);
    for (u32 lba = 0; lba < BLOCKS; lba++)
        check_read(lba, 1);
    assert_int_equal(fake.requests, (BLOCKS + 7) / 8);
    assert_int_equal(fake.blocks_moved, BLOCKS);
    /* The last line is shorter. */
    u32 before = fake.requests;
    check_read(BLOCKS - 1, 1);
    assert_int_equal(fake.requests, before);
    /* Across two lines, both there. */
    check_read(BLOCKS - 12, 7);
    assert_int_equal(fake.requests, before);
    /* What needs a whole line does not go through one. */
    check_read(BLOCKS - 9, 8);
    assert_int_equal(fake.requests, before + 1);
}

TEST(a_line_gives_way_to_another)
{
    start(3 * 4096, 64);
    for (u32 round = 0; round < 3; round++) {
        check_read(8, 1);
        check_read(24, 1); /* the same place */
        check_read(16, 1); /* the other one */
    }
    assert_int_equal(fake.requests, 7);
}

TEST(the_first_line_gives_way_to_none)
{
    start(64 * 1024, 64);
    check_read(0, 1);
    for (u32 lba = 8; lba < BLOCKS; lba += 8)
        check_read(lba, 1);
    u32 before = fake.requests;
    check_read(0, 7);
    assert_int_equal(fake.requests, before);
    memset(buf, 0x77, 512);
    assert_int_equal(cache_write(&fake.dev, 0, 1, buf), OK);
    check_read(0, 7);
}

TEST(nor_does_it_to_that_of_another_disk)
{
    start(64 * 1024, 64);
    struct block_dev second = fake.dev;
    second.number = 1;
    check_read(0, 1);
    assert_int_equal(cache_read(&second, 0, 1, buf), OK);
    u32 before = fake.requests;
    check_read(0, 1);
    assert_int_equal(cache_read(&second, 0, 1, buf), OK);
    assert_int_equal(fake.requests, before);
}

TEST(a_single_place_holds_any_line)
{
    start(4096, 64);
    check_read(0, 1);
    check_read(8, 1);
    check_read(0, 1);
    assert_int_equal(fake.requests, 3);
}

TEST(what_was_written_is_read)
{
    start(256 * 1024, 16);
    for (u32 lba = 0; lba < 200; lba++)
        check_read(lba, 1);
    memset(buf, 0x5a, BLOCKS * 512);
    static const struct {
        u32 lba, count;
    } writes[] = {{0, 1}, {7, 1}, {8, 1}, {15, 2}, {23, 10}, {40, 8}, {63, 70}, {199, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
        memset(buf, (int)(i + 1), writes[i].count * 512);
        assert_int_equal(cache_write(&fake.dev, writes[i].lba, writes[i].count, buf), OK);
        assert_memory_equal(fake.bytes + writes[i].lba * 512, buf, writes[i].count * 512);
        for (u32 lba = 0; lba < 210; lba++)
            check_read(lba, 1);
    }
}

TEST(a_failed_write_leaves_no_stale_line)
{
    start(64 * 1024, 64);
    check_read(100, 1);
    memset(buf, 0x77, 512 * 4);
    fake.bad_lba = 103;
    assert_int_equal(cache_write(&fake.dev, 100, 4, buf), ERR_MEDIUM);
    fake.bad_lba = UINT64_MAX;
    check_read(100, 4); /* the first three were written */
    assert_int_equal(fake.bytes[100 * 512], 0x77);
}

TEST(starting_again_starts_empty)
{
    start(64 * 1024, 64);
    check_read(100, 1);
    cache_init(memory, 64 * 1024); /* starts empty again */
    fake.bytes[100 * 512] ^= 1;
    check_read(100, 1);
}

TEST(a_bad_block_spoils_only_reads_that_want_it)
{
    start(64 * 1024, 64);
    check_read(96, 1);
    fake.bad_lba = 102;
    cache_init(memory, 64 * 1024);
    check_read(101, 1);
    check_read(103, 2);
    check_read(95, 3);
    assert_int_equal(cache_read(&fake.dev, 102, 1, buf), ERR_MEDIUM);
    assert_int_equal(cache_read(&fake.dev, 101, 2, buf), ERR_MEDIUM);
    /* A line that failed to load is not taken for loaded. */
    fake.bad_lba = UINT64_MAX;
    check_read(102, 1);
}

TEST(the_first_error_stops_the_rest)
{
    start(0, 16);
    fake.bad_lba = 16 * 2;
    assert_int_equal(cache_read(&fake.dev, 0, 16 * 100, buf), ERR_MEDIUM);
    assert_true(fake.requests <= 3 + 8);
    /* Also with all of them on the way: none is left behind. */
    fake.later = true;
    host_on_wait = fake_complete_one;
    assert_int_equal(cache_read(&fake.dev, 0, 16 * 100, buf), ERR_MEDIUM);
    assert_int_equal(fake.queued, 0);
}

static void abort_at_the_keyboard(u32 ms)
{
    (void)ms;
    fake.dev.ops->abort(&fake.dev);
}

TEST(given_up_means_an_error_and_nothing_under_way)
{
    start(64 * 1024, 16);
    fake.later = true;
    host_on_wait = abort_at_the_keyboard;
    assert_int_equal(cache_read(&fake.dev, 0, 300, buf), ERR_ABORTED);
    assert_int_equal(cache_read(&fake.dev, 0, 1, buf), ERR_ABORTED);
    assert_int_equal(cache_write(&fake.dev, 0, 300, buf), ERR_ABORTED);
    assert_int_equal(fake.queued, 0);
    fake.later = false;
    check_read(0, 1);
}

TEST(outside_the_disk)
{
    for (u32 size = 0; size <= 64 * 1024; size += 64 * 1024) {
        start(size, 64);
        u32 before = fake.requests;
        assert_int_equal(cache_read(&fake.dev, BLOCKS, 1, buf), ERR_OUT_OF_RANGE);
        assert_int_equal(cache_read(&fake.dev, BLOCKS - 1, 2, buf), ERR_OUT_OF_RANGE);
        assert_int_equal(cache_read(&fake.dev, UINT64_MAX, 2, buf), ERR_OUT_OF_RANGE);
        assert_int_equal(cache_read(&fake.dev, 0, UINT32_MAX, buf), ERR_OUT_OF_RANGE);
        assert_int_equal(cache_write(&fake.dev, BLOCKS, 1, buf), ERR_OUT_OF_RANGE);
        assert_int_equal(cache_write(&fake.dev, UINT64_MAX, 1, buf), ERR_OUT_OF_RANGE);
        assert_int_equal(fake.requests, before);
        check_read(BLOCKS - 1, 1);
        fake_disk_free();
    }
}

TEST(writing_needs_permission)
{
    start(0, 64);
    fake.dev.read_only = true;
    assert_int_equal(cache_write(&fake.dev, 0, 1, buf), ERR_LUN_PROTECTED);
    assert_int_equal(fake.requests, 0);
}

TEST(flushing)
{
    u8 block[512] = {0};
    start(0, 64);
    assert_int_equal(cache_flush(&fake.dev), OK);
    assert_int_equal(fake.flushes, 0); /* nothing was written */
    assert_int_equal(cache_write(&fake.dev, 0, 1, block), OK);
    fake.fail = ERR_SCSI;
    assert_int_equal(cache_flush(&fake.dev), ERR_SCSI);
    fake.fail = OK;
    u32 before = fake.flushes;
    assert_int_equal(cache_flush(&fake.dev), OK);
    assert_int_equal(cache_flush(&fake.dev), OK);
    assert_int_equal(fake.flushes, before + 1);
}

static void start_split(u32 grain, u32 max_blocks)
{
    start(64 * 1024, max_blocks);
    fake.dev.grain = grain;
    fake.dev.blocks = BLOCKS & ~(grain - 1);
}

TEST(a_split_disk_counts_in_small_blocks)
{
    struct block_dev dev = {.blocks = 1000,
                            .block_size = 4096,
                            .grain = 1,
                            .max_blocks = 7,
                            .physical = 4,
                            .aligned = 3};
    assert_true(block_split(&dev, 4096));
    assert_int_equal(dev.grain, 1);
    assert_true(block_split(&dev, 512));
    assert_int_equal(dev.blocks, 8000);
    assert_int_equal(dev.block_size, 512);
    assert_int_equal(dev.grain, 8);
    assert_int_equal(dev.max_blocks, 56);
    assert_int_equal(dev.physical, 32);
    assert_int_equal(dev.aligned, 24);
    assert_true(block_split(&dev, 512));
    assert_int_equal(dev.grain, 8);
}

TEST(what_64_bits_can_not_count_is_out_of_reach)
{
    static const struct {
        u64 blocks, shown;
        bool all;
    } cases[] = {{(1ull << 61) - 1, UINT64_MAX - 7, true},
                 {1ull << 61, UINT64_MAX - 7, false},
                 {1ull << 62, UINT64_MAX - 7, false},
                 {UINT64_MAX, UINT64_MAX - 7, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct block_dev dev = {.blocks = cases[i].blocks,
                                .block_size = 4096,
                                .grain = 1,
                                .physical = 1,
                                .max_blocks = 7};
        assert_int_equal(block_split(&dev, 512), cases[i].all);
        assert_true(dev.blocks == cases[i].shown);
    }
    struct block_dev whole = {
        .blocks = UINT64_MAX, .block_size = 512, .grain = 1, .physical = 1, .max_blocks = 7};
    assert_true(block_split(&whole, 512));
    assert_true(whole.blocks == UINT64_MAX);
}

TEST(whole_grains_go_straight)
{
    start_split(8, 64);
    check_read(8, 16);
    check_read(64, 128);
    assert_int_equal(fake.requests, 1 + 2);
    assert_int_equal(fake.blocks_moved, 16 + 128);
    memset(buf, 1, 512 * 24);
    assert_int_equal(cache_write(&fake.dev, 16, 24, buf), OK);
    assert_int_equal(fake.requests, 4);
    assert_int_equal(fake.writes, 1);
    check_read(16, 24);
}

TEST(a_part_of_a_grain_is_read_changed_and_written)
{
    start_split(8, 64);
    u8 *model = malloc(BLOCKS * 512);
    memcpy(model, fake.bytes, BLOCKS * 512);
    memset(model + 101 * 512, 7, 512 * 20);
    memset(buf, 7, 512 * 20);
    /* Two parts, each read and written, and a whole grain between them. */
    assert_int_equal(cache_write(&fake.dev, 101, 20, buf), OK);
    assert_memory_equal(fake.bytes, model, BLOCKS * 512);
    assert_int_equal(fake.writes, 3);
    assert_int_equal(fake.requests, 5);
    /* What was read for that is there for the next one. */
    memset(model + 121 * 512, 9, 512);
    memset(buf, 9, 512);
    assert_int_equal(cache_write(&fake.dev, 121, 1, buf), OK);
    assert_memory_equal(fake.bytes, model, BLOCKS * 512);
    assert_int_equal(fake.requests, 6);
    check_read(96, 32);
    free(model);
}

TEST(a_write_of_a_part_that_fails_leaves_no_stale_line)
{
    start_split(8, 64);
    check_read(100, 1);
    memset(buf, 0x77, 512);
    fake.bad_lba = 103;
    assert_int_equal(cache_write(&fake.dev, 101, 1, buf), ERR_MEDIUM);
    fake.bad_lba = UINT64_MAX;
    check_read(96, 8);
    check_read(101, 1);
    /* Where the rest can't be read, nothing of it may be written. */
    cache_init(memory, 64 * 1024);
    u32 before = fake.writes;
    fake.bad_lba = 111;
    assert_int_equal(cache_write(&fake.dev, 104, 1, buf), ERR_MEDIUM);
    assert_int_equal(fake.writes, before);
    fake.bad_lba = UINT64_MAX;
    check_read(104, 8);
}

TEST(a_bad_grain_spoils_only_its_own_blocks)
{
    start_split(2, 64);
    fake.bad_lba = 13;
    check_read(8, 4);
    check_read(14, 2);
    check_read(11, 1);
    assert_int_equal(cache_read(&fake.dev, 12, 1, buf), ERR_MEDIUM);
}

/* Random reads and writes against a model, with completion out of order and errors now and then. */
static void mix(u32 grain)
{
    srand(3);
    start(40 * 1024 + 100, 24);
    fake.dev.grain = fake.dev.physical = grain;
    fake.dev.blocks = BLOCKS & ~(grain - 1);
    u32 blocks = (u32)fake.dev.blocks;
    u8 *model = malloc(BLOCKS * 512);
    memcpy(model, fake.bytes, BLOCKS * 512);
    host_on_wait = fake_complete_one;
    for (u32 round = 0; round < 30000; round++) {
        u32 lba = (u32)rand() % (rand() % 4 ? 300 : blocks);
        u32 count = (u32)rand() % (rand() % 4 ? 10 : 300) + 1;
        if (count > blocks - lba)
            count = blocks - lba;
        fake.later = rand() % 2;
        fake.bad_lba = rand() % 20 ? UINT64_MAX : lba + (u32)rand() % 8;
        if (rand() % 3 == 0) {
            memset(buf, rand(), count * 512);
            memcpy(buf, &round, 4);
            enum error e = cache_write(&fake.dev, lba, count, buf);
            if (e)
                memcpy(model, fake.bytes, BLOCKS * 512);
            else
                memcpy(model + lba * 512, buf, count * 512);
        } else if (cache_read(&fake.dev, lba, count, buf)) {
            assert_true(fake.bad_lba >= block_grain(&fake.dev, lba) &&
                        fake.bad_lba < block_next_grain(&fake.dev, lba + count));
        } else {
            assert_memory_equal(buf, model + lba * 512, count * 512);
        }
    }
    assert_memory_equal(model, fake.bytes, BLOCKS * 512);
    free(model);
    fake_disk_free();
}

TEST(any_mixture)
{
    for (u32 grain = 1; grain <= 8; grain *= 2)
        mix(grain);
}
