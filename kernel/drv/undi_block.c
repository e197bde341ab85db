/* UNDI's place in conventional memory, and calling it. */
#include "base/bda.h"
#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"

#define KIB              1024u
#define BASE_MEMORY_MIN  64 /* KiB; below that the BDA is not to be believed */
#define CONVENTIONAL_END 0xa0000u

static u32 at; /* physical, of the block; 0: there is none */

struct undi_block *undi_block(void)
{
    return (struct undi_block *)phys_ptr(at, UNDI_BLOCK);
}

static void make_block(u32 entry)
{
    u16 kib = (u16)(bda_get16(BDA_BASE_MEMORY) - UNDI_BLOCK / KIB);
    bda_put16(BDA_BASE_MEMORY, kib);
    at = kib * KIB;
    memset(undi_block(), 0, UNDI_BLOCK);
    memcpy(&undi_block()->stub, undi_stub, (size_t)(undi_stub_end - undi_stub));
    undi_block()->stub.entry = entry;
}

u32 undi_claim(const struct boot_info *boot, u32 *bdf)
{
    const struct boot_undi *undi = &boot->undi;
    if (!undi->entry || bda_get16(BDA_BASE_MEMORY) < BASE_MEMORY_MIN)
        return 0;
    make_block(undi->entry);
    *bdf = boot->bdf;
    return undi->end > at && undi->end < CONVENTIONAL_END ? undi->end : CONVENTIONAL_END;
}

u8 *undi_parameters(u32 bytes)
{
    return memset(undi_block()->parameters, 0, bytes);
}

void undi_put_address(u8 *p, const u8 *what)
{
    put_le16(p, (u16)(what - (const u8 *)undi_block()));
    put_le16(p + 2, (u16)(at >> 4));
}

bool undi_call(u16 function)
{
    struct rm_regs r = {
        .ebx = function,
        .edi = offsetof(struct undi_block, parameters),
        .es = (u16)(at >> 4),
        .ds = (u16)(at >> 4),
    };
    platform_call_real((u16)(at >> 4), offsetof(struct undi_stub, code), &r);
    return !(u16)r.eax && !get_le16(undi_block()->parameters);
}
