/* What the BIOS does when asked through its interrupts. PC only. */
#ifndef LUNBOOT_BIOS_H
#define LUNBOOT_BIOS_H

#include "base/types.h"

/* Take a key that is waiting at the keyboard: its ASCII code, and above it its scan code. 0: there
 * is none. */
u16 bios_key(void);

/* On to the BIOS's next boot device (INT 18h). What is hooked by then stays at work. */
_Noreturn void bios_next_device(void);

#endif
