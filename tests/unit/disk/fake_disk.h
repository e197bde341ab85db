/* A block device for tests: bytes in memory, with errors, limits and completion order as the test
 * wants them. It checks what block.h asks of its users. */
#ifndef FAKE_DISK_H
#define FAKE_DISK_H

#include "disk/block.h"

#define FAKE_QUEUE 80

extern struct fake_disk {
    struct block_dev dev;
    u8 *bytes;
    u64 blocks;      /* of them, whatever the device says */
    u64 first;       /* the number of the first of them, 0 unless the test says else */
    u64 bad_lba;     /* this block can't be read or written; UINT64_MAX: all are good */
    enum error fail; /* every request fails so; OK: none */
    bool later;      /* complete while the event loop waits, the latest request first */
    struct block_req *queue[FAKE_QUEUE];
    u32 queued;
    /* What was asked. */
    u32 requests, writes, most_queued, flushes;
    u32 cut; /* requests that end within a block of the medium */
    u64 blocks_moved;
} fake;

/* A disk of `blocks` blocks of 512 repeatable random bytes, which is `fake` anew; its grain is 1.
 */
struct block_dev *fake_disk(u64 blocks, u32 max_blocks);
void fake_disk_free(void);

/* Read through the cache: that is what the disk holds. */
void check_read(u64 lba, u32 count);

/* End a request, which is no longer in the queue. */
void fake_do(struct block_req *req);

/* host_on_wait: the latest request ends. */
void fake_complete_one(u32 ms);

#endif
