/* The queues: frames in and out by split virtqueues (2.7 of the specification).
 *
 * A received frame lies in one descriptor, behind the header that each frame has (5.1.6), or goes
 * on in the next ones when the host has made one segment of many; one that is sent takes two, the
 * first of which is a header that says nothing, the same for all. Free descriptors are a list by
 * their field `next`, which the device does not look at. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "drv/tx_watch.h"
#include "drv/virtio_internal.h"

#define PACKET_LEAST   4096 /* fewer pieces of long frames, and more bytes in few descriptors */
#define PACKET_MOST    16384
#define LEGACY_ALIGN   4096
#define NONE           0xffff
#define ALWAYS         0x4000 /* so far behind that no event comes up to it */

#define DESC_NEXT      1
#define DESC_WRITE     2 /* the device may write */

#define NO_INTERRUPT   1 /* the driver's flag */
#define NO_NOTIFY      1 /* the device's flag */

/* The header (5.1.6): without its last field where receive buffers are not merged. */
#define HEADER_FLAGS   0
#define HEADER_CHECKED 3 /* NEEDS_CSUM, DATA_VALID: what is inside is good */
#define HEADER_GSO     1
#define HEADER_TCPV4   1 /* one TCP segment over IPv4, made of many */
#define HEADER_BUFFERS 10
#define HEADER_LEAST   10
#define HEADER_MOST    12

#define RX_ROOM        PKT_REST_ROOM /* before what the device writes */
/* Frames that wait on the host, in the queue of a TAP device (1000) or in QEMU, when ours is full:
 * at 20 ms its 256 alone would be 18 MB/s, and these are what bounds it. */
#define RX_BEHIND      960

struct descriptor {
    u64 address;
    u32 len;
    u16 flags, next;
};
_Static_assert(sizeof(struct descriptor) == 16, "as the device lays it out");

struct used {
    u32 id, len;
};

/* Flags and index, and then the ring; behind it the event index of the other side. */
struct head {
    u16 flags, index;
};

struct queue {
    volatile struct descriptor *desc;
    volatile struct head *available, *used;
    volatile u16 *ring;         /* of the available ones */
    volatile struct used *done; /* the ring of used ones */
    volatile u16 *used_event, *available_event;
    struct pkt **pkts; /* by descriptor; NULL: the device does not have it */
    u16 number, size;
    u16 seen; /* how far the used ones have been taken */
    u16 told; /* how far the device has been told of the available ones */
    u16 free; /* a list by `next`, NONE at its end */
};

static struct queue rx, tx;
static struct pkt_pool *rx_pool;
static u32 header_len;
static bool event_idx;
static bool broken; /* the device has said what can't be */
static u32 rest;    /* buffers of the latest received frame that have not come yet */
static bool wanted; /* are they? */
static u32 sent;    /* frames, since the start */
static struct tx_watch watch;
static u8 no_header[HEADER_MOST];

/* A write of ours is seen before what we read next. */
static void full_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Lay out a queue of so many descriptors, all free, in the memory from *at to `end`, as the legacy
 * interface has it (2.7.2), which the other one takes, too; false when it does not fit. */
static bool queue_lay_out(struct queue *q, u16 number, u16 size, u8 **at, const u8 *end)
{
    const u32 align = virtio_is_legacy() ? LEGACY_ALIGN : 16;
    const u32 first = up_to_multiple(*at, align) + size * 16u + 2u * (3 + size);
    const u32 second = 2u * 3 + size * (u32)sizeof(struct used);
    const u32 all = first + align + second + sizeof(void *) * (size + 1u);
    if (!size || (size & (size - 1)) || all > (u32)(end - *at))
        return false;
    u8 *p = *at + up_to_multiple(*at, align);
    *q = (struct queue){.number = number, .size = size, .desc = (void *)p};
    p += size * sizeof(*q->desc);
    q->available = (void *)p;
    q->ring = (void *)(p + sizeof(*q->available));
    q->used_event = q->ring + size;
    p = (u8 *)(q->used_event + 1);
    p += up_to_multiple(p, align);
    q->used = (void *)p;
    q->done = (void *)(p + sizeof(*q->used));
    q->available_event = (void *)(q->done + size);
    p = (u8 *)(q->available_event + 1);
    p += up_to_multiple(p, sizeof(void *));
    q->pkts = (void *)p;
    p += size * sizeof(*q->pkts);
    memset(*at, 0, (u32)(p - *at));
    *at = p;
    return true;
}

