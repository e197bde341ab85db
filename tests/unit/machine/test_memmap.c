/* The memory map: where there is room, and what reserving changes. Every answer is compared with
 * one that looks at each page by itself. */
#include "base/platform.h"
#include "base/random.h"
#include "machine/memmap.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define KIB  1024ull
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE 4096u

static struct memmap map;

static void begin(void)
{
    map = (struct memmap){0};
}

static void add(u64 base, u64 length, u32 type)
{
    map.entry[map.count++] = (struct memmap_entry){base, length, type, 1};
}

/* SeaBIOS with 128 MiB. */
static void qemu_128_mib(void)
{
    begin();
    add(0, 0x9fc00, MEMMAP_USABLE);
    add(0x9fc00, 0x400, MEMMAP_RESERVED);
    add(0xf0000, 0x10000, MEMMAP_RESERVED);
    add(0x100000, 0x7ee0000, MEMMAP_USABLE);
    add(0x7fe0000, 0x20000, MEMMAP_RESERVED);
    add(0xfffc0000, 0x40000, MEMMAP_RESERVED);
}

static bool usable_byte(u64 at)
{
    bool usable = false;
    for (u32 i = 0; i < map.count; i++) {
        const struct memmap_entry *e = &map.entry[i];
        if (at < e->base || at - e->base >= e->length)
            continue;
        if (e->type != MEMMAP_USABLE)
            return false;
        usable = true;
    }
    return usable;
}

TEST(finds_the_top)
{
    qemu_128_mib();
    assert_int_equal(memmap_find_top(&map, 4 * MIB), 0x7fe0000 - 4 * MIB);
    assert_true(memmap_usable(&map) == 0x7ee0000);
    assert_int_equal(memmap_find_top(&map, 0x7ee0000), 0x100000);
    assert_int_equal(memmap_find_top(&map, 0x7ee1000), 0);
}

TEST(stays_below_4_gib_and_above_1_mib)
{
    qemu_128_mib();
    map.count = 3;
    add(MIB, 2 * GIB, MEMMAP_USABLE);
    add(4 * GIB, 60 * GIB, MEMMAP_USABLE);
    assert_int_equal(memmap_find_top(&map, MIB), 2 * GIB);
    assert_true(memmap_usable(&map) == 2 * GIB);
    /* Memory that goes on across 4 GiB, and one that has no end. */
    begin();
    add(0, 8 * GIB, MEMMAP_USABLE);
    assert_int_equal(memmap_find_top(&map, MIB), 4 * GIB - PAGE - MIB);
    assert_true(memmap_usable(&map) == 4 * GIB - MIB);
    begin();
    add(3 * GIB, UINT64_MAX, MEMMAP_USABLE);
    assert_int_equal(memmap_find_top(&map, MIB), 4 * GIB - PAGE - MIB);
    begin();
    add(0, 640 * KIB, MEMMAP_USABLE);
    add(2 * MIB, UINT64_MAX, MEMMAP_RESERVED);
    add(2 * MIB, GIB, MEMMAP_USABLE);
    assert_int_equal(memmap_find_top(&map, PAGE), 0);
    assert_true(memmap_usable(&map) == 0);
}

TEST(keeps_to_pages)
{
    begin();
    add(MIB + 100, 10 * MIB + 5000, MEMMAP_USABLE);
    u32 base = memmap_find_top(&map, MIB);
    assert_int_equal(base, 10 * MIB + PAGE);
    assert_int_equal(memmap_find_top(&map, 10 * MIB), MIB + PAGE);
    assert_int_equal(memmap_find_top(&map, 10 * MIB + PAGE), 0);
}

TEST(overlapping_and_split_entries)
{
    begin();
    add(8 * MIB, 8 * MIB, MEMMAP_USABLE); /* unsorted, side by side, overlapping */
    add(MIB, 7 * MIB, MEMMAP_USABLE);
    add(4 * MIB, 6 * MIB, MEMMAP_USABLE);
    add(20 * MIB, 0, MEMMAP_USABLE);
    add(6 * MIB, 0, MEMMAP_RESERVED);
    assert_int_equal(memmap_find_top(&map, 15 * MIB), MIB);
    assert_true(memmap_usable(&map) == 15 * MIB);
    add(15 * MIB + 1, 1, 4); /* ACPI NVS in the middle of usable memory */
    assert_int_equal(memmap_find_top(&map, MIB), 14 * MIB);
    assert_int_equal(memmap_find_top(&map, 16 * MIB), 0);
}

TEST(an_empty_map_has_nothing)
{
    begin();
    assert_int_equal(memmap_find_top(&map, PAGE), 0);
    assert_true(memmap_usable(&map) == 0);
}

TEST(reserving_the_top_splits_nothing_else)
{
    qemu_128_mib();
    struct memmap before = map;
    assert_true(memmap_reserve(&map, 0x7be0000, 0x400000));
    assert_int_equal(map.count, before.count + 1);
    assert_memory_equal(map.entry, before.entry, 3 * sizeof(map.entry[0]));
    assert_true(map.entry[3].base == 0x100000 && map.entry[3].length == 0x7ae0000);
    assert_int_equal(map.entry[3].type, MEMMAP_USABLE);
    assert_true(map.entry[4].base == 0x7be0000 && map.entry[4].length == 0x400000);
    assert_int_equal(map.entry[4].type, MEMMAP_RESERVED);
    assert_int_equal(map.entry[4].attributes, 1);
    assert_memory_equal(&map.entry[5], &before.entry[4], 2 * sizeof(map.entry[0]));
}

