/* INT 13h, through the cache, on a disk in memory. */
#include "base/bda.h"
#include "base/bytes.h"
#include "disk/cache.h"
#include "disk/fake_disk.h"
#include "disk/int13.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define PHYS_SIZE  (0x100000 + 0x10000)
#define BLOCKS     20000
#define HEADS      16
#define SECTORS    63
#define CYLINDERS  19 /* BLOCKS / (HEADS * SECTORS) */
#define BDA_STATUS 0x474
#define BDA_DISKS  0x475

static u8 *mem; /* physical memory 0 .. PHYS_SIZE-1 */
static struct int13_disk config;
static struct rm_regs regs;
static struct int13_chain chain;

static int attach(u8 locals, u8 drive)
{
    int13_stop();
    mem[BDA_DISKS] = locals;
    config = (struct int13_disk){.drive = drive,
                                 .geometry = {CYLINDERS, HEADS, SECTORS},
                                 .dev = &fake.dev,
                                 .sectors = fake.dev.blocks,
                                 .sector_blocks = 1,
                                 .path = {.bdf = 0x0118, .device_short = 5}};
    return int13_add(&config);
}

static void setup(void)
{
    host_reset(0);
    mem = calloc(1, PHYS_SIZE);
    host_set_phys(mem, PHYS_SIZE);
    fake_disk(BLOCKS, 128);
    cache_init(NULL, 0);
    attach(0, 0x80);
}

static void teardown(void)
{
    int13_stop();
    fake_disk_free();
    free(mem);
}

FIXTURE(setup, teardown);

/* Parts of registers that a call changed, as bits. */
enum { AL = 1, AH = 2, BL = 4, BH = 8, CL = 16, CH = 32, DL = 64, DH = 128, ELSE = 256 };

static u32 changed;

static u32 parts(u32 before, u32 after, u32 low, u32 high)
{
    u32 diff = before ^ after;
    return (diff & 0xff ? low : 0) | (diff & 0xff00 ? high : 0) | (diff >> 16 ? ELSE : 0);
}

static enum int13_action call(void)
{
    struct rm_regs before = regs;
    enum int13_action action = int13(&regs, &chain);
    changed = parts(before.eax, regs.eax, AL, AH) | parts(before.ebx, regs.ebx, BL, BH) |
              parts(before.ecx, regs.ecx, CL, CH) | parts(before.edx, regs.edx, DL, DH);
    if (before.edi != regs.edi || before.esi != regs.esi || before.ebp != regs.ebp ||
        before.esp != regs.esp || before.ds != regs.ds || before.es != regs.es ||
        before.fs != regs.fs || before.gs != regs.gs || before.vector != regs.vector ||
        (before.flags ^ regs.flags) & ~FLAG_CF)
        changed |= ELSE;
    return action;
}

/* Registers with marks in all that the call does not use. */
static void load(u16 ax, u16 bx, u16 cx, u16 dx)
{
    regs = (struct rm_regs){.edi = 0xd1d1d1d1,
                            .esi = 0xd2d20000,
                            .ebp = 0xd3d3d3d3,
                            .esp = 0xd4d4d4d4,
                            .ebx = 0xb0b00000u | bx,
                            .edx = 0xd0d00000u | dx,
                            .ecx = 0xc0c00000u | cx,
                            .eax = 0xa0a00000u | ax,
                            .gs = 0x6666,
                            .fs = 0xffff,
                            .es = 0x2000,
                            .ds = 0x1000,
                            .flags = 0xfedc,
                            .vector = 0x13};
}

/* A call for our disk: returns AH, after looking at what every answer has in common. */
static u8 ask(void)
{
    assert_int_equal(call(), INT13_DONE);
    assert_int_equal(changed & ELSE, 0);
    return reg_high(regs.eax);
}

static u8 ask_ax(u16 ax)
{
    load(ax, 0xb1b2, 0xc1c2, 0xd880);
    return ask();
}

#define OK_WITH(parts)                                                                             \
    do {                                                                                           \
        assert_int_equal(regs.flags &FLAG_CF, 0);                                                  \
        assert_int_equal(mem[BDA_STATUS], 0);                                                      \
        assert_int_equal(changed & ~(u32)(AH | (parts)), 0);                                       \
    } while (0)

#define FAILED_WITH(status)                                                                        \
    do {                                                                                           \
        assert_int_equal(reg_high(regs.eax), status);                                              \
        assert_int_equal(regs.flags &FLAG_CF, FLAG_CF);                                            \
        assert_int_equal(mem[BDA_STATUS], status);                                                 \
        assert_int_equal(changed & ~(u32)(AH | AL), 0);                                            \
    } while (0)

