/* Formatted text. */
#include "base/print.h"

#include "base/platform.h"
#include "base/str.h"
#include <stdarg.h>

/* Where the characters go: to the screen when buf is NULL. */
struct sink {
    char *buf;
    size_t size, len;
};

static void put(struct sink *s, char c)
{
    if (!s->buf)
        platform_putc(c);
    else if (s->len + 1 < s->size)
        s->buf[s->len++] = c;
}

struct spec {
    bool left, zero;
    u32 width;
};

static void put_padded(struct sink *s, const struct spec *spec, const char *text, size_t len)
{
    size_t pad = spec->width > len ? spec->width - len : 0;
    if (!spec->left)
        for (; pad; pad--)
            put(s, spec->zero ? '0' : ' ');
    for (size_t i = 0; i < len; i++)
        put(s, text[i]);
    for (; pad; pad--)
        put(s, ' ');
}

static void put_number(struct sink *s, const struct spec *spec, u64 value, u32 base, bool negative)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        u32 digit;
        value = div_u64(value, base, &digit);
        digits[--at] = "0123456789abcdef"[digit];
    } while (value);
    if (negative)
        digits[--at] = '-';
    put_padded(s, spec, digits + at, sizeof(digits) - at);
}

static void format_list(struct sink *s, const char *f, va_list args)
{
    for (; *f; f++) {
        if (*f != '%') {
            put(s, *f);
            continue;
        }
        struct spec spec = {0};
        for (f++; *f == '-' || *f == '0'; f++) {
            spec.left |= *f == '-';
            spec.zero |= *f == '0';
        }
        for (; *f >= '0' && *f <= '9'; f++)
            spec.width = spec.width * 10 + (u32)(*f - '0');
        u32 longs = 0;
        for (; *f == 'l'; f++)
            longs++;
        u64 value;
        switch (*f) {
        case 's': {
            const char *text = va_arg(args, const char *);
            put_padded(s, &spec, text, strlen(text));
            break;
        }
        case 'c':
            put(s, (char)va_arg(args, int));
            break;
        case 'd': {
            s32 v = va_arg(args, int);
            put_number(s, &spec, v < 0 ? 0 - (u32)v : (u32)v, 10, v < 0);
            break;
        }
        case 'u':
        case 'x':
            if (longs == 2)
                value = va_arg(args, unsigned long long);
            else if (longs == 1)
                value = va_arg(args, unsigned long);
            else
                value = va_arg(args, unsigned int);
            put_number(s, &spec, value, *f == 'u' ? 10 : 16, false);
            break;
        case 0:
            return;
        default:
            put(s, *f);
        }
    }
}

void print(const char *format, ...)
{
    struct sink s = {0};
    va_list args;
    va_start(args, format);
    format_list(&s, format, args);
    va_end(args);
}

size_t format_text(char *buf, size_t size, const char *format, ...)
{
    if (!size)
        return 0;
    struct sink s = {buf, size, 0};
    va_list args;
    va_start(args, format);
    format_list(&s, format, args);
    va_end(args);
    buf[s.len] = 0;
    return s.len;
}

char *text_clean(char *s)
{
    for (char *p = s; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return s;
}
