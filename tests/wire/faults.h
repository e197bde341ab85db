/* What the wire does to frames: the settings, and the fate of each frame under them.
 *
 * Each of the wire's two directions has settings of its own. What happens to a frame depends
 * on the seed, the direction, its number and the settings alone: not on time, nor on the other
 * direction; and whether it meets one fault not on the other faults. */
#ifndef WIRE_FAULTS_H
#define WIRE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum direction {
    TO_PC,   /* from the TAP device to QEMU */
    FROM_PC, /* from QEMU to the TAP device */
    DIRECTIONS,
};

#define QUEUE_MAX     (32u << 20)
#define QUEUE_DEFAULT (16u << 20)

/* Of one direction. Times are in ns, shares are of all frames and from 0 to 1. */
struct faults {
    uint64_t delay;    /* of each frame */
    uint64_t jitter;   /* up to so much on top; the order stays */
    double loss;       /* this share is lost */
    double duplicate;  /* comes twice, one right behind the other */
    double reorder;    /* is overtaken by one to three others */
    double corrupt;    /* has one bit flipped, anywhere in the frame */
    uint64_t rate;     /* bytes a second that leave, behind the delay; 0: no limit */
    uint64_t queue;    /* bytes that may be under way, with 16 for each frame; no room: dropped */
    uint64_t mtu;      /* longer IP packets are lost, and nobody is told; 0: none is */
    uint64_t blackout; /* 1: what comes is lost, and what would leave */
    uint64_t seed;
    uint64_t next; /* the number of the next frame */
};

struct fate {
    bool lost, duplicated, corrupted;
    unsigned overtaken; /* by so many of the frames that follow; 0: stays in order */
    unsigned bit;       /* that is flipped when corrupted */
    uint64_t late;      /* ns, by jitter */
};

/* All faults off, in both directions. Seeds and numbers stay. */
void faults_clear(struct faults faults[DIRECTIONS]);

/* The fate of the next frame in this direction. */
struct fate faults_next(struct faults *faults, enum direction direction, size_t length);

/* Apply the words of one command, "name=value" each. Names are those of struct faults, but:
 *
 *   delay, jitter   in ms
 *   rtt             in ms: half of it is the delay of each direction; not with dir
 *   seed            any number; the next frame is number 0
 *   dir             to-pc, from-pc or both: what this command is about; without it, both
 *
 * Returns NULL, or what is wrong, in which case nothing has changed. The words are overwritten. */
const char *faults_set(struct faults faults[DIRECTIONS], char *words);

#endif
