/* The rings: frames in and out by DMA. A descriptor is the NIC's as soon as its generation is the
 * ring's; the NIC says that it is done with one in a ring of completions. One descriptor always
 * stays unused. */
#include "base/arith.h"
#include "base/str.h"
#include "drv/tx_watch.h"
#include "drv/vmxnet3_internal.h"

#define PACKET_MOST 8192 /* the length field has 14 bits */

struct ring {
    volatile struct vmxnet3_desc *desc;
    volatile struct vmxnet3_completion *done;
    struct pkt **pkts;   /* by descriptor; NULL: it is ours */
    u32 size;            /* of descriptors, and of completions */
    u32 next;            /* the descriptor to fill, */
    u32 given;           /* how many the NIC has, */
    u32 told;            /* and `next` as it was told */
    u32 generation;      /* of the descriptors that are filled now: 0 or 1 */
    u32 next_done;       /* the completion to look at, */
    u32 done_generation; /* and what it has when it is new */
};

static struct mmio *regs;
static struct ring rx, tx;
static struct pkt_pool *rx_pool;
static bool rx_partial; /* inside a frame that began in an earlier descriptor */
static bool broken;     /* the NIC has said what can't be */
static u32 sent;        /* frames, since the start */
static struct tx_watch watch;

static void ring_init(struct ring *r, u32 size, u8 **at)
{
    *r = (struct ring){.size = size, .generation = 1, .done_generation = COMPLETION_NEW};
    r->desc = (void *)*at;
    r->done = (void *)(r->desc + size);
    r->pkts = (void *)(r->done + size);
    u8 *end = (u8 *)(r->pkts + size);
    memset(*at, 0, (u32)(end - *at));
    *at = end + up_to_multiple(end, RING_ALIGN);
}

static bool ring_full(const struct ring *r)
{
    return r->given + 1 >= r->size;
}

/* Give the next descriptor to the NIC. The bit of its generation is the ring's. */
static void ring_give(struct ring *r, struct pkt *p, const u8 *data, u32 length, u32 flags, u32 bit)
{
    volatile struct vmxnet3_desc *d = &r->desc[r->next];
    r->pkts[r->next] = p;
    d->address = dma_address(data);
    d->flags = flags;
    dma_barrier();
    d->length = length | (r->generation ? bit : 0);
    r->given++;
    if (++r->next == r->size) {
        r->next = 0;
        r->generation ^= 1;
    }
}

static inline __attribute__((always_inline)) bool ring_done(const struct ring *r)
{
    return r->size && (r->done[r->next_done].flags & COMPLETION_NEW) == r->done_generation;
}

/* The packet of the next completion, which is there, and the completion itself; NULL: the NIC never
 * had that descriptor. */
static struct pkt *ring_take(struct ring *r, volatile struct vmxnet3_completion **c)
{
    dma_barrier();
    *c = &r->done[r->next_done];
    u32 index = (*c)->index & COMPLETION_INDEX;
    struct pkt *p = index < r->size ? r->pkts[index] : NULL;
    if (!p) {
        broken = true;
        return NULL;
    }
    r->pkts[index] = NULL;
    r->given--;
    if (++r->next_done == r->size) {
        r->next_done = 0;
        r->done_generation ^= COMPLETION_NEW;
    }
    return p;
}

static void ring_tell(struct ring *r, u32 producer)
{
    dma_barrier();
    mmio_write32(regs, producer, r->next);
    r->told = r->next;
}

/* The descriptors are used in order, so those from `next` on are free as far as there are any. */
static void rx_fill(void)
{
    struct pkt *p;
    while (!ring_full(&rx) && !rx.pkts[rx.next] && (p = pkt_alloc(rx_pool)) != NULL)
        ring_give(&rx, p, p->buf, rx_pool->size, 0, RX_GENERATION);
}

bool vmxnet3_rx_ready(struct netdev *dev)
{
    (void)dev;
    return ring_done(&rx) && !broken;
}

static u16 checksum_flags(const volatile struct vmxnet3_completion *c)
{
    u32 flags = c->flags;
    if (c->index & RX_UNCHECKED || flags & RX_FRAGMENT)
        return 0;
    return (flags & RX_IP_OK ? PKT_IP_CSUM_OK : 0) | (flags & RX_L4_OK ? PKT_L4_CSUM_OK : 0);
}

