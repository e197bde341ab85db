/* Taking over what a boot loader has left in memory. */
#include "boot_info.h"

#include "platform.h"
#include "str.h"

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
    const u8 *p;
    while ((p = phys_ptr(at + len, 1)) && *p && len < BOOT_COMMAND_LINE - 1)
        info->command_line[len++] = (char)*p;
    info->command_line_cut = p && *p;
    /* Half a word may be a valid word that nobody has written. */
    if (info->command_line_cut)
        while (len && info->command_line[len - 1] != ' ')
            len--;
    memset(info->command_line + len, 0, BOOT_COMMAND_LINE - len);
}
