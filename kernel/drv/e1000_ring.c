/* The rings: frames in and out by DMA (3.2 and 3.3 of the manual).
 *
 * A packet that the NIC has is linked into its ring's list, oldest first, in the order of the
 * descriptors; the packet at the front belongs to the descriptor at head. One descriptor always
 * stays unused, since head == tail means empty to the NIC. */
#include "base/arith.h"
#include "base/str.h"
#include "drv/e1000_internal.h"
#include "drv/e1000_regs.h"
#include "drv/tx_watch.h"

#define FILL_EVERY          16 /* frames, while they come one after the other */

#define PACKET_MOST         16384
#define LONGEST_WITHOUT_LPE 1518 /* bytes without FCS */

struct ring {
    struct pkt *first, *last; /* the packets that the NIC has */
    u32 size;                 /* descriptors */
    u32 head;                 /* the descriptor of `first` */
    u32 tail;                 /* the next one to fill */
    u32 told;                 /* the tail that the NIC knows of */
};

static struct mmio *regs;
static struct ring rx, tx;
static volatile struct e1000_rx_desc *rx_desc;
static volatile struct e1000_tx_desc *tx_desc;
static struct pkt_pool *rx_pool;
static bool rx_unheard; /* RDT was written, and nothing after it */
static bool rx_partial; /* inside a frame that began in an earlier descriptor */
static u32 tx_done;     /* frames sent since the start */
static struct tx_watch watch;

static u32 ring_next(const struct ring *r, u32 i)
{
    return i + 1 == r->size ? 0 : i + 1;
}

static bool ring_full(const struct ring *r)
{
    return ring_next(r, r->tail) == r->head;
}

/* Descriptors from one position of a ring to a later one. */
static u32 ring_distance(const struct ring *r, u32 from, u32 to)
{
    return to >= from ? to - from : to + r->size - from;
}

static void ring_append(struct ring *r, struct pkt *p)
{
    p->next = NULL;
    if (r->first)
        r->last->next = p;
    else
        r->first = p;
    r->last = p;
    r->tail = ring_next(r, r->tail);
}

static struct pkt *ring_take(struct ring *r)
{
    struct pkt *p = r->first;
    r->first = p->next;
    r->head = ring_next(r, r->head);
    return p;
}

static void ring_tell(struct ring *r, u32 tail_register)
{
    dma_barrier();
    mmio_write32(regs, tail_register, r->tail);
    r->told = r->tail;
}

static void rx_tell(void)
{
    ring_tell(&rx, RDT);
    rx_unheard = true;
}

/* QEMU under KVM keeps writes to RDT to itself until some other access comes through. A write to
 * TDT does; so does one to IMC, and this one does nothing else. */
static void rx_make_heard(void)
{
    if (rx_unheard)
        mmio_write32(regs, IMC, 0);
    rx_unheard = false;
}

/* So many filled descriptors are worth a write to RDT. */
static u32 rx_batch(void)
{
    return rx.size / 4;
}

/* Fill free descriptors as long as there are packets. Returns how many the NIC does not know. */
static u32 rx_fill(void)
{
    struct pkt *p;
    while (!ring_full(&rx) && (p = pkt_alloc(rx_pool)) != NULL) {
        volatile struct e1000_rx_desc *d = &rx_desc[rx.tail];
        d->address = dma_address(p->buf);
        d->status = 0;
        ring_append(&rx, p);
    }
    return ring_distance(&rx, rx.told, rx.tail);
}

static inline __attribute__((always_inline)) bool rx_done(void)
{
    return rx.first && (rx_desc[rx.head].status & RXD_STATUS_DD);
}

bool e1000_rx_ready(struct netdev *dev)
{
    (void)dev;
    return rx_done();
}

/* What the NIC says of the checksums, as packet flags. */
static u16 rx_checksum_flags(u8 status, u8 errors)
{
    u16 flags = 0;
    if (status & RXD_STATUS_IXSM)
        return 0;
    if ((status & RXD_STATUS_IPCS) && !(errors & RXD_ERROR_IPE))
        flags |= PKT_IP_CSUM_OK;
    if ((status & RXD_STATUS_TCPCS) && !(errors & RXD_ERROR_TCPE))
        flags |= PKT_L4_CSUM_OK;
    return flags;
}

struct pkt *e1000_receive(struct netdev *dev)
{
    for (u32 budget = rx.size; budget && rx_done(); budget--) {
        dma_barrier();
        volatile struct e1000_rx_desc *d = &rx_desc[rx.head];
        u8 status = d->status, errors = d->errors;
        u16 len = d->length;
        struct pkt *p = ring_take(&rx);
        /* Not for each: a call takes an emulator longer than most of what is done here. */
        if (rx.head % FILL_EVERY == 0 && rx_fill() >= 2 * rx_batch()) {
            rx_tell();
            rx_make_heard();
        }

        bool last = status & RXD_STATUS_EOP;
        bool whole = last && !rx_partial;
        rx_partial = !last;
        if (whole && len <= rx_pool->size &&
            !(errors &
              (RXD_ERROR_CE | RXD_ERROR_SE | RXD_ERROR_SEQ | RXD_ERROR_CXE | RXD_ERROR_RXE))) {
            p->data = p->buf;
            p->len = len;
            p->flags = rx_checksum_flags(status, errors);
            dev->stats.rx_frames++;
            return p;
        }
        dev->stats.rx_errors += last;
        pkt_free(p);
    }
    return NULL;
}

