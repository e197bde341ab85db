/* Page tables. */
#include "pc/page_table.h"

#define FLAGS (PAGE_PRESENT | PAGE_WRITABLE)

void page_table_complete(u32 table[PAGE_ENTRIES], const u32 *from, u32 count)
{
    for (u32 i = 0; i < PAGE_ENTRIES; i++) {
        bool present = i < count && from[i] & PAGE_PRESENT;
        table[i] = (present ? from[i] & ~(PAGE_BYTES - 1) : i * PAGE_BYTES) | FLAGS;
    }
}

void page_directory(u32 directory[PAGE_ENTRIES], u32 table)
{
    directory[0] = table | FLAGS;
    for (u32 i = 1; i < PAGE_ENTRIES; i++)
        directory[i] = i << 22 | PAGE_LARGE | FLAGS;
}
