/* What there is when we are started: memory in which a boot loader has left its information, and
 * what is read out of it. */
#ifndef STARTED_H
#define STARTED_H

#include "machine/boot_info.h"

#define MEM_SIZE 0x20000

extern u8 *mem;               /* from physical address 0 on */
extern struct boot_info info; /* with `map`, both full of rubbish */
extern struct memmap map;

/* A new machine whose memory is full of this byte; and its end, for FIXTURE. */
void started(u8 fill);
void free_memory(void);

#endif