bool e1000_tx_reclaim(struct netdev *dev)
{
    u32 before = tx_done;
    while (tx.first && (tx_desc[tx.head].status & TXD_STATUS_DD)) {
        if (tx_desc[tx.head].status & (TXD_STATUS_EC | TXD_STATUS_LC))
            dev->stats.tx_errors++;
        pkt_free(ring_take(&tx));
        tx_done++;
    }
    return tx_done != before;
}

bool e1000_tx_full(const struct netdev *dev)
{
    return ring_full(&tx) || !dev->tx_pool->available;
}

bool e1000_tx_stuck(struct netdev *dev)
{
    e1000_tx_reclaim(dev);
    return tx_watch_stuck(&watch, dev, tx.head != tx.told, tx_done);
}

bool e1000_transmit(struct netdev *dev, struct pkt *p)
{
    e1000_tx_reclaim(dev);
    if (ring_full(&tx)) {
        if (tx.told == tx.tail)
            return false;
        ring_tell(&tx, TDT);
        if (!e1000_tx_reclaim(dev))
            return false;
    }
    volatile struct e1000_tx_desc *d = &tx_desc[tx.tail];
    d->address = dma_address(p->data);
    d->length = p->len;
    d->cso = 0;
    d->cmd = TXD_CMD_EOP | TXD_CMD_IFCS | TXD_CMD_RS;
    d->status = 0;
    d->css = 0;
    d->special = 0;
    ring_append(&tx, p);
    dev->stats.tx_frames++;
    return true;
}

void e1000_flush(struct netdev *dev)
{
    e1000_tx_reclaim(dev);
    /* A few descriptors more or less do not matter to a ring that is well filled. */
    u32 fresh = rx_fill();
    u32 known = ring_distance(&rx, rx.head, rx.tail) - fresh;
    if (fresh >= rx_batch() || (fresh && known < rx.size / 2))
        rx_tell();
    if (tx.told != tx.tail) {
        ring_tell(&tx, TDT);
        rx_unheard = false;
    }
    rx_make_heard();
}

/* Ring registers lie at the same distances from RDBAL and TDBAL. */
static void ring_init(struct ring *r, u32 base, volatile void *desc, u32 size)
{
    u64 address = dma_address(desc);
    *r = (struct ring){.size = size};
    mmio_write32(regs, base, (u32)address);
    mmio_write32(regs, base + (RDBAH - RDBAL), (u32)(address >> 32));
    mmio_write32(regs, base + (RDLEN - RDBAL), size * 16);
    mmio_write32(regs, base + (RDH - RDBAL), 0);
    mmio_write32(regs, base + (RDT - RDBAL), 0);
    mmio_write32(regs, base + (RDTR - RDBAL), 0);
}

/* Packets are of 2048, 4096, 8192 or 16384 bytes. */
u32 e1000_packet_size(const struct nic_id *id, u32 frame)
{
    u32 least = frame > LONGEST_WITHOUT_LPE ? PKT_SIZE + 1 : 0;
    return pkt_size_for(max_u32(frame, least), id->flags & E1000_NO_JUMBO ? PKT_SIZE : PACKET_MOST);
}

/* RCTL for such packets. */
static u32 size_bits(u32 size)
{
    if (size == PKT_SIZE)
        return 0;
    return RCTL_LPE | RCTL_BSEX | (15u - (u32)__builtin_ctz(size)) << RCTL_BSIZE;
}

void e1000_ring_start(struct mmio *mmio, u16 flags, const struct nic_memory *memory)
{
    regs = mmio;
    rx_pool = memory->rx_pool;
    rx_partial = false;
    watch.waiting = false;
    rx_desc = (void *)memory->own;
    tx_desc = (void *)(rx_desc + memory->rx_count);
    memset(memory->own, 0,
           memory->rx_count * sizeof(*rx_desc) + memory->tx_count * sizeof(*tx_desc));
    ring_init(&rx, RDBAL, rx_desc, memory->rx_count);
    ring_init(&tx, TDBAL, tx_desc, memory->tx_count);
    mmio_write32(regs, RADV, 0);
    mmio_write32(regs, RXCSUM, RXCSUM_IPOFLD | RXCSUM_TUOFLD);
    /* QEMU receives nothing for a second after each write to RCTL: one write, and early. The option
     * ROM may have done it (boot/rom.asm). */
    u32 rctl = RCTL_START | size_bits(rx_pool->size);
    if (mmio_read32(regs, RCTL) != rctl)
        mmio_write32(regs, RCTL, rctl);
    rx_fill();
    rx_tell();
    rx_make_heard();
    if (flags & E1000_PCIE)
        mmio_write32(regs, TXDCTL, TXDCTL_PCIE);
    /* IPGT, IPGR1 and IPGR2 of copper; the collision values are those of full duplex. */
    mmio_write32(regs, TIPG, 10 | 8 << TIPG_IPGR1 | 6 << TIPG_IPGR2);
    mmio_write32(regs, TCTL, TCTL_EN | TCTL_PSP | 0x0f << TCTL_CT | 0x40 << TCTL_COLD);
}

void e1000_ring_drop(void)
{
    while (rx.first)
        pkt_free(ring_take(&rx));
    while (tx.first)
        pkt_free(ring_take(&tx));
}
