/* Memory and strings. memcpy, memmove, memset, memcmp and strlen have the meaning of the C standard
 * (pc/memory.c has the kernel's; host tests use the C library's). */
#ifndef LUNBOOT_STR_H
#define LUNBOOT_STR_H

#include "base/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

/* Overwrite n bytes that held a secret; the compiler may not leave it out. */
void wipe(void *p, size_t n);

bool str_equal(const char *a, const char *b);

/* Does s begin with prefix? */
bool str_starts(const char *s, const char *prefix);

/* Is it without spaces and control characters? UTF-8 passes. */
bool str_is_word(const char *s);

/* The string behind n others (0: the first) that lie one after the other. */
const char *str_nth(const char *first, u32 n);

/* Copy len bytes of src and a terminating 0 to dst, which holds `size` bytes. False, and dst is
 * empty, when they do not fit or when src holds a 0 byte. */
bool str_put(char *dst, size_t size, const char *src, size_t len);

/* Parse len characters as an unsigned number, all of them digits of the base (10 or 16).
 * False on anything else: no digits, a sign, a space, or a value above max. */
bool parse_number(const char *s, size_t len, u32 base, u32 max, u32 *value);

/* Replace in place everything that is not printable ASCII by '?'. Returns s. */
char *text_clean(char *s);

#endif
