/* Page tables of 32-bit paging (Intel SDM, volume 3A, 4.3). */
#ifndef LUNBOOT_PAGE_TABLE_H
#define LUNBOOT_PAGE_TABLE_H

#include "base/types.h"

#define PAGE_BYTES    4096u
#define PAGE_ENTRIES  1024

/* Bits of an entry; above the lowest twelve lies the page's physical address. */
#define PAGE_PRESENT  0x01
#define PAGE_WRITABLE 0x02
#define PAGE_LARGE    0x80 /* in a directory: a page of 4 MiB, no table */

/* Make the table of the first 4 MiB: where `from`, the first `count` entries of somebody else's,
 * has a page, it is that one; everything else is where it seems to be. All of it is writable. */
void page_table_complete(u32 table[PAGE_ENTRIES], const u32 *from, u32 count);

/* Make a directory with this table (its physical address) and everything above where it seems to
 * be. */
void page_directory(u32 directory[PAGE_ENTRIES], u32 table);

#endif
