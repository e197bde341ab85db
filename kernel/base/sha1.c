/* SHA-1 (FIPS 180-4, 6.1.2). */
#include "base/sha1.h"

#include "base/bytes.h"

static u32 rotl(u32 x, u32 n)
{
    return x << n | x >> (32 - n);
}

void sha1_block(u32 *state, const u8 *block)
{
    static const u32 constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    u32 w[80];
    u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (u32 t = 0; t < 16; t++)
        w[t] = get_be32(block + 4 * t);
    for (u32 t = 16; t < 80; t++)
        w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (u32 t = 0; t < 80; t++) {
        u32 f = b ^ c ^ d;
        if (t < 20)
            f = (b & c) | (~b & d);
        else if (t / 20 == 2)
            f = (b & c) | (b & d) | (c & d);
        f += rotl(a, 5) + e + constants[t / 20] + w[t];
        e = d;
        d = c;
        c = rotl(b, 30);
        b = a;
        a = f;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}
