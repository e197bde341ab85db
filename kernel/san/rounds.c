/* Whose turn it is. */
#include "san/rounds.h"

#include "san/disks.h"
#include "san/pause.h"

#define NONE UINT32_MAX

static struct rounds {
    u32 count;
    u32 current;
    u32 last_good; /* the one that worked last, or NONE */
    u32 other;     /* the latest of the others */
    u32 untried;   /* in this round */
    bool hope;     /* one that has failed in it may do better next time */
    bool seeking;  /* a better way than the last good one */
    u32 tried;     /* a bit for each that has failed or was ready in it */
    u32 lesser;    /* a bit for each that has led to the disk, but not as well as another would */
    u32 pause;     /* of san/pause.h, after the latest round; beginning anew changes nothing */
} all[SAN_DISKS], *rounds = all;
static u32 failures; /* of all ways to all disks, since the start */

void rounds_select(u32 disk)
{
    rounds = &all[disk];
}

static void begin_round(void)
{
    rounds->untried = rounds->count;
    rounds->tried = 0;
    rounds->hope = false;
}

void rounds_init(u32 ways)
{
    rounds->count = ways;
    rounds->current = rounds->other = 0;
    rounds->last_good = NONE;
    rounds->lesser = 0;
    rounds->seeking = false;
    begin_round();
}

void rounds_add(void)
{
    rounds->count++;
    rounds->untried++;
}

u32 rounds_ways(void)
{
    return rounds->count;
}

u32 rounds_current(void)
{
    return rounds->current;
}

static bool has(u32 set, u32 way)
{
    return set >> way & 1;
}

/* To the first way that is not in this set. */
static bool turn_past(u32 set)
{
    for (u32 way = 0; way < rounds->count; way++)
        if (!has(set, way)) {
            rounds->current = way;
            return true;
        }
    return false;
}

/* From the last good one to the next of the others, and from each of those back. */
static void turn(void)
{
    rounds->seeking = rounds->seeking && turn_past(rounds->tried);
    if (rounds->seeking)
        return;
    if (rounds->last_good != NONE && rounds->current != rounds->last_good) {
        rounds->current = rounds->last_good;
        return;
    }
    if (has(rounds->lesser, rounds->current) && turn_past(rounds->lesser | rounds->tried))
        return;
    if (rounds->count > 1)
        do
            rounds->other = rounds->other + 1 < rounds->count ? rounds->other + 1 : 0;
        while (rounds->other == rounds->last_good);
    rounds->current = rounds->other;
}

u32 rounds_failed(bool retryable)
{
    failures++;
    rounds->hope |= retryable;
    rounds->tried |= 1u << rounds->current;
    if (rounds->current != rounds->last_good || rounds->untried == rounds->count)
        rounds->untried--;
    turn();
    if (rounds->untried)
        return 0;
    if (!rounds->hope)
        return TIMEOUT_NEVER;
    begin_round();
    return pause_next(&rounds->pause);
}

u32 rounds_failures(void)
{
    return failures;
}

bool rounds_ready(bool best)
{
    u32 bit = 1u << rounds->current;
    rounds->last_good = rounds->current;
    rounds->tried |= bit;
    rounds->lesser = best ? rounds->lesser & ~bit : rounds->lesser | bit;
    rounds->seeking = !best && turn_past(rounds->tried);
    return !rounds->seeking;
}

bool rounds_seeking(void)
{
    return rounds->seeking;
}

void rounds_stop_seeking(void)
{
    rounds->tried = UINT32_MAX;
}

void rounds_settled(void)
{
    rounds->pause = 0;
    begin_round();
}

void rounds_again(void)
{
    if (has(rounds->lesser, rounds->current))
        turn_past(rounds->lesser);
}
