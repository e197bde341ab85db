/* Several ways to one disk, and whose turn it is: the rounds, whatever a way is for the protocol.
 * Ways are numbers in the order in which they are known. They are tried in turn, but the one that
 * worked last has every second turn: not all that a target tells of can be reached. A round is over
 * when all have failed, and the next begins after a pause. One that leads to the disk, but not as
 * well as another would, is left for the others, each of which is tried once in a round. */
#ifndef LUNBOOT_ROUNDS_H
#define LUNBOOT_ROUNDS_H

#include "base/types.h"

/* What follows is about this disk (san/disks.h). */
void rounds_select(u32 disk);

/* Begin anew, with so many ways: 32 at most. */
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

/* It has led to the disk; unless `best` another might do so better. False: that is looked for, it
 * is the turn of one that was not tried yet; the one that was good follows when they have failed.
 */
bool rounds_ready(bool best);

/* Is a better way looked for? */
bool rounds_seeking(void);

/* It has been looked for long enough: the one that was good follows when the current one fails. */
void rounds_stop_seeking(void);

/* What was ready has lasted: should it fail, a new round begins. */
void rounds_settled(void);

/* It is to be gone again; if that was not the best way, by one that may be. */
void rounds_again(void);

#endif
