/* The machine's memory map, and the place we take from it (ACPI 6.5, 15.1 and 15.4). Maps are as
 * the BIOS gives them: entries may overlap, be empty, unsorted, or reach past the end of all
 * addresses. What one entry calls usable and another does not is not usable. */
#ifndef LUNBOOT_MEMMAP_H
#define LUNBOOT_MEMMAP_H

#include "base/types.h"

#define MEMMAP_ENTRIES  128
#define MEMMAP_USABLE   1
#define MEMMAP_RESERVED 2

struct memmap_entry {
    u64 base, length; /* bytes */
    u32 type;         /* E820 type */
    u32 attributes;   /* ACPI 3.0 extended attributes, 1 when the BIOS gave 20 bytes */
};

struct memmap {
    u32 count;
    bool extended; /* the BIOS gave 24 bytes an entry, with attributes */
    struct memmap_entry entry[MEMMAP_ENTRIES];
};

/* Find `size` bytes, a multiple of the page size, page aligned and as high as possible, in usable
 * memory between 1 MiB and 4 GiB. 0: there is none. */
u32 memmap_find_top(const struct memmap *map, u32 size);

/* How much usable memory lies between 1 MiB and 4 GiB, bytes. */
u64 memmap_usable(const struct memmap *map);

/* Turn [base, base + length) into reserved memory: usable entries are cut or split. False when the
 * map is full; it is then unchanged. */
bool memmap_reserve(struct memmap *map, u64 base, u64 length);

#endif
