/* Memory by the size of the machine. */
#include "drv/pkt.h"
#include "machine/arena.h"
#include "machine/plan.h"
#include "test.h"
#include <stdlib.h>

#define MIB(n) ((u64)(n) << 20)

TEST(more_memory_gives_more)
{
    assert_null(plan_for(MIB(13) - 1));
    u32 last = 0;
    for (u64 mib = 13; mib < 8192; mib *= 2) {
        const struct plan *p = plan_for(MIB(mib));
        assert_non_null(p);
        assert_true(p->size >= last);
        assert_true(p->size <= MIB(mib) / 13);
        last = p->size;
    }
}

/* What the modules are lent, as attach.c takes it. */
TEST(the_pieces_fit)
{
    const u32 sizes[] = {13, 60, 192};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        const struct plan *p = plan_for(MIB(sizes[i]));
        u8 *memory = aligned_alloc(16, (p->size + 15) & ~15u);
        arena_init(memory, p->size);
        const u32 pieces[] = {(u32)(p->rx_packets * sizeof(struct pkt)),
                              p->rx_packets * PKT_SIZE,
                              (u32)(p->tx_packets * sizeof(struct pkt)),
                              p->tx_packets * PKT_SIZE,
                              p->send_buffer,
                              p->cache,
                              p->readahead,
                              PLAN_SEND_FURTHER * (p->disks - 1)};
        for (u32 k = 0; k < ARRAY_SIZE(pieces); k++) {
            u8 *piece = arena_take(pieces[k]);
            assert_non_null(piece);
            assert_int_equal((uintptr_t)piece % 16, 0);
            piece[pieces[k] - 1] = 1;
        }
        assert_null(arena_take(p->size));
        /* TCP keeps what is out of order, and the ring must still be filled (tcp.h). */
        assert_true(p->rx_packets > p->rx_ring);
        assert_int_equal(p->send_buffer & (p->send_buffer - 1), 0);
        free(memory);
    }
}