/* AH=02h or 03h at an LBA. */
static u8 chs(u8 function, u32 lba, u8 count, u16 segment, u16 offset)
{
    u32 c = lba / (HEADS * SECTORS), h = lba / SECTORS % HEADS, s = lba % SECTORS + 1;
    load((u16)(function << 8 | count), offset, (u16)(c << 8 | (c >> 2 & 0xc0) | s),
         (u16)(h << 8 | 0x80));
    regs.es = segment;
    return ask();
}

/* A packet at 1000:0010, and the call. */
static u8 *dap(void)
{
    return mem + 0x10010;
}

static u8 lba_call(u8 function, u64 lba, u16 count, u16 segment, u16 offset)
{
    memset(dap(), 0, 24);
    dap()[0] = 16;
    put_le16(dap() + 2, count);
    put_le16(dap() + 4, offset);
    put_le16(dap() + 6, segment);
    put_le64(dap() + 8, lba);
    load((u16)(function << 8 | 0x5a), 0xb1b2, 0xc1c2, 0xd880);
    regs.esi |= 0x0010;
    return ask();
}

static u8 flat_call(u8 function, u64 lba, u16 count, u64 address)
{
    memset(dap(), 0, 24);
    dap()[0] = 24;
    put_le16(dap() + 2, count);
    put_le32(dap() + 4, 0xffffffff);
    put_le64(dap() + 8, lba);
    put_le64(dap() + 16, address);
    load((u16)(function << 8), 0xb1b2, 0xc1c2, 0xd880);
    regs.esi |= 0x0010;
    return ask();
}

static const u8 *disk_at(u32 lba)
{
    return fake.bytes + (size_t)lba * 512;
}

/* It fails at once, and it may have a CD there that it does not count. */
TEST(absent_disks_are_the_bioss_to_answer)
{
    for (u32 drive = 0x81; drive <= 0x8f; drive++) {
        load(0x0201, 0, 1, (u16)drive);
        assert_int_equal(call(), INT13_CHAIN);
        assert_int_equal(changed, 0);
        assert_false(chain.set_dl);
    }
    attach(2, 0x80); /* ours is the first of three */
    load(0x4100, 0x55aa, 0, 0x83);
    assert_int_equal(call(), INT13_CHAIN);
    assert_int_equal(changed, 0);
    assert_false(chain.set_dl);
    assert_int_equal(fake.requests, 0);
}

TEST(floppies_and_cds_go_to_the_bios_untouched)
{
    const u8 drives[] = {0x00, 0x01, 0x7f, 0x90, 0x9f, 0xe0, 0xff};
    for (size_t i = 0; i < ARRAY_SIZE(drives); i++) {
        load(0x0801, 0, 1, drives[i]);
        struct rm_regs before = regs;
        assert_int_equal(call(), INT13_CHAIN);
        assert_memory_equal(&before, &regs, sizeof(regs));
        assert_false(chain.set_dl);
    }
}

