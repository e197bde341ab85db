/* INT 13h's drive numbers: ours among those that the BIOS has given. Floppies begin at 00h, hard
 * disks at 80h, CDs of El Torito at E0h. Part of INT 13h, which alone calls this. */
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

/* Have this number, or the next lower one that leaves no gap behind the BIOS's drives of its kind,
 * which move up by one from there on. Returns the number. The drive is counted in. */
u8 drives_take(u8 wanted);

/* Count our drive out again. */
void drives_give_back(void);

/* Keep the count right: some BIOSes count their disks again and write what they find, others find
 * one more later. */
void drives_count(void);

/* How many there are of our drive's kind, ours included; CDs are not counted. */
u8 drives_total(void);

/* Whose drive a call (AH, DL) is for. Theirs: DL is made the BIOS's number, and *chain says what DL
 * is to be afterwards where that is not what the BIOS leaves there. */
enum drive_owner { DRIVE_OURS, DRIVE_THEIRS, DRIVE_ABSENT };
enum drive_owner drives_owner(struct rm_regs *r, struct int13_chain *chain);

#endif
