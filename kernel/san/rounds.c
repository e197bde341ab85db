/* Whose turn it is. */
#include "san/rounds.h"

#include "san/pause.h"

#define NONE UINT32_MAX

static u32 count;
static u32 current;
static u32 last_good; /* the one that worked last, or NONE */
static u32 other;     /* the latest of the others */
static u32 untried;   /* in this round */
static bool hope;     /* one that has failed in it may do better next time */
static u32 pause;     /* of san/pause.h, after the latest round; beginning anew changes nothing */
static u32 failures;  /* of all ways, since the start */

static void begin_round(void)
{
    untried = count;
    hope = false;
}

void rounds_init(u32 ways)
{
    count = ways;
    current = other = 0;
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
    failures++;
    hope |= retryable;
    if (current != last_good || untried == count)
        untried--;
    turn();
    if (untried)
        return 0;
    if (!hope)
        return TIMEOUT_NEVER;
    begin_round();
    return pause_next(&pause);
}

u32 rounds_failures(void)
{
    return failures;
}

void rounds_ready(void)
{
    last_good = current;
}

void rounds_settled(void)
{
    pause = 0;
    begin_round();
}
