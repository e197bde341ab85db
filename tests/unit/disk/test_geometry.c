/* What a boot sector is good for, and guessing the geometry from its partition table. */
#include "base/bytes.h"
#include "disk/mbr.h"
#include "disk/mbr_table.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static u8 mbr[512];

static void partition(u32 i, u8 type, u32 first, u32 count, u32 heads, u32 sectors)
{
    mbr_put_entry(mbr, i, type, first, count, heads, sectors);
}

static void empty_mbr(void)
{
    memset(mbr, 0, sizeof(mbr));
    put_le16(mbr + 510, 0xaa55);
}

static void expect(u64 blocks, u32 cylinders, u32 heads, u32 sectors)
{
    struct geometry g = geometry_guess(mbr, blocks, 512);
    assert_int_equal(g.heads, heads);
    assert_int_equal(g.sectors, sectors);
    assert_int_equal(g.cylinders, cylinders);
}

TEST(a_boot_sector_is_signed_and_has_code)
{
    /* How real ones begin: a FAT's, GRUB's, Windows', syslinux's, FreeBSD's, OpenBSD's,
     * isohybrid's, and one that gives up at once. */
    static const u8 code[][2] = {{0xeb, 0x3c}, {0xeb, 0x63}, {0x33, 0xc0}, {0xfa, 0xfc},
                                 {0xfc, 0x31}, {0xea, 0x05}, {0x45, 0x52}, {0xcd, 0x18}};
    for (size_t i = 0; i < ARRAY_SIZE(code); i++) {
        empty_mbr();
        memcpy(mbr, code[i], 2);
        assert_int_equal(mbr_bootable(mbr), OK);
        mbr[511] = 0;
        assert_int_equal(mbr_bootable(mbr), ERR_NO_BOOT_SECTOR);
    }
    memset(mbr, 0, sizeof(mbr));
    assert_int_equal(mbr_bootable(mbr), ERR_NO_BOOT_SECTOR);
}

TEST(a_partition_table_without_code_is_none)
{
    empty_mbr();
    assert_int_equal(mbr_bootable(mbr), ERR_NO_BOOT_CODE);
    partition(0, 0xee, 1, 99999, 255, 63); /* GPT */
    put_le32(mbr + 440, 0x12345678);       /* Windows' number of the disk */
    assert_int_equal(mbr_bootable(mbr), ERR_NO_BOOT_CODE);
    mbr[MBR_TABLE] = 0x80;
    assert_int_equal(mbr_bootable(mbr), ERR_NO_BOOT_CODE);
}

/* With its packet of 16 bytes behind it: what GRUB 2 has room for. */
TEST(a_track_is_less_than_64_kib)
{
    static const struct {
        u32 block_size, sectors;
    } cases[] = {{512, 63}, {1024, 63}, {2048, 31}, {4096, 15}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        empty_mbr();
        struct geometry g = geometry_guess(mbr, UINT64_MAX, cases[i].block_size);
        assert_int_equal(g.sectors, cases[i].sectors);
        assert_true(g.sectors * cases[i].block_size + 16 <= 65536);
        /* Also when a partition table says else. */
        partition(0, 0x83, 63, 16065 * 5 - 63, 255, 63);
        g = geometry_guess(mbr, UINT64_MAX, cases[i].block_size);
        assert_int_equal(g.heads, 255);
        assert_int_equal(g.sectors, cases[i].sectors);
        assert_int_equal(g.cylinders, 1024);
    }
}

TEST(without_partitions_255_and_63)
{
    memset(mbr, 0xff, sizeof(mbr));
    expect(16065 * 10, 10, 255, 63);
    empty_mbr();
    expect(16065 * 10 - 1, 9, 255, 63);
    expect(1, 1, 255, 63);
    expect(0, 1, 255, 63);
    expect(16065ull * 1024, 1024, 255, 63);
    expect(16065ull * 1025, 1024, 255, 63);
    expect(UINT64_MAX, 1024, 255, 63);
}

TEST(partitions_on_cylinders)
{
    static const u32 shapes[][2] = {{255, 63}, {240, 63}, {128, 63}, {64, 32},
                                    {16, 63},  {15, 17},  {4, 17},   {254, 63}};
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        u32 h = shapes[i][0], s = shapes[i][1];
        empty_mbr();
        mbr[MBR_TABLE] = 0x80;
        partition(0, 0x06, s, h * s * 100 - s, h, s);
        expect(h * s * 200, 200, h, s);
        /* And with a second one that goes to the end of a large disk. */
        partition(1, 0x0c, h * s * 100, h * s * 3000, h, s);
        expect((u64)h * s * 3100, 1024, h, s);
    }
}

