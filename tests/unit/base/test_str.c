/* Strings, numbers, text formats. */
#include "base/arith.h"
#include "base/error.h"
#include "base/format.h"
#include "base/inet.h"
#include "base/print.h"
#include "base/str.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

static bool ip(const char *s, ip4 *a)
{
    return ip4_parse(s, strlen(s), a);
}

TEST(dotted_addresses)
{
    ip4 a;
    assert_true(ip("192.0.2.1", &a));
    assert_int_equal(a, 0xc0000201);
    assert_true(ip("0.0.0.0", &a));
    assert_true(ip("255.255.255.255", &a));
    const char *bad[] = {"",         "1",        "1.2.3",    "1.2.3.4.5", "1.2.3.256",
                         "1.2.3.04", "1..2.3",   "1.2.3.4 ", "a.b.c.d",   "1.2.3.",
                         ".1.2.3",   "-1.2.3.4", "1.2.3.4."};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(ip(bad[i], &a));
}

TEST(numbers)
{
    u32 v;
    assert_true(parse_number("4294967295", 10, 10, UINT32_MAX, &v));
    assert_int_equal(v, UINT32_MAX);
    assert_false(parse_number("4294967296", 10, 10, UINT32_MAX, &v));
    assert_true(parse_number("fFff", 4, 16, 65535, &v));
    assert_int_equal(v, 65535);
    assert_false(parse_number("10000", 5, 16, 65535, &v));
    assert_false(parse_number("9", 1, 10, 8, &v));
    assert_false(parse_number("", 0, 10, 8, &v));
    assert_false(parse_number("1a", 2, 10, 99, &v));
    assert_false(parse_number("+1", 2, 10, 99, &v));
}

TEST(words)
{
    assert_true(str_is_word("a-b:\xc3\xa4~"));
    assert_true(str_is_word(""));
    const char *bad[] = {"a b", " ", "a\n", "\x1b[2J", "a\x7f"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(str_is_word(bad[i]));
}

TEST(division)
{
    const u64 n[] = {0, 1, 0xffffffff, 0x100000000, 0x123456789abcdef0, UINT64_MAX};
    const u32 d[] = {1, 2, 10, 63, 255 * 63, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(n); i++)
        for (size_t k = 0; k < ARRAY_SIZE(d); k++) {
            u32 rest;
            assert_true(div_u64(n[i], d[k], &rest) == n[i] / d[k]);
            assert_int_equal(rest, n[i] % d[k]);
        }
}

TEST(formats)
{
    char t[64];
    assert_int_equal(
        format_text(t, sizeof(t), "%s|%5u|%-4u|%04x|%%|%u", "a", 42u, 7u, 0xbeu, 4294967295u), 30);
    assert_string_equal(t, "a|   42|7   |00be|%|4294967295");
    assert_int_equal(format_text(t, 4, "%s", "abcdef"), 3);
    assert_string_equal(t, "abc");
    host_reset(0);
    print("%s", "hello");
    assert_string_equal(host_console(), "hello");
    strcpy(t, "a\x1b[2J\xff");
    assert_string_equal(text_clean(t), "a?[2J?");
}

TEST(texts_that_do_not_fit)
{
    char t[4];
    assert_true(str_put(t, sizeof(t), "abc", 3));
    assert_false(str_put(t, sizeof(t), "abcd", 4));
    assert_string_equal(t, "");
    assert_false(str_put(t, sizeof(t), "a\0b", 3));
}

TEST(every_error_has_its_texts)
{
    assert_int_equal(error_int13_status(OK), 0);
#define CHECK(name, code, status, text, advice)                                                    \
    assert_int_equal(error_int13_status(ERR_##name), status);                                      \
    assert_int_not_equal(status, 0);                                                               \
    assert_string_equal(error_text(ERR_##name), text);                                             \
    assert_string_equal(error_advice(ERR_##name), advice);
    ERROR_TABLE(CHECK)
}
