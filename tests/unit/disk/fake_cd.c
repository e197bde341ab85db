/* A CD's boot record and catalogue. */
#include "disk/fake_cd.h"

#include "base/bytes.h"
#include "disk/fake_disk.h"
#include <string.h>

u8 *fake_cd_sector(u32 sector)
{
    return fake.bytes + (size_t)sector * 2048;
}

u8 *fake_cd_record(u32 i)
{
    return fake_cd_sector(CD_CATALOGUE) + i * 32;
}

void fake_cd(u8 platform)
{
    u8 *record = fake_cd_sector(17), *validation = fake_cd_record(0);
    u16 sum = 0;
    memset(record, 0, 2048);
    memcpy(record, "\0CD001\1EL TORITO SPECIFICATION", 30);
    put_le32(record + 0x47, CD_CATALOGUE);
    memset(validation, 0, 2048);
    validation[0] = 1;
    validation[1] = platform;
    memcpy(validation + 4, "a disc", 6);
    put_le16(validation + 30, 0xaa55);
    for (u32 i = 0; i < 32; i += 2)
        sum = (u16)(sum + get_le16(validation + i));
    put_le16(validation + 28, (u16)-sum);
}

void fake_cd_entry(u32 i, u8 bootable, u8 media, u16 segment, u16 count, u32 image)
{
    u8 *r = fake_cd_record(i);
    memset(r, 0, 32);
    r[0] = bootable;
    r[1] = media;
    put_le16(r + 2, segment);
    put_le16(r + 6, count);
    put_le32(r + 8, image);
}

void fake_cd_header(u32 i, u8 id, u8 platform, u16 count)
{
    u8 *r = fake_cd_record(i);
    memset(r, 0, 32);
    r[0] = id;
    r[1] = platform;
    put_le16(r + 2, count);
}
