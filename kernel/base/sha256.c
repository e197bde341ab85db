/* SHA-256 (FIPS 180-4, 6.2.2). */
#include "base/sha256.h"

#include "base/bytes.h"
#include "base/str.h"

/* 4.2.2: the first 32 fraction bits of the cube roots of the first 64 primes. */
static const u32 constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 rotr(u32 x, u32 n)
{
    return x >> n | x << (32 - n);
}

/* Three rotations, of which each goes on from the one before. */
static u32 mix(u32 x, u32 first, u32 second, u32 third)
{
    return rotr(x ^ rotr(x ^ rotr(x, third), second), first);
}

void sha256_block(u32 *state, const u8 *block)
{
    u32 w[64], v[8]; /* v is a to h */
    memcpy(v, state, sizeof(v));
    for (u32 t = 0; t < 64; t++) {
        if (t < 16) {
            w[t] = get_be32(block + 4 * t);
        } else {
            u32 x = w[t - 2], y = w[t - 15];
            w[t] = w[t - 7] + w[t - 16] + (rotr(x, 17) ^ rotr(x, 19) ^ x >> 10) +
                   (rotr(y, 7) ^ rotr(y, 18) ^ y >> 3);
        }
        u32 t1 =
            v[7] + mix(v[4], 6, 5, 14) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
        u32 t2 = mix(v[0], 2, 11, 9) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(*v));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (u32 i = 0; i < 8; i++)
        state[i] += v[i];
}
