/* INT 13h. Each function gets the caller's registers and returns why it failed, or OK; only those
 * whose AH is no status set it themselves. */
#include "disk/int13.h"

#include "base/arith.h"
#include "base/bda.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/drives.h"
#include "disk/edd.h"
#include "disk/eltorito.h"

/* Where real mode's addresses end: FFFF:FFFF is the last byte. */
#define RM_END               0x10fff0

/* The disk address packet of AH=42h, 43h, 44h, 47h. */
#define DAP_SIZE             0
#define DAP_COUNT            2
#define DAP_OFFSET           4
#define DAP_SEGMENT          6
#define DAP_LBA              8
#define DAP_FLAT             16
#define DAP_LENGTH           16
#define DAP_LONG             24 /* with DAP_FLAT */

/* AH that is no entry of the error table. */
#define STATUS_NOT_REMOVABLE 0xb2

#define FLOPPY_PARAMETERS    (0x1e * 4) /* the vector that points to them */

#define EDD_VERSION          0x30 /* EDD-3 */
#define EDD_ACCESS           0x01 /* 42h, 43h, 44h, 47h, 48h */
#define EDD_ENHANCED         0x04 /* 48h, 4Eh */

static struct int13_disk disks[INT13_DISKS]; /* without a device: none */
static struct int13_disk *disk;              /* the one that is called */
static bool busy;

static void bda_put(u32 address, u8 value)
{
    u8 *p = phys_ptr(address, 1);
    if (p)
        *p = value;
}

u8 int13_add(const struct int13_disk *d)
{
    struct int13_disk *place = disks;
    while (place->dev)
        place++;
    memcpy(place, d, sizeof(*place));
    place->drive = drives_take(d->drive);
    place->last_status = 0;
    return place->drive;
}

static void take_out(struct int13_disk *d)
{
    drives_give_back(d->drive);
    d->dev = NULL;
}

void int13_stop(void)
{
    for (struct int13_disk *d = disks; d < disks + INT13_DISKS; d++)
        if (d->dev)
            take_out(d);
}

/* NULL: it is none of ours. */
static struct int13_disk *find(u8 drive)
{
    for (struct int13_disk *d = disks; d < disks + INT13_DISKS; d++)
        if (d->dev && d->drive == drive)
            return d;
    return NULL;
}

/* A register with another low byte or word; the rest of it is the caller's. */
static u32 with_low(u32 r, u8 v)
{
    set_low(&r, v);
    return r;
}

static u32 with_word(u32 r, u16 v)
{
    set_word(&r, v);
    return r;
}

/* Set the status that the caller of a drive sees. */
static void answer_for(u8 drive, struct rm_regs *r, u8 status, u8 ah)
{
    r->eax = with_word(r->eax, (u16)(ah << 8 | reg_low(r->eax)));
    r->flags = status ? r->flags | FLAG_CF : r->flags & ~FLAG_CF;
    bda_put(drive_is_floppy(drive) ? BDA_FLOPPY_STATUS : BDA_DISK_STATUS, status);
}

static void answer(struct rm_regs *r, u8 status, u8 ah)
{
    answer_for(disk->drive, r, status, ah);
}

static enum error check_range(u64 lba, u32 count)
{
    return in_range(lba, count, disk->sectors) ? OK : ERR_OUT_OF_RANGE;
}

static u32 sector_size(void)
{
    return disk->dev->block_size * disk->sector_blocks;
}

static enum error move_sectors(enum block_op op, u64 lba, u32 count, u8 *data)
{
    lba = disk->first + lba * disk->sector_blocks;
    count *= disk->sector_blocks;
    return op == BLOCK_WRITE ? cache_write(disk->dev, lba, count, data)
                             : cache_read(disk->dev, lba, count, data);
}

/* Read or write; *done is the number of sectors that were. */
static enum error transfer_sectors(enum block_op op, u64 lba, u32 count, u8 *data, u32 *done)
{
    *done = 0;
    enum error e = check_range(lba, count);
    if (e || !count)
        return e;
    e = move_sectors(op, lba, count, data);
    if (e == OK) {
        *done = count;
        return OK;
    }
    if (e != ERR_MEDIUM)
        return e;
    /* One bad sector must not cost its neighbours: go up to it one by one. */
    for (e = OK; *done < count && !e; *done += !e)
        e = move_sectors(op, lba + *done, 1, data + *done * sector_size());
    return e;
}

