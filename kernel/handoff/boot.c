/* Boot the disk, or keep it for the next boot device. */
#include "handoff/boot.h"

#include "base/print.h"
#include "disk/cache.h"
#include "disk/int13.h"
#include "disk/mbr.h"
#include "handoff/keep.h"
#include "handoff/launch.h"
#include "handoff/waiting.h"
#include "net/ip.h"
#include "pc/bios.h"
#include "pc/resident.h"
#include "san/san.h"
#include "settings/settings.h"

enum error boot(const struct machine *machine)
{
    static u8 boot_sector[BLOCK_MOST];
    waiting_begin();
    enum error e = cache_read(san_disk(), 0, 1, boot_sector);
    waiting_end();
    if (e)
        return e;
    u32 longest = ip_path_shortened();
    if (longest)
        print("Path     loses long packets: now %u bytes at most; mtu=%u saves the wait\n", longest,
              longest);
    bool skip = setting_flag(SET_SKIP_SAN_BOOT);
    e = mbr_bootable(boot_sector);
    if (e && !skip && !setting_flag(SET_KEEP_SAN))
        return e;
    if (!san_publish(resident_ibft(), RESIDENT_SIZE - RESIDENT_IBFT - RESIDENT_STACK_MIN))
        return ERR_NO_BASE_MEMORY;
    u8 drive = (u8)setting_number(SET_DRIVE);
    if (skip || e) {
        bool last = setting_number(SET_KEEP_SAN) == SETTING_KEEP_LAST;
        keep_disk(machine, boot_sector, last ? INT13_LAST : drive, "Keeping");
        print("         %s: on to the next boot device\n\n",
              skip ? "skip-san-boot is set" : error_text(e));
        bios_next_device();
    }
    drive = keep_disk(machine, boot_sector, drive, "Booting");
    print("\n");
    launch(boot_sector, san_disk()->block_size, drive);
}