struct pkt *vmxnet3_receive(struct netdev *dev)
{
    for (u32 budget = rx.size; budget && !broken && ring_done(&rx); budget--) {
        volatile struct vmxnet3_completion *c;
        struct pkt *p = ring_take(&rx, &c);
        if (!p)
            return NULL;
        u32 index = c->index, length = c->length;
        bool last = index & RX_EOP, whole = last && index & RX_SOP && !rx_partial;
        rx_partial = !last;
        if (whole && !(length & RX_ERROR) && (length & LENGTH_MASK) &&
            (length & LENGTH_MASK) <= rx_pool->size) {
            p->data = p->buf;
            p->len = length & LENGTH_MASK;
            p->flags = checksum_flags(c);
            dev->stats.rx_frames++;
            return p;
        }
        dev->stats.rx_errors += last;
        pkt_free(p);
    }
    return NULL;
}

bool vmxnet3_tx_reclaim(void)
{
    u32 before = sent;
    volatile struct vmxnet3_completion *c;
    struct pkt *p;
    while (!broken && ring_done(&tx) && (p = ring_take(&tx, &c)) != NULL) {
        pkt_free(p);
        sent++;
    }
    return sent != before;
}

static bool tx_ring_full(void)
{
    return ring_full(&tx) || tx.pkts[tx.next];
}

bool vmxnet3_tx_full(const struct netdev *dev)
{
    return tx_ring_full() || !dev->tx_pool->available;
}

bool vmxnet3_stuck(struct netdev *dev)
{
    vmxnet3_tx_reclaim();
    return tx_watch_stuck(&watch, dev, tx.given, sent) || broken;
}

bool vmxnet3_transmit(struct netdev *dev, struct pkt *p)
{
    vmxnet3_tx_reclaim();
    if (tx_ring_full()) {
        if (tx.size && tx.told != tx.next)
            ring_tell(&tx, TXPROD);
        if (!vmxnet3_tx_reclaim())
            return false;
    }
    ring_give(&tx, p, p->data, p->len, TX_EOP | TX_COMPLETE, TX_GENERATION);
    dev->stats.tx_frames++;
    return true;
}

void vmxnet3_flush(struct netdev *dev)
{
    (void)dev;
    vmxnet3_tx_reclaim();
    rx_fill();
    /* The NIC looks at the descriptors themselves: a word now and then will do. */
    if ((rx.next - rx.told + rx.size) % max_u32(rx.size, 1) >= rx.size / 4 + 1)
        ring_tell(&rx, RXPROD);
    if (tx.told != tx.next)
        ring_tell(&tx, TXPROD);
}

u32 vmxnet3_packet_size(const struct nic_id *id, u32 frame)
{
    (void)id;
    return pkt_size_for(frame, PACKET_MOST);
}

static u32 ring_size(u32 wanted)
{
    return min_u32(wanted, RING_MOST) & ~(RING_MULTIPLE - 1u);
}

u16 vmxnet3_rings_set(const struct nic_memory *memory, u8 *at, struct vmxnet3_queues *queues)
{
    rx_pool = memory->rx_pool;
    rx_partial = broken = watch.waiting = false;
    at += up_to_multiple(at, RING_ALIGN);
    ring_init(&rx, ring_size(memory->rx_count), &at);
    ring_init(&tx, ring_size(memory->tx_count), &at);
    queues->rx.ring[0] = dma_address(rx.desc);
    queues->rx.completions = dma_address(rx.done);
    queues->rx.ring_size[0] = queues->rx.completions_size = rx.size;
    queues->tx.ring = dma_address(tx.desc);
    queues->tx.completions = dma_address(tx.done);
    queues->tx.ring_size = queues->tx.completions_size = tx.size;
    return (u16)(rx.size - rx.size / 4);
}

void vmxnet3_rings_fill(struct mmio *mmio)
{
    regs = mmio;
    rx_fill();
    ring_tell(&rx, RXPROD);
}

static void ring_drop(struct ring *r)
{
    for (u32 i = 0; i < r->size; i++)
        pkt_free(r->pkts[i]);
    r->size = r->given = 0;
    r->told = r->next;
}

void vmxnet3_rings_drop(void)
{
    ring_drop(&rx);
    ring_drop(&tx);
}
