/* Into the boot sector. */
#ifndef LUNBOOT_LAUNCH_H
#define LUNBOOT_LAUNCH_H

#include "base/types.h"

/* Put the boot sector, of so many bytes, where BIOSes put it, and jump to it as they do. */
_Noreturn void launch(const u8 *boot_sector, u32 size, u8 drive);

#endif
