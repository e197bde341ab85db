/* Reading a master boot record. */
#include "disk/mbr.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"

#define MBR_TABLE      446
#define MBR_ENTRIES    4
#define MBR_ENTRY_SIZE 16
#define MBR_SIGNATURE  510
#define ENTRY_FLAG     0 /* 80h: active */
#define ENTRY_START    1 /* CHS: head, sector with cylinder bits 8 and 9 on top, cylinder */
#define ENTRY_TYPE     4
#define ENTRY_END      5
#define ENTRY_LBA      8
#define ENTRY_COUNT    12
#define TYPE_GPT       0xee

#define HEADS          255 /* not 256: DOS and Windows 9x can't take that */
#define SECTORS        63
#define CYLINDERS      1024

/* GRUB 2 has as much room from 6800:0 on for a track, with its disk address packet behind it. With
 * 63 sectors of 4096 bytes that lies where the screen is, comes as FFh in each byte, and GRUB goes
 * on by CHS. */
#define TRACK_MOST     0xffff /* bytes */

/* Does the CHS address that the partition table gives for this LBA fit the geometry? Beyond
 * cylinder 1023 writers put in cylinder 1023 with the last head and sector. */
static bool explains(u32 heads, u32 sectors, const u8 *chs, u64 lba)
{
    u32 head = chs[0], sector = chs[1] & 0x3f, cylinder = (u32)(chs[1] & 0xc0) << 2 | chs[2];
    if (lba >= (u64)CYLINDERS * heads * sectors)
        return cylinder == CYLINDERS - 1 && head == heads - 1 && sector == sectors;
    return head < heads && sector >= 1 && sector <= sectors &&
           lba == (cylinder * heads + head) * sectors + sector - 1;
}

/* The entry's type; 0 when it says nothing about the geometry. */
static u8 entry_type(const u8 *entry)
{
    return entry[ENTRY_TYPE] == TYPE_GPT || !get_le32(entry + ENTRY_COUNT) ? 0 : entry[ENTRY_TYPE];
}

static bool explains_all(u32 heads, u32 sectors, const u8 *mbr)
{
    for (u32 i = 0; i < MBR_ENTRIES; i++) {
        const u8 *entry = mbr + MBR_TABLE + i * MBR_ENTRY_SIZE;
        u64 first = get_le32(entry + ENTRY_LBA);
        u64 last = first + get_le32(entry + ENTRY_COUNT) - 1;
        if (entry[ENTRY_FLAG] & 0x7f)
            return false; /* no partition table at all */
        if (entry_type(entry) && (!explains(heads, sectors, entry + ENTRY_START, first) ||
                                  !explains(heads, sectors, entry + ENTRY_END, last)))
            return false;
    }
    return true;
}

static bool is_signed(const u8 *sector)
{
    return get_le16(sector + MBR_SIGNATURE) == 0xaa55;
}

enum error mbr_bootable(const u8 *sector)
{
    if (!is_signed(sector))
        return ERR_NO_BOOT_SECTOR;
    return get_le32(sector) ? OK : ERR_NO_BOOT_CODE;
}

struct geometry geometry_guess(const u8 *mbr, u64 blocks, u32 block_size)
{
    struct geometry g = {.heads = HEADS, .sectors = min_u32(SECTORS, TRACK_MOST / block_size)};
    /* Try them all, once, the usual one first. Without partitions that one explains everything;
     * when nothing does, it is as good as any. */
    bool found = !is_signed(mbr);
    for (u32 sectors = g.sectors; sectors && !found; sectors--)
        for (u32 heads = HEADS; heads && !found; heads--)
            if (explains_all(heads, sectors, mbr)) {
                g.heads = heads;
                g.sectors = sectors;
                found = true;
            }
    u64 cylinders = div_u64(blocks, g.heads * g.sectors, NULL);
    g.cylinders = cylinders > CYLINDERS ? CYLINDERS : max_u32((u32)cylinders, 1);
    return g;
}

u16 geometry_cx(const struct geometry *g)
{
    u32 cylinder = g->cylinders - 1;
    return (u16)(cylinder << 8 | (cylinder >> 2 & 0xc0) | g->sectors);
}

bool geometry_lba(const struct geometry *g, u32 cylinder, u32 head, u32 sector, u64 *lba)
{
    if (cylinder >= g->cylinders || head >= g->heads || !sector || sector > g->sectors)
        return false;
    *lba = (cylinder * g->heads + head) * g->sectors + sector - 1;
    return true;
}
