/* The arena. */
#include "machine/arena.h"

#include "base/arith.h"

static u8 *arena;
static u32 arena_left;

void arena_init(u8 *memory, u32 size)
{
    arena = memory;
    arena_left = size;
}

void *arena_take(u32 size)
{
    size = align_up(size, 16);
    if (size > arena_left)
        return NULL;
    u8 *piece = arena;
    arena += size;
    arena_left -= size;
    return piece;
}
