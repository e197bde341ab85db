/* The pauses between tries: longer and longer, and of a length that nobody foresees, so that many
 * machines that were switched on together do not stay together, and a server that comes up is not
 * kept down by those who wait for it. */
#ifndef LUNBOOT_PAUSE_H
#define LUNBOOT_PAUSE_H

#include "base/types.h"

#define PAUSE_FIRST 250  /* ms, on average; each is twice the last */
#define PAUSE_MOST  8000 /* on average; half of it is the shortest that it comes to */

/* The next one, in ms. *average is that of the latest, 0 at the beginning. */
u32 pause_next(u32 *average);

#endif
