/* Enhanced Disk Drive parameters. */
#include "disk/edd.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"

#define EDD_SIZE             0
#define EDD_FLAGS            2
#define EDD_CYLINDERS        4
#define EDD_HEADS            8
#define EDD_SECTORS          12
#define EDD_TOTAL            16
#define EDD_SECTOR_SIZE      24
#define EDD_DPTE             26
#define EDD_KEY              30
#define EDD_PATH_LENGTH      32
#define EDD_HOST_BUS         36
#define EDD_INTERFACE        40
#define EDD_INTERFACE_PATH   48
#define EDD_DEVICE_PATH      56

#define FLAG_DMA_TRANSPARENT 0x0001 /* any buffer will do, across 64 KiB too */
#define FLAG_CHS_VALID       0x0002
#define FLAG_REMOVABLE       0x0004
#define CHS_VALID_MAX        15482880 /* sectors: above, FLAG_CHS_VALID "shall be cleared" */

#define KEY                  0xbedd
#define SIZE_EDD1            EDD_SIZE_MIN
#define SIZE_EDD2            30 /* with the DPTE pointer */
#define SIZE_PHOENIX         66 /* with a device path of 36 bytes */

u32 edd_parameters(u8 *table, u32 size, const struct edd_disk *disk)
{
    if (size < SIZE_EDD1)
        return 0;
    size = size >= EDD_SIZE_MAX   ? EDD_SIZE_MAX
           : size >= SIZE_PHOENIX ? SIZE_PHOENIX
           : size >= SIZE_EDD2    ? SIZE_EDD2
                                  : SIZE_EDD1;
    memset(table, 0, size);
    put_le16(table + EDD_SIZE, (u16)size);
    put_le16(table + EDD_FLAGS,
             FLAG_DMA_TRANSPARENT | (!disk->geometry.sectors        ? FLAG_REMOVABLE
                                     : disk->blocks > CHS_VALID_MAX ? 0
                                                                    : FLAG_CHS_VALID));
    put_le32(table + EDD_CYLINDERS, disk->geometry.cylinders);
    put_le32(table + EDD_HEADS, disk->geometry.heads);
    put_le32(table + EDD_SECTORS, disk->geometry.sectors);
    put_le64(table + EDD_TOTAL, disk->blocks);
    put_le16(table + EDD_SECTOR_SIZE, (u16)disk->block_size);
    if (size >= SIZE_EDD2)
        put_le32(table + EDD_DPTE, 0xffffffff); /* none: it describes ATA controllers */
    if (size < SIZE_PHOENIX)
        return size;

    put_le16(table + EDD_KEY, KEY);
    table[EDD_PATH_LENGTH] = (u8)(size - EDD_KEY);
    memcpy(table + EDD_HOST_BUS, "PCI ", 4);
    memcpy(table + EDD_INTERFACE, disk->path.interface, sizeof(disk->path.interface));
    u8 *path = table + EDD_INTERFACE_PATH;
    path[0] = (u8)(disk->path.bdf >> 8);
    path[1] = disk->path.bdf >> 3 & 31;
    path[2] = disk->path.bdf & 7;
    path = table + EDD_DEVICE_PATH;
    if (size == SIZE_PHOENIX)
        path[0] = disk->path.device_short;
    else
        memcpy(path, disk->path.device, sizeof(disk->path.device));
    table[size - 1] = byte_sum_complement(table + EDD_KEY, size - EDD_KEY);
    return size;
}
