/* Waiting for a block request; counting in smaller blocks. */
#include "disk/block.h"

#include "base/loop.h"

bool block_split(struct block_dev *dev, u32 block_size)
{
    bool all = true;
    while (dev->block_size > block_size) {
        dev->block_size /= 2;
        dev->grain *= 2;
        dev->max_blocks *= 2;
        dev->physical *= 2;
        dev->aligned *= 2;
        all &= !(dev->blocks >> 63);
        dev->blocks = all ? dev->blocks * 2 : UINT64_MAX - (dev->grain - 1);
    }
    return all;
}

CALLED u64 block_grain(const struct block_dev *dev, u64 lba)
{
    return lba & ~(u64)(dev->grain - 1);
}

CALLED u64 block_next_grain(const struct block_dev *dev, u64 lba)
{
    return block_grain(dev, lba + dev->grain - 1);
}

enum error block_wait(struct block_dev *dev, enum block_op op, u64 lba, u32 count, u8 *data)
{
    struct block_req req = {.op = op, .lba = lba, .count = count, .data = data};
    dev->ops->submit(dev, &req);
    while (!req.done)
        loop_once(NULL);
    return req.status;
}
