#define _GNU_SOURCE
#include "lane.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The ring doubles when it gets full. Its pages stay in the cache as long as it is small, and none
 * costs a page fault in the middle of a burst when there are few. */
#define RING_FIRST (4ul << 20)
/* What lane_add() may put there at once, and a held frame. */
#define RING_SPARE 4

/* A held frame goes on after this time when nothing overtakes it. */
#define HELD_NS    20000000

struct record {
    uint64_t due; /* at the earliest: none overtakes those before it */
    uint32_t length;
    uint32_t length_be; /* what QEMU reads before the frame */
    uint8_t frame[];
};

static struct record *record_at(const struct lane *lane, uint64_t position)
{
    return (struct record *)(lane->ring + (position & (lane->ring_size - 1)));
}

static size_t record_size(size_t length)
{
    return (sizeof(struct record) + length + 7) & ~7ul;
}

/* Memory that is mapped twice, one behind the other. */
static uint8_t *map_ring(size_t size)
{
    int memory = memfd_create("lane", MFD_CLOEXEC);
    uint8_t *ring = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int flags = MAP_SHARED | MAP_FIXED, access = PROT_READ | PROT_WRITE;
    if (memory < 0 || ftruncate(memory, size) || ring == MAP_FAILED ||
        mmap(ring, size, access, flags, memory, 0) == MAP_FAILED ||
        mmap(ring + size, size, access, flags, memory, 0) == MAP_FAILED) {
        perror("wire: memory");
        exit(1);
    }
    close(memory);
    return ring;
}

void lane_init(struct lane *lane, enum direction direction, struct faults *faults)
{
    *lane = (struct lane){.faults = faults,
                          .direction = direction,
                          .ring = map_ring(RING_FIRST),
                          .ring_size = RING_FIRST};
}

static void grow(struct lane *lane)
{
    const struct lane old = *lane;
    lane->ring_size *= 2;
    lane->ring = map_ring(lane->ring_size);
    memcpy(record_at(lane, lane->head), record_at(&old, old.head), lane_queued(lane));
    munmap(old.ring, 2 * old.ring_size);
}

uint64_t lane_queued(const struct lane *lane)
{
    return lane->tail - lane->head;
}

uint8_t *lane_room(struct lane *lane)
{
    if (lane_queued(lane) + RING_SPARE * record_size(FRAME_MAX) > lane->ring_size)
        grow(lane);
    return record_at(lane, lane->tail)->frame;
}

/* Put a frame at the end of the queue; it may stand in the ring already. */
static void enqueue(struct lane *lane, const uint8_t *frame, size_t length, uint64_t due)
{
    struct record *record = record_at(lane, lane->tail);
    if (lane_queued(lane) + record_size(length) > lane->faults->queue) {
        lane->stats.dropped++;
        return;
    }
    record->due = due;
    record->length = length;
    record->length_be = htonl(length);
    memmove(record->frame, frame, length);
    lane->tail += record_size(length);
}

/* The held frame goes behind those that have overtaken it. */
static void release(struct lane *lane)
{
    lane->stats.reordered += lane->held.overtaken;
    enqueue(lane, lane->held.frame, lane->held.length, 0);
    lane->held.length = 0;
}

bool is_tagged(const uint8_t *frame, size_t length)
{
    return length >= ETH_HEADER + ETH_TAG && frame[12] == 0x81 && frame[13] == 0;
}

void lane_add(struct lane *lane, size_t length, uint64_t now)
{
    const struct fate fate = faults_next(lane->faults, lane->direction, length);
    const uint64_t due = now + lane->faults->delay + fate.late;
    uint8_t *frame = lane_room(lane);

    lane->stats.frames++;
    lane->stats.bytes += length;
    if (lane->faults->blackout) {
        lane->stats.blackout++;
        return;
    }
    const size_t header = ETH_HEADER + (is_tagged(frame, length) ? ETH_TAG : 0);
    if (lane->faults->mtu && length > header + lane->faults->mtu) {
        lane->stats.too_long++;
        return;
    }
    if (fate.lost) {
        lane->stats.lost++;
        return;
    }
    if (fate.corrupted) {
        lane->stats.corrupted++;
        frame[fate.bit / 8] ^= 1 << fate.bit % 8;
    }
    lane->stats.duplicated += fate.duplicated;
    int copies = 1 + fate.duplicated;
    const bool overtakes = lane->held.length;
    if (fate.overtaken && !overtakes) {
        memcpy(lane->held.frame, frame, length);
        lane->held.length = length;
        lane->held.wants = fate.overtaken;
        lane->held.overtaken = false;
        lane->held.until = due + HELD_NS;
        copies--;
    }
    while (copies--)
        enqueue(lane, frame, length, due);
    if (overtakes) {
        lane->held.overtaken = true;
        if (--lane->held.wants == 0)
            release(lane);
    }
}

/* When the frame at head has left: after its delay, when the line is free and has taken it all. */
static uint64_t leaves(const struct lane *lane)
{
    const struct record *record = record_at(lane, lane->head);
    if (lane->faults->rate == 0)
        return record->due;
    uint64_t start = lane->line_free > record->due ? lane->line_free : record->due;
    return start + record->length * 1000000000ull / lane->faults->rate;
}

/* The frame at head has gone. */
static void pop(struct lane *lane)
{
    lane->line_free = leaves(lane);
    lane->head += record_size(record_at(lane, lane->head)->length);
    lane->taken = 0;
    if (lane->head == lane->tail)
        lane->head = lane->tail = 0; /* the same memory again is still in the cache */
}

int lane_due(struct lane *lane, uint64_t now, struct iovec *frames, int max)
{
    const struct faults *f = lane->faults;
    if (lane->held.length && lane->held.until <= now)
        release(lane);
    /* What is under way is lost, too, but the rest of a frame whose beginning QEMU has read. */
    while (f->blackout && !lane->taken && lane->head < lane->tail && leaves(lane) <= now) {
        lane->stats.blackout++;
        pop(lane);
    }
    if (lane->head == lane->tail || leaves(lane) > now)
        return 0;
    if (f->blackout || f->rate)
        max = 1;
    int count = 0;
    for (uint64_t at = lane->head; count < max && at < lane->tail;) {
        struct record *record = record_at(lane, at);
        if (record->due > now)
            break;
        frames[count].iov_base = &record->length_be;
        frames[count++].iov_len = sizeof(record->length_be) + record->length;
        at += record_size(record->length);
    }
    frames[0].iov_base = (uint8_t *)frames[0].iov_base + lane->taken;
    frames[0].iov_len -= lane->taken;
    return count;
}

void lane_taken(struct lane *lane, size_t bytes)
{
    for (lane->taken += bytes; lane->head < lane->tail;) {
        const size_t whole = sizeof(uint32_t) + record_at(lane, lane->head)->length;
        if (lane->taken < whole)
            break;
        const size_t rest = lane->taken - whole;
        lane->stats.passed++;
        pop(lane);
        lane->taken = rest;
    }
}

void lane_refused(struct lane *lane)
{
    lane->stats.dropped++;
    pop(lane);
}

uint64_t lane_next(const struct lane *lane)
{
    uint64_t next = lane->held.length ? lane->held.until : NEVER;
    if (lane->head < lane->tail && leaves(lane) < next)
        next = leaves(lane);
    return next;
}
