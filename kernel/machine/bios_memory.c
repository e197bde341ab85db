/* INT 15h as the BIOS answers it. */
#include "machine/bios_memory.h"

#include "base/bytes.h"
#include "base/platform.h"
#include "base/str.h"
#include "pc/resident.h"

#define SMAP          0x534d4150u
#define E820_SIZE     24
#define E820_SIZE_OLD 20

/* A register set for a call from here: its buffer is the place where the iBFT will be. */
static struct rm_regs call_regs(u32 eax)
{
    struct rm_regs r = {.eax = eax, .edi = RESIDENT_IBFT};
    r.es = r.ds = resident_block()->segment;
    return r;
}

void bios_memory_map(struct memmap *map)
{
    u8 *entry = resident_ibft();
    u32 next = 0;
    map->count = 0;
    map->extended = false;
    do {
        struct rm_regs r = call_regs(0xe820);
        r.ebx = next;
        r.ecx = E820_SIZE;
        r.edx = SMAP;
        put_le32(entry + 20, 1);
        rm_interrupt(0x15, &r);
        if ((r.flags & FLAG_CF) || r.eax != SMAP || r.ecx < E820_SIZE_OLD)
            break;
        map->extended |= r.ecx >= E820_SIZE;
        map->entry[map->count++] = (struct memmap_entry){
            get_le64(entry), get_le64(entry + 8), get_le32(entry + 16), get_le32(entry + 20)};
        next = r.ebx;
    } while (next &&
             map->count < MEMMAP_ENTRIES - 4); /* hiding a range splits one into three, twice */
}

void bios_memory_sizes(struct int15_state *state)
{
    struct rm_regs r = call_regs(0xe801);
    rm_interrupt(0x15, &r);
    if (!(r.flags & FLAG_CF)) {
        state->e801_kib = (u16)r.eax ? (u16)r.eax : (u16)r.ecx;
        state->e801_blocks = (u16)r.eax ? (u16)r.ebx : (u16)r.edx;
    }
    r = call_regs(0x8800);
    rm_interrupt(0x15, &r);
    if (!(r.flags & FLAG_CF))
        state->ext_kib = (u16)r.eax;
    r = call_regs(0x8a00);
    rm_interrupt(0x15, &r);
    if (!(r.flags & FLAG_CF))
        state->big_kib = r.edx << 16 | (u16)r.eax;
}
