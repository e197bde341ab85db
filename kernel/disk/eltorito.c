/* Booting a CD. */
#include "disk/eltorito.h"

#include "base/arith.h"
#include "base/bda.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/drives.h"

#define BLOCKS           (CD_SECTOR / CD_BLOCK)

/* The boot record volume descriptor. */
#define DESCRIPTOR       17 /* sector */
#define CATALOGUE        0x47
#define DESCRIPTOR_START "\0CD001\1EL TORITO SPECIFICATION"

/* Records of the catalogue. Its first is the validation entry: with a checksum, which BIOSes don't
 * look at, and a signature. */
#define RECORD           32
#define VALIDATION       0x01
#define SIGNATURE        30   /* 55h, AAh */
#define HEADER           0x90 /* of a section; 91h: of the last one */
#define BOOTABLE         0x88
#define PLATFORM         1 /* of validation entry and header */
#define PLATFORM_PC      0
#define MEDIA            1 /* in the low four bits */
#define SEGMENT          2
#define COUNT            6
#define IMAGE            8

#define USUAL_SEGMENT    0x07c0
#define LOWEST_SEGMENT   0x0050 /* interrupt vectors and the BIOS's data area lie below */

#define DRIVE_FLOPPY     0x00
#define TRACKS           160 /* of both sides */

/* The specification packet. */
#define SPECIFICATION    0x13 /* bytes */
#define PACKET_MEDIA     1
#define PACKET_DRIVE     2
#define PACKET_IMAGE     4
#define PACKET_SEGMENT   12
#define PACKET_COUNT     14
#define PACKET_CX        16 /* as AH=08h has it, CH first */
#define PACKET_DH        18

/* The command packet of AH=4Dh. */
#define COMMAND          8 /* bytes */
#define COMMAND_COUNT    1
#define COMMAND_OFFSET   2
#define COMMAND_SEGMENT  4
#define COMMAND_FIRST    6

static enum error read_sectors(struct block_dev *dev, u32 first, u32 count, u8 *to)
{
    return cache_read(dev, (u64)first * BLOCKS, count * BLOCKS, to);
}

/* The first image for a PC, wherever it stands: many CDs have the one for UEFI first, or the other
 * way round. What has no meaning to us is passed over, be it a header's count. */
static bool choose(const u8 *catalogue, struct cd_boot *boot)
{
    u8 platform = catalogue[PLATFORM];
    if (catalogue[0] != VALIDATION || get_le16(catalogue + SIGNATURE) != 0xaa55)
        return false;
    for (const u8 *r = catalogue + RECORD; r < catalogue + CD_SECTOR; r += RECORD) {
        if ((r[0] | 1) == (HEADER | 1))
            platform = r[PLATFORM];
        boot->media = r[MEDIA] & 0x0f;
        if (r[0] == BOOTABLE && platform == PLATFORM_PC && boot->media <= CD_HARD_DISK) {
            boot->segment = get_le16(r + SEGMENT);
            boot->count = get_le16(r + COUNT);
            boot->image = get_le32(r + IMAGE);
            return true;
        }
    }
    return false;
}

static enum error find(struct block_dev *dev, struct cd_boot *boot)
{
    static u8 sector[CD_SECTOR];
    if (dev->block_size != CD_BLOCK)
        return ERR_NO_BOOT_IMAGE;
    enum error e = read_sectors(dev, DESCRIPTOR, 1, sector);
    if (e)
        return e;
    boot->catalogue = get_le32(sector + CATALOGUE);
    if (memcmp(sector, DESCRIPTOR_START, sizeof(DESCRIPTOR_START)))
        return ERR_NO_BOOT_IMAGE;
    e = read_sectors(dev, boot->catalogue, 1, sector);
    return e ? e : choose(sector, boot) ? OK : ERR_NO_BOOT_IMAGE;
}

