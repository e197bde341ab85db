/* The cache and its read-ahead, on a disk of grains of any size, whose requests end late, in any
 * order, or fail: several readers in order and at random, with writes among them. What is read is
 * what the disk holds. */
#include "base/arith.h"
#include "base/loop.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/fake_disk.h"
#include "disk/readahead.h"
#include "input.h"
#include "platform_host.h"
#include <stdlib.h>
#include <string.h>

#define CALLS      96
#define DISK       2048 /* blocks */
#define READERS    4
#define COUNT_MAX  40
#define LINE       4096
#define CHUNKS_MAX 48 /* fewer than the disk's queue takes */

static u8 *disk_original;
static bool disk_written;

static struct {
    u64 lba;
    u32 count;
} reader[READERS];

/* One request ends, any of them, and time passes. */
static void on_wait(u32 ms)
{
    host_now += in_u8() & 15;
    host_now -= ms;
    CHECK(fake.queued);
    u32 i = in_u8() % fake.queued, last = fake.queued - 1;
    struct block_req *req = fake.queue[i];
    fake.queue[i] = fake.queue[last];
    fake.queue[last] = req;
    fake_complete_one(ms);
}

static void read_blocks(u64 lba, u32 count)
{
    u8 *data = malloc(count * 512 + !count);
    enum error e = cache_read(&fake.dev, lba, count, data);
    if (lba > DISK || count > DISK - lba) {
        CHECK(e == ERR_OUT_OF_RANGE);
    } else {
        bool good = !fake.fail && (fake.bad_lba < block_grain(&fake.dev, lba) ||
                                   fake.bad_lba >= block_next_grain(&fake.dev, lba + count));
        CHECK(!good || e == OK);
        CHECK(e || !memcmp(data, fake.bytes + lba * 512, count * 512));
    }
    free(data);
}

/* The next blocks of one who reads in order, more or less. */
static void read_on(void)
{
    u32 i = in_below(READERS);
    u8 how = in_u8();
    if (how >= 0xe0)
        reader[i].lba = in_u16() % DISK;
    else if (how >= 0xc0)
        reader[i].lba += how & 31;
    if (how & 1 || !reader[i].count)
        reader[i].count = 1 + in_below(COUNT_MAX);
    if (reader[i].lba >= DISK)
        reader[i].lba = 0;
    reader[i].count = min_u32(reader[i].count, (u32)(DISK - reader[i].lba));
    read_blocks(reader[i].lba, reader[i].count);
    reader[i].lba += reader[i].count;
}

/* The same several times, so that short inputs get far. */
static void read_far(void)
{
    u32 i = in_below(READERS), times = in_below(32);
    while (times-- && reader[i].count && reader[i].lba + reader[i].count <= DISK) {
        read_blocks(reader[i].lba, reader[i].count);
        reader[i].lba += reader[i].count;
    }
}

static void read_anything(void)
{
    u64 lba = in_u8() < 0xf0 ? in_u16() % (DISK + 16) : (u64)in_u32() << 32 | in_u32();
    read_blocks(lba, in_below(COUNT_MAX));
}

static void write_blocks(void)
{
    u64 lba = in_u8() & 1 ? reader[in_below(READERS)].lba + in_below(64) : in_u16() % (DISK + 16);
    u32 count = 1 + in_below(COUNT_MAX);
    u8 *data = malloc(count * 512);
    memset(data, in_u8(), count * 512);
    disk_written = true;
    enum error e = cache_write(&fake.dev, lba, count, data);
    bool fits = lba < DISK && count <= DISK - lba;
    CHECK(fits || e);
    CHECK(e || !memcmp(data, fake.bytes + lba * 512, count * 512));
    free(data);
}

static void flush(void)
{
    cache_flush(&fake.dev);
}

static void trouble(void)
{
    u8 how = in_u8();
    fake.bad_lba = how & 1 ? in_u16() % DISK : UINT64_MAX;
    fake.fail = how & 2 ? ERR_SCSI : OK;
}

/* The tick. */
static void poll(void)
{
    if (fake.queued)
        on_wait(0);
    loop_poll(NULL);
}

static void machine(void)
{
    static struct block_dev dev;
    if (!disk_original) {
        dev = *fake_disk(DISK, 1);
        disk_original = exact_copy(fake.bytes, DISK * 512);
    }
    u8 *bytes = fake.bytes;
    fake = (struct fake_disk){.dev = dev, .bytes = bytes, .blocks = DISK, .bad_lba = UINT64_MAX};
    if (disk_written)
        memcpy(fake.bytes, disk_original, DISK * 512);
    disk_written = false;
    host_reset(1000);
    host_on_wait = on_wait;
    memset(reader, 0, sizeof(reader));
}

void fuzz_one(void)
{
    static void (*const calls[])(void) = {read_on, read_on, read_far,     read_anything,
                                          poll,    flush,   write_blocks, trouble};
    machine();
    u32 grain = 1u << in_below(4);
    u32 lines = (in_below(6) + (grain > 1)) * LINE + in_below(LINE);
    u32 ahead = in_below(CHUNKS_MAX * LINE);
    u8 *line_memory = malloc(lines), *ahead_memory = malloc(ahead);
    fake.dev.grain = grain;
    fake.dev.physical = grain << in_below(16);
    fake.dev.aligned = grain * in_below(16384);
    fake.dev.max_blocks = (1 + in_below(128 / grain)) * grain;
    fake.later = in_u8() & 1;
    cache_init(line_memory, lines);
    readahead_init(ahead_memory, ahead);
    for (u32 i = 0; i < CALLS && in_left(); i++)
        calls[in_below(ARRAY_SIZE(calls))]();
    while (fake.queued)
        fake_complete_one(0);
    cache_init(NULL, 0);
    readahead_init(NULL, 0);
    free(ahead_memory);
    free(line_memory);
}
