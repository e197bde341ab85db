/* A CD for tests: what makes the disk in memory (fake_disk.h) one that can be booted. */
#ifndef FAKE_CD_H
#define FAKE_CD_H

#include "base/types.h"

#define CD_CATALOGUE 20 /* sector that the boot record names */

/* The boot record, and a catalogue that begins with a validation entry for this platform and has
 * zeros behind it. */
void fake_cd(u8 platform);

/* Record i of the catalogue: an entry, or a section's header. */
void fake_cd_entry(u32 i, u8 bootable, u8 media, u16 segment, u16 count, u32 image);
void fake_cd_header(u32 i, u8 id, u8 platform, u16 count);

/* Sector of the CD, where record i of the catalogue is. */
u8 *fake_cd_sector(u32 sector);
u8 *fake_cd_record(u32 i);

#endif
