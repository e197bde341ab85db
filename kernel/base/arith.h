/* Arithmetic on the basic types. */
#ifndef LUNBOOT_ARITH_H
#define LUNBOOT_ARITH_H

#include "base/types.h"

/* Not called, though that packs better by 159 bytes: they stand where each turn of the event loop
 * comes by, and reads of one block anywhere were a tenth slower. */
static inline u32 min_u32(u32 a, u32 b)
{
    return a < b ? a : b;
}

static inline u32 max_u32(u32 a, u32 b)
{
    return a > b ? a : b;
}

/* Milliseconds from now until `when`: 0 when that has passed. */
u32 time_left(msec now, msec when);

/* n / divisor, the rest to *rest when it is not NULL. The one 64-bit division of the kernel, which
 * has no libgcc. divisor != 0. */
u64 div_u64(u64 n, u32 divisor, u32 *rest);

/* How many bytes lie between `at` and the next multiple, a power of two. */
static inline u32 up_to_multiple(const void *at, u32 multiple)
{
    return (u32) - (uintptr_t)at & (multiple - 1);
}

/* n, or the next multiple, a power of two. */
static inline u32 align_up(u32 n, u32 multiple)
{
    return (n + multiple - 1) & -multiple;
}

/* Does [start, start + count) lie within the first `size`? */
bool in_range(u64 start, u64 count, u64 size);

/* What has to be written over a byte of 0 for `len` bytes to add up to 0: the checksum of BIOS and
 * ACPI structures. Of a range that holds it, 0 when it is right. */
u8 byte_sum_complement(const u8 *p, u32 len);

#endif
