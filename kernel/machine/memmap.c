/* The memory map. */
#include "machine/memmap.h"

#include "base/str.h"

#define PAGE    0x1000u
#define MIB     0x100000ull
#define GIB4    0x100000000ull
#define NOWHERE UINT64_MAX

static u64 end_of(u64 base, u64 length)
{
    return length > UINT64_MAX - base ? UINT64_MAX : base + length;
}

/* Is the byte at `at` usable? Up to *until, exclusive, the answer is the same. */
static bool usable_at(const struct memmap *map, u64 at, u64 *until)
{
    bool usable = false, reserved = false;
    *until = NOWHERE;
    for (u32 i = 0; i < map->count; i++) {
        const struct memmap_entry *e = &map->entry[i];
        u64 end = end_of(e->base, e->length);
        if (end <= at)
            continue;
        u64 change = e->base;
        if (e->base <= at) {
            change = end;
            if (e->type == MEMMAP_USABLE)
                usable = true;
            else
                reserved = true;
        }
        if (change < *until)
            *until = change;
    }
    return usable && !reserved;
}

/* The end of the usable memory that begins at `from`, at most `limit`; `from` when there is none.
 */
static u64 run_end(const struct memmap *map, u64 from, u64 limit)
{
    u64 until;
    while (from < limit && usable_at(map, from, &until))
        from = until;
    return from < limit ? from : limit;
}

/* The next usable memory at or after *end and below 4 GiB: *start to *end. */
static bool next_run(const struct memmap *map, u64 *start, u64 *end)
{
    u64 at = *end, until;
    while (at < GIB4 && !usable_at(map, at, &until))
        at = until;
    *start = at;
    *end = run_end(map, at, GIB4);
    return at < GIB4;
}

u32 memmap_find_top(const struct memmap *map, u32 size)
{
    u32 best = 0;
    u64 start, end = MIB;
    while (next_run(map, &start, &end)) {
        /* The last page below 4 GiB is left alone, so that base + size fits 32 bits. */
        u32 top = (u32)(end < GIB4 ? end : end - PAGE) & ~(PAGE - 1);
        if (top >= size && top - size >= start)
            best = top - size;
    }
    return best;
}

u64 memmap_usable(const struct memmap *map)
{
    u64 total = 0;
    u64 start, end = MIB;
    while (next_run(map, &start, &end))
        total += end - start;
    return total;
}

/* An entry before that one; none when there is nothing from base to end. */
static bool insert(struct memmap *map, u32 at, u64 base, u64 end, const struct memmap_entry *like)
{
    struct memmap_entry *e = &map->entry[at];
    if (base >= end)
        return false;
    memmove(e + 1, e, (map->count++ - at) * sizeof(*e));
    *e = (struct memmap_entry){base, end - base, like->type, like->attributes};
    return true;
}

bool memmap_reserve(struct memmap *map, u64 base, u64 length)
{
    static const struct memmap_entry reserved = {.type = MEMMAP_RESERVED, .attributes = 1};
    u64 end = end_of(base, length);
    u32 splits = 0;
    for (u32 i = 0; i < map->count; i++) {
        const struct memmap_entry *e = &map->entry[i];
        splits += e->type == MEMMAP_USABLE && e->base < base && end_of(e->base, e->length) > end;
    }
    if (map->count + splits + 1 > MEMMAP_ENTRIES)
        return false;

    u32 place = map->count; /* of the new entry: behind what is left below it */
    for (u32 i = map->count; i-- > 0;) {
        struct memmap_entry *e = &map->entry[i], old = *e;
        u64 old_end = end_of(old.base, old.length);
        if (old.type != MEMMAP_USABLE || old.base >= end || old_end <= base)
            continue;
        memmove(e, e + 1, (--map->count - i) * sizeof(*e));
        insert(map, i, end, old_end, &old);
        place = i + insert(map, i, old.base, base, &old);
    }
    insert(map, place, base, end, &reserved);
    return true;
}
