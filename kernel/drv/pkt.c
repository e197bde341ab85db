/* Packet buffers. */
#include "drv/pkt.h"

void pkt_pool_init(struct pkt_pool *pool, struct pkt *pkts, u8 *memory, u32 count, u32 size)
{
    *pool = (struct pkt_pool){.size = size, .total = count};
    for (u32 i = 0; i < count; i++) {
        pkts[i].pool = pool;
        pkts[i].buf = memory + i * size;
        pkt_free(&pkts[i]);
    }
}

struct pkt *pkt_alloc(struct pkt_pool *pool)
{
    struct pkt *p = pool->free;
    if (!p)
        return NULL;
    pool->free = p->next;
    pool->available--;
    p->next = NULL;
    p->data = p->buf + PKT_HEADROOM;
    p->len = 0;
    p->flags = 0;
    return p;
}

void pkt_free(struct pkt *p)
{
    if (!p)
        return;
    p->next = p->pool->free;
    p->pool->free = p;
    p->pool->available++;
}

u8 *pkt_push(struct pkt *p, u32 n)
{
    if (n > (u32)(p->data - p->buf))
        return NULL;
    p->data -= n;
    p->len = (u16)(p->len + n);
    return p->data;
}

bool pkt_pull(struct pkt *p, u32 n)
{
    if (n > p->len)
        return false;
    pkt_skip(p, n);
    return true;
}

u32 pkt_size_for(u32 frame, u32 most)
{
    u32 size = PKT_SIZE;
    while (size < frame)
        size *= 2;
    return size <= most ? size : 0;
}

u32 pkt_tailroom(const struct pkt *p)
{
    return p->pool->size - (u32)(p->data - p->buf) - p->len;
}