/* The CHS address in CX and DH, which is on the disk together with count - 1 sectors behind it. */
static enum error chs_range(const struct rm_regs *r, u32 count, u64 *lba)
{
    u32 cylinder = reg_high(r->ecx) | (u32)(reg_low(r->ecx) & 0xc0) << 2;
    if (!geometry_lba(&disk->geometry, cylinder, reg_high(r->edx), reg_low(r->ecx) & 0x3f, lba))
        return ERR_OUT_OF_RANGE;
    return check_range(*lba, count);
}

/* The transfer buffer at segment:offset. Offsets do not wrap: what lies beyond 64 KiB is the memory
 * that follows, as for the DMA of real disk controllers. */
static u8 *rm_buffer(u16 segment, u16 offset, u32 len)
{
    u32 at = rm_phys(segment, offset);
    return at + len <= RM_END ? phys_ptr(at, len) : NULL;
}

/* AH=02h, 03h: read, write. */
static enum error chs_transfer(struct rm_regs *r, enum block_op op)
{
    u32 count = reg_low(r->eax), done = 0;
    u8 *data = rm_buffer(r->es, (u16)r->ebx, count * sector_size());
    u64 lba;
    enum error e = count && data ? chs_range(r, count, &lba) : ERR_BAD_REQUEST;
    if (!e)
        e = transfer_sectors(op, lba, count, data, &done);
    r->eax = with_low(r->eax, (u8)done);
    return e;
}

/* AH=04h, 0Ch: verify, seek. Verifying looks at the range only, here and in 44h: the target answers
 * for its medium and has checked what it wrote, and reading a whole disk over the network to throw
 * it away, as a surface scan would, shows nothing about it. */
static enum error chs_verify(struct rm_regs *r)
{
    u64 lba;
    u32 count = reg_low(r->eax);
    if (reg_high(r->eax) == 0x0c)
        count = 1;
    return count ? chs_range(r, count, &lba) : ERR_BAD_REQUEST;
}

/* AH=08h: geometry. Of a floppy also its type, and at ES:DI what its controller is set to: the
 * BIOS's parameters will do. */
static enum error parameters(struct rm_regs *r)
{
    u8 type = 0;
    if (!disk->geometry.sectors)
        return ERR_BAD_REQUEST;
    if (drive_is_floppy(disk->drive)) {
        const u8 *pointer = phys_ptr(FLOPPY_PARAMETERS, 4);
        type = disk->cd->media * 2; /* 2, 4, 6 */
        r->edi = with_word(r->edi, get_le16(pointer));
        r->es = get_le16(pointer + 2);
    }
    r->eax = with_low(r->eax, 0);
    r->ebx = with_low(r->ebx, type);
    r->ecx = with_word(r->ecx, geometry_cx(&disk->geometry));
    r->edx = with_word(r->edx, (u16)((disk->geometry.heads - 1) << 8 | drives_total(disk->drive)));
    return OK;
}

/* AH=15h: a hard disk (AH=3) of CX:DX sectors, or what does not tell of another medium (AH=1). */
static void disk_type(struct rm_regs *r)
{
    u32 sectors = disk->sectors > UINT32_MAX ? UINT32_MAX : (u32)disk->sectors;
    if (drive_is_floppy(disk->drive) || drive_is_cd(disk->drive)) {
        answer(r, 0, 1);
        return;
    }
    r->ecx = with_word(r->ecx, (u16)(sectors >> 16));
    r->edx = with_word(r->edx, (u16)sectors);
    answer(r, 0, 3);
}

/* AH=42h, 43h, 44h, 47h: read, write, verify, seek with a packet at DS:SI. A write's verify flag
 * (AL) asks for no more than the target does anyway. */
static enum error packet(struct rm_regs *r, u8 function)
{
    u32 at = rm_phys(r->ds, (u16)r->esi);
    u8 *dap = phys_ptr(at, DAP_LENGTH);
    if (!dap || dap[DAP_SIZE] < DAP_LENGTH)
        return ERR_BAD_REQUEST;
    u64 lba = get_le64(dap + DAP_LBA);
    u32 count = get_le16(dap + DAP_COUNT), len = count * sector_size(), done;
    if (function == 0x44)
        return check_range(lba, count);
    if (function == 0x47)
        return check_range(lba, 1);

