/* Into the boot sector. */
#ifndef LUNBOOT_LAUNCH_H
#define LUNBOOT_LAUNCH_H

#include "base/types.h"

/* Jump to a boot sector that lies at this segment, as BIOSes do. */
_Noreturn void launch(u16 segment, u8 drive);

#endif
