/* key=value pairs. */
#include "iscsi/text.h"

#include "base/format.h"
#include "base/print.h"
#include "base/str.h"

static void append(struct text_out *out, const char *s, u32 len)
{
    if (len > out->size - out->len) {
        out->overflow = true;
        return;
    }
    memcpy(out->buf + out->len, s, len);
    out->len += len;
}

void text_put(struct text_out *out, const char *key, const char *value)
{
    append(out, key, (u32)strlen(key));
    append(out, "=", 1);
    append(out, value, (u32)strlen(value) + 1);
}

void text_put_number(struct text_out *out, const char *key, u32 value)
{
    char digits[11];
    format_text(digits, sizeof(digits), "%u", value);
    text_put(out, key, digits);
}

enum text_step text_next(const char **at, const char *end, char key[TEXT_KEY], const char **value)
{
    const char *p = *at;
    while (p < end && !*p)
        p++;
    if (p == end)
        return TEXT_END;
    const char *equals = NULL, *stop = p;
    for (; stop < end && *stop; stop++)
        if (*stop == '=' && !equals)
            equals = stop;
    if (stop == end || !equals || equals == p || !str_put(key, TEXT_KEY, p, (size_t)(equals - p)))
        return TEXT_BAD;
    *value = equals + 1;
    *at = stop + 1;
    return TEXT_PAIR;
}

bool text_number(const char *value, u32 max, u32 *number)
{
    u32 base = 10;
    if (value[0] == '0' && (value[1] | 0x20) == 'x') {
        value += 2;
        base = 16;
    }
    return parse_number(value, strlen(value), base, max, number);
}
