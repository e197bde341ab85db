/* CHAP's arithmetic. */
#include "iscsi/chap.h"

#include "base/str.h"

#define NO_DIGIT 0xff

/* The value of a base64 digit (RFC 4648, 4). */
static u8 base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (u8)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (u8)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (u8)(c - '0' + 52);
    return c == '+' ? 62 : c == '/' ? 63 : NO_DIGIT;
}

static u8 hex_digit(char c)
{
    u32 v;
    return parse_number(&c, 1, 16, 15, &v) ? (u8)v : NO_DIGIT;
}

bool chap_decode(const char *text, u8 *bytes, u32 size, u32 *len)
{
    bool hex = text[0] && (text[1] | 0x20) == 'x';
    if (text[0] != '0' || (!hex && (text[1] | 0x20) != 'b'))
        return false;
    u32 width = hex ? 4 : 6, bits = 0, have = 0, n = 0, digits = 0;
    for (text += 2; *text && (hex || *text != '='); text++, digits++) {
        u8 v = hex ? hex_digit(*text) : base64_digit(*text);
        if (v == NO_DIGIT)
            return false;
        bits = bits << width | v;
        have += width;
        if (have >= 8) {
            if (n == size)
                return false;
            have -= 8;
            bytes[n++] = (u8)(bits >> have);
        }
    }
    /* Hexadecimal digits come in pairs, base64's in fours with up to two '='. */
    for (u32 i = 0; i < 2 && !hex && *text == '='; i++, text++)
        digits++;
    *len = n;
    return n && !*text && digits % (hex ? 2 : 4) == 0;
}

void chap_encode(char *text, const u8 *bytes, u32 len)
{
    static const char digits[] = "0123456789abcdef";
    *text++ = '0';
    *text++ = 'x';
    for (; len; len--, bytes++) {
        *text++ = digits[*bytes >> 4];
        *text++ = digits[*bytes & 15];
    }
    *text = 0;
}

u32 chap_response(enum chap_algorithm a, u8 id, const char *secret, const u8 *challenge, u32 len,
                  u8 digest[HASH_MAX])
{
    struct hash h;
    enum hash_kind kind = (enum hash_kind)(a - CHAP_MD5 + HASH_MD5);
    hash_start(&h, kind);
    hash_add(&h, &id, 1);
    hash_add(&h, secret, (u32)strlen(secret));
    hash_add(&h, challenge, len);
    hash_end(&h, digest);
    return hash_size(kind);
}

bool chap_equal(const u8 *a, const u8 *b, u32 len)
{
    u8 diff = 0;
    for (u32 i = 0; i < len; i++)
        diff |= a[i] ^ b[i];
    return diff == 0;
}
