/* What the wire does to frames: the settings, and the fate of each frame under them.
 *
 * Each of the wire's two directions has settings of its own. Whether frame n since `seed` was set
 * meets a fault depends on the seed, the direction, the fault and n alone: not on time, on the
 * other direction or on the other faults. */
#ifndef WIRE_FAULTS_H
#define WIRE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum direction {
    TO_PC,
    FROM_PC,
    DIRECTIONS,
};

#define QUEUE_MAX     (32u << 20) /* of faults.queue, bytes */
#define QUEUE_DEFAULT (16u << 20)

struct faults {
    uint64_t delay;  /* ns that every frame takes */
    uint64_t jitter; /* ns: up to so much on top; the order stays */
    double loss;     /* the share of frames, 0 to 1, that ... */
    double duplicate;
    double reorder;
    double corrupt;
    uint64_t rate;  /* bytes a second, 0: no limit */
    uint64_t queue; /* bytes that may be under way; frames that find no room are dropped */
    uint64_t blackout;
    uint64_t seed;
    uint64_t next; /* n of the next frame */
};

struct fate {
    bool lost, duplicated, corrupted;
    unsigned overtaken; /* by so many of the frames that follow; 0: stays in order */
    unsigned bit;       /* that is flipped when corrupted */
    uint64_t late;      /* ns, by jitter */
};

/* All faults off, in both directions. Seeds and n stay. */
void faults_clear(struct faults faults[DIRECTIONS]);

/* The fate of the next frame in this direction. */
struct fate faults_next(struct faults *faults, enum direction direction, size_t length);

/* Apply the words of one command, "name=value" each:
 *
 *   delay jitter         ms, each way in `dir`
 *   rtt                  ms: half of it is the delay of each direction; not with dir
 *   loss duplicate reorder corrupt    the share of frames, 0 to 1
 *   rate                 bytes a second, 0: no limit
 *   queue                bytes under way at most, with 16 for each frame; to QUEUE_MAX
 *   blackout             1: nothing passes, 0: off
 *   seed                 a number; frames are counted from here on
 *   dir                  what the command is about: to-pc, from-pc, both (which it is when not
 * given)
 *
 * Returns NULL, or what is wrong, in which case nothing has changed. The words are overwritten. */
const char *faults_set(struct faults faults[DIRECTIONS], char *words);

#endif
