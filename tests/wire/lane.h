/* One direction of the wire: the frames under way, in the order in which they will arrive. */
#ifndef WIRE_LANE_H
#define WIRE_LANE_H

#include <sys/uio.h>

#include "faults.h"

#define FRAME_MAX 69632 /* QEMU's NET_BUFSIZE */
#define NEVER     UINT64_MAX

/* Times are ns of CLOCK_MONOTONIC. */
struct lane {
    struct faults *faults;
    enum direction direction;
    uint8_t *ring;       /* mapped twice, one behind the other: a frame never wraps */
    size_t ring_size;    /* a power of 2 */
    uint64_t head, tail; /* bytes that have left the ring and that have come */
    size_t taken;        /* of the frame at head: so much of it has gone already */
    uint64_t line_free;  /* when the frame before head had left, at faults->rate */

    /* The frame that waits until others have overtaken it. */
    struct {
        uint8_t frame[FRAME_MAX];
        size_t length;  /* 0: none waits */
        unsigned wants; /* to be overtaken by so many more */
        bool overtaken; /* by one at least */
        uint64_t until; /* it goes on then in any case */
    } held;

    struct {
        uint64_t frames, bytes; /* that came in */
        uint64_t passed;        /* that went out */
        uint64_t lost, too_long, blackout, duplicated, reordered, corrupted;
        uint64_t dropped; /* the queue was full, or the far end refused it */
    } stats;
};

#define ETH_HEADER 14
#define ETH_TAG    4 /* of IEEE 802.1Q, behind the two addresses */

/* Does this Ethernet frame have a tag? */
bool is_tagged(const uint8_t *frame, size_t length);

/* Exits when there is no memory. */
void lane_init(struct lane *lane, enum direction direction, struct faults *faults);

/* Where the next frame goes: FRAME_MAX bytes, good until lane_add(). */
uint8_t *lane_room(struct lane *lane);

/* A frame has come in, and stands at lane_room(). */
void lane_add(struct lane *lane, size_t length, uint64_t now);

/* The frames that are due, up to max: each in one iovec, its length (32 bits, big-endian) before
 * it, the first without what was taken already. Returns how many. */
int lane_due(struct lane *lane, uint64_t now, struct iovec *frames, int max);

/* So many bytes of what lane_due() gave have gone. */
void lane_taken(struct lane *lane, size_t bytes);

/* The far end does not want the first of them. */
void lane_refused(struct lane *lane);

/* When lane_due() will have something: perhaps in the past, perhaps NEVER. */
uint64_t lane_next(const struct lane *lane);

/* Bytes in the queue, and 16 for each frame. */
uint64_t lane_queued(const struct lane *lane);

#endif
