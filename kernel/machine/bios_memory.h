/* What the BIOS tells of the machine's memory when asked through INT 15h, as long as that is not
 * ours. */
#ifndef LUNBOOT_BIOS_MEMORY_H
#define LUNBOOT_BIOS_MEMORY_H

#include "machine/int15.h"
#include "machine/memmap.h"

/* The BIOS's E820h map; empty when it has none. */
void bios_memory_map(struct memmap *map);

/* Its answers to the older memory functions. */
void bios_memory_sizes(struct int15_state *state);

#endif