TEST(partitions_on_mebibytes)
{
    /* Ends that are on no cylinder: only the pairs of CHS and LBA tell. */
    static const u32 shapes[][2] = {{255, 63}, {16, 63}, {64, 32}};
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        u32 h = shapes[i][0], s = shapes[i][1];
        empty_mbr();
        partition(0, 0x83, 2048, 300000, h, s);
        partition(2, 0x82, 302048, 8192 * 3 + 5, h, s);
        struct geometry g = geometry_guess(mbr, 500000, 512);
        assert_int_equal(g.heads, h);
        assert_int_equal(g.sectors, s);
    }
}

TEST(one_large_partition_as_tools_write_it)
{
    empty_mbr();
    partition(0, 0x83, 2048, 0x10000000, 255, 63);
    expect(0x10000800, 1024, 255, 63);
    /* Windows: beyond 8 GB FE FF FF in both places. */
    partition(1, 0x07, 0x10000800, 1000, 255, 63);
    expect(0x20000000, 1024, 255, 63);
}

TEST(gpt_says_nothing)
{
    empty_mbr();
    partition(0, 0xee, 1, 99999, 255, 63);
    memcpy(mbr + MBR_TABLE + 5, "\xff\xff\xff", 3);
    expect(100000, 6, 255, 63);
    /* A hybrid one: the other entry counts. */
    partition(1, 0x83, 63, 1008 * 50 - 63, 16, 63);
    expect(100000, 99, 16, 63);
}

TEST(entries_that_contradict_each_other)
{
    empty_mbr();
    partition(0, 0x06, 63, 16 * 63 * 50 - 63, 16, 63);
    partition(1, 0x06, 240 * 63 * 20, 240 * 63 * 20, 240, 63);
    expect(16065 * 50, 50, 255, 63);
    /* Sector 0 is no address, not even that of the LBA before sector 1's. */
    empty_mbr();
    partition(0, 0x83, 62, 16 * 63 * 50, 16, 63);
    memcpy(mbr + 447, "\x01\x00\x00", 3);
    expect(16065 * 50, 50, 255, 63);
    /* CHS left at zero by tools that don't care. */
    empty_mbr();
    partition(0, 0x83, 2048, 100000, 16, 63);
    memset(mbr + 447, 0, 3);
    memset(mbr + 451, 0, 3);
    expect(16065 * 50, 50, 255, 63);
}

TEST(a_boot_sector_without_a_table)
{
    srand(1);
    for (u32 round = 0; round < 300; round++) {
        for (size_t i = 0; i < 510; i++)
            mbr[i] = (u8)rand();
        struct geometry g = geometry_guess(mbr, 16065 * 10, 512);
        assert_in_range(g.heads, 1, 255);
        assert_in_range(g.sectors, 1, 63);
        assert_in_range(g.cylinders, 1, 1024);
    }
    empty_mbr();
    partition(0, 0x06, 63, 16 * 63 * 50 - 63, 16, 63);
    mbr[MBR_TABLE + 3 * MBR_ENTRY] = 0x29;
    expect(16065 * 10, 10, 255, 63);
    /* An end beyond 2^32. */
    empty_mbr();
    partition(0, 0x83, 2048, 1, 255, 63);
    put_le32(mbr + MBR_TABLE + 8, 0xffffffff);
    put_le32(mbr + MBR_TABLE + 12, 0xffffffff);
    expect(16065 * 10, 10, 255, 63);
}

TEST(chs_to_lba)
{
    struct geometry g = {.cylinders = 1024, .heads = 255, .sectors = 63};
    u64 lba;
    for (u32 c = 0; c < 1024; c++)
        for (u32 h = 0; h < 255; h++)
            for (u32 s = 1; s <= 63; s += 31) {
                assert_true(geometry_lba(&g, c, h, s, &lba));
                assert_true(lba == (u64)(c * 255 + h) * 63 + s - 1);
            }
    assert_false(geometry_lba(&g, 1024, 0, 1, &lba));
    assert_false(geometry_lba(&g, 0, 255, 1, &lba));
    assert_false(geometry_lba(&g, 0, 0, 0, &lba));
    assert_false(geometry_lba(&g, 0, 0, 64, &lba));
    assert_false(geometry_lba(&g, UINT32_MAX, 0, 1, &lba));
}
