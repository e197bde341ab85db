/* Read-ahead behind the cache, on a disk in memory whose requests end while the event loop runs. */
#include "base/arith.h"
#include "base/loop.h"
#include "disk/cache.h"
#include "disk/fake_disk.h"
#include "disk/readahead.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define BLOCKS     40001
#define LINES      (1024 * 1024) /* bytes for the cache's lines */
#define AHEAD      (1024 * 1024)
#define AHEAD_MIN  4096
#define MAX_BLOCKS 256

static u8 *lines, *ahead;
static u32 ahead_size; /* of the latest start() */

/* --- The target: a distance away, and as fast as its link. --- */

static u32 distance;    /* ms until an answer begins */
static u32 blocks_a_ms; /* the link's rate; 0: without limit */
static u32 answered;    /* blocks since the latest millisecond */
static msec submitted[FAKE_QUEUE];
static u32 seen;           /* requests whose time is noted */
static u32 ended_waits;    /* requests whose reader waited for just that one */
static u32 waited;         /* ms that the readers have waited in all */
static u32 *times_fetched; /* of each block, where a test counts them */

/* Requests end in their order, when their time has come. */
static void target_poll(msec now)
{
    while (seen < fake.queued)
        submitted[seen++] = now;
    while (fake.queued && !loop_enough(false) && time_reached(now, submitted[0] + distance) &&
           (!blocks_a_ms || answered < blocks_a_ms)) {
        struct block_req *req = fake.queue[0];
        answered += req->count;
        for (u32 i = 0; times_fetched && i < req->count; i++)
            times_fetched[req->lba + i]++;
        fake.queued--;
        seen--;
        memmove(fake.queue, fake.queue + 1, fake.queued * sizeof(*fake.queue));
        memmove(submitted, submitted + 1, seen * sizeof(*submitted));
        fake_do(req);
        ended_waits += loop_enough(false);
    }
}

static u32 target_timeout(msec now)
{
    (void)now;
    return fake.queued ? 1 : TIMEOUT_NEVER;
}

static void on_wait(u32 ms)
{
    assert_int_not_equal(ms, TIMEOUT_NEVER); /* nobody would wake us */
    waited += ms;
    answered -= min_u32(answered, ms * blocks_a_ms);
}

static void start(u32 size)
{
    static const struct poller target = {target_poll, target_timeout};
    host_reset(1000);
    loop_register(&target);
    free(lines);
    free(ahead);
    lines = malloc(LINES);
    ahead = malloc(size + 1);
    ahead_size = size;
    distance = 1;
    blocks_a_ms = answered = seen = waited = ended_waits = 0;
    fake_disk(BLOCKS, MAX_BLOCKS);
    cache_init(lines, LINES);
    readahead_init(ahead, size);
    fake.later = true;
    host_on_wait = on_wait;
    loop_poll(NULL);
}

/* Everything under way arrives. */
static void settle(void)
{
    for (u32 i = 0; i < 1000 && fake.queued; i++) {
        host_now++;
        loop_poll(NULL);
    }
}

static void teardown(void)
{
    blocks_a_ms = 0;
    settle();
    assert_int_equal(fake.queued, 0);
    fake_disk_free();
    free(lines);
    free(ahead);
    lines = ahead = NULL;
}

FIXTURE(NULL, teardown);

/* --- Tests --- */

TEST(a_sequential_reader_stops_waiting)
{
    for (u32 count = 1; count <= 127; count = count * 2 + 1) {
        start(AHEAD);
        distance = 10;
        u32 calls = min_u32(BLOCKS / count, 4000);
        for (u32 i = 0; i < calls; i++) {
            if (i == calls / 2)
                waited = 0;
            check_read((u64)i * count, count);
            host_now += 2; /* the reader's own work */
        }
        /* In its first half it has found its window: from then on the distance hardly shows. */
        assert_in_range(waited, 0, 30);
        settle();
        fake_disk_free();
    }
    start(AHEAD);
}

TEST(a_near_disk_does_not_narrow_the_window_of_a_far_one)
{
    u8 data[512];
    start(AHEAD);
    struct block_dev near = fake.dev;
    for (u32 i = 0; i < 1000; i++)
        assert_int_equal(cache_read(&near, i, 1, data), OK);
    settle();
    distance = 20;
    for (u32 i = 0; i < 4000; i++) {
        if (i == 2000)
            waited = 0;
        check_read(i, 1);
        host_now += 2;
    }
    assert_in_range(waited, 0, 60);
    settle();
}

