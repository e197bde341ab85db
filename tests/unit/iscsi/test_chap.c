/* MD5 (RFC 1321, A.5) and CHAP's arithmetic. */
#include "base/md5.h"
#include "base/str.h"
#include "iscsi/chap.h"
#include "test.h"
#include <string.h>

static void md5_text(const char *s, char hex[2 * MD5_DIGEST + 3])
{
    struct md5 m;
    u8 digest[MD5_DIGEST];
    md5_init(&m);
    md5_add(&m, s, (u32)strlen(s));
    md5_finish(&m, digest);
    chap_encode(hex, digest, MD5_DIGEST);
}

TEST(the_digests_of_the_rfc)
{
    static const char *const suite[][2] = {
        {"", "0xd41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0x0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "0x900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "0xf96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "0xc3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "0xd174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "0x57edf4a22be3c955ac49da2e2107b67a"},
    };
    char hex[2 * MD5_DIGEST + 3];
    for (size_t i = 0; i < ARRAY_SIZE(suite); i++) {
        md5_text(suite[i][0], hex);
        assert_string_equal(hex, suite[i][1]);
    }
}

TEST(the_state_is_wiped)
{
    struct md5 m, zero = {0};
    u8 digest[MD5_DIGEST];
    md5_init(&m);
    md5_add(&m, "secret", 6);
    md5_finish(&m, digest);
    assert_memory_equal(&m, &zero, sizeof(m));
}

TEST(a_chap_response_is_md5_of_id_secret_challenge)
{
    char hex[2 * MD5_DIGEST + 3], want[2 * MD5_DIGEST + 3];
    u8 digest[MD5_DIGEST];
    chap_response('1', "secret", (const u8 *)"challenge", 9, digest);
    chap_encode(hex, digest, MD5_DIGEST);
    md5_text("1secretchallenge", want);
    assert_string_equal(hex, want);
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
