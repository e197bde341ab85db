/* Partition tables: whatever a disk's first sector holds, the geometry is one that callers can
 * count with, and a table that was written for a geometry is understood. AH=08h and, with
 * sectors of any size, AH=48h tell of the same. */
#include "base/bytes.h"
#include "disk/edd.h"
#include "disk/mbr.h"
#include "disk/mbr_table.h"
#include "input.h"
#include <stdlib.h>
#include <string.h>

static u8 mbr[512];

static void check(const struct geometry *g, u64 blocks)
{
    CHECK(g->cylinders >= 1 && g->cylinders <= 1024);
    CHECK(g->heads >= 1 && g->heads <= 255);
    CHECK(g->sectors >= 1 && g->sectors <= 63);
    /* A disk of less than a cylinder counts as one; else nothing lies behind the disk's end. */
    u32 per_cylinder = g->heads * g->sectors;
    CHECK(g->cylinders == 1 || (u64)g->cylinders * per_cylinder <= blocks);
    u64 lba;
    CHECK(geometry_lba(g, 0, 0, 1, &lba) && lba == 0);
    CHECK(geometry_lba(g, g->cylinders - 1, g->heads - 1, g->sectors, &lba));
    CHECK(lba == (u64)g->cylinders * per_cylinder - 1);
    CHECK(!geometry_lba(g, g->cylinders, 0, 1, &lba) && !geometry_lba(g, 0, g->heads, 1, &lba));
    CHECK(!geometry_lba(g, 0, 0, 0, &lba) && !geometry_lba(g, 0, 0, g->sectors + 1, &lba));
}

/* CX of AH=08h. */
static void check_cx(const struct geometry *g)
{
    u32 cx = geometry_cx(g);
    CHECK((cx & 0x3f) == g->sectors && (cx >> 8 | (cx & 0xc0) << 2) == g->cylinders - 1);
}

static void check_edd(const struct geometry *g, u64 blocks)
{
    static const u16 sizes[] = {512, 1024, 2048, 4096};
    const struct edd_disk disk = {blocks, sizes[in_below(4)], *g, {0}};
    u32 size = in_u8();
    u8 *table = malloc(size);
    u32 written = edd_parameters(table, size, &disk);
    CHECK(written <= size && !written == (size < EDD_SIZE_MIN));
    if (written) {
        u64 named = (u64)get_le32(table + 4) * get_le32(table + 8) * get_le32(table + 12);
        CHECK(get_le64(table + 16) == blocks && get_le16(table + 24) == disk.block_size);
        CHECK(named == (u64)g->cylinders * g->heads * g->sectors);
        CHECK(!(get_le16(table + 2) & 2) || blocks <= 15482880); /* CHS is said to be right */
    }
    free(table);
}

/* An entry as a tool that knows the geometry writes it. */
static void put_entry(u32 i, u32 heads, u32 sectors)
{
    u32 first = in_u32() % 0x7fffffff, count = 1 + in_u32() % 0x7fffffff;
    mbr[MBR_TABLE + i * MBR_ENTRY] = in_u8() & 0x80;
    mbr_put_entry(mbr, i, in_u8(), first, count, heads, sectors);
}

/* Does each address of the table that CHS can reach mean the same in this geometry? */
static void check_agrees(const struct geometry *g)
{
    for (u32 i = 0; i < MBR_ENTRIES; i++) {
        const u8 *e = mbr + MBR_TABLE + i * MBR_ENTRY;
        u32 at[2] = {get_le32(e + 8), get_le32(e + 8) + get_le32(e + 12) - 1};
        if (!e[4] || e[4] == 0xee)
            continue;
        for (u32 k = 0; k < 2; k++) {
            const u8 *chs = e + 1 + 4 * k;
            u64 lba;
            u32 cylinder = (u32)(chs[1] & 0xc0) << 2 | chs[2];
            if (cylinder < 1023 && cylinder < g->cylinders)
                CHECK(geometry_lba(g, cylinder, chs[0], chs[1] & 0x3f, &lba) && lba == at[k]);
        }
    }
}

void fuzz_one(void)
{
    u64 blocks = (u64)in_u32() << in_below(33) | in_u8();
    u32 written = in_u8() & 1;
    memset(mbr, 0, sizeof(mbr));
    if (written) {
        u32 heads = 255 - in_below(255), sectors = 63 - in_below(63);
        for (u32 i = 0; i < MBR_ENTRIES && in_left(); i++)
            put_entry(i, heads, sectors);
    } else {
        in_rest(mbr + MBR_TABLE, MBR_ENTRIES * MBR_ENTRY);
    }
    put_le16(mbr + 510, in_left() ? in_u16() : 0xaa55);
    put_le32(mbr, in_u8());
    u32 size = 512u << in_below(4);
    u8 *sector = exact_copy(mbr, sizeof(mbr));
    CHECK((mbr_bootable(sector) == OK) == (get_le16(mbr + 510) == 0xaa55 && mbr[0]));
    struct geometry g = geometry_guess(sector, blocks, size);
    CHECK(g.sectors * size < 65536);
    check(&g, blocks);
    check_cx(&g);
    check_edd(&g, blocks);
    if (written && size == 512 && get_le16(mbr + 510) == 0xaa55)
        check_agrees(&g);
    free(sector);
}
