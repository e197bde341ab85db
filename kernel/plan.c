/* Memory by the size of the machine. */
#include "plan.h"

#include "net/pkt.h"
#include "str.h"

#define MIB        (1024u * 1024)
#define DESCRIPTOR 16u /* bytes, of both rings */

/* The receive ring is what can arrive while the boot loader computes; it, not the link, bounds how
 * much can be asked for ahead. A machine with little memory gets a sixteenth of it used at most. */
static const struct {
    u32 usable; /* at least so many bytes */
    struct plan plan;
} plans[] = {
    {192 * MIB, {1024, 256, 1024 + 256, 256, 256 * 1024, MIB}},
    {60 * MIB, {512, 128, 512 + 128, 128, 128 * 1024, MIB / 2}},
    {24 * MIB, {128, 64, 128 + 32, 64, 64 * 1024, MIB / 4}},
};

const struct plan *plan_for(u64 usable)
{
    for (u32 i = 0; i < ARRAY_SIZE(plans); i++)
        if (usable >= plans[i].usable)
            return &plans[i].plan;
    return NULL;
}

/* What one packet costs: its buffer and its struct. */
static u32 packets_size(u32 count)
{
    return count * PKT_SIZE + (((u32)(count * sizeof(struct pkt)) + 15) & ~15u);
}

u32 plan_size(const struct plan *p)
{
    return (p->rx_ring + p->tx_ring) * DESCRIPTOR + packets_size(p->rx_packets) +
           packets_size(p->tx_packets) + p->send_buffer + p->cache;
}

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
    return memset(piece, 0, size);
}
