/* See input.h. */
#define _GNU_SOURCE /* memmem */
#include "input.h"
#include "base/arith.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192 /* longer ones are only slower */

static const u8 *whole, *next;
static u32 whole_len, left;

/* libFuzzer's two. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    /* The stand-ins' assertions are cmocka's: here they end the program, with the input kept. */
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    if (size > INPUT_MAX)
        return -1;
    whole = next = data;
    whole_len = left = (u32)size;
    fuzz_one();
    return 0;
}

void fuzz_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

u32 in_left(void)
{
    return left;
}

u8 in_u8(void)
{
    if (!left)
        return 0;
    left--;
    return *next++;
}

u16 in_u16(void)
{
    u8 low = in_u8();
    return (u16)(low | in_u8() << 8);
}

u32 in_u32(void)
{
    u16 low = in_u16();
    return low | (u32)in_u16() << 16;
}

u32 in_below(u32 n)
{
    return (n <= 256 ? in_u8() : n <= 65536 ? in_u16() : in_u32()) % n;
}

u32 in_ms(u32 *left)
{
    u32 ms = in_u8();
    ms = min_u32(ms < 128 ? ms : (ms - 127) * 200, *left);
    *left -= ms;
    return ms;
}

s32 in_offset(void)
{
    u8 v = in_u8();
    if (v < 0xc0)
        return 0;
    if (v < 0xe0)
        return v - 0xd0;
    return v < 0xf8 ? (int16_t)in_u16() : (s32)in_u32();
}

u32 in_rest(void *to, u32 max)
{
    u32 n = min_u32(max, left);
    if (n)
        memcpy(to, next, n);
    next += n;
    left -= n;
    return n;
}

u32 in_bytes(void *to, u32 max)
{
    return in_rest(to, in_below(max + 1));
}

bool in_contains(const void *bytes, u32 len)
{
    return memmem(whole, whole_len, bytes, len);
}

void *exact_copy(const void *bytes, u32 len)
{
    u8 *copy = malloc(len);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}
