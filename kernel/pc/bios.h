/* What the BIOS says and does when asked through its interrupts. PC only. */
#ifndef LUNBOOT_BIOS_H
#define LUNBOOT_BIOS_H

#include "base/types.h"
#include "machine/int15.h"
#include "machine/memmap.h"

/* The BIOS's E820h map; empty when it has none. */
void bios_memory_map(struct memmap *map);

/* Its answers to the older memory functions. */
void bios_memory_sizes(struct int15_state *state);

/* Take a key that is waiting at the keyboard: true when there was one. */
bool bios_key(void);

/* On to the BIOS's next boot device (INT 18h). What is hooked by then stays at work. */
_Noreturn void bios_next_device(void);

#endif