TEST(local_disks_have_moved_up_by_one)
{
    assert_int_equal(attach(3, 0x81), 0x81);
    assert_int_equal(mem[BDA_DISKS], 4);
    static const struct {
        u8 called, bios;
        bool restored;
    } cases[] = {{0x80, 0x80, false}, {0x82, 0x81, true}, {0x83, 0x82, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        load(0x4200, 0xb1b2, 0xc1c2, 0xd800 | cases[i].called);
        assert_int_equal(call(), INT13_CHAIN);
        assert_int_equal(reg_low(regs.edx), cases[i].bios);
        assert_int_equal(changed & ~(u32)DL, 0);
        assert_int_equal(chain.set_dl, cases[i].restored);
        assert_int_equal(chain.dl, cases[i].called);
        /* AH=15h answers in DX: DL is not put back. */
        load(0x1500, 0xb1b2, 0xc1c2, 0xd800 | cases[i].called);
        assert_int_equal(call(), INT13_CHAIN);
        assert_int_equal(reg_low(regs.edx), cases[i].bios);
        assert_false(chain.set_dl);
        /* AH=08h answers with the number of disks in DL: ours has to be among them. */
        load(0x0800, 0xb1b2, 0xc1c2, 0xd800 | cases[i].called);
        assert_int_equal(call(), INT13_CHAIN);
        assert_int_equal(reg_low(regs.edx), cases[i].bios);
        assert_true(chain.set_dl);
        assert_int_equal(chain.dl, 4);
    }
    load(0x4200, 0, 0, 0x84);
    assert_int_equal(call(), INT13_CHAIN);
    assert_int_equal(changed, 0);
}

TEST(our_number_leaves_no_gap)
{
    assert_int_equal(attach(0, 0x8f), 0x80);
    int13_stop();
    assert_int_equal(mem[BDA_DISKS], 0);
    assert_int_equal(attach(2, 0x8f), 0x82);
    int13_stop();
    /* A count that can't be true. */
    assert_int_equal(attach(200, 0x80), 0x80);
    assert_int_equal(mem[BDA_DISKS], 16);
    int13_stop();
}

TEST(the_count_of_disks_is_kept_right)
{
    int13_stop();
    attach(2, 0x80);
    mem[BDA_DISKS] = 2; /* a BIOS that writes its own count again */
    load(0x0800, 0, 0, 0);
    assert_int_equal(call(), INT13_CHAIN);
    assert_int_equal(mem[BDA_DISKS], 3);
    mem[BDA_DISKS] = 4; /* one that has found another disk */
    load(0x0800, 0, 0, 0x83);
    assert_int_equal(call(), INT13_CHAIN);
    assert_int_equal(mem[BDA_DISKS], 4);
    assert_int_equal(reg_low(regs.edx), 0x82);
    assert_int_equal(chain.dl, 4);
    mem[BDA_DISKS] = 0xff; /* rubbish */
    assert_int_equal(ask_ax(0x0000), 0);
    assert_int_equal(mem[BDA_DISKS], 4);
    int13_stop();
    assert_int_equal(mem[BDA_DISKS], 3);
    load(0x0800, 0, 0, 0x80);
    struct rm_regs before = regs;
    assert_int_equal(call(), INT13_CHAIN);
    assert_memory_equal(&before, &regs, sizeof(regs));
    assert_false(chain.set_dl);
}

TEST(the_whole_disk_by_chs)
{
    u32 end = CYLINDERS * HEADS * SECTORS, n;
    for (u32 lba = 0; lba < end; lba += n) {
        n = lba % 251 + 1;
        if (n > end - lba)
            n = end - lba;
        assert_int_equal(chs(0x02, lba, (u8)n, 0x3000, 0x0007), 0);
        OK_WITH(AL);
        assert_int_equal(reg_low(regs.eax), n);
        assert_memory_equal(mem + 0x30007, disk_at(lba), n * 512);
    }
}

TEST(a_transfer_by_chs_may_run_past_the_last_cylinder)
{
    u32 end = CYLINDERS * HEADS * SECTORS;
    assert_int_equal(chs(0x02, end - 1, 255, 0x3000, 0), 0);
    assert_memory_equal(mem + 0x30000, disk_at(end - 1), 255 * 512);
    /* But no transfer begins there. */
    assert_int_equal(chs(0x02, end, 1, 0x3000, 0), 0x04);
    FAILED_WITH(0x04);
}

TEST(chs_addresses_that_are_none)
{
    static const struct {
        u16 cx;
        u8 dh;
    } bad[] = {
        {0x0000, 0}, /* sector 0 */

        {0x0001, HEADS}, /* head too high */

        {CYLINDERS << 8 | 1, 0},  /* cylinder too high */
        {0xff00 | 0xc0 | 1, 0},   /* cylinder 1023 */
        {0x0000 | 0x40 | 1, 0x0}, /* cylinder 256: the two high bits count */
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        for (u8 function = 2; function <= 4; function++) {
            load((u16)(function << 8 | 1), 0, bad[i].cx, (u16)(bad[i].dh << 8 | 0x80));
            assert_int_equal(ask(), 0x04);
            FAILED_WITH(0x04);
        }
    assert_int_equal(chs(0x02, 0, 0, 0x3000, 0), 0x01);
    FAILED_WITH(0x01);
    assert_int_equal(chs(0x03, 0, 0, 0x3000, 0), 0x01);
    assert_int_equal(chs(0x04, 0, 0, 0x3000, 0), 0x01);
    assert_int_equal(fake.requests, 0);
}

TEST(the_whole_disk_by_lba)
{
    u32 n;
    for (u32 lba = 0; lba < BLOCKS; lba += n) {
        n = lba % 127 + 1;
        if (n > BLOCKS - lba)
            n = BLOCKS - lba;
        assert_int_equal(lba_call(0x42, lba, (u16)n, 0x2000, (u16)(lba & 0x1ff)), 0);
        OK_WITH(0);
        assert_int_equal(get_le16(dap() + 2), n);
        assert_memory_equal(mem + 0x20000 + (lba & 0x1ff), disk_at(lba), n * 512);
    }
}

TEST(every_buffer_that_real_mode_can_name)
{
    static const struct {
        u16 segment, offset, count;
    } good[] = {
        {0x07c0, 0x0000, 1},   {0x2000, 0xff00, 3}, /* beyond the segment's end */
        {0x2fff, 0xffff, 127}, {0x2000, 0xffff, 1},
        {0x9000, 0x0000, 128}, {0x3000, 0x0001, 1000}, /* longer than a segment */
        {0xffff, 0x0010, 127},                         /* the high memory area */
        {0xffff, 0x0010, 127}, {0xffff, 0xfdf0, 1},    /* to its last byte but 16 */
        {0xfff0, 0xfef0, 1},   {0xf000, 0xfe00, 2},    /* across 1 MiB */
        {0x0050, 0x0000, 1},   {0xffff, 0xfe00, 1},    /* to the last byte */
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        u32 at = rm_phys(good[i].segment, good[i].offset);
        u32 len = good[i].count * 512u;
        memset(mem + 0x20000, 0, PHYS_SIZE - 0x20000);
        assert_int_equal(lba_call(0x42, 777, good[i].count, good[i].segment, good[i].offset), 0);
        assert_memory_equal(mem + at, disk_at(777), len);
        if (at > 0x20000)
            assert_int_equal(mem[at - 1], 0);
        if (at + len < PHYS_SIZE)
            assert_int_equal(mem[at + len], 0);
        if (good[i].count < 256) {
            assert_int_equal(chs(0x02, 778, (u8)good[i].count, good[i].segment, good[i].offset), 0);
            assert_memory_equal(mem + at, disk_at(778), len);
        }
    }
    /* Beyond the last byte that has a name. */
    u32 before = fake.requests;
    assert_int_equal(lba_call(0x42, 0, 1, 0xffff, 0xfe01), 0x01);
    FAILED_WITH(0x01);
    assert_int_equal(get_le16(dap() + 2), 0);
    assert_int_equal(lba_call(0x42, 0, 128, 0xffff, 0x0010), 0x01);
    assert_int_equal(lba_call(0x42, 0, 0xffff, 0x1000, 0x0000), 0x01);
    assert_int_equal(lba_call(0x42, 0, 1, 0xffff, 0xffff), 0x01);
    assert_int_equal(chs(0x02, 0, 2, 0xffff, 0xfe00), 0x01);
    FAILED_WITH(0x01);
    assert_int_equal(fake.requests, before);
}

TEST(flat_buffers)
{
    assert_int_equal(flat_call(0x42, 100, 500, 0x54321), 0);
    OK_WITH(0);
    assert_memory_equal(mem + 0x54321, disk_at(100), 500 * 512);
    memset(mem + 0x80000, 0xa5, 512);
    assert_int_equal(flat_call(0x43, 100, 1, 0x80000), 0);
    assert_memory_equal(disk_at(100), mem + 0x80000, 512);
    u32 before = fake.requests;
    const u64 bad[] = {0x100000000, 0xffffffff,         0xfffffe01,
                       UINT64_MAX,  0x8000000000020000, PHYS_SIZE - 511};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(flat_call(0x42, 100, 1, bad[i]), 0x01);
        FAILED_WITH(0x01);
        assert_int_equal(get_le16(dap() + 2), 0);
    }
    assert_int_equal(fake.requests, before);
}

TEST(packets_anywhere_and_packets_that_are_none)
{
    /* At the end of a segment, and on into the memory behind it. */
    u8 *p = mem + 0x10000 + 0xfff8;
    put_le32(p, 0x00010010);
    put_le32(p + 4, 0x40000000);
    put_le64(p + 8, 3);
    load(0x4200, 0, 0, 0x80);
    regs.esi |= 0xfff8;
    assert_int_equal(ask(), 0);
    assert_memory_equal(mem + 0x40000, disk_at(3), 512);
    /* Too short to be one. */
    p[0] = 15;
    assert_int_equal((regs.eax = 0x4200, ask()), 0x01);
    FAILED_WITH(0x01);
    assert_int_equal(get_le16(p + 2), 1);
    /* In memory that is not there. */
    host_set_phys(mem, 0x10000);
    for (u8 function = 0x42; function <= 0x48; function++)
        if (function < 0x45 || function > 0x46) {
            load((u16)(function << 8), 0, 0, 0x80);
            assert_int_equal(ask(), 0x01);
        }
    load(0x0201, 0, 1, 0x80);
    assert_int_equal(ask(), 0x01);
    host_set_phys(mem, PHYS_SIZE);
    /* A long packet whose end is not there. */
    host_set_phys(mem, 0x10010 + 16);
    assert_int_equal(flat_call(0x42, 0, 1, 0x1000), 0x01);
    host_set_phys(mem, PHYS_SIZE);
}

TEST(no_blocks_is_no_work)
{
    assert_int_equal(lba_call(0x42, 5, 0, 0x2000, 0), 0);
    OK_WITH(0);
    assert_int_equal(lba_call(0x43, 5, 0, 0xffff, 0xffff), 0);
    assert_int_equal(lba_call(0x42, BLOCKS + 1, 0, 0x2000, 0), 0x04);
    assert_int_equal(fake.requests, 0);
}

TEST(the_end_of_the_disk)
{
    assert_int_equal(lba_call(0x42, BLOCKS - 1, 1, 0x2000, 0), 0);
    assert_memory_equal(mem + 0x20000, disk_at(BLOCKS - 1), 512);
    static const struct {
        u64 lba;
        u16 count;
    } bad[] = {{BLOCKS - 1, 2},       {BLOCKS, 1},      {UINT64_MAX, 1},
               {UINT64_MAX - 1, 127}, {0x100000000, 1}, {0x8000000000000000, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        for (u8 function = 0x42; function <= 0x47; function++)
            if (function < 0x45 || function > 0x46) {
                if (function == 0x47 && bad[i].lba < BLOCKS)
                    continue; /* a seek has no length */
                assert_int_equal(lba_call(function, bad[i].lba, bad[i].count, 0x2000, 0), 0x04);
                FAILED_WITH(0x04);
                assert_int_equal(get_le16(dap() + 2), function < 0x44 ? 0 : bad[i].count);
            }
    assert_int_equal(lba_call(0x44, BLOCKS - 300, 300, 0x2000, 0), 0);
    OK_WITH(0);
    assert_int_equal(lba_call(0x47, BLOCKS - 1, 0, 0x2000, 0), 0);
    OK_WITH(0);
    assert_int_equal(chs(0x04, 0, 255, 0x2000, 0), 0);
    OK_WITH(0);
    assert_int_equal(chs(0x0c, 17, 0, 0x2000, 0), 0);
    OK_WITH(0);
    assert_int_equal(fake.requests, 1);
}

TEST(the_end_of_the_largest_disk)
{
    fake.dev.blocks = UINT64_MAX;
    fake.first = UINT64_MAX - BLOCKS;
    attach(0, 0x80);
    assert_int_equal(lba_call(0x42, UINT64_MAX - 127, 127, 0x2000, 0), 0);
    assert_memory_equal(mem + 0x20000, disk_at(BLOCKS - 127), 127 * 512);
    assert_int_equal(lba_call(0x43, UINT64_MAX - 1, 1, 0x2000, 0), 0);
    assert_memory_equal(mem + 0x20000, disk_at(BLOCKS - 1), 512);
    u32 before = fake.requests;
    for (u16 count = 1; count <= 127; count++) {
        assert_int_equal(lba_call(0x42, UINT64_MAX - count + 1, count, 0x2000, 0), 0x04);
        assert_int_equal(lba_call(0x43, UINT64_MAX, count, 0x2000, 0), 0x04);
        assert_int_equal(lba_call(0x44, UINT64_MAX - 1, count + 1, 0x2000, 0), 0x04);
    }
    assert_int_equal(fake.requests, before);
    put_le16(mem + 0x1000, 30);
    load(0x4800, 0, 0, 0x80);
    regs.ds = 0x100;
    regs.esi = 0;
    assert_int_equal(ask(), 0);
    assert_true(get_le64(mem + 0x1010) == UINT64_MAX);
    assert_int_equal(ask_ax(0x1500), 3);
    assert_int_equal((u16)regs.ecx, 0xffff);
    assert_int_equal((u16)regs.edx, 0xffff);
}

TEST(what_is_written_is_on_the_disk)
{
    for (u32 i = 0; i < 200 * 512; i++)
        mem[0x50000 + i] = (u8)(i * 7 + i / 512);
    assert_int_equal(lba_call(0x43, 1234, 200, 0x5000, 0), 0);
    OK_WITH(0);
    assert_memory_equal(disk_at(1234), mem + 0x50000, 200 * 512);
    assert_int_equal(chs(0x03, 4321, 99, 0x5000, 3), 0);
    OK_WITH(AL);
    assert_int_equal(reg_low(regs.eax), 99);
    assert_memory_equal(disk_at(4321), mem + 0x50003, 99 * 512);
}

TEST(a_reset_makes_writes_last)
{
    assert_int_equal(ask_ax(0x0000), 0);
    assert_int_equal(fake.flushes, 0);
    assert_int_equal(lba_call(0x43, 1234, 1, 0x5000, 0), 0);
    assert_int_equal(ask_ax(0x0000), 0);
    OK_WITH(0);
    assert_int_equal(fake.flushes, 1);
    assert_int_equal(chs(0x03, 4321, 1, 0x5000, 3), 0);
    fake.fail = ERR_MEDIUM;
    assert_int_equal(ask_ax(0x0d00), 0x10);
    FAILED_WITH(0x10);
    fake.fail = OK;
    assert_int_equal(ask_ax(0x0d00), 0);
    assert_int_equal(fake.flushes, 3);
}

TEST(a_bad_sector_costs_only_itself)
{
    fake.bad_lba = 1010;
    memset(mem + 0x30000, 0, 0x10000);
    assert_int_equal(lba_call(0x42, 1000, 20, 0x3000, 0), 0x10);
    FAILED_WITH(0x10);
    assert_int_equal(get_le16(dap() + 2), 10);
    assert_memory_equal(mem + 0x30000, disk_at(1000), 10 * 512);
    assert_int_equal(chs(0x02, 1003, 60, 0x3000, 0), 0x10);
    FAILED_WITH(0x10);
    assert_int_equal(reg_low(regs.eax), 7);
    assert_memory_equal(mem + 0x30000, disk_at(1003), 7 * 512);
    assert_int_equal(lba_call(0x43, 1008, 8, 0x3000, 0), 0x10);
    assert_int_equal(get_le16(dap() + 2), 2);
    assert_int_equal(lba_call(0x42, 1011, 20, 0x3000, 0), 0);
    /* Any other error is the whole request's. */
    fake.fail = ERR_ABORTED;
    u32 before = fake.requests;
    assert_int_equal(chs(0x02, 0, 60, 0x3000, 0), 0x80);
    FAILED_WITH(0x80);
    assert_int_equal(reg_low(regs.eax), 0);
    assert_int_equal(fake.requests, before + 1);
}

TEST(a_write_protected_disk)
{
    fake.dev.read_only = true;
    assert_int_equal(lba_call(0x43, 0, 1, 0x3000, 0), 0x03);
    FAILED_WITH(0x03);
    assert_int_equal(get_le16(dap() + 2), 0);
    assert_int_equal(chs(0x03, 0, 1, 0x3000, 0), 0x03);
    FAILED_WITH(0x03);
    assert_int_equal(lba_call(0x42, 0, 1, 0x3000, 0), 0);
}

TEST(the_last_status_is_kept)
{
    assert_int_equal(ask_ax(0x0100), 0);
    OK_WITH(0);
    assert_int_equal(lba_call(0x42, BLOCKS, 1, 0x3000, 0), 0x04);
    /* A floppy's error in between is not ours. */
    mem[BDA_STATUS] = 0x31;
    assert_int_equal(ask_ax(0x0100), 0x04);
    FAILED_WITH(0x04);
    const u16 cleared_by[] = {0x0000, 0x1500, 0x4100};
    for (size_t i = 0; i < ARRAY_SIZE(cleared_by); i++) {
        assert_int_equal(ask_ax(0x0501), 0x01);
        load(cleared_by[i], 0x55aa, 0, 0x80);
        ask();
        assert_int_equal(ask_ax(0x0100), 0);
    }
}

TEST(geometry_and_size)
{
    attach(2, 0x80);
    assert_int_equal(ask_ax(0x08ff), 0);
    OK_WITH(AL | BL | CL | CH | DL | DH); /* BH, ES and DI are the caller's */
    assert_int_equal(reg_low(regs.eax), 0);
    assert_int_equal(reg_low(regs.ebx), 0);
    assert_int_equal((u16)regs.ecx, (CYLINDERS - 1) << 8 | SECTORS);
    assert_int_equal((u16)regs.edx, (HEADS - 1) << 8 | 3);

    config.geometry = (struct geometry){1024, 255, 63};
    config.sectors = 0x123456789;
    int13_stop();
    int13_add(&config);
    assert_int_equal(ask_ax(0x0800), 0);
    assert_int_equal((u16)regs.ecx, 0xffff);
    assert_int_equal(reg_high(regs.edx), 254);
    assert_int_equal(ask_ax(0x1500), 3);
    OK_WITH(CL | CH | DL | DH);
    assert_int_equal((u16)regs.ecx, 0xffff);
    assert_int_equal((u16)regs.edx, 0xffff);
    config.sectors = 0x12345678;
    int13_stop();
    int13_add(&config);
    assert_int_equal(ask_ax(0x1500), 3);
    assert_int_equal((u16)regs.ecx, 0x1234);
    assert_int_equal((u16)regs.edx, 0x5678);
}

TEST(extensions_are_announced)
{
    load(0x41aa, 0x55aa, 0xc1c2, 0xd880);
    assert_int_equal(ask(), 0x30);
    OK_WITH(BL | BH | CL | CH);
    assert_int_equal((u16)regs.ebx, 0xaa55);
    assert_int_equal((u16)regs.ecx, 5);
    load(0x4100, 0xaa55, 0xc1c2, 0xd880);
    assert_int_equal(ask(), 0x01);
    FAILED_WITH(0x01);
}

TEST(edd_parameters_fit_the_caller)
{
    u8 *p = mem + 0x10000;
    memset(p, 0xcc, 256);
    put_le16(p, 0xffff);
    assert_int_equal(ask_ax(0x4800), 0);
    OK_WITH(0);
    assert_int_equal(get_le16(p), 74);
    assert_int_equal(get_le32(p + 16), BLOCKS);
    assert_int_equal(p[74], 0xcc);
    memset(p, 0xcc, 256);
    put_le16(p, 29);
    assert_int_equal(ask_ax(0x4800), 0);
    assert_int_equal(get_le16(p), 26);
    assert_int_equal(p[26], 0xcc);
    put_le16(p, 25);
    assert_int_equal(ask_ax(0x4800), 0x01);
    FAILED_WITH(0x01);
    assert_int_equal(get_le16(p), 25);
    /* The table's end is not there. */
    put_le16(p, 74);
    host_set_phys(mem, 0x10000 + 73);
    assert_int_equal(ask_ax(0x4800), 0x01);
}

TEST(functions_that_need_nothing)
{
    const u8 functions[] = {0x00, 0x09, 0x0d, 0x10, 0x11, 0x14, 0x49};
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        assert_int_equal(ask_ax((u16)(functions[i] << 8 | 0x77)), 0);
        OK_WITH(0);
    }
    for (u8 al = 0; al <= 6; al++) {
        assert_int_equal(ask_ax(0x4e00 | al), 0);
        OK_WITH(AL);
        assert_int_equal(reg_low(regs.eax), 0);
    }
    assert_int_equal(ask_ax(0x4e07), 0x01);
    FAILED_WITH(0x01);
    assert_int_equal(fake.requests, 0);
}

TEST(functions_that_are_refused)
{
    const u8 functions[] = {0x05, 0x06, 0x07, 0x0a, 0x0b, 0x12, 0x16, 0x17, 0x18,
                            0x40, 0x4a, 0x4b, 0x4c, 0x4d, 0x4f, 0x50, 0x80, 0xff};
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        assert_int_equal(ask_ax((u16)(functions[i] << 8 | 0x01)), 0x01);
        FAILED_WITH(0x01);
        assert_int_equal(changed & AL, 0);
    }
    /* Nothing to lock or to eject. */
    assert_int_equal(ask_ax(0x4500), 0xb2);
    FAILED_WITH(0xb2);
    assert_int_equal(ask_ax(0x4600), 0xb2);
    assert_int_equal(fake.requests, 0);
}

static struct rm_regs nested;
static u32 nested_calls;

static void call_from_an_interrupt(u32 ms)
{
    struct int13_chain c;
    nested = (struct rm_regs){.eax = 0x11110201, .ebx = 0x22220000, .ecx = 1, .edx = 0x80};
    assert_int_equal(int13(&nested, &c), INT13_DONE);
    assert_int_equal(nested.eax, 0x1111aa01);
    assert_int_equal(nested.flags & FLAG_CF, FLAG_CF);
    assert_int_equal(mem[BDA_STATUS], 0xaa);
    /* Other disks' calls go on. */
    nested.edx = 0;
    assert_int_equal(int13(&nested, &c), INT13_CHAIN);
    nested_calls++;
    fake_complete_one(ms);
}

TEST(a_second_request_gets_an_error_and_does_no_harm)
{
    fake.later = true;
    host_on_wait = call_from_an_interrupt;
    assert_int_equal(lba_call(0x42, 9, 127, 0x3000, 0), 0);
    OK_WITH(0);
    assert_int_equal(nested_calls, 1);
    assert_memory_equal(mem + 0x30000, disk_at(9), 127 * 512);
    /* And afterwards all is well. */
    assert_int_equal(ask_ax(0x0100), 0);
    fake.later = false;
    assert_int_equal(chs(0x02, 9, 1, 0x3000, 0), 0);
}

TEST(no_bda_no_harm)
{
    int13_stop();
    host_set_phys(mem, 0x400);
    assert_int_equal(int13_add(&config), 0x80);
    assert_int_equal(ask_ax(0x0000), 0);
}

static u32 rnd(u32 below)
{
    return (u32)rand() % below;
}

/* Whatever registers and packets come: no access outside what the caller named, only the answer's
 * registers changed, status told in all three places, and the disk changed by writes alone. */
TEST(hostile_calls)
{
    srand(13);
    u8 *copy = malloc((size_t)BLOCKS * 512), *cache = malloc(0x20000);
    cache_init(cache, 0x20000);
    memcpy(copy, fake.bytes, (size_t)BLOCKS * 512);
    u32 good_reads = 0;
    for (u32 round = 0; round < 60000; round++) {
        if (round % 1000 == 0)
            attach((u8)rnd(4), (u8)(0x80 + rnd(4)));
        u8 ours = 0;
        for (u8 d = 0x80; d < 0x84; d++) {
            load(0x1000, 0, 0, d);
            if (call() == INT13_DONE && reg_high(regs.eax) == 0)
                ours = d;
        }
        u8 *bytes = (u8 *)&regs;
        for (size_t i = 0; i < sizeof(regs); i++)
            bytes[i] = (u8)rnd(256);
        if (rnd(8))
            regs.edx = (regs.edx & ~0xffu) | ours;
        if (rnd(4))
            regs.eax = (regs.eax & ~0xff00u) | (rnd(2) ? rnd(0x16) : 0x40 + rnd(16)) << 8;
        if (rnd(2)) {
            static const u8 movers[] = {0x02, 0x03, 0x42, 0x43};
            regs.eax = (regs.eax & ~0xff00u) | (u32)movers[rnd(4)] << 8;
        }
        if (rnd(2))
            regs.ecx = (regs.ecx & 0xffff0000u) | rnd(CYLINDERS + 1) << 8 | rnd(64);
        if (rnd(2))
            regs.edx = (regs.edx & 0xffff00ffu) | rnd(HEADS + 1) << 8;
        if (rnd(2))
            regs.eax = (regs.eax & ~0xffu) | rnd(8);
        u32 at = rm_phys(regs.ds, (u16)regs.esi);
        if (at < 0x1000)
            continue;
        u8 packet[24];
        for (size_t i = 0; i < sizeof(packet); i++)
            packet[i] = (u8)rnd(256);
        if (rnd(8))
            packet[0] = (u8)(16 + 8 * rnd(2));
        if (rnd(4))
            put_le16(packet + 2, (u16)rnd(300));
        if (rnd(4))
            put_le64(packet + 8, rnd(BLOCKS + 10));
        if (rnd(4) == 0)
            put_le32(packet + 4, 0xffffffff);
        if (rnd(4))
            put_le64(packet + 16, rnd(PHYS_SIZE + 1000));
        if (reg_high(regs.eax) == 0x48)
            put_le16(packet, (u16)rnd(100));
        for (size_t i = 0; i < sizeof(packet) && at + i < PHYS_SIZE; i++)
            mem[at + i] = packet[i];
        struct rm_regs before = regs;
        u8 function = reg_high(regs.eax), drive = reg_low(regs.edx);
        mem[BDA_STATUS] = 0xee;

        enum int13_action action = call();

        assert_int_equal(changed & ELSE, 0);
        if (action == INT13_CHAIN) {
            assert_int_not_equal(drive, ours);
            assert_int_equal(changed & ~(u32)DL, 0);
            assert_int_equal(mem[BDA_STATUS], 0xee);
            continue;
        }
        bool failed = regs.flags & FLAG_CF;
        u8 ah = reg_high(regs.eax);
        if (failed || (function != 0x15 && function != 0x41))
            assert_int_equal(failed, ah != 0);
        /* A read may have gone over the BDA itself; the status comes after it. */
        assert_int_equal(mem[BDA_STATUS], failed ? ah : 0);
        u32 allowed = AH;
        assert_int_equal(drive, ours);
        if (function == 2 || function == 3 || function == 0x4e)
            allowed |= AL;
        if (!failed && function == 0x08)
            allowed |= AL | BL | CL | CH | DL | DH;
        if (!failed && function == 0x15)
            allowed |= CL | CH | DL | DH;
        if (!failed && function == 0x41)
            allowed |= BL | BH | CL | CH;
        assert_int_equal(changed & ~allowed, 0);
        if (failed)
            continue;
        if (function == 2) {
            u32 cylinder = reg_high(before.ecx) | (reg_low(before.ecx) & 0xc0u) << 2;
            u32 lba = (cylinder * HEADS + reg_high(before.edx)) * SECTORS +
                      (reg_low(before.ecx) & 0x3fu) - 1;
            u32 to = rm_phys(before.es, (u16)before.ebx);
            u32 len = reg_low(before.eax) * 512u;
            if (to > BDA_DISKS)
                assert_memory_equal(mem + to, disk_at(lba), len);
            good_reads++;
        } else if (function == 0x42) {
            u32 to = rm_phys(get_le16(packet + 6), get_le16(packet + 4));
            if (to == 0x10ffef && packet[0] >= 24)
                to = get_le32(packet + 16);
            if (to > BDA_DISKS)
                assert_memory_equal(mem + to, disk_at((u32)get_le64(packet + 8)),
                                    get_le16(packet + 2) * 512u);
            good_reads++;
        } else if (function == 3 || function == 0x43) {
            memcpy(copy, fake.bytes, (size_t)BLOCKS * 512);
        }
        if (round % 500 == 0)
            assert_memory_equal(copy, fake.bytes, (size_t)BLOCKS * 512);
    }
    assert_memory_equal(copy, fake.bytes, (size_t)BLOCKS * 512);
    assert_true(good_reads > 1000);
    free(copy);
    free(cache);
}