/* Is there something that the device has not been told of, and does it want to be told (2.7.10)? */
static bool queue_wants_to_know(struct queue *q)
{
    u16 index = q->available->index, before = q->told;
    if (index == before)
        return false;
    full_barrier();
    q->told = index;
    if (event_idx)
        return (u16)(index - *q->available_event - 1) < (u16)(index - before);
    return !(q->used->flags & NO_NOTIFY);
}

static void queue_tell(struct queue *q)
{
    if (queue_wants_to_know(q))
        virtio_notify(q->number);
}

/* Let the device interrupt at the next used descriptor, or not. */
static void queue_interrupts(struct queue *q, bool on)
{
    q->available->flags = on ? 0 : NO_INTERRUPT;
    *q->used_event = on ? q->seen : (u16)(q->seen - ALWAYS);
}

static u32 queue_new(const struct queue *q)
{
    return (u16)(q->used->index - q->seen);
}

/* Give a chain that begins with descriptor d to the device. */
static void queue_give(struct queue *q, u16 d, struct pkt *p)
{
    u16 index = q->available->index;
    q->pkts[d] = p;
    q->ring[index & (q->size - 1)] = d;
    dma_barrier();
    q->available->index = (u16)(index + 1);
}

/* The next used chain: its packet, and how much was written to it. NULL: there is none, or what the
 * device says of it can't be. */
static struct pkt *queue_take(struct queue *q, u16 *d, u32 *len)
{
    if (broken || !queue_new(q))
        return NULL;
    dma_barrier();
    volatile struct used *u = &q->done[q->seen & (q->size - 1)];
    u32 id = u->id;
    struct pkt *p = id < q->size ? q->pkts[id] : NULL;
    if (!p || queue_new(q) > q->size) {
        broken = true;
        return NULL;
    }
    q->pkts[id] = NULL;
    q->seen++;
    *d = (u16)id;
    *len = u->len;
    return p;
}

/* ---- receiving ---- */

static void rx_give(u16 d, struct pkt *p)
{
    rx.desc[d].address = dma_address(p->buf + RX_ROOM);
    rx.desc[d].len = rx_pool->size - RX_ROOM;
    rx.desc[d].flags = DESC_WRITE;
    queue_give(&rx, d, p);
}

/* Fill free descriptors as long as there are packets. */
static void rx_fill(void)
{
    struct pkt *p;
    while (rx.free != NONE && (p = pkt_alloc(rx_pool)) != NULL) {
        u16 d = rx.free;
        rx.free = rx.desc[d].next;
        rx_give(d, p);
    }
}

bool virtio_rx_ready(struct netdev *dev)
{
    (void)dev;
    return queue_new(&rx) && !broken;
}

/* The first buffer of a frame: false when it is none to take. */
static inline __attribute__((always_inline)) bool rx_begin(struct pkt *p, u32 len)
{
    const u8 *header = p->buf + RX_ROOM;
    p->data = p->buf + RX_ROOM + header_len;
    p->len = (u16)(len - header_len);
    p->flags = header[HEADER_FLAGS] & HEADER_CHECKED ? PKT_L4_CSUM_OK : 0;
    u32 buffers = header_len < HEADER_MOST ? 1 : get_le16(header + HEADER_BUFFERS);
    if (buffers > 1) {
        rest = buffers - 1;
        broken = buffers > rx.size;
        wanted = p->flags && header[HEADER_GSO] == HEADER_TCPV4;
        p->flags |= PKT_FIRST;
    }
    return len > header_len && (buffers <= 1 || wanted);
}

/* Another one of it. */
static bool rx_go_on(struct pkt *p, u32 len)
{
    rest--;
    p->data = p->buf + RX_ROOM;
    p->len = (u16)len;
    p->flags = PKT_REST | PKT_L4_CSUM_OK;
    return wanted;
}

struct pkt *virtio_receive(struct netdev *dev)
{
    u16 d;
    u32 len;
    struct pkt *p;
    for (u32 budget = rx.size; budget && (p = queue_take(&rx, &d, &len)) != NULL; budget--) {
        rx.desc[d].next = rx.free;
        rx.free = d;
        bool first = !rest, fits = len <= rx_pool->size - RX_ROOM;
        if (first ? rx_begin(p, len) && fits : rx_go_on(p, len) && fits) {
            dev->stats.rx_frames += first;
            return p;
        }
        dev->stats.rx_errors += first;
        wanted = false;
        pkt_free(p);
    }
    return NULL;
}

/* ---- sending ---- */