TEST(reserving_the_middle_leaves_both_ends)
{
    begin();
    map.entry[map.count++] = (struct memmap_entry){MIB, 100 * MIB, MEMMAP_USABLE, 9};
    assert_true(memmap_reserve(&map, 50 * MIB, MIB));
    assert_int_equal(map.count, 3);
    assert_true(map.entry[0].base == MIB && map.entry[0].length == 49 * MIB);
    assert_int_equal(map.entry[1].type, MEMMAP_RESERVED);
    assert_true(map.entry[2].base == 51 * MIB && map.entry[2].length == 50 * MIB);
    assert_int_equal(map.entry[0].attributes, 9);
    assert_int_equal(map.entry[2].attributes, 9);
}

TEST(reserving_all_of_an_entry_leaves_no_empty_one)
{
    begin();
    add(MIB, MIB, MEMMAP_USABLE);
    add(4 * MIB, MIB, MEMMAP_USABLE);
    add(5 * MIB, MIB, 3);
    add(6 * MIB, MIB, MEMMAP_USABLE);
    assert_true(memmap_reserve(&map, 4 * MIB, 3 * MIB));
    assert_int_equal(map.count, 3);
    assert_true(map.entry[1].base == 4 * MIB && map.entry[1].length == 3 * MIB);
    assert_int_equal(map.entry[1].type, MEMMAP_RESERVED);
    assert_int_equal(map.entry[2].type, 3);
}

TEST(a_range_in_no_entry_is_added)
{
    begin();
    add(MIB, MIB, MEMMAP_USABLE);
    assert_true(memmap_reserve(&map, 10 * MIB, MIB));
    assert_int_equal(map.count, 2);
    assert_true(map.entry[1].base == 10 * MIB);
}

TEST(a_full_map_stays_as_it_is)
{
    begin();
    for (u32 i = 0; i < MEMMAP_ENTRIES - 1; i++)
        add((i + 1) * MIB, MIB / 2, MEMMAP_USABLE);
    struct memmap before = map;
    assert_false(memmap_reserve(&map, 5 * MIB + PAGE, PAGE)); /* a split needs two */
    assert_memory_equal(&map, &before, sizeof(map));
    assert_true(memmap_reserve(&map, 5 * MIB, PAGE)); /* a cut needs one */
    assert_int_equal(map.count, MEMMAP_ENTRIES);
    before = map;
    assert_false(memmap_reserve(&map, 7 * MIB, PAGE));
    assert_memory_equal(&map, &before, sizeof(map));
}

/* Any map, any range: exactly the range stops being usable, nothing else changes. */
TEST(reserving_changes_the_range_alone)
{
    host_random_seed(4711);
    for (u32 round = 0; round < 3000; round++) {
        begin();
        u32 entries = random_u32() % 9;
        for (u32 i = 0; i < entries; i++)
            add(random_u32() % 64, random_u32() % 24, 1 + random_u32() % 3 / 2);
        u64 base = random_u32() % 64, length = 1 + random_u32() % 24;
        bool was[100];
        for (u32 at = 0; at < 100; at++)
            was[at] = usable_byte(at);
        assert_true(memmap_reserve(&map, base, length));
        for (u32 at = 0; at < 100; at++)
            assert_int_equal(usable_byte(at), was[at] && !(at >= base && at < base + length));
        u32 found = 0;
        for (u32 i = 0; i < map.count; i++)
            found += map.entry[i].type == MEMMAP_RESERVED && map.entry[i].base == base &&
                     map.entry[i].length == length;
        assert_true(found >= 1);
    }
}

/* Any map: what is found is usable throughout, and nothing higher is. */
TEST(finding_the_top_agrees_with_every_page)
{
    host_random_seed(42);
    for (u32 round = 0; round < 2000; round++) {
        begin();
        u32 entries = random_u32() % 9;
        for (u32 i = 0; i < entries; i++)
            add(MIB - 8 * PAGE + random_u32() % 64 * (PAGE / 2), random_u32() % 48 * (PAGE / 2),
                1 + random_u32() % 4 / 3);
        u32 pages = 1 + random_u32() % 12;
        u32 best = 0;
        for (u32 base = (u32)MIB; base < MIB + 80 * PAGE; base += PAGE) {
            bool all = true;
            for (u32 at = 0; at < pages * PAGE; at += PAGE / 2)
                all = all && usable_byte(base + at);
            if (all)
                best = base;
        }
        assert_int_equal(memmap_find_top(&map, pages * PAGE), best);
        u64 total = 0;
        for (u64 at = MIB; at < MIB + 80 * PAGE; at += PAGE / 2)
            total += usable_byte(at) ? PAGE / 2 : 0;
        assert_true(memmap_usable(&map) == total);
    }
}
