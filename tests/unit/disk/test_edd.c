/* The table of INT 13h AH=48h, read back as its readers read it. */
#include "base/bytes.h"
#include "disk/edd.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static const struct edd_disk disk = {
    .blocks = 900 * 16065 + 17,
    .block_size = 512,
    .geometry = {.cylinders = 900, .heads = 255, .sectors = 63},
    .path = {.bdf = 0x3a1d, /* 3a:03.5 */
             .interface = {'S', 'C', 'S', 'I', ' ', ' ', ' ', ' '},
             .device = {0, 0, 0x05, 0x40},
             .device_short = 5},
};

static u8 *build(u32 size, u32 expected)
{
    u8 *table = malloc(size + 1); /* ASan sees a byte too many */
    memset(table, 0xcc, size + 1);
    assert_int_equal(edd_parameters(table, size, &disk), expected);
    for (u32 i = expected; i <= size; i++)
        assert_int_equal(table[i], 0xcc);
    return table;
}

TEST(only_known_sizes_are_written)
{
    for (u32 size = 0; size < 300; size++) {
        u32 expected = size < 26 ? 0 : size < 30 ? 26 : size < 66 ? 30 : size < 74 ? 66 : 74;
        u8 *t = build(size, expected);
        if (expected) {
            assert_int_equal(get_le16(t), expected);
            assert_int_equal(get_le16(t + 2), 0x0003);
            assert_int_equal(get_le32(t + 4), 900);
            assert_int_equal(get_le32(t + 8), 255);
            assert_int_equal(get_le32(t + 12), 63);
            assert_true(get_le64(t + 16) == disk.blocks);
            assert_int_equal(get_le16(t + 24), 512);
        }
        if (expected >= 30)
            assert_int_equal(get_le32(t + 26), 0xffffffff);
        free(t);
    }
}

static u8 sum(const u8 *p, u32 n)
{
    u8 s = 0;
    while (n--)
        s += *p++;
    return s;
}

TEST(device_path_as_linux_reads_it)
{
    u8 *t = build(74, 74);
    assert_int_equal(get_le16(t + 30), 0xbedd);
    assert_int_equal(t[32], 44);
    assert_int_equal(sum(t + 30, 44), 0);
    assert_memory_equal(t + 36, "PCI SCSI    ", 12);
    assert_int_equal(t[48], 0x3a);
    assert_int_equal(t[49], 0x03);
    assert_int_equal(t[50], 5);
    assert_int_equal(t[51], 0);
    assert_int_equal(get_le16(t + 56), 0);
    assert_true(get_le64(t + 58) == 0x4005);
    free(t);
}

TEST(device_path_of_phoenix)
{
    u8 *t = build(66, 66);
    assert_int_equal(get_le16(t + 30), 0xbedd);
    assert_int_equal(t[32], 36);
    assert_int_equal(sum(t + 30, 36), 0);
    assert_memory_equal(t + 36, "PCI SCSI    ", 12);
    assert_int_equal(t[56], 5);
    free(t);
}

TEST(a_large_disk_has_no_valid_chs)
{
    struct edd_disk large = disk;
    u8 t[74];
    large.blocks = 15482880;
    edd_parameters(t, sizeof(t), &large);
    assert_int_equal(get_le16(t + 2), 0x0003);
    large.blocks = 0x123456789abc;
    edd_parameters(t, sizeof(t), &large);
    assert_int_equal(get_le16(t + 2), 0x0001);
    assert_true(get_le64(t + 16) == 0x123456789abc);
}
