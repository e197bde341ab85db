/* INT 13h's drive numbers: ours among those that the BIOS has given. Floppies begin at 00h, hard
 * disks at 80h, CDs of El Torito at E0h. Part of INT 13h, which alone calls most of this. */
#ifndef LUNBOOT_DRIVES_H
#define LUNBOOT_DRIVES_H

#include "base/realmode.h"
#include "base/types.h"
#include "disk/int13.h"

#define FIRST_DISK 0x80
#define LAST_DISK  0x8f /* behind all local ones, when that is wanted */
#define FIRST_CD   0xe0

static inline bool drive_is_floppy(u8 drive)
{
    return drive < FIRST_DISK;
}

static inline bool drive_is_cd(u8 drive)
{
    return drive >= FIRST_CD;
}

/* These of the BIOS's drives 81h to 8Fh, a bit each from 80h on, are none of its hard disks, which
 * it counts: they keep their numbers, and what moves up passes by them. To be called before any
 * drive is taken. */
void drives_keep(u16 numbers);

/* Have this number, the next one that is free for us, or a lower one that leaves no gap behind the
 * drives of its kind; the BIOS's move up by one from there on. Returns the number. The drive is
 * counted in. */
u8 drives_take(u8 wanted);

/* Count our drive out again. */
void drives_give_back(u8 drive);

/* Keep the counts right: some BIOSes count their disks again and write what they find, others find
 * one more later. */
void drives_count(void);

/* How many there are of this drive's kind, ours included; CDs are not counted. */
u8 drives_total(u8 drive);

/* A call (AH, DL) that is for none of ours: DL is made the BIOS's number, and *chain says what DL
 * is to be afterwards where that is not what the BIOS leaves there. Numbers behind all that we know
 * of stay as they are: BIOSes number CDs as they like, some only when they boot one. */
void drives_chain(struct rm_regs *r, struct int13_chain *chain);

#endif
