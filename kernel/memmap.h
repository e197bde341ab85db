/* The machine's memory map, the place we take from it, and what INT 15h says of it afterwards
 * (ACPI 6.x, 15.1; and the older E801h, 88h, 8Ah). */
#ifndef LUNBOOT_MEMMAP_H
#define LUNBOOT_MEMMAP_H

#include "realmode.h"
#include "types.h"

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
    struct memmap_entry entry[MEMMAP_ENTRIES];
};

/* Find `size` bytes, page aligned, as high as possible below 4 GiB in usable memory above 1 MiB
 * that no reserved entry overlaps; sizes are page multiples. 0: none. */
u32 memmap_find_top(const struct memmap *map, u32 size);

/* How much usable memory lies between 1 MiB and 4 GiB, bytes. */
u64 memmap_usable(const struct memmap *map);

/* Turn [base, base + length) into reserved memory: splits entries. False when the map is full; it
 * is then unchanged. */
bool memmap_reserve(struct memmap *map, u64 base, u64 length);

/* What E801h answers: KiB from 1 to 16 MiB, and 64-KiB blocks from 16 MiB on, both without holes.
 */
void memmap_e801(const struct memmap *map, u16 *kib, u16 *blocks);

/* The BIOS's answers to E801h, 88h and 8Ah, taken before we hooked INT 15h. `hidden` cuts them off.
 */
struct int15_state {
    const struct memmap *map; /* with our range reserved */
    u32 hidden_base;          /* first byte that we hide */
};
void int15_init(const struct int15_state *state);

/* One INT 15h call with AX=E820h, E801h, E881h or AH=88h, 8Ah; true when the registers hold the
 * answer, false to chain. */
bool int15(struct rm_regs *r);

#endif
