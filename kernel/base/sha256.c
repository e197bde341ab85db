/* SHA-256 (FIPS 180-4, 6.2.2). */
#include "base/sha256.h"

#include "base/bytes.h"
#include "base/str.h"

#define FRACTION 61 /* bits, of what is below 1; three times that is within 64 */

/* 4.2.2: the first 32 fraction bits of the cube root of n, which is below 512. Bit by bit: an
 * eighth of the root, its square and its cube grow together. What is cut off on the way changes no
 * bit of a prime's that counts here. */
static u32 cube_root(u32 n)
{
    u64 root = 0, square = 0, cube = 0;
    for (u32 bit = 1; bit <= 3 + 32; bit++) {
        u64 more = (u64)1 << (FRACTION - bit);
        u64 next = cube + ((3 * square + ((3 * root + more) >> bit)) >> bit);
        if (next >> (FRACTION - 9) >= n)
            continue;
        cube = next;
        square += (2 * root + more) >> bit;
        root += more;
    }
    return (u32)(root >> (FRACTION - 3 - 32));
}

static bool is_prime(u32 n)
{
    u32 factor = 2;
    while (n % factor)
        factor++;
    return factor == n;
}

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
    u32 prime = 1;
    memcpy(v, state, sizeof(v));
    for (u32 t = 0; t < 64; t++) {
        while (!is_prime(++prime))
            ;
        if (t < 16) {
            w[t] = get_be32(block + 4 * t);
        } else {
            u32 x = w[t - 2], y = w[t - 15];
            w[t] = w[t - 7] + w[t - 16] + (rotr(x, 17) ^ rotr(x, 19) ^ x >> 10) +
                   (rotr(y, 7) ^ rotr(y, 18) ^ y >> 3);
        }
        u32 t1 =
            v[7] + mix(v[4], 6, 5, 14) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + cube_root(prime) + w[t];
        u32 t2 = mix(v[0], 2, 11, 9) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(*v));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (u32 i = 0; i < 8; i++)
        state[i] += v[i];
}
