/* The place where the pieces of memory lie that a plan gives away. */
#ifndef LUNBOOT_ARENA_H
#define LUNBOOT_ARENA_H

#include "base/types.h"

/* Pieces are taken from it once and never given back. `memory` must be 16-byte aligned. */
void arena_init(u8 *memory, u32 size);

/* `size` bytes, 16-byte aligned, with anything in them: to zero megabytes of packets and cache
 * takes longer than to attach a disk. NULL when the arena is used up, which the plan rules out. */
void *arena_take(u32 size);

#endif