/* Whole sectors, as BIOSes do: some loaders count on more than they ask for. */
static enum error load(struct block_dev *dev, struct cd_boot *boot)
{
    enum error e = find(dev, boot);
    if (e)
        return e;
    if (!boot->segment)
        boot->segment = USUAL_SEGMENT;
    u32 at = rm_phys(boot->segment, 0), sectors = max_u32((boot->count + BLOCKS - 1) / BLOCKS, 1);
    u8 *to = phys_ptr(at, sectors * CD_SECTOR);
    if (boot->segment < LOWEST_SEGMENT || !to ||
        at + sectors * CD_SECTOR > bda_get16(BDA_BASE_MEMORY) * 1024u)
        return ERR_NO_BOOT_IMAGE;
    return read_sectors(dev, boot->image, sectors, to);
}

enum error eltorito_load(struct block_dev *dev, struct cd_boot *boot)
{
    memset(boot, 0, sizeof(*boot));
    enum error e = load(dev, boot);
    if (e)
        memset(boot, 0, sizeof(*boot));
    return e == ERR_OUT_OF_RANGE ? ERR_NO_BOOT_IMAGE : e;
}

void eltorito_whole(struct int13_disk *disk, const struct cd_boot *boot)
{
    disk->cd = boot;
    disk->drive = FIRST_CD;
    disk->first = 0;
    disk->sectors = disk->dev->blocks / BLOCKS;
    disk->sector_blocks = BLOCKS;
    disk->geometry = (struct geometry){.cylinders = 1, .heads = 1};
}

void eltorito_shape(struct int13_disk *disk, const struct cd_boot *boot, const u8 *loaded)
{
    static const u8 track[] = {[CD_FLOPPY_1200] = 15, [CD_FLOPPY_1440] = 18, [CD_FLOPPY_2880] = 36};
    if (boot->media == CD_NO_EMULATION) {
        eltorito_whole(disk, boot);
        return;
    }
    disk->cd = boot;
    disk->first = (u64)boot->image * BLOCKS;
    disk->sectors = disk->dev->blocks - disk->first;
    if (boot->media == CD_HARD_DISK) {
        disk->geometry = geometry_guess(loaded, disk->sectors, CD_BLOCK);
        return;
    }
    u32 sectors = track[boot->media];
    disk->drive = DRIVE_FLOPPY;
    disk->geometry = (struct geometry){TRACKS / 2, 2, sectors};
    if (disk->sectors > TRACKS * sectors)
        disk->sectors = TRACKS * sectors;
}

/* AH=4Bh. The CD is none of its emulation's: ELTORITO.SYS takes the drive whose packet says so. */
static void put_specification(u8 *packet, const struct int13_disk *disk)
{
    const struct cd_boot *boot = disk->cd;
    memset(packet, 0, SPECIFICATION);
    packet[0] = SPECIFICATION;
    packet[PACKET_MEDIA] = drive_is_cd(disk->drive) ? CD_NO_EMULATION : boot->media;
    packet[PACKET_DRIVE] = disk->drive;
    put_le32(packet + PACKET_IMAGE, boot->image);
    put_le16(packet + PACKET_SEGMENT, boot->segment);
    put_le16(packet + PACKET_COUNT, boot->count);
    put_be16(packet + PACKET_CX, geometry_cx(&disk->geometry));
    packet[PACKET_DH] = (u8)(disk->geometry.heads - 1);
}

/* AH=4Dh: the catalogue. */
static enum error read_catalogue(const u8 *packet, const struct int13_disk *disk)
{
    u32 count = packet[COMMAND_COUNT];
    u8 *to =
        phys_ptr(rm_phys(get_le16(packet + COMMAND_SEGMENT), get_le16(packet + COMMAND_OFFSET)),
                 count * CD_SECTOR);
    if (packet[0] < COMMAND || !to)
        return ERR_BAD_REQUEST;
    return read_sectors(disk->dev, disk->cd->catalogue + get_le16(packet + COMMAND_FIRST), count,
                        to);
}

enum error eltorito_packet(const struct rm_regs *r, const struct int13_disk *disk)
{
    u8 *packet = phys_ptr(rm_phys(r->ds, (u16)r->esi), SPECIFICATION);
    if (!packet || reg_low(r->eax) > 1)
        return ERR_BAD_REQUEST;
    if (reg_high(r->eax) == 0x4d)
        return read_catalogue(packet, disk);
    put_specification(packet, disk);
    return OK;
}
