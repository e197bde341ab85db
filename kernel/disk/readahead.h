/* Read-ahead: blocks that a sequential reader will want soon are requested before it asks. Part of
 * the cache, which alone calls this. */
#ifndef LUNBOOT_READAHEAD_H
#define LUNBOOT_READAHEAD_H

#include "base/types.h"
#include "disk/block.h"

/* Hold nothing. `memory` is lent for ever; when it is too small, or before this was called, nothing
 * is read ahead. Nothing may be under way. */
void readahead_init(u8 *memory, u32 size);

/* Somebody reads `count` blocks at lba, all of which lie on the device. Requests nothing yet. */
void readahead_note(struct block_dev *dev, u64 lba, u32 count);

/* Copy what was read ahead of the *count blocks at lba, beginning with lba, and wait for it when it
 * is on its way. *count gets how many blocks that were: 0 when lba was not read ahead, or its
 * request has failed. ERR_ABORTED when the wait was given up, else OK. */
enum error readahead_take(const struct block_dev *dev, u64 lba, u32 *count, u8 *data);

/* How many of the `count` blocks at lba, which was not read ahead, come before one that was. */
u32 readahead_gap(const struct block_dev *dev, u64 lba, u32 count);

/* Request what the latest reader noted will want next, as far as that is not under way. To be
 * called when its own requests are out, and before every wait for them. */
void readahead_request(void);

/* These blocks are about to be written: what is held of them is dropped, and nothing of them is
 * under way when this returns. */
void readahead_forget(const struct block_dev *dev, u64 lba, u32 count);

/* Is anything under way that was requested ahead? For anybody. */
bool readahead_under_way(void);

#endif
