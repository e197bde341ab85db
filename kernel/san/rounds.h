/* Several ways to one disk, and whose turn it is: the rounds, whatever a way is for the protocol.
 * Ways are numbers in the order in which they are known. They are tried in turn, but the one that
 * worked last has every second turn: not all that a target tells of can be reached. A round is over
 * when all have failed, and the next begins after a pause. */
#ifndef LUNBOOT_ROUNDS_H
#define LUNBOOT_ROUNDS_H

#include "base/types.h"

/* Begin anew, with so many ways. */
void rounds_init(u32 ways);

/* There is one way more. */
void rounds_add(void);

/* How many there are, and whose turn it is: 0 .. rounds_ways() - 1. */
u32 rounds_ways(void);
u32 rounds_current(void);

/* The current way has failed, and it is the next one's turn: in so many milliseconds, which are
 * 0 within a round; TIMEOUT_NEVER when every way has failed, and none retryably: so that it may do
 * better next time. */
u32 rounds_failed(bool retryable);

/* How often a way has failed since the machine was started. */
u32 rounds_failures(void);

/* It has led to the disk. */
void rounds_ready(void);

/* And that has lasted: should it fail, a new round begins. */
void rounds_settled(void);

#endif