TEST(random_reads_read_nothing_ahead)
{
    start(AHEAD);
    srand(1);
    for (u32 i = 0; i < 500; i++)
        check_read((u32)rand() % (BLOCKS / 8 / 3) * 3 * 8, 8);
    assert_int_equal(fake.blocks_moved, 500 * 8);
    assert_int_equal(fake.requests, 500);
}

TEST(little_is_fetched_in_vain)
{
    start(AHEAD);
    distance = 5;
    u32 asked = 0;
    /* Files of some sizes, here and there, each read from its beginning to its end. */
    static const struct {
        u32 lba, blocks;
    } files[] = {{100, 64}, {20000, 16000}, {700, 300}, {37000, 128}, {2000, 15000}};
    for (u32 f = 0; f < ARRAY_SIZE(files); f++)
        for (u32 at = 0; at < files[f].blocks; at += 63) {
            u32 n = min_u32(63, files[f].blocks - at);
            check_read(files[f].lba + at, n);
            asked += n;
        }
    settle();
    assert_in_range(fake.blocks_moved * 100 / asked, 100, 115);
}

/* A window that was found with large pieces takes more chunks of small ones than there are: they
 * must not push out each other. In the first half the calls are as GRUB cuts a MiB. */
TEST(a_reader_whose_calls_get_smaller_has_nothing_fetched_twice)
{
    for (u32 small = 16; small <= 112; small += 16) {
        start(4 * AHEAD);
        distance = 20;
        u32 at = 0;
        while (at < BLOCKS - 127) {
            u32 n = at < BLOCKS / 2 && (at & 2047) <= 2048 - 127 ? 127 : small;
            check_read(at, n);
            at += n;
            host_now++; /* the reader's own work */
        }
        settle();
        assert_in_range(fake.blocks_moved, at, BLOCKS);
        fake_disk_free();
    }
    start(AHEAD);
}

TEST(two_streams_do_not_disturb_each_other)
{
    start(AHEAD);
    distance = 10;
    for (u32 i = 0; i < 300; i++) {
        if (i == 150)
            waited = 0;
        check_read(i * 63, 63);
        check_read(20000 + i * 16, 16);
        check_read(39000 + (i * 7919) % 64, 1); /* file system metadata between them */
        host_now += 3;
    }
    assert_in_range(waited, 0, 60);
}

/* From the beginning of an old partition on. */
TEST(what_is_read_ahead_ends_with_blocks_of_the_medium)
{
    static const struct {
        u32 physical, aligned;
    } cases[] = {{8, 0}, {8, 7}, {64, 0}};
    for (u32 c = 0; c < ARRAY_SIZE(cases); c++)
        for (u32 count = 1; count <= 15; count += 7) {
            start(AHEAD);
            fake.dev.physical = cases[c].physical;
            fake.dev.aligned = cases[c].aligned;
            for (u32 i = 0; i < 2000; i++)
                check_read(63 + i * count, count);
            settle();
            assert_in_range(fake.requests, 20, 1000);
            assert_in_range(fake.cut, 0, 8); /* its own first ones, and while its window is small */
            fake_disk_free();
        }
    start(AHEAD);
}

TEST(readers_that_meet_have_nothing_fetched_twice)
{
    start(AHEAD);
    u32 fetched[BLOCKS] = {0};
    times_fetched = fetched;
    for (u32 lba = 1000; lba < 1064; lba += 8)
        check_read(lba, 8);
    settle();
    assert_int_equal(fetched[1064], 1); /* read ahead */
    for (u32 lba = 901; lba < 1064; lba += 3)
        check_read(lba, 3);
    settle();
    times_fetched = NULL;
    for (u32 lba = 1064; lba < BLOCKS; lba++)
        assert_in_range(fetched[lba], 0, 1);
}

TEST(an_old_stream_that_goes_on_reads_ahead_anew)
{
    start(AHEAD);
    distance = 5;
    for (u32 i = 0; i < 60; i++)
        check_read(i * 63, 63);
    for (u32 i = 0; i < 120; i++) /* its chunks give way */
        check_read(20000 + i * 63, 63);
    waited = 0;
    for (u32 i = 60 * 63 / 8; i < 60 * 63 / 8 + 200; i++) {
        check_read(i * 8, 8);
        host_now++;
    }
    assert_in_range(waited, 0, 200 * 5 / 4);
}

TEST(the_end_of_the_disk)
{
    start(AHEAD);
    for (u32 at = BLOCKS - 1001; at < BLOCKS; at += 7)
        check_read(at, 7);
    u8 byte;
    assert_int_equal(cache_read(&fake.dev, BLOCKS, 1, &byte), ERR_OUT_OF_RANGE);
    assert_in_range(fake.blocks_moved, 1001, 1001 + 16);
}

