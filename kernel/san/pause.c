/* Longer and longer pauses. */
#include "san/pause.h"

#include "base/arith.h"
#include "base/random.h"

u32 pause_next(u32 *average)
{
    *average = *average ? min_u32(*average * 2, PAUSE_MOST) : PAUSE_FIRST;
    return *average / 2 + random_u32() % *average;
}
