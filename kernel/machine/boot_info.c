/* Taking over what a boot loader has left in memory. */
#include "machine/boot_info.h"

#include "base/platform.h"
#include "base/str.h"

#define SOURCE_MAX 4096 /* bytes of a command line; there is no longer one */

void boot_info_init(struct boot_info *info, enum boot_medium medium)
{
    struct memmap *map = info->map;
    memset(info, 0, sizeof(*info));
    info->medium = medium;
    info->bdf = BOOT_NO_BDF;
    info->map = map;
    map->count = 0;
    map->extended = false;
}

void boot_info_command_line(struct boot_info *info, u32 at)
{
    u32 len = 0;
    u8 *p;
    info->command_line_cut = false;
    /* What is read is overwritten: it may be a secret, and nobody needs it there any more. */
    for (u32 i = 0; i < SOURCE_MAX && (p = phys_ptr(at + i, 1)) && *p; i++) {
        if (len < BOOT_COMMAND_LINE - 1)
            info->command_line[len++] = (char)*p;
        else
            info->command_line_cut = true;
        *p = 0;
    }
    /* Half a word may be a valid word that nobody has written. */
    if (info->command_line_cut)
        while (len && info->command_line[len - 1] != ' ')
            len--;
    memset(info->command_line + len, 0, BOOT_COMMAND_LINE - len);
}
