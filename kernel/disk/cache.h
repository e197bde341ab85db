/* The read cache between INT 13h and the block devices, which share it. */
#ifndef LUNBOOT_CACHE_H
#define LUNBOOT_CACHE_H

#include "base/types.h"
#include "disk/block.h"

/* Hold nothing. `memory` is lent to the cache for ever; less than 4 KiB: every read goes to its
 * device, which must have a grain of 1. */
void cache_init(u8 *memory, u32 size);

/* Read or write `count` blocks, any number that lies on the disk; waits through loop_once(). A
 * write is done when the device says so. */
enum error cache_read(struct block_dev *dev, u64 lba, u32 count, u8 *data);
enum error cache_write(struct block_dev *dev, u64 lba, u32 count, const u8 *data);

/* Everything written is on the medium. Costs nothing when nothing was written since the last time.
 */
enum error cache_flush(struct block_dev *dev);

#endif
