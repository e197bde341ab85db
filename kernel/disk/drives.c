/* Drive numbers. */
#include "disk/drives.h"

#include "base/arith.h"
#include "base/bda.h"
#include "base/platform.h"

#define KIND          0xf0 /* the bits that the numbers of a kind have in common */
#define MOST          16   /* of a kind */
#define MOST_FLOPPIES 4    /* that can be counted */

/* The drives of a kind. Numbers are bits from `first` on. */
static struct kind {
    u8 first;
    u8 locals; /* the BIOS's that move up; as many CDs as there are numbers, which nobody counts */
    u16 ours;
    u16 kept; /* the BIOS's that don't */
} kinds[] = {{.first = 0}, {.first = FIRST_DISK}, {.first = FIRST_CD}};

static struct kind *kind_of(u8 drive)
{
    for (struct kind *k = kinds; k < kinds + ARRAY_SIZE(kinds); k++)
        if (k->first == (drive & KIND))
            return k;
    return NULL;
}

static bool is_taken(const struct kind *k, u32 i)
{
    return (k->ours | k->kept) >> i & 1;
}

/* How many that move up have numbers below the i-th; were they without end. */
static u32 locals_below(const struct kind *k, u32 i)
{
    u32 n = 0;
    while (i--)
        n += !is_taken(k, i);
    return n;
}

static u32 total(const struct kind *k)
{
    u32 n = 0;
    while (k->ours >> n || locals_below(k, n) < k->locals)
        n++;
    return n;
}

/* Where the BIOS's data area has how many there are; NULL: nowhere. */
static u8 *count_place(const struct kind *k)
{
    if (drive_is_cd(k->first))
        return NULL;
    return phys_ptr(drive_is_floppy(k->first) ? BDA_EQUIPMENT : BDA_DISKS, 1);
}

static u32 get_count(const struct kind *k)
{
    const u8 *p = count_place(k);
    if (!p)
        return drive_is_cd(k->first) ? MOST - 1 : 0;
    if (drive_is_floppy(k->first))
        return *p & 1 ? (*p >> 6) + 1u : 0;
    return *p;
}

static void put_count(const struct kind *k)
{
    u8 *p = count_place(k);
    if (!p)
        return;
    u32 count = total(k);
    if (drive_is_floppy(k->first))
        *p = (u8)((*p & 0x3e) | (count ? (min_u32(count, MOST_FLOPPIES) - 1) << 6 | 1 : 0));
    else
        *p = (u8)count;
}

void drives_keep(u16 numbers)
{
    kind_of(FIRST_DISK)->kept = numbers;
}

u8 drives_take(u8 wanted)
{
    struct kind *k = kind_of(wanted);
    if (!k->ours)
        k->locals = (u8)min_u32(get_count(k), MOST - 1);
    u32 i = min_u32(wanted - k->first, total(k));
    while (is_taken(k, i) && i < MOST - 1)
        i++;
    k->ours |= (u16)(1 << i);
    put_count(k);
    return (u8)(k->first + i);
}

void drives_give_back(u8 drive)
{
    struct kind *k = kind_of(drive);
    k->ours &= (u16) ~(1 << (drive - k->first));
    put_count(k);
}

void drives_count(void)
{
    for (struct kind *k = kinds; k < kinds + ARRAY_SIZE(kinds); k++) {
        if (!k->ours || !count_place(k))
            continue;
        u32 count = get_count(k), had = total(k);
        if (count > had && count <= MOST)
            k->locals += (u8)(count - had);
        put_count(k);
    }
}

u8 drives_total(u8 drive)
{
    return (u8)total(kind_of(drive));
}

void drives_chain(struct rm_regs *r, struct int13_chain *chain)
{
    u8 drive = reg_low(r->edx), function = reg_high(r->eax);
    const struct kind *k = kind_of(drive);
    if (!k || !k->ours)
        return;
    u32 i = drive - k->first, number = locals_below(k, i);
    if (!is_taken(k, i) && number < k->locals && number < i) {
        set_low(&r->edx, (u8)(k->first + number));
        chain->set_dl =
            k->first != FIRST_DISK || function != 0x15; /* there DX is part of the answer */
    }
    if (function == 0x08 && !drive_is_cd(drive)) {
        /* Not "plus one": SeaBIOS answers with 40:75, in which we are, others with a count of their
         * own. */
        chain->set_dl = true;
        chain->dl = drives_total(drive);
    }
}
