/* Hooking the disk in. */
#include "handoff/keep.h"

#include "attach/attach.h"
#include "base/print.h"
#include "disk/int13.h"
#include "handoff/service.h"
#include "machine/int15.h"
#include "net/port.h"
#include "pc/resident.h"
#include "pc/v86.h"
#include "san/san.h"
#include "settings/settings.h"

u8 keep_disk(const struct machine *machine, const u8 *boot_sector, u8 drive, const char *what)
{
    struct int13_disk d = {
        .drive = drive,
        .dev = san_disk(),
        .geometry = geometry_guess(boot_sector, san_disk()->blocks),
    };
    san_edd_path(&d.path);
    drive = int13_init(&d);
    int15_init(&machine->int15);
    resident_hook(service, net_device()->bdf);
    if (!net_device()->base_kib)
        v86_serve();
    print("%s  drive %xh, geometry %u/%u/%u, %u KiB hidden at %08x\n", what, drive,
          d.geometry.cylinders, d.geometry.heads, d.geometry.sectors, machine->hidden_size / 1024,
          machine->hidden_base);
    attach_wipe();
    settings_wipe();
    return drive;
}
