/* INT 13h as the BIOS answers it. */
#include "machine/bios_drives.h"

#include "base/bda.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "pc/resident.h"

#define FIRST       0x80
#define DRIVES      16
#define PARAMETERS  0x4800 /* AH=48h of EDD */
#define TABLE_SIZE  26     /* of its oldest form */
#define SECTOR_SIZE 24
#define CD_SECTOR   2048

/* Some BIOSes say to AH=41h that any drive has EDD: the size of its sectors can't be mistaken. */
static bool is_cd(u8 drive)
{
    u8 *table = resident_ibft();
    struct rm_regs r = {.eax = PARAMETERS, .edx = drive, .esi = RESIDENT_IBFT};
    r.ds = resident_block()->segment;
    put_le16(table, TABLE_SIZE);
    put_le16(table + SECTOR_SIZE, 0);
    rm_interrupt(0x13, &r);
    return !(r.flags & FLAG_CF) && get_le16(table + SECTOR_SIZE) == CD_SECTOR;
}

u16 bios_cds(void)
{
    const u8 *disks = phys_ptr(BDA_DISKS, 1);
    u16 cds = 0;
    for (u32 i = DRIVES - 1; i && i >= *disks; i--)
        if (is_cd((u8)(FIRST + i)))
            cds |= (u16)(1 << i);
    return cds;
}
