/* From a working disk to its boot sector. */
#ifndef LUNBOOT_BOOT_H
#define LUNBOOT_BOOT_H

#include "base/error.h"
#include "machine/machine.h"

/* Put the attached disk behind INT 13h, publish what the operating system needs to go on, hide our
 * memory, and jump to the boot sector; or, as keep-san and skip-san-boot say, go on to the BIOS's
 * next boot device with all of that in place. Returns only when that can't be. */
enum error boot(const struct machine *machine);

#endif
