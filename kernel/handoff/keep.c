/* Hooking the disk in. */
#include "handoff/keep.h"

#include "attach/attach.h"
#include "base/arith.h"
#include "base/print.h"
#include "disk/drives.h"
#include "disk/int13.h"
#include "handoff/service.h"
#include "machine/int15.h"
#include "net/port.h"
#include "pc/resident.h"
#include "pc/v86.h"
#include "san/san.h"
#include "settings/settings.h"

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
    struct block_dev *dev = san_disk();
    struct int13_disk d = {
        .drive = drive,
        .dev = dev,
        .sectors = dev->blocks,
        .sector_blocks = 1,
    };
    if (cd) {
        dev->read_only = true;
        eltorito_shape(&d, cd, boot_sector);
    } else {
        d.geometry = geometry_guess(boot_sector, dev->blocks);
    }
    san_edd_path(&d.path);
    drive = add(&d);
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
