/* Boot the disk, or keep it for the next boot device. */
#include "handoff/boot.h"

#include "base/platform.h"
#include "base/print.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/drives.h"
#include "disk/eltorito.h"
#include "disk/mbr.h"
#include "handoff/keep.h"
#include "handoff/launch.h"
#include "handoff/waiting.h"
#include "machine/bios_drives.h"
#include "net/ip.h"
#include "pc/bios.h"
#include "pc/resident.h"
#include "san/san.h"
#include "settings/settings.h"

static u8 sector[BLOCK_MOST]; /* the first block of the disk */
static struct cd_boot image;
static const struct cd_boot *cd; /* the image; NULL: a disk is to be booted */

/* Read what there is to be started, the image of a CD to where it is started. *why gets why that
 * can't be done; what can't be read is returned. */
static enum error look(enum error *why)
{
    struct block_dev *disk = san_disk();
    u32 how = setting_number(SET_BOOT);
    bool as_cd = how == SETTING_BOOT_CD || (disk->cd && how != SETTING_BOOT_DISK);
    cd = NULL;
    enum error e = cache_read(disk, 0, 1, sector);
    *why = mbr_bootable(sector);
    if (e || how == SETTING_BOOT_DISK || (!as_cd && !*why))
        return e;
    e = eltorito_load(disk, &image);
    if (as_cd || !e) {
        cd = &image;
        *why = e;
    }
    return e == ERR_NO_BOOT_IMAGE ? OK : e;
}

/* The disk stays, and the BIOS goes on. A CD is one without emulation then. */
static _Noreturn void keep(const struct machine *machine, const char *why)
{
    memset(&image, 0, sizeof(image));
    bool last = setting_number(SET_KEEP_SAN) == SETTING_KEEP_LAST;
    u8 drive = last ? LAST_DISK : (u8)setting_number(SET_DRIVE);
    keep_disk(machine, sector, cd, drive, "Keeping");
    print("         %s: on to the next boot device\n\n", why);
    bios_next_device();
}

enum error boot(const struct machine *machine)
{
    enum error why;
    waiting_begin();
    enum error e = look(&why);
    waiting_end();
    if (e)
        return e;
    u32 longest = ip_path_shortened();
    if (longest)
        print("Path     loses long packets: now %u bytes at most; mtu=%u saves the wait\n", longest,
              longest);
    bool skip = setting_flag(SET_SKIP_SAN_BOOT);
    if (why && !skip && !setting_flag(SET_KEEP_SAN))
        return why;
    drives_keep(bios_cds());
    if (!san_publish(resident_ibft(), RESIDENT_SIZE - RESIDENT_IBFT - RESIDENT_STACK_MIN))
        return ERR_NO_BASE_MEMORY;
    if (skip || why)
        keep(machine, skip ? "skip-san-boot is set" : error_text(why));
    u16 segment = cd ? cd->segment : BOOT_ADDRESS >> 4;
    u32 size = cd ? CD_SECTOR : san_disk()->block_size;
    u8 *start = phys_ptr(rm_phys(segment, 0), size);
    if (!cd)
        memcpy(start, sector, size);
    u8 drive = keep_disk(machine, start, cd, (u8)setting_number(SET_DRIVE), "Booting");
    print("\n");
    launch(segment, drive);
}
