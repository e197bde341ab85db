/* Strings. */
#include "base/str.h"

void wipe(void *p, size_t n)
{
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory");
}

bool str_equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

bool str_starts(const char *s, const char *prefix)
{
    while (*prefix && *s == *prefix) {
        s++;
        prefix++;
    }
    return *prefix == 0;
}

bool str_is_word(const char *s)
{
    while ((u8)*s > ' ' && *s != 0x7f)
        s++;
    return !*s;
}

const char *str_nth(const char *first, u32 n)
{
    while (n--)
        first += strlen(first) + 1;
    return first;
}

bool str_put(char *dst, size_t size, const char *src, size_t len)
{
    dst[0] = 0;
    if (len >= size)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!src[i])
            return false;
    memcpy(dst, src, len);
    dst[len] = 0;
    return true;
}

static u32 digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (u32)(c - '0');
    c |= 0x20;
    if (c >= 'a' && c <= 'f')
        return (u32)(c - 'a') + 10;
    return 16;
}

bool parse_number(const char *s, size_t len, u32 base, u32 max, u32 *value)
{
    u32 v = 0;
    for (size_t i = 0; i < len; i++) {
        u32 d = digit_value(s[i]);
        if (d >= base || d > max || v > (max - d) / base)
            return false;
        v = v * base + d;
    }
    *value = v;
    return len > 0;
}

char *text_clean(char *s)
{
    for (char *p = s; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return s;
}
