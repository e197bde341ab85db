/* Into the boot sector. */
#ifndef LUNBOOT_LAUNCH_H
#define LUNBOOT_LAUNCH_H

#include "base/types.h"

#define LAUNCH_SECTOR 512 /* bytes of it that are put in its place */

/* Put the boot sector where BIOSes put it, and jump to it as they do. */
_Noreturn void launch(const u8 *boot_sector, u8 drive);

#endif
