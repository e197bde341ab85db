/* How much memory lunboot gives to what, by the size of the machine: decided once, before it moves
 * to the top of memory. */
#ifndef LUNBOOT_PLAN_H
#define LUNBOOT_PLAN_H

#include "types.h"

struct plan {
    u16 rx_ring, tx_ring; /* descriptors */
    u16 rx_packets;       /* receive packets: the ring's, and those that TCP keeps out of order */
    u16 tx_packets;
    u32 send_buffer; /* bytes */
    u32 cache;       /* bytes */
};

/* The plan for a machine with so many bytes of usable memory below 4 GiB; NULL when it is too
 * small. */
const struct plan *plan_for(u64 usable);

/* The bytes that arena_take() will be asked for. */
u32 plan_size(const struct plan *p);

/* The place where these pieces lie: pieces are taken from it once and never given back. `memory`
 * must be 16-byte aligned. */
void arena_init(u8 *memory, u32 size);

/* `size` bytes, zeroed, 16-byte aligned; NULL when the arena is used up, which plan_size() rules
 * out. */
void *arena_take(u32 size);

#endif
