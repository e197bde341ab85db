/* Multiboot information. */
#include "base/bytes.h"
#include "machine/multiboot.h"
#include "machine/started.h"
#include "test.h"
#include <string.h>

#define MBI     0x9000
#define CMDLINE 0xa000
#define MMAP    0xb000

static void setup(void)
{
    started(0);
    put_le32(mem + MBI + 16, CMDLINE);
    put_le32(mem + MBI + 48, MMAP);
    put_le32(mem + MBI + 4, 639);
    put_le32(mem + MBI + 8, 64 * 1024 - 1024);
}

FIXTURE(setup, free_memory);

static bool parse(u32 flags)
{
    put_le32(mem + MBI, flags);
    return multiboot_parse(MULTIBOOT_BOOT_MAGIC, MBI, &info);
}

/* Append an entry; returns the map's new length. */
static u32 entry(u32 at, u32 size, u64 base, u64 length, u32 type)
{
    u8 *p = mem + MMAP + at;
    put_le32(p, size);
    put_le64(p + 4, base);
    put_le64(p + 12, length);
    put_le32(p + 20, type);
    put_le32(mem + MBI + 44, at + 4 + size);
    return at + 4 + size;
}

TEST(somebody_elses_magic)
{
    assert_false(multiboot_parse(0x36d76289, MBI, &info)); /* Multiboot 2 */
    assert_int_equal(map.count, 0);
    assert_string_equal(info.command_line, "");
    assert_int_equal(info.bdf, BOOT_NO_BDF);
}

TEST(the_memory_map)
{
    u32 at = entry(0, 20, 0, 0x9fc00, 1);
    at = entry(at, 24, 0x9fc00, 0x400, 2); /* a longer entry */
    at = entry(at, 20, 0x50000000, 0, 1);  /* an empty one */
    at = entry(at, 20, 0x100000000, 0x8000000000, 1);
    entry(at, 20, 0xfd00000000, 0x300000000, 2);
    assert_true(parse(0x41));
    assert_int_equal(info.medium, BOOT_MULTIBOOT);
    assert_int_equal(info.bdf, BOOT_NO_BDF);
    assert_int_equal(map.count, 4);
    assert_int_equal(map.entry[0].length, 0x9fc00);
    assert_int_equal(map.entry[0].attributes, 1);
    assert_int_equal(map.entry[1].base, 0x9fc00);
    assert_int_equal(map.entry[1].type, 2);
    assert_true(map.entry[2].base == 0x100000000 && map.entry[2].length == 0x8000000000);
    assert_int_equal(map.entry[3].type, 2);
    assert_string_equal(info.command_line, "");
}

TEST(without_a_map_the_two_sizes)
{
    assert_true(parse(0x01));
    assert_int_equal(map.count, 2);
    assert_int_equal(map.entry[0].base, 0);
    assert_int_equal(map.entry[0].length, 639 * 1024);
    assert_int_equal(map.entry[1].base, 0x100000);
    assert_int_equal(map.entry[1].length, 63 << 20);
    assert_int_equal(map.entry[1].type, MEMMAP_USABLE);
    put_le32(mem + MBI + 8, 0xffffffff);
    assert_true(parse(0x01));
    assert_true(map.entry[1].length == 0x3fffffffc00);
    /* The map that is announced holds nothing. */
    put_le32(mem + MBI + 44, 0);
    assert_true(parse(0x41));
    assert_int_equal(map.count, 2);
    assert_true(parse(0));
    assert_int_equal(map.count, 0);
}

TEST(entry_sizes_that_lie)
{
    const u32 sizes[] = {0, 4, 19, 21, 0xfffffffc, 0xffffffff, 0x80000000};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        u32 at = entry(0, 20, 0, 0x1000, 1);
        u32 end = entry(at, 20, 0x2000, 0x1000, 1);
        put_le32(mem + MMAP + at, sizes[i]);
        put_le32(mem + MBI + 44, end);
        assert_true(parse(0x40));
        assert_int_equal(map.count, 1);
    }
    /* A length that goes beyond memory, and more entries than there is room for. */
    u32 at = 0;
    for (u32 i = 0; i < 500; i++)
        at = entry(at, 20, i << 20, 0x1000, 1);
    put_le32(mem + MBI + 44, 0xffffffff);
    assert_true(parse(0x40));
    assert_int_equal(map.count, MEMMAP_ENTRIES);
    put_le32(mem + MBI + 48, MEM_SIZE - 30);
    memset(mem + MEM_SIZE - 30, 0, 30);
    put_le32(mem + MEM_SIZE - 30, 20);
    put_le32(mem + MEM_SIZE - 18, 1);
    assert_true(parse(0x40));
    assert_int_equal(map.count, 1);
}

TEST(the_command_line)
{
    strcpy((char *)mem + CMDLINE, "ip=10.0.0.1/8 mtu=1400");
    assert_true(parse(0x04));
    assert_string_equal(info.command_line, "ip=10.0.0.1/8 mtu=1400");
    assert_false(info.command_line_cut);
    assert_true(parse(0x00));
    assert_string_equal(info.command_line, "");
    /* In memory that ends before the text does. */
    put_le32(mem + MBI + 16, MEM_SIZE - 3);
    memcpy(mem + MEM_SIZE - 3, "abc", 3);
    assert_true(parse(0x04));
    assert_string_equal(info.command_line, "abc");
    put_le32(mem + MBI + 16, 0xfffffff0);
    assert_true(parse(0x04));
    assert_string_equal(info.command_line, "");
    assert_true(multiboot_parse(MULTIBOOT_BOOT_MAGIC, 0xffffffff, &info));
    assert_int_equal(map.count, 0);
}

/* `len` characters, of which the 1001st is a space. */
static bool parse_long(u32 len)
{
    memset(mem + CMDLINE, 'a', 2000);
    mem[CMDLINE + 1000] = ' ';
    mem[CMDLINE + len] = 0;
    return parse(0x04);
}

TEST(a_long_command_line_loses_whole_words)
{
    assert_true(parse_long(1999));
    assert_true(info.command_line_cut);
    assert_int_equal(strlen(info.command_line), 1001);
    /* One character too many. */
    assert_true(parse_long(1024));
    assert_true(info.command_line_cut);
    assert_int_equal(strlen(info.command_line), 1001);
    /* It just fits. */
    assert_true(parse_long(1023));
    assert_false(info.command_line_cut);
    assert_int_equal(strlen(info.command_line), 1023);
    /* A single word. */
    memset(mem + CMDLINE, 'a', 1024);
    mem[CMDLINE + 1024] = 0;
    assert_true(parse(0x04));
    assert_true(info.command_line_cut);
    assert_string_equal(info.command_line, "");
}

TEST(secrets_do_not_stay_where_they_were)
{
    assert_true(parse_long(1999));
    for (u32 i = 0; i < 1999; i++)
        assert_int_equal(mem[CMDLINE + i], 0);
}
