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

#define PXE_ENTRY        0x10 /* in the structure that has !PXE for its signature */
#define PXE_BYTES        0x58

static u32 at;              /* physical, of the block; 0: there is none */
static u32 taken;           /* where ends what it and UNDI take */
static struct undi_rom rom; /* where UNDI comes from, when it was not there already, */
static u16 data_segment;    /* and goes to */

struct undi_block *undi_block(void)
{
    return (struct undi_block *)phys_ptr(at, UNDI_BLOCK);
}

/* So many KiB at the end of conventional memory become ours: their physical address. */
static u32 take(u32 kib)
{
    u32 left = bda_get16(BDA_BASE_MEMORY) - kib;
    bda_put16(BDA_BASE_MEMORY, (u16)left);
    return left * KIB;
}

static void make_block(u32 entry)
{
    at = take(UNDI_BLOCK / KIB);
    memset(undi_block(), 0, UNDI_BLOCK);
    memcpy(&undi_block()->stub, undi_stub, sizeof(undi_stub));
    undi_block()->stub.entry = entry;
}

/* Memory for the UNDI of a ROM: its data, and its code behind them. */
static bool make_room(void)
{
    u32 paragraphs = (rom.data + 15u) / 16 + (rom.code + 15u) / 16;
    u32 kib = (paragraphs * 16 + KIB - 1) / KIB;
    if (bda_get16(BDA_BASE_MEMORY) < BASE_MEMORY_MIN + kib)
        return false;
    data_segment = (u16)(take(kib) >> 4);
    return true;
}

/* Is it to drive a NIC that we have a driver for, too? The settings are not known yet; boot/pxe.asm
 * looks for the same. */
static bool is_wanted(const char *command_line)
{
    while (*command_line && !str_starts(command_line, "nic=undi"))
        command_line++;
    return *command_line;
}

u32 undi_claim(const struct boot_info *boot, bool only, u32 *bdf)
{
    const struct boot_undi *undi = &boot->undi;
    u32 was = bda_get16(BDA_BASE_MEMORY);
    if (was < BASE_MEMORY_MIN || was > CONVENTIONAL_END / KIB)
        return 0;
    if (undi->entry)
        *bdf = boot->bdf;
    else if ((only || is_wanted(boot->command_line)) && undi_rom_find(&rom) && make_room())
        *bdf = rom.bdf;
    else
        return 0;
    make_block(undi->entry);
    taken = was * KIB;
    if (undi->end > taken && undi->end < CONVENTIONAL_END)
        taken = undi->end;
    return taken;
}

/* The loader finds the address of its parameters on the stack, where functions have their number.
 */
static bool call_loader(void)
{
    u8 *p = undi_parameters(LOADER_BYTES);
    put_le16(p + START_AX, rom.bdf);
    put_le16(p + START_BX, 0xffff);
    put_le16(p + START_DX, 0xffff);
    put_le16(p + LOADER_DATA, data_segment);
    put_le16(p + LOADER_CODE, (u16)(data_segment + (rom.data + 15) / 16));
    undi_block()->stub.entry = (u32)rom.segment << 16 | rom.loader;
    struct rm_regs r = {.ebx = offsetof(struct undi_block, parameters), .edi = at >> 4};
    platform_call_real((u16)(at >> 4), offsetof(struct undi_stub, code), &r);
    return !(u16)r.eax && !get_le16(p);
}

bool undi_load(void)
{
    if (undi_block()->stub.entry)
        return true;
    if (!call_loader())
        return false;
    const u8 *p = undi_block()->parameters + LOADER_PXE;
    p = phys_ptr(rm_phys(get_le16(p + 2), get_le16(p)), PXE_BYTES);
    if (!p || memcmp(p, "!PXE", 4))
        return false;
    undi_block()->stub.entry = get_le32(p + PXE_ENTRY);
    u8 *start = undi_parameters(START_BYTES);
    put_le16(start + START_AX, rom.bdf);
    put_le16(start + START_BX, 0xffff);
    put_le16(start + START_DX, 0xffff);
    return undi_call(UNDI_START);
}

u16 undi_kib(void)
{
    return (u16)((taken - at + KIB - 1) / KIB);
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
