/* The arena. */
#include "machine/arena.h"

static u8 *arena;
static u32 arena_left;

void arena_init(u8 *memory, u32 size)
{
    arena = memory;
    arena_left = size;
}

void *arena_take(u32 size)
{
    size = (size + 15) & ~15u;
    if (size > arena_left)
        return NULL;
    u8 *piece = arena;
    arena += size;
    arena_left -= size;
    return piece;
}