    u16 offset = get_le16(dap + DAP_OFFSET), segment = get_le16(dap + DAP_SEGMENT);
    u8 *data;
    if (offset == 0xffff && segment == 0xffff && dap[DAP_SIZE] >= DAP_LONG) {
        const u8 *longer = phys_ptr(at, DAP_LONG);
        u64 flat = longer ? get_le64(longer + DAP_FLAT) : UINT64_MAX;
        data = flat <= UINT32_MAX ? phys_ptr((u32)flat, len) : NULL;
    } else {
        data = rm_buffer(segment, offset, len);
    }
    done = 0;
    enum error e = data || !count ? transfer_sectors(function == 0x43 ? BLOCK_WRITE : BLOCK_READ,
                                                     lba, count, data, &done)
                                  : ERR_BAD_REQUEST;
    if (e)
        put_le16(dap + DAP_COUNT, (u16)done);
    return e;
}

/* AH=48h: EDD parameters to DS:SI, whose first word is the caller's size. */
static enum error edd(struct rm_regs *r)
{
    u32 at = rm_phys(r->ds, (u16)r->esi);
    u8 *table = phys_ptr(at, 2);
    if (!table)
        return ERR_BAD_REQUEST;
    u32 size = min_u32(get_le16(table), EDD_SIZE_MAX);
    table = phys_ptr(at, size);
    const struct edd_disk d = {disk->sectors, sector_size(), disk->geometry, disk->path};
    return table && edd_parameters(table, size, &d) ? OK : ERR_BAD_REQUEST;
}

/* A call for our disk. */
static void serve(struct rm_regs *r)
{
    u8 function = reg_high(r->eax);
    enum error e = OK;
    u8 status = 0;
    switch (function) {
    case 0x00: /* reset: for a disk that is always ready, the moment to make writes last */
    case 0x0d:
        e = cache_flush(disk->dev);
        break;
    case 0x09: /* set up drive parameters */
    case 0x10: /* ready? If the session is not, it comes back before anyone gets an answer. */
    case 0x11: /* recalibrate */
    case 0x14: /* controller diagnostic */
    case 0x49: /* medium changed? never */
        break;
    case 0x01:
        answer(r, disk->last_status, disk->last_status);
        return;
    case 0x02:
    case 0x03:
        e = chs_transfer(r, function == 0x03 ? BLOCK_WRITE : BLOCK_READ);
        break;
    case 0x04:
    case 0x0c:
        e = chs_verify(r);
        break;
    case 0x08:
        e = parameters(r);
        break;
    case 0x15:
        disk_type(r);
        disk->last_status = 0;
        return;
    case 0x41:
        if ((u16)r->ebx != 0x55aa) {
            e = ERR_BAD_REQUEST;
            break;
        }
        r->ebx = with_word(r->ebx, 0xaa55);
        r->ecx = with_word(r->ecx, EDD_ACCESS | EDD_ENHANCED);
        answer(r, 0, EDD_VERSION);
        disk->last_status = 0;
        return;
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47:
        e = packet(r, function);
        break;
    case 0x45: /* lock */
    case 0x46: /* eject */
        status = STATUS_NOT_REMOVABLE;
        break;
    case 0x48:
        e = edd(r);
        break;
    case 0x4b:
    case 0x4d:
        e = disk->cd ? eltorito_packet(r, disk) : ERR_BAD_REQUEST;
        if (!e && (u16)r->eax == 0x4b00 && !drive_is_cd(disk->drive))
            take_out(disk);
        break;
    case 0x4e: /* set hardware configuration: of prefetch, PIO and DMA modes, which we lack */
        if (reg_low(r->eax) <= 6)
            r->eax = with_low(r->eax, 0); /* no other drive is affected */
        else
            e = ERR_BAD_REQUEST;
        break;
    default: /* 05h (format), 4Ah and 4Ch (another image of the CD) among them */
        e = ERR_BAD_REQUEST;
    }
    disk->last_status = e ? error_int13_status(e) : status;
    answer(r, disk->last_status, disk->last_status);
}

enum int13_action int13(struct rm_regs *r, struct int13_chain *chain)
{
    u8 drive = reg_low(r->edx);
    struct int13_disk *called = find(drive);
    chain->set_dl = false;
    chain->dl = drive;
    drives_count();
    if (!called) {
        drives_chain(r, chain);
        return INT13_CHAIN;
    }
    if (busy) {
        /* An interrupt handler calls while we wait for the network: waiting here for what the
         * interrupted call waits for would never end. */
        u8 status = error_int13_status(ERR_BUSY);
        answer_for(drive, r, status, status);
        return INT13_DONE;
    }
    busy = true;
    disk = called;
    serve(r);
    busy = false;
    return INT13_DONE;
}
