#define _GNU_SOURCE
#include "lane.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* QUEUE_MAX, and room for a frame that is not counted yet. */
#define RING_SIZE (2ul * QUEUE_MAX)

/* A held frame goes on after this time when nothing overtakes it. */
#define HELD_NS   20000000

struct record {
    uint64_t due;
    uint32_t length;
    uint32_t wire_length; /* the same, big-endian: what QEMU reads before the frame */
    uint8_t frame[];
};

static struct record *record_at(const struct lane *lane, uint64_t position)
{
    return (struct record *)(lane->ring + position % RING_SIZE);
}

static size_t record_size(size_t length)
{
    return (sizeof(struct record) + length + 7) & ~7ul;
}

void lane_init(struct lane *lane, enum direction direction, struct faults *faults)
{
    int memory = memfd_create("lane", MFD_CLOEXEC);
    uint8_t *ring = mmap(NULL, 2 * RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int flags = MAP_SHARED | MAP_FIXED, access = PROT_READ | PROT_WRITE;
    if (memory < 0 || ftruncate(memory, RING_SIZE) || ring == MAP_FAILED ||
        mmap(ring, RING_SIZE, access, flags, memory, 0) == MAP_FAILED ||
        mmap(ring + RING_SIZE, RING_SIZE, access, flags, memory, 0) == MAP_FAILED) {
        perror("wire: memory");
        exit(1);
    }
    close(memory);
    *lane = (struct lane){.faults = faults, .direction = direction, .ring = ring};
}

uint64_t lane_queued(const struct lane *lane)
{
    return lane->tail - lane->head;
}

uint8_t *lane_room(struct lane *lane)
{
    return record_at(lane, lane->tail)->frame;
}

/* Put a frame at the end of the queue; it may stand there already. */
static void enqueue(struct lane *lane, const uint8_t *frame, size_t length, uint64_t due)
{
    struct record *record = record_at(lane, lane->tail);
    if (lane_queued(lane) + record_size(length) > lane->faults->queue) {
        lane->stats.dropped++;
        return;
    }
    if (due < lane->last_due)
        due = lane->last_due; /* the order stays when a delay is shorter than the one before */
    lane->last_due = due;
    record->due = due;
    record->length = length;
    record->wire_length = htonl(length);
    memmove(record->frame, frame, length);
    lane->tail += record_size(length);
}

/* Put the held frame behind those that have overtaken it. */
static void release(struct lane *lane)
{
    enqueue(lane, lane->held, lane->held_length, lane->last_due);
    lane->held_length = 0;
}

/* When a frame that is put on the line now will arrive. */
static uint64_t arrival(struct lane *lane, size_t length, uint64_t now)
{
    const struct faults *f = lane->faults;
    if (f->rate) {
        if (lane->line_free < now)
            lane->line_free = now;
        lane->line_free += length * 1e9 / f->rate;
        now = lane->line_free;
    }
    return now + f->delay;
}

void lane_add(struct lane *lane, size_t length, uint64_t now)
{
    uint8_t *frame = lane_room(lane);
    struct fate fate = faults_next(lane->faults, lane->direction, length);

    lane->stats.frames++;
    lane->stats.bytes += length;
    if (lane->faults->blackout) {
        lane->stats.blackout++;
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
    uint64_t due = arrival(lane, length, now) + fate.late;
    if (fate.duplicated) {
        lane->stats.duplicated++;
        enqueue(lane, frame, length, due);
        if (frame != lane_room(lane))
            memcpy(lane_room(lane), frame, length);
    }
    if (fate.overtaken && !lane->held_length) {
        lane->held_length = length;
        lane->overtaken = fate.overtaken;
        lane->held_until = due + HELD_NS;
        memcpy(lane->held, lane_room(lane), length);
        return;
    }
    enqueue(lane, lane_room(lane), length, due);
    if (lane->held_length && --lane->overtaken == 0) {
        lane->stats.reordered++;
        release(lane);
    }
}

/* The frame at head has gone. */
static void pop(struct lane *lane)
{
    lane->head += record_size(record_at(lane, lane->head)->length);
    lane->written = 0;
    if (lane->head == lane->tail)
        lane->head = lane->tail = 0; /* the same memory again stays in the cache */
}

int lane_due(struct lane *lane, uint64_t now, struct iovec *frames, int max)
{
    if (lane->held_length && lane->held_until <= now)
        release(lane);
    int count = 0;
    uint64_t at = lane->head;
    while (count < max && at < lane->tail) {
        struct record *record = record_at(lane, at);
        if (record->due > now)
            break;
        /* In a blackout what is under way is lost, too, but for a frame that has half arrived. */
        if (lane->faults->blackout && !lane->written) {
            lane->stats.blackout++;
            pop(lane);
            at = lane->head;
            continue;
        }
        frames[count].iov_base = &record->wire_length;
        frames[count++].iov_len = sizeof(record->wire_length) + record->length;
        at += record_size(record->length);
        if (lane->faults->blackout)
            break;
    }
    if (count) {
        frames[0].iov_base = (uint8_t *)frames[0].iov_base + lane->written;
        frames[0].iov_len -= lane->written;
    }
    return count;
}

void lane_taken(struct lane *lane, size_t bytes)
{
    lane->written += bytes;
    while (lane->head < lane->tail) {
        size_t whole = sizeof(uint32_t) + record_at(lane, lane->head)->length;
        if (lane->written < whole)
            break;
        bytes = lane->written - whole;
        lane->stats.passed++;
        pop(lane);
        lane->written = bytes;
    }
}

void lane_refused(struct lane *lane)
{
    lane->stats.dropped++;
    pop(lane);
}

uint64_t lane_next(const struct lane *lane)
{
    uint64_t next = lane->held_length ? lane->held_until : NEVER;
    if (lane->head < lane->tail && record_at(lane, lane->head)->due < next)
        next = record_at(lane, lane->head)->due;
    return next;
}
