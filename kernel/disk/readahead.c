/* Read-ahead. Each reader that goes through the disk in order is a stream. How far ahead of it is
 * requested, its window, begins with little, and doubles whenever the reader had to wait, as long
 * as more under way makes more arrive: that adapts it to the distance of the target.
 *
 * What was read ahead lies in chunks, each of which is one request. No two hold the same block. One
 * that has been read to its end stays until its memory is wanted. */
#include "disk/readahead.h"

#include "base/arith.h"
#include "base/loop.h"
#include "base/str.h"

#define STREAMS      8
#define CHUNKS       64
#define CHUNK_LEAST  4096  /* bytes */
#define CHUNK_MOST   65536 /* holds the largest request of most boot loaders, 127 sectors */
#define CHUNKS_IDEAL 32    /* in smaller memory rather smaller chunks than fewer */

/* Bytes all of these: */
#define LARGE        16384 /* calls for so much get requests of their own size */
#define SKIP         8192  /* what a reader in order may leave out */
#define WINDOW_FIRST 8192  /* at least */
/* And at most so much, and half of what its reader has read: else too much is fetched in vain. */
#define WINDOW_SURE  262144
#define RUN_FACTOR   2
#define RUN_MOST     (1u << 30)
#define REFILL       131072 /* what is worth requests of its own */

/* Answers that take so much longer than they once did, ms, wait for the link, not for the distance.
 */
#define QUEUE_MS     2

struct chunk {
    struct block_dev *dev;
    struct block_req req; /* count 0: the chunk is free */
    msec asked;
    u32 stamp;  /* greater: used later */
    bool spent; /* read to its end */
};

struct stream {
    struct block_dev *dev;
    u64 next;   /* the block where its reader will go on */
    u64 ahead;  /* what comes before has been requested, or was given to the reader */
    u32 window; /* bytes; 0: not yet found to be sequential */
    u32 run;    /* bytes read in order so far, at most RUN_MOST */
    u32 count;  /* blocks of the latest call */
    u32 stamp;  /* 0: free */
};

static struct chunk chunks[CHUNKS];
static u32 chunk_count, chunk_bytes;
static struct stream streams[STREAMS];
static struct stream *current;     /* the latest reader's */
static const struct chunk *wanted; /* the one that is being read */
static u32 stamp;

void readahead_init(u8 *memory, u32 size)
{
    chunk_bytes = CHUNK_LEAST;
    while (chunk_bytes < CHUNK_MOST && chunk_bytes * 2 * CHUNKS_IDEAL <= size)
        chunk_bytes *= 2;
    chunk_count = min_u32(size / chunk_bytes, CHUNKS);
    memset(chunks, 0, sizeof(chunks));
    for (u32 i = 0; i < chunk_count; i++)
        chunks[i].req.data = memory + i * chunk_bytes;
    memset(streams, 0, sizeof(streams));
    current = NULL;
}

static u32 chunk_blocks(const struct block_dev *dev)
{
    return min_u32(chunk_bytes / dev->block_size, dev->max_blocks);
}

void readahead_note(struct block_dev *dev, u64 lba, u32 count)
{
    struct stream *found = NULL, *old = streams;
    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        /* It may have skipped something; but who jumps about is not to look like a reader in order.
         */
        if (s->stamp && s->dev == dev &&
            lba - s->next <= min_u32(SKIP / dev->block_size, (u32)(s->ahead - s->next)))
            found = s;
        /* One that has shown to be sequential stays longer. */
        if (!s->window == !old->window ? s->stamp < old->stamp : !s->window)
            old = s;
    }
    if (!found) {
        found = old;
        *found = (struct stream){.dev = dev, .next = lba, .ahead = block_next_grain(dev, lba)};
    } else if (!found->window) {
        found->window = max_u32(2 * count * dev->block_size, WINDOW_FIRST);
    }
    found->run =
        min_u32(found->run + ((u32)(lba - found->next) + count) * dev->block_size, RUN_MOST);
    found->next = lba + count;
    found->count = count;
    if (found->ahead < found->next)
        found->ahead = block_next_grain(dev, found->next);
    found->stamp = ++stamp;
    current = found;
}

/* The chunk that holds this block, or will. */
static struct chunk *find_chunk(const struct block_dev *dev, u64 lba)
{
    for (struct chunk *c = chunks; c < chunks + chunk_count; c++)
        if (lba - c->req.lba < c->req.count && c->dev == dev)
            return c;
    return NULL;
}

u32 readahead_gap(const struct block_dev *dev, u64 lba, u32 count)
{
    for (struct chunk *c = chunks; c < chunks + chunk_count; c++)
        if (c->req.count && c->dev == dev && c->req.lba - lba < count)
            count = (u32)(c->req.lba - lba);
    return count;
}

/* A chunk to be filled anew: a free one, else one that has been read, else the oldest. NULL: all
 * are under way. */
static struct chunk *free_chunk(void)
{
    struct chunk *best = NULL;
    for (struct chunk *c = chunks; c < chunks + chunk_count; c++) {
        if (!c->req.count)
            return c;
        if (c->req.done && c != wanted &&
            (!best || (c->spent == best->spent ? c->stamp < best->stamp : c->spent)))
            best = c;
    }
    return best;
}

static bool is_large(const struct stream *s)
{
    return s->count * s->dev->block_size >= LARGE;
}

