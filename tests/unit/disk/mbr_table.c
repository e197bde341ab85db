/* The writer of partition tables. */
#include "disk/mbr_table.h"

#include "base/bytes.h"

static void put_chs(u8 *p, u32 lba, u32 heads, u32 sectors)
{
    u32 c = lba / (heads * sectors), h = lba / sectors % heads, s = lba % sectors + 1;
    if (c > 1023) {
        c = 1023;
        h = heads - 1;
        s = sectors;
    }
    p[0] = (u8)h;
    p[1] = (u8)(s | (c >> 2 & 0xc0));
    p[2] = (u8)c;
}

void mbr_put_entry(u8 *mbr, u32 i, u8 type, u32 first, u32 count, u32 heads, u32 sectors)
{
    u8 *e = mbr + MBR_TABLE + i * MBR_ENTRY;
    put_chs(e + 1, first, heads, sectors);
    e[4] = type;
    put_chs(e + 5, first + count - 1, heads, sectors);
    put_le32(e + 8, first);
    put_le32(e + 12, count);
}
