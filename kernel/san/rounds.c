/* Whose turn it is. */
#include "san/rounds.h"

#include "base/arith.h"

#define NONE UINT32_MAX
#define RETRY_FIRST_MS                                                                             \
    250 /* pause after the second round, doubling; there is none after the first */
#define RETRY_LAST_MS 4000

static u32 count;
static u32 current;
static u32 last_good; /* the one that worked last, or NONE */
static u32 other;     /* the latest of the others */
static u32 untried;   /* in this round */
static bool hope;     /* one that has failed in it may do better next time */
static u32 pause;     /* after it, ms */

static void begin_round(void)
{
    untried = count;
    hope = false;
}

void rounds_init(u32 ways)
{
    count = ways;
    current = other = pause = 0;
    last_good = NONE;
    begin_round();
}

void rounds_add(void)
{
    count++;
    untried++;
}

u32 rounds_ways(void)
{
    return count;
}

u32 rounds_current(void)
{
    return current;
}

/* From the last good one to the next of the others, and from each of those back. */
static void turn(void)
{
    if (last_good != NONE && current != last_good) {
        current = last_good;
        return;
    }
    if (count > 1)
        do
            other = other + 1 < count ? other + 1 : 0;
        while (other == last_good);
    current = other;
}

u32 rounds_failed(bool retryable)
{
    u32 ms = pause;
    hope |= retryable;
    if (current != last_good || untried == count)
        untried--;
    turn();
    if (untried)
        return 0;
    if (!hope)
        return TIMEOUT_NEVER;
    pause = pause ? min_u32(pause * 2, RETRY_LAST_MS) : RETRY_FIRST_MS;
    begin_round();
    return ms;
}

void rounds_ready(void)
{
    last_good = current;
}

void rounds_settled(void)
{
    pause = RETRY_FIRST_MS;
    begin_round();
}
