/* The master boot record: its signature, and the CHS geometry that a BIOS would give its disk. */
#ifndef LUNBOOT_MBR_H
#define LUNBOOT_MBR_H

#include "base/error.h"
#include "base/types.h"

struct geometry {
    u32 cylinders; /* 1..1024 */
    u32 heads;     /* 1..255 */
    u32 sectors;   /* 1..63 per track */
};

/* Can the boot sector (512 bytes, or the first of a larger block) be started? ERR_NO_BOOT_SECTOR:
 * it does not end with 55AAh. ERR_NO_BOOT_CODE: it does, but begins with zeros, as a new label
 * does, and that of a disk for UEFI. */
enum error mbr_bootable(const u8 *sector);

/* From the partition table of the MBR (512 bytes) when its entries agree on one, else 255 heads and
 * 63 sectors; of blocks of so many bytes no more in a track than fit 64 KiB. */
struct geometry geometry_guess(const u8 *mbr, u64 blocks, u32 block_size);

/* CX of AH=08h and of a CD's specification packet: the last cylinder and sector. */
u16 geometry_cx(const struct geometry *g);

/* CHS to LBA; false when it lies outside the geometry. */
bool geometry_lba(const struct geometry *g, u32 cylinder, u32 head, u32 sector, u64 *lba);

#endif
