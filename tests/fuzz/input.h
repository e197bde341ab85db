/* What the fuzzers share. Each one, fuzz_NAME.c, has a fuzz_one(), which sets everything up anew
 * and takes the input apart with the functions below. When the input is used up they give zeros, so
 * that a fuzzer needs no cases for its end; it stops once in_left() is 0. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "base/types.h"

/* Provided by the fuzzer. */
void fuzz_one(void);

/* Bytes that are left. */
u32 in_left(void);

u8 in_u8(void);
u16 in_u16(void); /* little-endian, as all of these */
u32 in_u32(void);
u32 in_below(u32 n); /* 0 .. n - 1; takes no more bytes than n needs */

/* A small number that may be negative: most are near 0. */
s32 in_offset(void);

/* Time that is to pass: mostly some ms, or up to 26 s, no more than is left, of which it is taken.
 */
u32 in_ms(u32 *left);

/* Up to `max` bytes, as many as a length in front of them says. Returns how many. */
u32 in_bytes(void *to, u32 max);

/* All that is left, at most `max` bytes. */
u32 in_rest(void *to, u32 max);

/* Does the input, the parts taken included, hold these bytes? */
bool in_contains(const void *bytes, u32 len);

/* A heap copy of exactly this length, so that ASan sees every byte that is read or written beyond
 * it; for the caller to free(). */
void *exact_copy(const void *bytes, u32 len);

/* What must hold, whatever the input is. */
#define CHECK(what) ((what) ? (void)0 : fuzz_failed(#what, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *what, const char *file, int line);

#endif
