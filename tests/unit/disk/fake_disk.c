/* The disk in memory. */
#include "disk/fake_disk.h"

#include "disk/cache.h"
#include "test.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct fake_disk fake;

void fake_do(struct block_req *req)
{
    enum error status = fake.fail;
    u32 count = req->count;
    u64 lba = req->lba - fake.first;
    size_t at = (size_t)lba * fake.dev.block_size;
    if (req->op == BLOCK_FLUSH) {
        fake.flushes++;
        count = 0;
    } else if (lba >= fake.blocks || count > fake.blocks - lba || !count ||
               count > fake.dev.max_blocks) {
        status = ERR_OUT_OF_RANGE;
    } else if (!status && fake.bad_lba >= req->lba && fake.bad_lba < req->lba + count) {
        status = ERR_MEDIUM;
        count = (u32)(fake.bad_lba - req->lba);
    }
    if (!status || status == ERR_MEDIUM) {
        if (req->op == BLOCK_READ)
            memcpy(req->data, fake.bytes + at, (size_t)count * fake.dev.block_size);
        else if (req->op == BLOCK_WRITE)
            memcpy(fake.bytes + at, req->data, (size_t)count * fake.dev.block_size);
        fake.blocks_moved += count;
    }
    req->status = status;
    req->done = true;
}

static void fake_submit(struct block_dev *dev, struct block_req *req)
{
    assert(dev->ops == fake.dev.ops); /* copies are other disks with the same bytes */
    fake.requests++;
    fake.writes += req->op == BLOCK_WRITE;
    fake.cut += ((u32)req->lba + req->count - dev->aligned) % dev->physical != 0;
    assert(!req->done);
    assert(!((req->lba | req->count) & (fake.dev.grain - 1)));
    for (u32 i = 0; i < fake.queued; i++) {
        const struct block_req *other = fake.queue[i];
        assert(other != req);
        assert((other->op == BLOCK_READ && req->op == BLOCK_READ) ||
               other->lba + other->count <= req->lba || req->lba + req->count <= other->lba);
    }
    if (!fake.later) {
        fake_do(req);
        return;
    }
    assert(fake.queued < FAKE_QUEUE);
    fake.queue[fake.queued++] = req;
    if (fake.queued > fake.most_queued)
        fake.most_queued = fake.queued;
}

void fake_complete_one(u32 ms)
{
    (void)ms;
    assert(fake.queued); /* or the caller waits for ever */
    fake_do(fake.queue[--fake.queued]);
}

static void fake_redirect(struct block_dev *dev, struct block_req *req, u8 *data)
{
    (void)dev;
    assert(!req->done);
    req->data = data;
}

static void fake_abort(struct block_dev *dev)
{
    (void)dev;
    while (fake.queued) {
        struct block_req *req = fake.queue[--fake.queued];
        req->status = ERR_ABORTED;
        req->done = true;
    }
}

static const struct block_ops fake_ops = {fake_submit, fake_redirect, fake_abort};

struct block_dev *fake_disk(u64 blocks, u32 max_blocks)
{
    memset(&fake, 0, sizeof(fake));
    fake.dev = (struct block_dev){.ops = &fake_ops,
                                  .blocks = blocks,
                                  .block_size = 512,
                                  .grain = 1,
                                  .physical = 1,
                                  .max_blocks = max_blocks};
    fake.blocks = blocks;
    fake.bytes = malloc((size_t)blocks * 512);
    assert(fake.bytes);
    u32 x = 2463534242;
    for (size_t i = 0; i < (size_t)blocks * 512; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        fake.bytes[i] = (u8)x;
    }
    fake.bad_lba = UINT64_MAX;
    return &fake.dev;
}

void fake_disk_free(void)
{
    free(fake.bytes);
    fake.bytes = NULL;
}

void check_read(u64 lba, u32 count)
{
    u8 *to = malloc(count * 512); /* so that ASan sees a byte too many */
    assert_int_equal(cache_read(&fake.dev, lba, count, to), OK);
    assert_memory_equal(to, fake.bytes + (size_t)(lba - fake.first) * 512, count * 512);
    free(to);
}
