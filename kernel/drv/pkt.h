/* Packet buffers: one frame each, in memory that the NIC reaches by DMA.
 *
 * Ownership: whoever holds the pointer owns the packet, and gives it away by passing it to a
 * function that says it consumes it. At the end somebody calls pkt_free(), which returns it to its
 * pool. */
#ifndef LUNBOOT_PKT_H
#define LUNBOOT_PKT_H

#include "base/types.h"

/* Bytes of DMA memory of a packet, unless its pool says more. */
#define PKT_SIZE       2048
/* Free bytes before data in a fresh packet: for Ethernet with a tag, and IPv4 with options. */
#define PKT_HEADROOM   66

/* Flags that the driver sets on reception. */
#define PKT_IP_CSUM_OK 0x01 /* the NIC has checked the IPv4 header checksum */
#define PKT_L4_CSUM_OK 0x02 /* the NIC has checked the TCP or UDP checksum */
/* A frame in several packets, which receive() gives one after the other: a TCP segment over IPv4
 * that the host has made of many. All headers are in the first; the others hold text alone, with
 * PKT_REST_ROOM bytes before it. All have PKT_L4_CSUM_OK. */
#define PKT_FIRST      0x08
#define PKT_REST       0x10
#define PKT_REST_ROOM  4
/* Flags that eth.c sets on reception. */
#define PKT_BROADCAST  0x04 /* the frame was not sent to our MAC alone */

struct pkt_pool;

struct pkt {
    struct pkt *next; /* the owner's, for its queues */
    u8 *buf;          /* pool->size bytes, 16-byte aligned */
    u8 *data;         /* first byte of what counts now, within buf */
    u16 len;          /* bytes at data */
    u16 flags;
    struct pkt_pool *pool;
};

struct pkt_pool {
    struct pkt *free;
    u32 size; /* bytes of DMA memory of each packet */
    u32 total;
    u32 available;
};

/* Make a pool of `count` packets of `size` bytes, a multiple of 16, at most 32 KiB. `pkts` and
 * `memory` (count * size bytes, 16-byte aligned) are lent to the pool for ever, or until it is made
 * anew: then all packets must have come back. */
void pkt_pool_init(struct pkt_pool *pool, struct pkt *pkts, u8 *memory, u32 count, u32 size);

/* A packet with len 0 and PKT_HEADROOM bytes of headroom, or NULL when the pool is empty. */
struct pkt *pkt_alloc(struct pkt_pool *pool);

/* Return p to its pool. NULL is allowed. */
void pkt_free(struct pkt *p);

/* Make room for n more bytes in front of data, and return the new data; NULL (and p unchanged) when
 * there is not so much headroom. */
u8 *pkt_push(struct pkt *p, u32 n);

/* Drop n bytes in front, which are there. */
static inline __attribute__((always_inline)) void pkt_skip(struct pkt *p, u32 n)
{
    p->data += n;
    p->len = (u16)(p->len - n);
}

/* Drop n bytes in front; false (and p unchanged) when it has fewer. */
bool pkt_pull(struct pkt *p, u32 n);

/* The size of packets for frames of so many bytes: PKT_SIZE, doubled as often as it takes; 0 when
 * that is more than `most`. */
u32 pkt_size_for(u32 frame, u32 most);

/* Bytes that can still be appended behind data + len. */
u32 pkt_tailroom(const struct pkt *p);

#endif
