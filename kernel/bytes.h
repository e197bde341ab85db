/* Reading and writing integers of a given byte order at any address. Wire formats are read with
 * these and named offsets; nothing on the wire is ever overlaid with a struct. */
#ifndef LUNBOOT_BYTES_H
#define LUNBOOT_BYTES_H

#include "types.h"

/* Reading a word takes an instruction or two, which gcc finds out when it has decided against
 * inlining it. */
#define WORD static inline __attribute__((always_inline))

static inline u16 get_be16(const u8 *p)
{
    return (u16)(p[0] << 8 | p[1]);
}

static inline u32 get_be24(const u8 *p)
{
    return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

WORD u32 get_be32(const u8 *p)
{
    return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline u64 get_be64(const u8 *p)
{
    return (u64)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be16(u8 *p, u16 v)
{
    p[0] = (u8)(v >> 8);
    p[1] = (u8)v;
}

static inline void put_be24(u8 *p, u32 v)
{
    p[0] = (u8)(v >> 16);
    p[1] = (u8)(v >> 8);
    p[2] = (u8)v;
}

static inline void put_be32(u8 *p, u32 v)
{
    put_be16(p, (u16)(v >> 16));
    put_be16(p + 2, (u16)v);
}

static inline void put_be64(u8 *p, u64 v)
{
    put_be32(p, (u32)(v >> 32));
    put_be32(p + 4, (u32)v);
}

static inline u16 get_le16(const u8 *p)
{
    return (u16)(p[1] << 8 | p[0]);
}

WORD u32 get_le32(const u8 *p)
{
    return (u32)get_le16(p + 2) << 16 | get_le16(p);
}

static inline u64 get_le64(const u8 *p)
{
    return (u64)get_le32(p + 4) << 32 | get_le32(p);
}

static inline void put_le16(u8 *p, u16 v)
{
    p[0] = (u8)v;
    p[1] = (u8)(v >> 8);
}

static inline void put_le32(u8 *p, u32 v)
{
    put_le16(p, (u16)v);
    put_le16(p + 2, (u16)(v >> 16));
}

static inline void put_le64(u8 *p, u64 v)
{
    put_le32(p, (u32)v);
    put_le32(p + 4, (u32)(v >> 32));
}

#undef WORD

#endif
