/* Random numbers that nobody on the network can guess: a pool that samples are stirred into. The
 * platform brings them.
 *
 * What has gone out over the wire (a DHCP xid, a port, a challenge) tells nothing of what comes
 * next: a number is 32 bits of an MD5 digest of the pool, the other 96 of which become the pool. */
#ifndef LUNBOOT_RANDOM_H
#define LUNBOOT_RANDOM_H

#include "base/types.h"

/* Stir in something that is at least in part unforeseen: a time stamp, say. Cheap. Nothing that is
 * in the pool gets lost. */
void random_add(u32 sample);

/* The next number, once the platform's entropy of the moment has been stirred in. */
u32 random_u32(void);

#endif
