/* Text keys: pairs, numbers and binary values, in text of any bytes; and what goes out the same way
 * comes back. */
#include "input.h"
#include "iscsi/chap.h"
#include "iscsi/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX  4096
#define BYTES_MAX 64

static void check_number(const char *value, u32 max)
{
    u32 n = 0;
    if (!text_number(value, max, &n))
        return;
    CHECK(n <= max);
    bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
    CHECK(strtoull(value, NULL, hex ? 16 : 10) == n);
}

static void check_binary(const char *value, u32 size)
{
    u8 *bytes = malloc(size);
    u32 len;
    if (chap_decode(value, bytes, size, &len)) {
        CHECK(len && len <= size);
        /* Written again, it is the same value. */
        char *hex = malloc(2 * len + 3);
        u8 *again = malloc(len);
        u32 again_len;
        chap_encode(hex, bytes, len);
        CHECK(strlen(hex) == 2 * len + 2);
        CHECK(chap_decode(hex, again, len, &again_len) && again_len == len);
        CHECK(!memcmp(bytes, again, len));
        free(again);
        free(hex);
    }
    free(bytes);
}

/* All pairs of the text, which end within it. Returns how the last step went. */
static enum text_step walk(const char *text, u32 len, u32 max, u32 size, u32 *pairs)
{
    const char *at = text, *end = text + len, *value;
    char *key = malloc(TEXT_KEY);
    enum text_step step;
    *pairs = 0;
    for (;;) {
        const char *before = at;
        step = text_next(&at, end, key, &value);
        if (step != TEXT_PAIR)
            break;
        ++*pairs;
        CHECK(at > before && at <= end);
        CHECK(*key && strlen(key) < TEXT_KEY && !strchr(key, '='));
        CHECK(value > before && value + strlen(value) + 1 == at);
        check_number(value, max);
        check_binary(value, size);
    }
    free(key);
    return step;
}

static void arriving(void)
{
    char bytes[TEXT_MAX];
    u32 max = in_u32(), size = 1 + in_below(BYTES_MAX), pairs;
    u32 len = in_rest(bytes, sizeof(bytes));
    char *text = exact_copy(bytes, len);
    walk(text, len, max, size, &pairs);
    free(text);
}

/* Pairs for a buffer that may be too small for them: none is cut. */
static void leaving(void)
{
    u32 size = in_below(200), wanted = 0, pairs;
    char *buf = malloc(size), key[TEXT_KEY], value[64];
    struct text_out out = {buf, size, 0, false};
    while (in_left()) {
        u32 n = in_bytes(value, sizeof(value) - 1);
        value[n] = 0;
        snprintf(key, sizeof(key), "Key%u", wanted);
        u32 before = out.len;
        if (in_u8() & 1)
            text_put_number(&out, key, in_u32());
        else
            text_put(&out, key, value);
        CHECK(out.len >= before && out.len <= size);
        if (out.overflow)
            break;
        wanted++;
    }
    if (!out.overflow) {
        CHECK(walk(buf, out.len, UINT32_MAX, BYTES_MAX, &pairs) == TEXT_END);
        CHECK(pairs == wanted);
    }
    free(buf);
}

void fuzz_one(void)
{
    if (in_u8() & 1)
        leaving();
    else
        arriving();
}
