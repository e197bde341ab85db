/* Waiting for a block request. */
#include "disk/block.h"

#include "base/loop.h"

enum error block_wait(struct block_dev *dev, enum block_op op, u64 lba, u32 count, u8 *data)
{
    struct block_req req = {.op = op, .lba = lba, .count = count, .data = data};
    dev->ops->submit(dev, &req);
    while (!req.done)
        loop_once(NULL);
    return req.status;
}
