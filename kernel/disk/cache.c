/* The read cache: what was read ahead is taken from there. Other small reads are served from lines
 * of 4 KiB, as callers that read sector by sector would else pay a round trip for each. Larger ones
 * and writes go straight between the caller's memory and the device, in several requests at a time.
 * Lines hold only what is on the device. */
#include "disk/cache.h"

#include "base/arith.h"
#include "base/loop.h"
#include "base/str.h"
#include "disk/readahead.h"

#define LINE_SIZE 4096
#define LINES     256 /* at most */
#define IN_FLIGHT 8   /* requests */

static u8 *line_memory;
static u32 line_count;
/* Place i holds this line of a device; dev NULL: none. */
static struct {
    const struct block_dev *dev;
    u64 line;
} tags[LINES];

void cache_init(u8 *memory, u32 size)
{
    line_memory = memory;
    line_count = min_u32(size / LINE_SIZE, LINES);
    memset(tags, 0, sizeof(tags));
}

/* How many blocks of the device a line holds. */
static u32 line_blocks(const struct block_dev *dev)
{
    return LINE_SIZE / dev->block_size;
}

/* Requests that are under way. Static: a device may hold on to them until they are done. */
static struct block_req flight[IN_FLIGHT];

/* Split the range into requests of what the device takes, and keep several of them under way. */
static enum error transfer(struct block_dev *dev, enum block_op op, u64 lba, u32 count, u8 *data)
{
    enum error status = OK;
    bool used[IN_FLIGHT] = {false};
    for (;;) {
        u32 under_way = 0;
        bool progress = false;
        for (u32 i = 0; i < IN_FLIGHT; i++) {
            struct block_req *req = &flight[i];
            if (used[i] && req->done) {
                used[i] = false;
                progress = true;
                if (!status)
                    status = req->status;
            }
            if (!used[i] && count && !status) {
                u32 n = min_u32(count, dev->max_blocks);
                *req = (struct block_req){.op = op, .lba = lba, .count = n, .data = data};
                lba += n;
                count -= n;
                data += n * dev->block_size;
                used[i] = true;
                dev->ops->submit(dev, req);
                progress |= req->done;
            }
            under_way += used[i];
        }
        if (!under_way)
            return status;
        if (progress)
            continue;
        if (op == BLOCK_READ)
            readahead_request();
        loop_once(NULL);
    }
}

/* Each line has one place. The first line alone has the first one: Linux reads the first sector of
 * each disk when it has asked for the memory, and may not need the network for that any more. */
static u32 place(u64 line)
{
    u32 rest;
    if (!line || line_count == 1)
        return 0;
    div_u64(line - 1, line_count - 1, &rest);
    return rest + 1;
}

/* The line's memory, filled from the device when it is not there yet. */
static enum error get_line(struct block_dev *dev, u64 line, u32 index, u8 **data)
{
    u32 blocks = line_blocks(dev);
    *data = line_memory + index * LINE_SIZE;
    if (tags[index].dev == dev && tags[index].line == line)
        return OK;
    tags[index].dev = NULL;
    u64 lba = line * blocks;
    u64 left = dev->blocks - lba;
    enum error e = transfer(dev, BLOCK_READ, lba, left < blocks ? (u32)left : blocks, *data);
    if (!e) {
        tags[index].dev = dev;
        tags[index].line = line;
    }
    return e;
}

/* A small read, or the rest of one. */
static enum error read_lines(struct block_dev *dev, u64 lba, u32 count, u8 *data)
{
    u32 blocks = line_blocks(dev);
    while (count) {
        u32 skip;
        u64 line = div_u64(lba, blocks, &skip);
        u32 n = min_u32(count, blocks - skip);
        u8 *cached;
        /* A line that can't be read may have a bad block that nobody asks for. */
        if (get_line(dev, line, place(line), &cached))
            return transfer(dev, BLOCK_READ, lba, count, data);
        memcpy(data, cached + skip * dev->block_size, n * dev->block_size);
        lba += n;
        count -= n;
        data += n * dev->block_size;
    }
    return OK;
}

enum error cache_read(struct block_dev *dev, u64 lba, u32 count, u8 *data)
{
    if (!in_range(lba, count, dev->blocks))
        return ERR_OUT_OF_RANGE;
    readahead_note(dev, lba, count);
    enum error e = OK;
    while (count && !e) {
        u32 n = count;
        e = readahead_take(dev, lba, &n, data);
        if (!n && !e) {
            n = readahead_gap(dev, lba, count);
            e = line_count && n < line_blocks(dev) ? read_lines(dev, lba, n, data)
                                                   : transfer(dev, BLOCK_READ, lba, n, data);
        }
        lba += n;
        count -= n;
        data += n * dev->block_size;
    }
    if (!e)
        readahead_request();
    return e;
}

/* Lines that hold a block of the range are no longer valid. */
static void forget(const struct block_dev *dev, u64 lba, u32 count)
{
    u32 blocks = line_blocks(dev);
    u64 first = div_u64(lba, blocks, NULL), last = div_u64(lba + count, blocks, NULL);
    for (u32 i = 0; i < line_count; i++)
        if (tags[i].dev == dev && tags[i].line >= first && tags[i].line <= last)
            tags[i].dev = NULL;
}

enum error cache_write(struct block_dev *dev, u64 lba, u32 count, const u8 *data)
{
    if (dev->read_only)
        return ERR_LUN_PROTECTED;
    if (!in_range(lba, count, dev->blocks))
        return ERR_OUT_OF_RANGE;
    /* Before the device is asked: when it fails, nobody knows what it has written. */
    forget(dev, lba, count);
    readahead_forget(dev, lba, count);
    dev->unflushed = true;
    return transfer(dev, BLOCK_WRITE, lba, count, (u8 *)data);
}

enum error cache_flush(struct block_dev *dev)
{
    if (!dev->unflushed)
        return OK;
    enum error e = block_wait(dev, BLOCK_FLUSH, 0, 0, NULL);
    dev->unflushed = e != OK;
    return e;
}
