/* CHAP's arithmetic. */
#include "base/str.h"
#include "iscsi/chap.h"
#include "test.h"
#include <string.h>

/* From Python's hashlib. */
TEST(a_chap_response_is_the_hash_of_id_secret_challenge)
{
    static const struct {
        enum chap_algorithm algorithm;
        const char *response;
    } rows[] = {
        {CHAP_MD5, "0xe0ec1941e1eedd79ada1647680474f79"},
        {CHAP_SHA1, "0x48942eb0eb4b087342ac19b5b17e3e05637a561f"},
        {CHAP_SHA256, "0x1158c594749053d078dd5c57913c525a5a45e4f4bebd152672f09597f3cf37a5"},
        {CHAP_SHA3_256, "0xcd22663e752964ed29db5e11943297972bbc320c6c73555afb18fbd9915e6948"},
    };
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
        u8 digest[HASH_MAX];
        char hex[2 * HASH_MAX + 3];
        u32 len =
            chap_response(rows[i].algorithm, '*', "secret", (const u8 *)"challenge", 9, digest);
        chap_encode(hex, digest, len);
        assert_string_equal(hex, rows[i].response);
    }
}

TEST(binary_values_in_both_encodings)
{
    static const struct {
        const char *text, *bytes;
        u32 len; /* 0: not valid */
    } cases[] = {
        {"0x00", "\0", 1},
        {"0X0aFf", "\x0a\xff", 2},
        {"0bAAEC", "\0\1\2", 3},
        {"0BAAE=", "\0\1", 2},
        {"0bAA==", "\0", 1},
        {"0b+/8=", "\xfb\xff", 2},
        {"", "", 0},
        {"0", "", 0},
        {"0x", "", 0},
        {"0b", "", 0},
        {"0b====", "", 0},
        {"0b=", "", 0},
        {"0x123", "", 0},
        {"0x1g", "", 0},
        {"0x12=", "", 0},
        {"0x12 ", "", 0},
        {"1x12", "", 0},
        {"0c12", "", 0},
        {"1234", "", 0},
        {"0bAAE", "", 0},
        {"0bAA=A", "", 0},
        {"0bA===", "", 0},
        {"0bAAEC=", "", 0},
        {"0bAA E", "", 0},
        {"0b====AAAA", "", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        u8 got[4] = {0xee, 0xee, 0xee, 0xee};
        u32 len;
        bool good = chap_decode(cases[i].text, got, sizeof(got), &len);
        assert_int_equal(good, cases[i].len > 0);
        if (good) {
            assert_int_equal(len, cases[i].len);
            assert_memory_equal(got, cases[i].bytes, len);
        }
    }
}

/* The flaw that EDK II had: CHAP hex overflow. */
TEST(a_value_of_any_size_stays_in_its_buffer)
{
    static char text[4096];
    static u8 bytes[CHAP_CHALLENGE_MAX];
    u32 len;
    for (u32 hex = 0; hex < 2; hex++) {
        memset(text, 0, sizeof(text));
        strcpy(text, hex ? "0x" : "0b");
        for (u32 digits = 1; digits < 2 * CHAP_CHALLENGE_MAX + 9; digits++) {
            text[1 + digits] = 'A';
            bool whole = digits % (hex ? 2 : 4) == 0;
            u32 want = hex ? digits / 2 : digits / 4 * 3;
            assert_int_equal(chap_decode(text, bytes, sizeof(bytes), &len),
                             whole && want <= sizeof(bytes));
        }
    }
}

TEST(digests_are_compared_in_whole)
{
    u8 a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 4};
    assert_true(chap_equal(a, b, 4));
    for (u32 i = 0; i < 4; i++) {
        b[i] ^= 0x80;
        assert_false(chap_equal(a, b, 4));
        b[i] ^= 0x80;
    }
}
