/* INT 13h: the LUN, or a part of it, as BIOS disks (Enhanced Disk Drive, T13 BIOS EDD-3/EDD-4, and
 * the classic CHS functions). */
#ifndef LUNBOOT_INT13_H
#define LUNBOOT_INT13_H

#include "base/realmode.h"
#include "base/types.h"
#include "disk/block.h"
#include "disk/edd.h"

struct cd_boot; /* disk/eltorito.h */

struct int13_disk {
    u8 drive; /* the number we want: 80h to 8Fh; of a CD E0h, of its floppy 00h */
    struct block_dev *dev;
    u64 first;                /* block of dev that the disk begins with */
    u64 sectors;              /* as INT 13h counts them, all of which lie on dev */
    u32 sector_blocks;        /* blocks of dev that are one sector */
    struct geometry geometry; /* no sectors: it has none, and CHS addresses mean nothing */
    struct edd_path path;
    const struct cd_boot *cd; /* booted by this; NULL: a disk */
    u8 last_status;           /* AH of its last operation; INT 13h's own */
};

#define INT13_DISKS 5 /* at most: four LUNs, and a CD beside the floppy or disk that is on it */

/* What the resident stub does after int13(). */
enum int13_action {
    INT13_DONE,  /* the registers hold the answer: return to the caller */
    INT13_CHAIN, /* not ours: let the old handler have it, with the registers as they are now */
};

/* Serve this disk, too, through the cache: the INT 13h hook may be set afterwards. Counts the disk
 * in at 40:75, a floppy at 40:10. Drives are numbered without gaps, but for the BIOS's that keep
 * their numbers (disk/drives.h): the number really used is returned. */
u8 int13_add(const struct int13_disk *disk);

/* Take all disks out again: the counts are the BIOS's, and every call is chained as it is. */
void int13_stop(void);

/* One INT 13h call. DL is the drive. For local drives of its kind, which have moved up from our
 * numbers on, DL is changed to the BIOS's number and the call is chained. When set_dl is true
 * after INT13_CHAIN, the stub puts `dl` into the caller's DL once the old handler has returned: the
 * number that the caller used, or after AH=08h the number of disks with ours. */
struct int13_chain {
    bool set_dl;
    u8 dl;
};
enum int13_action int13(struct rm_regs *r, struct int13_chain *chain);

#endif
