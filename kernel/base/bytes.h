/* Reading and writing integers of a given byte order at any address. Wire formats are read with
 * these and named offsets; nothing on the wire is ever overlaid with a struct. */
#ifndef LUNBOOT_BYTES_H
#define LUNBOOT_BYTES_H

#include "base/types.h"

/* The kernel and the hosts of its tests are little-endian. A word at any address is then an
 * instruction, and a swap where the order is the other; gcc would rather call a function. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie");
typedef u16 __attribute__((may_alias, aligned(1))) unaligned16;
typedef u32 __attribute__((may_alias, aligned(1))) unaligned32;
typedef u64 __attribute__((may_alias, aligned(1))) unaligned64;

static inline u16 get_le16(const u8 *p)
{
    return *(const unaligned16 *)p;
}

static inline u32 get_le32(const u8 *p)
{
    return *(const unaligned32 *)p;
}

static inline u64 get_le64(const u8 *p)
{
    return *(const unaligned64 *)p;
}

static inline void put_le16(u8 *p, u16 v)
{
    *(unaligned16 *)p = v;
}

static inline void put_le32(u8 *p, u32 v)
{
    *(unaligned32 *)p = v;
}

static inline void put_le64(u8 *p, u64 v)
{
    *(unaligned64 *)p = v;
}

static inline u16 get_be16(const u8 *p)
{
    return __builtin_bswap16(get_le16(p));
}

static inline u32 get_be24(const u8 *p)
{
    return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

u32 get_be32(const u8 *p);

static inline u64 get_be64(const u8 *p)
{
    return __builtin_bswap64(get_le64(p));
}

static inline void put_be16(u8 *p, u16 v)
{
    put_le16(p, __builtin_bswap16(v));
}

static inline void put_be24(u8 *p, u32 v)
{
    p[0] = (u8)(v >> 16);
    p[1] = (u8)(v >> 8);
    p[2] = (u8)v;
}

void put_be32(u8 *p, u32 v);

static inline void put_be64(u8 *p, u64 v)
{
    put_le64(p, __builtin_bswap64(v));
}

#endif
