/* Page tables for a caller in V86 mode. */
#include "pc/page_table.h"
#include "test.h"

#define FLAGS (PAGE_PRESENT | PAGE_WRITABLE)

static u32 table[PAGE_ENTRIES];

static void setup(void)
{
    for (u32 i = 0; i < PAGE_ENTRIES; i++)
        table[i] = 0xaaaaaaaa;
}

FIXTURE(setup, NULL);

/* Nothing faults: neither where the server has no page, nor where it has one to read only, nor by
 * bits that mean something to it alone. */
TEST(servers_pages_are_taken_and_the_rest_is_where_it_seems)
{
    static const u32 theirs[] = {
        0x00000067, /* itself */
        0x00300e05, /* another, to read only */
        0xfffff006, /* not present */
        0xfedcb000 | PAGE_PRESENT | PAGE_LARGE | 0x100,
    };
    page_table_complete(table, theirs, ARRAY_SIZE(theirs));
    assert_int_equal(table[0], FLAGS);
    assert_int_equal(table[1], 0x300000 | FLAGS);
    assert_int_equal(table[2], 0x2000 | FLAGS);
    assert_int_equal(table[3], 0xfedcb000 | FLAGS);
    for (u32 i = ARRAY_SIZE(theirs); i < PAGE_ENTRIES; i++)
        assert_int_equal(table[i], i * PAGE_BYTES | FLAGS);
}

TEST(directory_has_the_table_and_all_memory_above)
{
    page_directory(table, 0x0ff3e000);
    assert_int_equal(table[0], 0x0ff3e000 | FLAGS);
    for (u32 i = 1; i < PAGE_ENTRIES; i++)
        assert_int_equal(table[i], i * 0x400000 | PAGE_LARGE | FLAGS);
}
