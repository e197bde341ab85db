/* Text made from values. */
#include "base/format.h"

#include "base/str.h"

struct sink {
    format_put put;
    void *to;
};

static void put(const struct sink *s, char c)
{
    s->put(s->to, c);
}

struct spec {
    bool left, zero;
    u32 width;
};

static void put_padded(const struct sink *s, const struct spec *spec, const char *text, size_t len)
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

static void put_number(const struct sink *s, const struct spec *spec, u32 value, u32 base)
{
    char digits[10];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put_padded(s, spec, digits + at, sizeof(digits) - at);
}

void format_to(format_put to_put, void *to, const char *f, va_list args)
{
    const struct sink s = {to_put, to};
    for (; *f; f++) {
        if (*f != '%') {
            put(&s, *f);
            continue;
        }
        struct spec spec = {0};
        for (f++; *f == '-' || *f == '0'; f++) {
            spec.left |= *f == '-';
            spec.zero |= *f == '0';
        }
        for (; *f >= '0' && *f <= '9'; f++)
            spec.width = spec.width * 10 + (u32)(*f - '0');
        switch (*f) {
        case 's': {
            const char *text = va_arg(args, const char *);
            put_padded(&s, &spec, text, strlen(text));
            break;
        }
        case 'u':
        case 'x':
            put_number(&s, &spec, va_arg(args, u32), *f == 'u' ? 10 : 16);
            break;
        case 0:
            return;
        default:
            put(&s, *f);
        }
    }
}

struct buffer {
    char *text;
    size_t size, len;
};

static void put_in_buffer(void *to, char c)
{
    struct buffer *b = to;
    if (b->len + 1 < b->size)
        b->text[b->len++] = c;
}

size_t format_list(char *text, size_t size, const char *format, va_list args)
{
    if (!size)
        return 0;
    struct buffer b = {text, size, 0};
    format_to(put_in_buffer, &b, format, args);
    text[b.len] = 0;
    return b.len;
}

size_t format_text(char *text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t len = format_list(text, size, format, args);
    va_end(args);
    return len;
}
