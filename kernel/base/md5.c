/* MD5 (RFC 1321, 3). */
#include "base/md5.h"

#include "base/bytes.h"

/* 2 cos(1) - 1, of which the first 32 and the next 32 fraction bits */
#define COSINE_HIGH 0x14a280fb
#define COSINE_LOW  0x5068b924

/* Sines of whole numbers, with 60 fraction bits: T[i] of 3.4 is the first 32 of abs(sin(i + 1)). */
struct sines {
    s64 this, last;
};

/* sin(n + 1) = 2 cos(1) sin(n) - sin(n - 1); 64 times this is wrong by 2^-57 at most. */
static void next_sine(struct sines *s)
{
    s32 high = (s32)(s->this >> 32), low = (s32)((u32)s->this >> 1);
    s64 next = s->this - s->last + (s64)high * COSINE_HIGH + ((s64)low * COSINE_HIGH >> 31) +
               ((s64)high * COSINE_LOW >> 32);
    s->last = s->this;
    s->this = next;
}

static const u8 shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

void md5_block(u32 *state, const u8 *block)
{
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    struct sines sine = {.this = 0xd76aa4784867702}; /* of 1, and of 0 */
    for (u32 i = 0; i < 64; i++) {
        u32 f, k;
        switch (i / 16) {
        case 0:
            f = (b & c) | (~b & d);
            k = i;
            break;
        case 1:
            f = (b & d) | (c & ~d);
            k = 5 * i + 1;
            break;
        case 2:
            f = b ^ c ^ d;
            k = 3 * i + 5;
            break;
        default:
            f = c ^ (b | ~d);
            k = 7 * i;
        }
        s64 t = sine.this < 0 ? -sine.this : sine.this;
        f += a + (u32)(t >> 28) + get_le32(block + k % 16 * 4);
        next_sine(&sine);
        u32 s = shifts[i / 16][i % 4];
        a = d;
        d = c;
        c = b;
        b += f << s | f >> (32 - s);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}