/* Behind it numbers begin anew. */
TEST(the_end_of_the_largest_disk)
{
    for (u32 grain = 1; grain <= 8; grain *= 8) {
        start(AHEAD);
        const u32 blocks = BLOCKS & ~(grain - 1);
        u8 data[63 * 512];
        fake.dev.grain = grain;
        fake.dev.blocks = UINT64_MAX - (grain - 1);
        fake.first = fake.dev.blocks - blocks;
        distance = 5;
        for (u32 at = 0; at < blocks; at += 63) {
            if (at == 63 * 300)
                waited = 0;
            check_read(fake.first + at, min_u32(63, blocks - at));
            host_now += 2; /* the reader's own work */
        }
        assert_in_range(waited, 0, 30); /* read ahead up to the end */
        assert_int_equal(fake.blocks_moved, blocks);
        u64 lba = fake.dev.blocks - 63;
        memset(data, 0x5a, sizeof(data));
        assert_int_equal(cache_write(&fake.dev, lba, 63, data), OK);
        check_read(lba, 63);
        assert_int_equal(cache_read(&fake.dev, lba, 64, data), ERR_OUT_OF_RANGE);
        assert_int_equal(cache_read(&fake.dev, UINT64_MAX, 2, data), ERR_OUT_OF_RANGE);
        settle();
        fake_disk_free();
    }
    start(AHEAD);
}

TEST(what_was_written_is_never_read_stale)
{
    start(AHEAD);
    distance = 3;
    u8 data[63 * 512];
    u32 met = 0;
    for (u32 i = 0; i < 200; i++) {
        /* Into what is on its way, held, or not asked for yet; around the reader's place. */
        u32 lba = i * 63 + i * 37 % 900, count = i % 63 + 1;
        if (fake.queued) {
            lba = (u32)fake.queue[fake.queued - 1]->lba + i % 63;
            met++;
        }
        memset(data, (int)i, sizeof(data));
        assert_int_equal(cache_write(&fake.dev, lba, count, data), OK);
        assert_memory_equal(fake.bytes + lba * 512, data, count * 512);
        check_read(lba, count);
        check_read(i * 63, 63);
    }
    assert_int_not_equal(met, 0);
}

TEST(nothing_is_read_ahead_while_its_grain_is_written)
{
    start(AHEAD);
    fake.dev.grain = 8;
    check_read(0, 8);
    /* A reader in order has failed, at once: nothing is read ahead of it yet. */
    u8 buf[512];
    fake.bad_lba = 8;
    fake.later = false;
    assert_int_equal(cache_read(&fake.dev, 8, 1, buf), ERR_MEDIUM);
    fake.bad_lba = UINT64_MAX;
    fake.later = true;
    /* The rest of the grain has to be read first, and while that takes its time ... */
    memset(buf, 0xa5, sizeof(buf));
    assert_int_equal(cache_write(&fake.dev, 17, 1, buf), OK);
    check_read(16, 8);
}

TEST(a_large_call_gets_its_data_without_a_copy)
{
    start(AHEAD);
    distance = 20;
    for (u32 i = 0; i < 60; i++) {
        if (i == 5) /* what came before it was asked for has been read */
            memset(ahead, 0xa5, AHEAD);
        check_read(i * 127, 127);
    }
    u32 held = 0;
    for (u32 i = 0; i < AHEAD; i++)
        held += ahead[i] != 0xa5;
    assert_int_equal(held, 0);
}

TEST(the_rest_stays_in_the_ring_for_its_reader)
{
    start(AHEAD);
    for (u32 i = 0; i < 20; i++)
        check_read(i * 127, 127);
    /* The request that a call waited for has ended the input, and the others are not taken yet. */
    assert_int_not_equal(ended_waits, 0);
    assert_int_not_equal(fake.queued, 0);
}

TEST(a_bad_block_ahead_is_the_readers_who_wants_it)
{
    start(AHEAD);
    u8 *to = malloc(63 * 512);
    fake.bad_lba = 63 * 30 + 5;
    for (u32 i = 0; i < 30; i++)
        check_read(i * 63, 63);
    assert_int_equal(cache_read(&fake.dev, 63 * 30, 63, to), ERR_MEDIUM);
    check_read(63 * 30, 5);
    check_read(63 * 31, 63);
    fake.bad_lba = UINT64_MAX;
    check_read(63 * 30, 63);
    free(to);
}

static void abort_at_the_keyboard(u32 ms)
{
    (void)ms;
    seen = 0;
    fake.dev.ops->abort(&fake.dev);
}

