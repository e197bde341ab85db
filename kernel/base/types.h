/* The basic types, and nothing else: every file may include this one. */
#ifndef LUNBOOT_TYPES_H
#define LUNBOOT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* An IPv4 address in host byte order. 0 means "none". */
typedef u32 ip4;

/* A point on the millisecond clock of platform.h. It wraps after 49 days, so two of them are only
 * compared through time_after(). */
typedef u32 msec;

static inline bool time_after(msec a, msec b)
{
    return (s32)(a - b) > 0;
}

static inline bool time_reached(msec now, msec when)
{
    return (s32)(now - when) >= 0;
}

/* What a module's timeout function returns when it waits for nothing but input. */
#define TIMEOUT_NEVER UINT32_MAX

/* A small function that gcc, which counts bytes before they are packed, would copy into each of its
 * many callers. */
#define CALLED        __attribute__((noinline))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
