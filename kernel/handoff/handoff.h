/* From a working disk to its boot sector, and what happens between its calls. */
#ifndef LUNBOOT_HANDOFF_H
#define LUNBOOT_HANDOFF_H

#include "base/error.h"
#include "base/types.h"
#include "machine/machine.h"

/* Put the attached disk behind INT 13h, publish the iBFT, hide our memory, and jump to the boot
 * sector; or, as keep-san and skip-san-boot say, go on to the BIOS's next boot device with all of
 * that in place. Returns only when that can't be. */
enum error handoff(const struct machine *machine);

#endif
