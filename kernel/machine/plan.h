/* How much memory lunboot gives to what, by the size of the machine: decided once, before it moves
 * to the top of memory. */
#ifndef LUNBOOT_PLAN_H
#define LUNBOOT_PLAN_H

#include "base/types.h"

/* X(usable memory from, MiB; receive ring, transmit ring, descriptors; receive packets, transmit
 * packets; TCP send buffer, cache, read-ahead, KiB; disks), the largest first.
 *
 * The receive ring is what can arrive while the boot loader computes: it, not the link, bounds how
 * much can be asked for ahead. There are more receive packets than descriptors for those that TCP
 * keeps out of order. */
#define PLAN_TABLE(X)                                                                              \
    X(240, 2048, 256, 2304, 256, 256, 512, 4096, 4)                                                \
    X(120, 1024, 256, 1280, 256, 256, 512, 2048, 4)                                                \
    X(60, 512, 128, 640, 128, 128, 256, 1024, 4)                                                   \
    X(13, 128, 64, 160, 64, 64, 128, 256, 2)

struct plan {
    u16 rx_ring, tx_ring;
    u16 rx_packets, tx_packets;
    u32 send_buffer; /* bytes */
    u32 cache;       /* bytes */
    u32 readahead;   /* bytes */
    u32 disks;       /* at most */
    u32 size;        /* bytes that arena_take() will be asked for, all pieces together, but for what
                      * the NIC's driver needs for its rings (drv/nic.h) */
};

#define PLAN_PACKET       2048u                      /* bytes of DMA memory of a packet */
#define PLAN_PACKET_ROW   (5u * (u32)sizeof(void *)) /* bytes of a struct pkt */
#define PLAN_PIECES       10u                        /* pieces, each rounded up to 16 bytes */

/* Disks behind the first have smaller send buffers: a call of INT 13h fits. */
#define PLAN_SEND_FURTHER 65536u

#define PLAN_BYTES(mib, rx, tx, rx_packets, tx_packets, send_kib, cache_kib, ahead_kib, disks)     \
    (((rx_packets) + (tx_packets)) * (PLAN_PACKET + PLAN_PACKET_ROW) +                             \
     ((send_kib) + (cache_kib) + (ahead_kib)) * 1024u + ((disks)-1) * PLAN_SEND_FURTHER +          \
     PLAN_PIECES * 16u)

/* The plan for a machine with so many bytes of usable memory below 4 GiB; NULL when it is too
 * small. */
const struct plan *plan_for(u64 usable);

#endif
