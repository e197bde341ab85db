/* Loading the UNDI of an option ROM (PXE 2.1, 3.1.2), whose loader is a stranger: what it says of
 * the UNDI that it has made is checked. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"
#include "drv/undi_internal.h"

/* The structure that has !PXE for its signature. */
#define PXE_LENGTH 4    /* byte */
#define PXE_ENTRY  0x10 /* offset, segment */
#define PXE_BYTES  0x58

/* What loader and UNDI_START are told of the NIC: a PCI device, and no PnP BIOS's handles. */
static u8 *start_parameters(u32 bytes)
{
    u8 *p = undi_parameters(bytes);
    put_le16(p + START_AX, undi_block()->rom.bdf);
    put_le16(p + START_BX, 0xffff);
    put_le16(p + START_DX, 0xffff);
    return p;
}

static u16 data_segment(void)
{
    return (u16)(undi_memory() / PARAGRAPH);
}

static bool call_loader(void)
{
    struct undi_block *block = undi_block();
    const struct undi_rom *rom = &block->rom;
    u8 *p = start_parameters(LOADER_BYTES);
    put_le16(p + LOADER_DATA, data_segment());
    put_le16(p + LOADER_CODE, (u16)(data_segment() + align_up(rom->data, PARAGRAPH) / PARAGRAPH));
    block->stub.entry = (u32)rom->segment << 16 | rom->loader;
    bool loaded = undi_call_loader();
    block->stub.entry = 0;
    return loaded;
}

/* The physical address of what offset and segment at p point to, when so many bytes there lie in
 * the memory that UNDI was given; else 0. */
static u32 in_its_memory(const u8 *p, u32 bytes)
{
    u32 at = rm_phys(get_le16(p + 2), get_le16(p)), start = undi_memory();
    return at >= start && in_range(at, bytes, undi_block()->end) ? at : 0;
}

/* UNDI's entry point, by what the loader has answered; 0: it is none. */
static u32 find_entry(void)
{
    const u8 *to = undi_block()->parameters + LOADER_PXE;
    u32 at = in_its_memory(to, PXE_BYTES);
    const u8 *pxe = at ? phys_ptr(at, PXE_BYTES) : NULL;
    if (!pxe || memcmp(pxe, "!PXE", 4))
        return 0;
    u32 bytes = pxe[PXE_LENGTH];
    bool good = bytes >= PXE_BYTES && in_its_memory(to, bytes) && !byte_sum_complement(pxe, bytes);
    return good && in_its_memory(pxe + PXE_ENTRY, 1) ? get_le32(pxe + PXE_ENTRY) : 0;
}

bool undi_load_rom(void)
{
    u32 *entry = &undi_block()->stub.entry;
    if (!call_loader() || !(*entry = find_entry()))
        return false;
    start_parameters(START_BYTES);
    if (!undi_call(UNDI_START))
        *entry = 0;
    return *entry;
}
