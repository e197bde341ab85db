/* The read cache: what was read ahead is taken from there. Other small reads are served from lines
 * of 4 KiB, as callers that read sector by sector would else pay a round trip for each. Larger ones
 * and writes go straight between the caller's memory and the device, in several requests at a time;
 * but for parts of grains, which go through a line as well: a write reads the grain, changes what
 * is to be changed of it, and writes it again. Lines hold only what is on the device. */
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
static struct line {
    const struct block_dev *dev;
    u64 number;
} lines[LINES];

void cache_init(u8 *memory, u32 size)
{
    line_memory = memory;
    line_count = min_u32(size / LINE_SIZE, LINES);
    memset(lines, 0, sizeof(lines));
}

/* How many blocks of the device a line holds. */
static u32 line_blocks(const struct block_dev *dev)
{
    return LINE_SIZE / dev->block_size;
}

/* Requests that are under way. Static: a device may hold on to them until they are done. */
static struct block_req flight[IN_FLIGHT];

/* Split the range into requests of what the device takes, where blocks of its medium end, and keep
 * several of them under way. */
static enum error transfer(struct block_dev *dev, enum block_op op, u64 lba, u32 count, u8 *data)
{
    enum error status = OK;
    bool used[IN_FLIGHT] = {false};
    for (;;) {
        const struct block_req *under_way = NULL;
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
                u32 n = count;
                if (n > dev->max_blocks)
                    n = block_whole(dev, lba, dev->max_blocks);
                *req = (struct block_req){.op = op, .lba = lba, .count = n, .data = data};
                lba += n;
                count -= n;
                data += n * dev->block_size;
                used[i] = true;
                dev->ops->submit(dev, req);
                progress |= req->done;
            }
            if (used[i])
                under_way = req;
        }
        if (!under_way)
            return status;
        if (progress)
            continue;
        if (op == BLOCK_READ)
            readahead_request();
        loop_until(&under_way->done);
    }
}

/* Each line has one place. The first line alone has the first one: Linux reads the first sector of
 * each disk when it has asked for the memory, and may not need the network for that any more. Those
 * of other disks have places behind it. */
static u32 place(const struct block_dev *dev, u64 line)
{
    u32 rest;
    if (!line || line_count == 1)
        return min_u32(dev->number, line_count - 1);
    div_u64(line - 1, line_count - 1, &rest);
    return rest + 1;
}

/* The line of a block, and where in it the block is. */
static struct line *line_of(const struct block_dev *dev, u64 lba, u64 *number, u32 *skip)
{
    *number = div_u64(lba, line_blocks(dev), skip);
    return &lines[place(dev, *number)];
}

/* Have these blocks, which are of one line, in its memory: *held is where the first is. */
static enum error hold(struct block_dev *dev, u64 lba, u32 count, u8 **held)
{
    u64 number;
    u32 skip, blocks = line_blocks(dev);
    struct line *line = line_of(dev, lba, &number, &skip);
    u8 *memory = line_memory + (u32)(line - lines) * LINE_SIZE;
    *held = memory + skip * dev->block_size;
    if (line->dev == dev && line->number == number)
        return OK;
    line->dev = NULL;
    u64 first = lba - skip, left = dev->blocks - first;
    enum error e = transfer(dev, BLOCK_READ, first, left < blocks ? (u32)left : blocks, memory);
    if (!e) {
        line->dev = dev;
        line->number = number;
    }
    if (e != ERR_MEDIUM)
        return e;
    /* It may have a bad block that nobody asks for. */
    u64 from = block_grain(dev, lba);
    return transfer(dev, BLOCK_READ, from, (u32)(block_next_grain(dev, lba + count) - from),
                    *held - (u32)(lba - from) * dev->block_size);
}

static enum error read_held(struct block_dev *dev, u64 lba, u32 count, u8 *data)
{
    u8 *held;
    enum error e = hold(dev, lba, count, &held);
    if (!e)
        memcpy(data, held, count * dev->block_size);
    return e;
}

/* How many of the blocks a single line has. */
static u32 in_line(const struct block_dev *dev, u64 lba, u32 count)
{
    u32 blocks = line_blocks(dev); /* a power of two, as the size of a block */
    return min_u32(count, blocks - ((u32)lba & (blocks - 1)));
}

/* How many of the blocks, the first ones, are whole grains. */
static u32 whole_grains(const struct block_dev *dev, u64 lba, u32 count)
{
    return lba & (dev->grain - 1) ? 0 : count & ~(dev->grain - 1);
}

/* Read some of the blocks, the first ones, of which *count gets how many. */
static enum error read_some(struct block_dev *dev, u64 lba, u32 *count, u8 *data)
{
    u32 whole = whole_grains(dev, lba, *count);
    if (whole && (!line_count || *count >= line_blocks(dev))) {
        *count = whole;
        return transfer(dev, BLOCK_READ, lba, whole, data);
    }
    *count = in_line(dev, lba, *count);
    return read_held(dev, lba, *count, data);
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
            e = read_some(dev, lba, &n, data);
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
        if (lines[i].dev == dev && lines[i].number >= first && lines[i].number <= last)
            lines[i].dev = NULL;
}

/* Whole grains, of which nothing is held from now on: when the device fails, nobody knows what it
 * has written. What was read ahead of them goes only now, as more may have been while the write was
 * waiting for a line. */
static enum error write_grains(struct block_dev *dev, u64 lba, u32 count, const u8 *data)
{
    forget(dev, lba, count);
    readahead_forget(dev, lba, count);
    return transfer(dev, BLOCK_WRITE, lba, count, (u8 *)data);
}

/* A part of one grain. */
static enum error write_part(struct block_dev *dev, u64 lba, u32 count, const u8 *data)
{
    u8 *held;
    enum error e = hold(dev, lba, count, &held);
    if (e)
        return e;
    u64 number, from = block_grain(dev, lba);
    u32 skip;
    struct line *line = line_of(dev, lba, &number, &skip), was = *line;
    memcpy(held, data, count * dev->block_size);
    e = write_grains(dev, from, dev->grain, held - (u32)(lba - from) * dev->block_size);
    if (!e)
        *line = was;
    return e;
}

enum error cache_write(struct block_dev *dev, u64 lba, u32 count, const u8 *data)
{
    if (dev->read_only)
        return ERR_LUN_PROTECTED;
    if (!in_range(lba, count, dev->blocks))
        return ERR_OUT_OF_RANGE;
    dev->unflushed = true;
    enum error e = OK;
    while (count && !e) {
        u32 n = whole_grains(dev, lba, count);
        if (n) {
            e = write_grains(dev, lba, n, data);
        } else {
            n = min_u32(count, (u32)(block_next_grain(dev, lba + 1) - lba));
            e = write_part(dev, lba, n, data);
        }
        lba += n;
        count -= n;
        data += n * dev->block_size;
    }
    return e;
}

enum error cache_flush(struct block_dev *dev)
{
    if (!dev->unflushed)
        return OK;
    enum error e = block_wait(dev, BLOCK_FLUSH, 0, 0, NULL);
    dev->unflushed = e != OK;
    return e;
}