/* Do its calls begin and end with grains? */
static bool is_whole(const struct stream *s)
{
    return !((s->count | (u32)s->next) & (s->dev->grain - 1));
}

/* How much of the `left` blocks of a window to request in one piece. A large call gets pieces that
 * no other call has a part in, so that their data can go straight to the caller; others end where
 * blocks of the medium do. */
static u32 piece(const struct stream *s, u32 left)
{
    u32 most = chunk_blocks(s->dev);
    if (is_large(s) && is_whole(s))
        return min_u32(s->count - (u32)(s->ahead - s->next) % s->count, most);
    return block_whole(s->dev, s->ahead, min_u32(left, most));
}

/* Does its reader still want what c holds? */
static bool is_awaited(const struct stream *s, const struct chunk *c)
{
    return c->req.count && c->dev == s->dev &&
           c->req.lba + c->req.count - 1 - s->next < s->ahead - s->next;
}

void readahead_request(void)
{
    struct stream *s = current;
    if (!chunk_count || !s || !s->window)
        return;
    struct block_dev *dev = s->dev;
    u32 left = (u32)(s->ahead - s->next) * dev->block_size;
    u32 window = s->window / dev->block_size;
    u64 end = dev->blocks;
    if (window < end - s->next)
        end = block_next_grain(dev, s->next + window);
    if (s->ahead >= end || left + min_u32(s->window / 2, REFILL) > s->window)
        return;
    end = s->ahead + block_whole(dev, s->ahead, (u32)(end - s->ahead));
    u32 before = stamp;
    while (s->ahead < end) {
        struct chunk *c = find_chunk(dev, s->ahead);
        if (c) {
            s->ahead = c->req.lba + c->req.count;
            continue;
        }
        /* Small pieces need more chunks than there are for all of a window. */
        c = free_chunk();
        if (!c || is_awaited(s, c))
            break;
        u32 n = readahead_gap(dev, s->ahead, piece(s, (u32)(end - s->ahead)));
        if (n > dev->blocks - s->ahead)
            n = (u32)(dev->blocks - s->ahead);
        c->dev = dev;
        c->req =
            (struct block_req){.op = BLOCK_READ, .lba = s->ahead, .count = n, .data = c->req.data};
        c->stamp = ++stamp;
        c->spent = false;
        s->ahead += n;
        dev->ops->submit(dev, &c->req);
    }
    loop_send();
    for (struct chunk *c = chunks; c < chunks + chunk_count; c++)
        if (c->stamp > before)
            c->asked = loop_now();
}

/* The reader of c, which is not there after all that had arrived was taken, has to wait: its window
 * is too small, unless the link is busy as it is. */
static void wait_longer(struct chunk *c)
{
    while (!c->req.done) {
        readahead_request();
        loop_once(&c->req.done);
    }
    u32 took = loop_now() - c->asked;
    u32 fastest = min_u32(c->dev->fastest - 1, took);
    c->dev->fastest = fastest + 1;
    u32 size = chunk_blocks(c->dev);
    if (is_large(current))
        size = min_u32(current->count, size);
    size *= c->dev->block_size;
    u32 most = min_u32(WINDOW_SURE + current->run / RUN_FACTOR, chunk_count * 3 / 4 * size);
    if (took <= 2 * fastest + QUEUE_MS)
        current->window = max_u32(current->window, min_u32(2 * current->window, most));
}

/* Wait for c. What follows it stays in the NIC's ring, so that it can go straight to its reader,
 * too. */
static void wait_for_chunk(struct chunk *c)
{
    loop_poll(&c->req.done);
    if (!c->req.done)
        wait_longer(c);
}

enum error readahead_take(const struct block_dev *dev, u64 lba, u32 *count, u8 *data)
{
    struct chunk *c = find_chunk(dev, lba);
    u32 most = *count;
    *count = 0;
    if (!c) {
        /* If it was requested once, that has given way to others. */
        current->ahead = block_next_grain(dev, current->next);
        return OK;
    }
    wanted = c;
    u8 *held = c->req.data;
    bool there = c->req.done, whole = !there && lba == c->req.lba && most >= c->req.count;
    if (whole)
        c->dev->ops->redirect(c->dev, &c->req, data);
    if (!there)
        wait_for_chunk(c);
    c->req.data = held;
    wanted = NULL;
    enum error e = c->req.status;
    u32 skip = (u32)(lba - c->req.lba);
    u32 n = min_u32(most, c->req.count - skip);
    if (whole || e)
        c->req.count = 0; /* nothing is held */
    if (e)
        return e == ERR_ABORTED && !there ? e : OK;
    if (!whole)
        memcpy(data, held + skip * dev->block_size, n * dev->block_size);
    c->stamp = ++stamp;
    c->spent |= skip + n == c->req.count;
    *count = n;
    return OK;
}

void readahead_forget(const struct block_dev *dev, u64 lba, u32 count)
{
    for (struct chunk *c = chunks; c < chunks + chunk_count; c++) {
        if (!c->req.count || c->dev != dev ||
            (lba - c->req.lba >= c->req.count && c->req.lba - lba >= count))
            continue;
        while (!c->req.done)
            loop_once(NULL);
        c->req.count = 0;
    }
}

bool readahead_under_way(void)
{
    for (const struct chunk *c = chunks; c < chunks + chunk_count; c++)
        if (c->req.count && !c->req.done)
            return true;
    return false;
}
