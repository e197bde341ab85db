/* Hooking the disk in. */
#include "handoff/keep.h"

#include "attach/attach.h"
#include "base/arith.h"
#include "base/print.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/drives.h"
#include "disk/int13.h"
#include "handoff/service.h"
#include "handoff/waiting.h"
#include "machine/int15.h"
#include "net/port.h"
#include "pc/resident.h"
#include "pc/v86.h"
#include "san/san.h"
#include "settings/settings.h"

/* The disk that is selected, as one that begins with this sector. */
static struct int13_disk disk_of(u8 drive, const u8 *boot_sector)
{
    struct block_dev *dev = san_disk();
    struct int13_disk d = {.drive = drive,
                           .dev = dev,
                           .sectors = dev->blocks,
                           .sector_blocks = 1,
                           .geometry = geometry_guess(boot_sector, dev->blocks, dev->block_size)};
    san_edd_path(&d.path);
    return d;
}

/* The disks behind the first have the numbers behind its, or, when that is a CD, from the one on
 * that a disk would have. One that can't be read has the usual geometry. */
static void add_others(u8 drive)
{
    static u8 sector[BLOCK_MOST];
    for (u32 i = 1; i < SAN_DISKS; i++) {
        san_select(i);
        if (san_state() == SAN_CLOSED)
            continue;
        struct block_dev *dev = san_disk();
        waiting_begin(dev);
        if (cache_read(dev, 0, 1, sector))
            memset(sector, 0, sizeof(sector));
        waiting_end();
        struct int13_disk d = disk_of(drive, sector);
        print("Disk %u   drive %xh\n", i + 1, int13_add(&d));
        resident_block()->disks++;
    }
    san_select(0);
}

/* Beside the floppy or hard disk that is on a CD, the CD. */
static u8 add(const struct int13_disk *d)
{
    struct int13_disk whole = *d;
    u8 drive = int13_add(d);
    if (d->cd && !drive_is_cd(drive)) {
        eltorito_whole(&whole, d->cd);
        int13_add(&whole);
    }
    return drive;
}

u8 keep_disk(const struct machine *machine, const u8 *boot_sector, const struct cd_boot *cd,
             u8 drive, const char *what)
{
    struct int13_disk d = disk_of(drive, boot_sector);
    if (cd) {
        d.dev->read_only = true;
        eltorito_shape(&d, cd, boot_sector);
    }
    u8 wanted = drive;
    drive = add(&d);
    resident_block()->disks = drive >= FIRST_DISK && !drive_is_cd(drive);
    add_others(wanted);
    int15_init(&machine->int15);
    resident_hook(service, (u8)min_u32(drive, FIRST_DISK), net_device()->bdf);
    if (!net_device()->base_kib)
        v86_serve();
    print("%s  %s %xh, ", what, cd ? "CD as drive" : "drive", drive);
    if (d.geometry.sectors)
        print("geometry %u/%u/%u, ", d.geometry.cylinders, d.geometry.heads, d.geometry.sectors);
    print("%u KiB hidden at %08x\n", machine->hidden_size / 1024, machine->hidden_base);
    attach_wipe();
    settings_wipe();
    return drive;
}
