/* A block device: what a protocol makes of its disk, and the cache and INT 13h stand on. */
#ifndef LUNBOOT_BLOCK_H
#define LUNBOOT_BLOCK_H

#include "base/error.h"
#include "base/types.h"

enum block_op {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH, /* all that was written is on the medium; no range, no buffer */
};

/* One request. The submitter owns it and its buffer; from submit() until `done` the device may use
 * both, and neither may move. */
struct block_req {
    enum block_op op;
    u64 lba;   /* first block, a multiple of dev->grain */
    u32 count; /* blocks, 1 .. dev->max_blocks, a multiple of it, too */
    u8 *data;  /* count * dev->block_size bytes, any alignment */
    /* Out: */
    volatile bool done;
    enum error status; /* valid once done */
    /* The device's own, while it has the request: */
    struct block_req *next;
};

#define BLOCK_MOST 4096 /* bytes of a block, and of a grain */

struct block_dev;

struct block_ops {
    /* Take the request. It always ends in done; a request that can't be (range, count) is done at
     * once with an error. Requests may complete in any order; two that overlap and of which one
     * writes must not be given together. */
    void (*submit)(struct block_dev *dev, struct block_req *req);
    /* Let a read that is not done go to `data` instead. What of it has arrived is copied. */
    void (*redirect)(struct block_dev *dev, struct block_req *req, u8 *data);
    /* Give up everything that is under way: it ends in done with ERR_ABORTED, and the device no
     * longer touches its buffers. */
    void (*abort)(struct block_dev *dev);
};

struct block_dev {
    const struct block_ops *ops;
    u64 blocks;     /* size of the disk */
    u32 block_size; /* bytes, a power of two from 512 to BLOCK_MOST */
    u32 grain;      /* blocks that the disk can only move together, a power of two; 1: each alone */
    u32 max_blocks; /* the largest count in one request */
    u32 physical;   /* blocks that its medium moves together, a power of two, at least a grain */
    u32 aligned;    /* the first block where such begin, below 2^17; then every `physical` blocks */
    bool read_only;
    bool cd;          /* a CD or DVD, by its device type */
    bool unflushed;   /* something was written since the last flush; the cache's */
    u8 number;        /* among its kind, from 0 on */
    u32 fastest;      /* 1 + the ms that an answer takes at best, 0: not known; read-ahead's */
    char vendor[9];   /* from INQUIRY, cleaned of what is not printable, trailing spaces cut */
    char product[17]; /* the same */
};

/* Count in blocks of so many bytes, a power of two, from now on, when those of the disk are larger:
 * they become its grains. Nothing may be under way. False: the disk has more of them than 64 bits
 * count, and what is behind the last one counted is out of reach. */
bool block_split(struct block_dev *dev, u32 block_size);

/* Where the grain of a block begins. */
u64 block_grain(const struct block_dev *dev, u64 lba);

/* The first block from this one on where a grain begins; may be the end of the disk. */
u64 block_next_grain(const struct block_dev *dev, u64 lba);

/* Of `count` blocks at lba the first ones, as many as end where a block of the medium does; all,
 * when none ends there. */
static inline u32 block_whole(const struct block_dev *dev, u64 lba, u32 count)
{
    u32 over = ((u32)lba + count - dev->aligned) & (dev->physical - 1);
    return over < count ? count - over : count;
}

/* Submit one request and run the event loop until it is done. */
enum error block_wait(struct block_dev *dev, enum block_op op, u64 lba, u32 count, u8 *data);

#endif
