/* INT 15h, the functions that tell the memory's size. */
#include "machine/int15.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"

#define SMAP             0x534d4150u
#define MIB              0x100000u
#define MIB16            (16 * MIB)

/* An E820h answer in the caller's buffer. */
#define E820_BASE        0
#define E820_LENGTH      8
#define E820_TYPE        16
#define E820_ATTRIBUTES  20
#define E820_SIZE        20
#define E820_SIZE_EXT    24

#define AH_NOT_SUPPORTED 0x86

static struct int15_state bios;

void int15_init(const struct int15_state *state)
{
    bios = *state;
}

static bool e820(struct rm_regs *r)
{
    const struct memmap *map = bios.map;
    u32 i = r->ebx, size = map->extended && r->ecx >= E820_SIZE_EXT ? E820_SIZE_EXT : E820_SIZE;
    u8 *to = phys_ptr(rm_phys(r->es, (u16)r->edi), size);
    if (r->edx != SMAP || r->ecx < E820_SIZE || i >= map->count || !to) {
        u32 eax = r->eax;
        set_high(&eax, AH_NOT_SUPPORTED);
        r->eax = eax;
        r->flags |= FLAG_CF;
        return true;
    }
    const struct memmap_entry *e = &map->entry[i];
    put_le64(to + E820_BASE, e->base);
    put_le64(to + E820_LENGTH, e->length);
    put_le32(to + E820_TYPE, e->type);
    if (size == E820_SIZE_EXT)
        put_le32(to + E820_ATTRIBUTES, e->attributes);
    r->eax = SMAP;
    r->ecx = size;
    r->ebx = i + 1 < map->count ? i + 1 : 0;
    r->flags &= (u16)~FLAG_CF;
    return true;
}

static bool e801(struct rm_regs *r)
{
    u32 kib = min_u32(bios.e801_kib, (bios.hidden_base - MIB) >> 10);
    u32 room = bios.hidden_base > MIB16 ? (bios.hidden_base - MIB16) >> 16 : 0;
    u32 blocks = min_u32(bios.e801_blocks, room);
    if (kib == bios.e801_kib && blocks == bios.e801_blocks)
        return false;
    /* E881h is the same with 32-bit registers. */
    u32 keep = (u16)r->eax == 0xe881 ? 0 : 0xffff0000;
    r->eax = (r->eax & keep) | kib;
    r->ecx = (r->ecx & keep) | kib;
    r->ebx = (r->ebx & keep) | blocks;
    r->edx = (r->edx & keep) | blocks;
    r->flags &= (u16)~FLAG_CF;
    return true;
}

/* 88h and 8Ah: KiB above 1 MiB. */
static bool above_1m(struct rm_regs *r)
{
    bool big = reg_high(r->eax) == 0x8a;
    u32 room = (bios.hidden_base - MIB) >> 10;
    if ((big ? bios.big_kib : bios.ext_kib) <= room)
        return false;
    r->eax = (r->eax & 0xffff0000) | (u16)room;
    if (big)
        r->edx = (r->edx & 0xffff0000) | room >> 16;
    r->flags &= (u16)~FLAG_CF;
    return true;
}

bool int15(struct rm_regs *r)
{
    switch ((u16)r->eax) {
    case 0xe820:
        return e820(r);
    case 0xe801:
    case 0xe881:
        return e801(r);
    }
    u8 ah = reg_high(r->eax);
    return (ah == 0x88 || ah == 0x8a) && above_1m(r);
}
