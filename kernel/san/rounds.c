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
static u32 tried;     /* a bit for each that has failed or was ready in it */
static u32 lesser;   /* a bit for each that has led to the disk, but not as well as another would */
static bool seeking; /* a better way than the last good one */
static u32 pause;    /* of san/pause.h, after the latest round; beginning anew changes nothing */
static u32 failures; /* of all ways, since the start */

static void begin_round(void)
{
    untried = count;
    tried = 0;
    hope = false;
}

void rounds_init(u32 ways)
{
    count = ways;
    current = other = 0;
    last_good = NONE;
    lesser = 0;
    seeking = false;
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

static bool has(u32 set, u32 way)
{
    return set >> way & 1;
}

/* To the first way that is not in this set. */
static bool turn_past(u32 set)
{
    for (u32 way = 0; way < count; way++)
        if (!has(set, way)) {
            current = way;
            return true;
        }
    return false;
}

/* From the last good one to the next of the others, and from each of those back. */
static void turn(void)
{
    seeking = seeking && turn_past(tried);
    if (seeking)
        return;
    if (last_good != NONE && current != last_good) {
        current = last_good;
        return;
    }
    if (has(lesser, current) && turn_past(lesser | tried))
        return;
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
    tried |= 1u << current;
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

bool rounds_ready(bool best)
{
    u32 bit = 1u << current;
    last_good = current;
    tried |= bit;
    lesser = best ? lesser & ~bit : lesser | bit;
    seeking = !best && turn_past(tried);
    return !seeking;
}

bool rounds_seeking(void)
{
    return seeking;
}

void rounds_stop_seeking(void)
{
    tried = UINT32_MAX;
}

void rounds_settled(void)
{
    pause = 0;
    begin_round();
}

void rounds_again(void)
{
    if (has(lesser, current))
        turn_past(lesser);
}
