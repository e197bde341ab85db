/* An UNDI in the option ROM area (PXE 2.1, 3.1.1: the UNDI ROM ID structure). */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/str.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"

#define AREA_START  0xc0000u
#define AREA_END    0xf0000u
#define ROM_STEP    2048u
#define ROM_MAGIC   0xaa55
#define ROM_BLOCK   512u
#define ROM_BLOCKS  2    /* byte */
#define ROM_UNDI    0x16 /* word: where the UNDI ROM ID structure is, */
#define ROM_PCI     0x18 /* and the PCI data structure */

#define ID_LENGTH   4
#define ID_LOADER   10
#define ID_DATA     14
#define ID_CODE     16
#define ID_BYTES    22

#define PCIR_VENDOR 4
#define PCIR_DEVICE 6
#define PCIR_BYTES  24

static u16 vendor, device;

static bool match(u16 v, u16 d)
{
    return v == vendor && d == device;
}

/* The structure that the word at `pointer` of a ROM points to, with this signature and length, in
 * the ROM as a whole; else NULL. */
static const u8 *structure(const u8 *rom, u32 size, u32 pointer, const char *signature, u32 bytes)
{
    u32 at = get_le16(rom + pointer);
    return at <= size - bytes && !memcmp(rom + at, signature, 4) ? rom + at : NULL;
}

static bool take_rom(const u8 *p, u32 size, struct undi_rom *rom)
{
    const u8 *id = structure(p, size, ROM_UNDI, "UNDI", ID_BYTES);
    const u8 *pcir = structure(p, size, ROM_PCI, "PCIR", PCIR_BYTES);
    if (!id || !pcir || id[ID_LENGTH] < ID_BYTES || id[ID_LENGTH] > p + size - id ||
        byte_sum_complement(id, id[ID_LENGTH]))
        return false;
    rom->loader = get_le16(id + ID_LOADER);
    rom->data = get_le16(id + ID_DATA);
    rom->code = get_le16(id + ID_CODE);
    if (!rom->loader || rom->loader >= size || !rom->code)
        return false;
    vendor = get_le16(pcir + PCIR_VENDOR);
    device = get_le16(pcir + PCIR_DEVICE);
    u32 bdf = pci_find(0, match);
    rom->bdf = (u16)bdf;
    return bdf != PCI_BDF_END;
}

bool undi_rom_find(struct undi_rom *rom)
{
    for (u32 at = AREA_START; at < AREA_END; at += ROM_STEP) {
        const u8 *p = phys_ptr(at, ROM_STEP);
        u32 size = p && get_le16(p) == ROM_MAGIC ? p[ROM_BLOCKS] * ROM_BLOCK : 0;
        if (!size || !(p = phys_ptr(at, size)))
            continue;
        rom->segment = (u16)(at >> 4);
        if (take_rom(p, size, rom))
            return true;
    }
    return false;
}
