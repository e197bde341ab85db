/* What a CD is booted by: Phoenix's and IBM's "El Torito" Bootable CD-ROM Format Specification 1.0.
 */
#ifndef LUNBOOT_ELTORITO_H
#define LUNBOOT_ELTORITO_H

#include "base/error.h"
#include "base/realmode.h"
#include "base/types.h"
#include "disk/block.h"
#include "disk/int13.h"

#define CD_BLOCK  512  /* bytes: what the device must count in; a "virtual sector" */
#define CD_SECTOR 2048 /* bytes of a CD's, whose numbers are in catalogue and packets */

enum cd_media {
    CD_NO_EMULATION,
    CD_FLOPPY_1200,
    CD_FLOPPY_1440,
    CD_FLOPPY_2880,
    CD_HARD_DISK,
};

/* What the catalogue says of a boot image. */
struct cd_boot {
    u32 catalogue; /* sector */
    u32 image;     /* sector; lies on the device */
    u8 media;      /* an enum cd_media */
    u16 segment;   /* to load to */
    u16 count;     /* blocks to load; 0 is possible */
};

/* Find the image for a PC, and read what of it is to be started to its segment, in conventional
 * memory. ERR_NO_BOOT_IMAGE: there is none, or it does not fit there; else why it can't be
 * read; *boot is that of a CD that is not booted then, without emulation. */
enum error eltorito_load(struct block_dev *dev, struct cd_boot *boot);

/* The CD itself as a drive: all of disk->dev, which counts in CD_BLOCKs. `boot` must last as long
 * as the drive, here and below. */
void eltorito_whole(struct int13_disk *disk, const struct cd_boot *boot);

/* The drive that a PC boots by: the CD itself, or the part of it that its floppy or hard disk
 * shows, beside which there is the CD; loaded: the image's first block. */
void eltorito_shape(struct int13_disk *disk, const struct cd_boot *boot, const u8 *loaded);

/* INT 13h AH=4Bh (AL=0: end the emulation, which is left to the caller; 1: none of that) and 4Dh
 * for such a drive: packets at DS:SI. 4Ah and 4Ch, which begin another emulation, are not there: we
 * know of nobody who calls them. */
enum error eltorito_packet(const struct rm_regs *r, const struct int13_disk *disk);

#endif