TEST(given_up_leaves_nothing_behind)
{
    start(AHEAD);
    u8 *to = malloc(63 * 512);
    distance = 5;
    u32 i = 0;
    while (i < 30 || !fake.queued)
        check_read(i++ * 63, 63);
    host_on_wait = abort_at_the_keyboard;
    distance = 1000;
    assert_int_equal(cache_read(&fake.dev, 30000, 63, to), ERR_ABORTED);
    host_on_wait = on_wait;
    distance = 1;
    for (; i < 100; i++)
        check_read(i * 63, 63);
    free(to);
}

static void one_press(u32 ms)
{
    abort_at_the_keyboard(ms);
    host_on_wait = on_wait;
}

TEST(giving_up_takes_one_key)
{
    start(AHEAD);
    u8 *to = malloc(63 * 512);
    u32 i = 0;
    while (i < 30 || !fake.queued)
        check_read(i++ * 63, 63);
    distance = 1000;
    /* The reader waits for what is under way already. */
    while (fake.queued && host_on_wait == on_wait) {
        host_on_wait = one_press;
        if (cache_read(&fake.dev, i++ * 63, 63, to))
            break;
    }
    assert_ptr_equal(host_on_wait, on_wait);
    assert_int_equal(fake.queued, 0);
    distance = 1;
    check_read(i * 63, 63);
    free(to);
}

TEST(small_memory_works_the_same)
{
    static const u32 sizes[] = {0, AHEAD_MIN - 1, AHEAD_MIN, 3 * AHEAD_MIN, 100000, 256 * 1024};
    for (u32 s = 0; s < ARRAY_SIZE(sizes); s++)
        for (u32 count = 1; count <= 127; count += 42) {
            start(sizes[s]);
            for (u32 i = 0; i < 100; i++)
                check_read(i * count, count);
            settle();
            fake_disk_free();
        }
    start(AHEAD);
}

TEST(a_busy_link_does_not_widen_the_window)
{
    start(AHEAD);
    distance = 1;
    blocks_a_ms = 20; /* 10 MB/s: no window makes that more */
    u32 most = 0;
    for (u32 i = 0; i < 300; i++) {
        check_read(i * 63, 63);
        u32 under_way = 0;
        for (u32 k = 0; k < fake.queued; k++)
            under_way += fake.queue[k]->count;
        most = max_u32(most, under_way);
    }
    assert_in_range(most, 63, 1024 + 127);
}

/* Streams, jumps and writes against a model, at a distance, with errors and with memory that is too
 * small for them all. */
static void mix(u32 grain, u32 physical, u32 aligned)
{
    srand(5);
    start(200 * 1024);
    const u32 blocks = BLOCKS & ~(grain - 1);
    fake.dev.grain = grain;
    fake.dev.physical = physical;
    fake.dev.aligned = aligned;
    fake.dev.blocks = blocks;
    distance = 2;
    u8 *model = malloc(BLOCKS * 512), *buf = malloc(200 * 512);
    memcpy(model, fake.bytes, BLOCKS * 512);
    u32 at[3] = {0, 10000, 30000};
    for (u32 round = 0; round < 20000; round++) {
        u32 *place = &at[rand() % 3];
        if (rand() % 50 == 0)
            *place = (u32)rand() % blocks;
        u32 count = min_u32((u32)rand() % (rand() % 3 ? 12 : 200) + 1, blocks - *place);
        fake.bad_lba = rand() % 30 ? UINT64_MAX : *place + (u32)rand() % 300;
        if (rand() % 8 == 0) {
            u32 lba = min_u32(*place + (u32)rand() % 100, blocks - count);
            memset(buf, rand(), count * 512);
            if (cache_write(&fake.dev, lba, count, buf))
                memcpy(model, fake.bytes, BLOCKS * 512);
            else
                memcpy(model + lba * 512, buf, count * 512);
        } else if (!cache_read(&fake.dev, *place, count, buf)) {
            assert_memory_equal(buf, model + *place * 512, count * 512);
        } else {
            assert_true(fake.bad_lba >= block_grain(&fake.dev, *place) &&
                        fake.bad_lba < block_next_grain(&fake.dev, *place + count));
        }
        *place = *place + count < blocks ? *place + count : 0;
        host_now += rand() % 3;
    }
    settle();
    assert_memory_equal(model, fake.bytes, BLOCKS * 512);
    free(model);
    free(buf);
    fake_disk_free();
}

TEST(any_mixture)
{
    for (u32 grain = 1; grain <= 8; grain *= 4)
        mix(grain, grain, 0);
    mix(1, 8, 7);
    mix(1, 1 << 15, 16383);
    mix(8, 8 << 15, 8 * 16383);
}
