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

static struct block_dev *dev;
static u8 *line_memory;
static u32 line_count;
static u32 line_blocks;
/* Line i holds the disk's line tags[i] - 1, one of those that are i modulo line_count; 0: none. */
static u64 tags[LINES];
static bool unflushed; /* something was written since the last flush */

void cache_init(struct block_dev *device, u8 *memory, u32 size)
{
    dev = device;
    line_memory = memory;
    line_count = min_u32(size / LINE_SIZE, LINES);
    line_blocks = LINE_SIZE / device->block_size;
    memset(tags, 0, sizeof(tags));
    unflushed = false;
}

/* Requests that are under way. Static: a device may hold on to them until they are done. */
static struct block_req flight[IN_FLIGHT];

/* Split the range into requests of what the device takes, and keep several of them under way. */
static enum error transfer(enum block_op op, u64 lba, u32 count, u8 *data)
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

/* The line's memory, filled from the device when it is not there yet. */
static enum error get_line(u64 line, u32 index, u8 **data)
{
    *data = line_memory + index * LINE_SIZE;
    if (tags[index] == line + 1)
        return OK;
    tags[index] = 0;
    u64 lba = line * line_blocks;
    u64 left = dev->blocks - lba;
    enum error e = transfer(BLOCK_READ, lba, left < line_blocks ? (u32)left : line_blocks, *data);
    if (!e)
        tags[index] = line + 1;
    return e;
}

/* A small read, or the rest of one. */
static enum error read_lines(u64 lba, u32 count, u8 *data)
{
    while (count) {
        u32 skip, index;
        u64 line = div_u64(lba, line_blocks, &skip);
        div_u64(line, line_count, &index);
        u32 n = min_u32(count, line_blocks - skip);
        u8 *cached;
        /* A line that can't be read may have a bad block that nobody asks for. */
        if (get_line(line, index, &cached))
            return transfer(BLOCK_READ, lba, count, data);
        memcpy(data, cached + skip * dev->block_size, n * dev->block_size);
        lba += n;
        count -= n;
        data += n * dev->block_size;
    }
    return OK;
}

enum error cache_read(u64 lba, u32 count, u8 *data)
{
    if (!in_range(lba, count, dev->blocks))
        return ERR_OUT_OF_RANGE;
    readahead_note(lba, count);
    enum error e = OK;
    while (count && !e) {
        u32 n = count;
        e = readahead_take(lba, &n, data);
        if (!n && !e) {
            n = readahead_gap(lba, count);
            e = line_count && n < line_blocks ? read_lines(lba, n, data)
                                              : transfer(BLOCK_READ, lba, n, data);
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
static void forget(u64 lba, u32 count)
{
    u64 first = div_u64(lba, line_blocks, NULL), last = div_u64(lba + count, line_blocks, NULL);
    for (u32 i = 0; i < line_count; i++)
        if (tags[i] > first && tags[i] <= last + 1)
            tags[i] = 0;
}

enum error cache_write(u64 lba, u32 count, const u8 *data)
{
    if (dev->read_only)
        return ERR_LUN_PROTECTED;
    if (!in_range(lba, count, dev->blocks))
        return ERR_OUT_OF_RANGE;
    /* Before the device is asked: when it fails, nobody knows what it has written. */
    forget(lba, count);
    readahead_forget(lba, count);
    unflushed = true;
    return transfer(BLOCK_WRITE, lba, count, (u8 *)data);
}

enum error cache_flush(void)
{
    if (!unflushed)
        return OK;
    enum error e = block_wait(dev, BLOCK_FLUSH, 0, 0, NULL);
    unflushed = e != OK;
    return e;
}
