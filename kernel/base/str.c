/* Strings, numbers and addresses as text. */
#include "base/str.h"

#include "base/print.h"

__attribute__((noinline)) u32 min_u32(u32 a, u32 b)
{
    return a < b ? a : b;
}

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

bool parse_ip4(const char *s, size_t len, ip4 *addr)
{
    ip4 a = 0;
    for (u32 part = 0; part < 4; part++) {
        size_t digits = 0;
        while (digits < len && s[digits] != '.')
            digits++;
        u32 v;
        if ((digits > 1 && s[0] == '0') || !parse_number(s, digits, 10, 255, &v))
            return false;
        a = a << 8 | v;
        s += digits;
        len -= digits;
        if (part < 3) {
            if (!len)
                return false;
            s++;
            len--;
        }
    }
    *addr = a;
    return len == 0;
}

u64 div_u64(u64 n, u32 divisor, u32 *rest)
{
    /* Long division in base 2^32; each step fits DIV's 64/32 bits, which gcc would not believe. */
    u32 high = (u32)(n >> 32), low = (u32)n;
    u32 q_high = high / divisor;
    u32 r = high % divisor;
    u32 q_low;
    __asm__("divl %4" : "=a"(q_low), "=d"(r) : "0"(low), "1"(r), "rm"(divisor) : "cc");
    if (rest)
        *rest = r;
    return (u64)q_high << 32 | q_low;
}

char *ip4_text(char buf[IP4_TEXT], ip4 addr)
{
    format_text(buf, IP4_TEXT, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
                addr & 255);
    return buf;
}

char *mac_text(char buf[MAC_TEXT], const u8 mac[6])
{
    format_text(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
    return buf;
}
