/* The caller's registers of a real-mode interrupt, base tier: the one struct that crosses between
 * the resident stub and C, in both directions. boot/resident.asm gets the offsets from
 * boot/offsets.c, nothing is mirrored by hand. */
#ifndef LUNBOOT_REALMODE_H
#define LUNBOOT_REALMODE_H

#include "base/types.h"

/* In the order of PUSHAD, then segments and flags. Byte and word parts are reached through the
 * macros below. */
struct rm_regs {
    u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
    u16 gs, fs, es, ds;
    u16 flags; /* the image that IRET will load */
    u16 vector;
};

#define FLAG_CF 0x0001
#define FLAG_ZF 0x0040
#define FLAG_IF 0x0200

static inline u8 reg_low(u32 r)
{
    return (u8)r;
}

static inline u8 reg_high(u32 r)
{
    return (u8)(r >> 8);
}

static inline void set_low(u32 *r, u8 v)
{
    *r = (*r & ~0xffu) | v;
}

static inline void set_high(u32 *r, u8 v)
{
    *r = (*r & ~0xff00u) | (u32)v << 8;
}

static inline void set_word(u32 *r, u16 v)
{
    *r = (*r & ~0xffffu) | v;
}

/* The physical address of segment:offset, 0 to 10FFEFh. */
static inline u32 rm_phys(u16 segment, u16 offset)
{
    return ((u32)segment << 4) + offset;
}

#endif
