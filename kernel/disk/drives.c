/* Drive numbers. */
#include "disk/drives.h"

#include "base/arith.h"
#include "base/bda.h"
#include "base/platform.h"

#define KIND          0xf0 /* the bits that the numbers of a kind have in common */
#define MOST          16   /* of a kind */
#define MOST_FLOPPIES 4    /* that can be counted */

static u8 ours;
static u8 locals; /* the BIOS's of our kind */

/* Where the BIOS's data area has how many there are of our kind. */
static u8 *count_place(void)
{
    return phys_ptr(drive_is_floppy(ours) ? BDA_EQUIPMENT : BDA_DISKS, 1);
}

/* Nobody counts CDs: there may be as many as there are numbers. */
static u8 get_count(void)
{
    const u8 *p = count_place();
    if (drive_is_cd(ours))
        return MOST - 1;
    if (!p)
        return 0;
    if (drive_is_floppy(ours))
        return *p & 1 ? (*p >> 6) + 1 : 0;
    return *p;
}

static void put_count(u8 count)
{
    u8 *p = count_place();
    if (drive_is_cd(ours) || !p)
        return;
    u32 more = min_u32(count, MOST_FLOPPIES) - 1u;
    if (drive_is_floppy(ours))
        *p = (u8)((*p & 0x3e) | (count ? more << 6 | 1 : 0));
    else
        *p = count;
}

u8 drives_total(void)
{
    return locals + 1;
}

void drives_count(void)
{
    u8 count = get_count();
    if (count > drives_total() && count <= MOST)
        locals = count - 1;
    put_count(drives_total());
}

u8 drives_take(u8 wanted)
{
    ours = wanted;
    locals = (u8)min_u32(get_count(), MOST - 1);
    ours = (u8)min_u32(wanted, (wanted & KIND) + locals);
    drives_count();
    return ours;
}

void drives_give_back(void)
{
    put_count(locals);
}

enum drive_owner drives_owner(struct rm_regs *r, struct int13_chain *chain)
{
    u8 drive = reg_low(r->edx), function = reg_high(r->eax), first = ours & KIND;
    bool disks = first == FIRST_DISK;
    if (drive == ours)
        return DRIVE_OURS;
    if ((drive & KIND) != first)
        return DRIVE_THEIRS;
    if (drive > first + locals)
        return DRIVE_ABSENT;
    if (drive > ours) {
        set_low(&r->edx, drive - 1);
        chain->set_dl = !disks || function != 0x15; /* there DX is part of the answer */
    }
    if (function == 0x08 && !drive_is_cd(ours)) {
        /* Not "plus one": SeaBIOS answers with 40:75, in which we are, others with a count of their
         * own. */
        chain->set_dl = true;
        chain->dl = drives_total();
    }
    return DRIVE_THEIRS;
}