/* Frame n of as many as fit has descriptors 2n, the header, and 2n + 1. */
static void tx_init(void)
{
    for (u16 d = 0; d < tx.size; d += 2) {
        tx.desc[d].address = dma_address(no_header);
        tx.desc[d].len = header_len;
        tx.desc[d].flags = DESC_NEXT;
        tx.desc[d].next = d + 1;
        tx.desc[d + 1].next = d + 2u < tx.size ? d + 2 : NONE;
    }
    tx.free = tx.size > 1 ? 0 : NONE;
}

static bool tx_reclaim(void)
{
    u16 d;
    u32 len, before = sent;
    struct pkt *p;
    while ((p = queue_take(&tx, &d, &len)) != NULL) {
        tx.desc[d + 1].next = tx.free;
        tx.free = d;
        pkt_free(p);
        sent++;
    }
    return sent != before;
}

static bool tx_full(const struct netdev *dev)
{
    return tx.free == NONE || !dev->tx_pool->available;
}

bool virtio_transmit(struct netdev *dev, struct pkt *p)
{
    tx_reclaim();
    if (tx.free == NONE) {
        queue_tell(&tx);
        if (!tx_reclaim())
            return false;
    }
    u16 d = tx.free;
    tx.free = tx.desc[d + 1].next;
    tx.desc[d + 1].address = dma_address(p->data);
    tx.desc[d + 1].len = p->len;
    queue_give(&tx, d, p);
    dev->stats.tx_frames++;
    return true;
}

void virtio_flush(struct netdev *dev)
{
    (void)dev;
    tx_reclaim();
    rx_fill();
    queue_tell(&rx);
    queue_tell(&tx);
}

/* ---- both ---- */

bool virtio_queues_wake(struct netdev *dev, bool on)
{
    bool full = tx_full(dev);
    queue_interrupts(&rx, on);
    /* A sent frame is worth an interrupt only to a stack that waits for room. */
    queue_interrupts(&tx, on && full);
    full_barrier();
    bool room = tx_reclaim() && full;
    return !on || !(queue_new(&rx) || room);
}

bool virtio_queues_stuck(struct netdev *dev)
{
    tx_reclaim();
    bool pending = tx.seen != tx.available->index;
    return tx_watch_stuck(&watch, dev, pending, sent) || broken;
}

u32 virtio_packet_size(const struct nic_id *id, u32 frame)
{
    (void)id;
    return pkt_size_for(max_u32(frame + RX_ROOM + HEADER_MOST, PACKET_LEAST), PACKET_MOST);
}

/* The size that a queue gets: its own with the legacy interface, else what holds `frames` of so
 * many descriptors. */
static u16 size_for(u16 number, u32 descriptors)
{
    u16 size = virtio_queue_size(number);
    while (!virtio_is_legacy() && size > descriptors)
        size /= 2;
    return size;
}

static bool queue_set(const struct queue *q)
{
    struct virtio_area area = {q->desc, q->available, q->used, q->size};
    return virtio_queue_set(q->number, &area);
}

enum error virtio_queues_set(const struct nic_memory *memory, bool header_12, bool events)
{
    u8 *at = memory->own;
    const u8 *end = at + memory->own_bytes;
    rx_pool = memory->rx_pool;
    header_len = header_12 ? HEADER_MOST : HEADER_LEAST;
    event_idx = events;
    broken = watch.waiting = false;
    rest = 0;
    if (!queue_lay_out(&rx, VIRTIO_RX, size_for(VIRTIO_RX, memory->rx_count), &at, end) ||
        !queue_lay_out(&tx, VIRTIO_TX, size_for(VIRTIO_TX, 2u * memory->tx_count), &at, end))
        return ERR_NIC_DEAD;
    for (u16 d = 0; d < rx.size; d++)
        rx.desc[d].next = d + 1u < rx.size ? d + 1 : NONE;
    tx_init();
    queue_interrupts(&rx, false);
    queue_interrupts(&tx, false);
    return queue_set(&rx) && queue_set(&tx) ? OK : ERR_NIC_DEAD;
}

u16 virtio_queues_fill(void)
{
    rx_fill();
    queue_tell(&rx);
    return rx.size + RX_BEHIND;
}

static void queue_drop(struct queue *q)
{
    for (u16 d = 0; d < q->size; d++)
        pkt_free(q->pkts[d]);
    q->size = 0;
    q->free = NONE;
}

void virtio_queues_drop(void)
{
    queue_drop(&rx);
    queue_drop(&tx);
}
