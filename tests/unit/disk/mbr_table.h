/* A partition table in an MBR. */
#ifndef MBR_TABLE_H
#define MBR_TABLE_H

#include "base/types.h"

#define MBR_TABLE   446 /* where it begins */
#define MBR_ENTRY   16  /* bytes */
#define MBR_ENTRIES 4

/* Entry i as fdisk writes it on a disk of this geometry. The flag in its first byte stays. */
void mbr_put_entry(u8 *mbr, u32 i, u8 type, u32 first, u32 count, u32 heads, u32 sectors);

#endif
