/* INT 13h: the LUN as a BIOS disk (Enhanced Disk Drive, T13 BIOS EDD-3/EDD-4, and the classic CHS
 * functions). */
#ifndef LUNBOOT_INT13_H
#define LUNBOOT_INT13_H

#include "block.h"
#include "geometry.h"
#include "realmode.h"
#include "types.h"

struct int13_disk {
    u8 drive; /* our number, 80h or higher */
    struct geometry geometry;
    u64 blocks;
    u16 nic_bdf; /* for the EDD device path (48h) */
    u8 lun[8];
};

/* What the resident stub does after int13(). */
enum int13_action {
    INT13_DONE,  /* the registers hold the answer: return to the caller */
    INT13_CHAIN, /* not ours: let the old handler have it, with the registers as they are now */
};

/* Serve this disk from now on. `dpte` is where in conventional memory a DPTE and a fixed disk
 * parameter table may lie, physical, or 0. Sets the count at 40:75. */
void int13_init(const struct int13_disk *disk);

/* One INT 13h call. DL is the drive. For local disks, which have moved up by one from our number
 * on, DL is changed to the BIOS's number and the call is chained; *restore_dl then says that DL
 * must be put back afterwards, and *add_drive that the DL that comes back is a count of drives that
 * lacks ours. */
struct int13_chain {
    bool restore_dl;
    bool add_drive;
};
enum int13_action int13(struct rm_regs *r, struct int13_chain *chain);

#endif
