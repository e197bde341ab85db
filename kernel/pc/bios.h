/* What the BIOS does when asked through its interrupts. PC only. */
#ifndef LUNBOOT_BIOS_H
#define LUNBOOT_BIOS_H

#include "base/types.h"

/* Take a key that is waiting at the keyboard: its ASCII code, and above it its scan code. 0: there
 * is none. */
u16 bios_key(void);

/* Forget those that are waiting, before a key is asked for: afterwards, one may answer already. */
void bios_drop_keys(void);

/* Wait so long at most for one; each second puts a dot on the screen. 0: none has come. */
u16 bios_wait_key(u32 seconds);

/* On to the BIOS's next boot device (INT 18h). What is hooked by then stays at work. */
_Noreturn void bios_next_device(void);

#endif
