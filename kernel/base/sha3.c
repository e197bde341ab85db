/* The permutation KECCAK-p[1600, 24] (FIPS 202, 3). */
#include "base/sha3.h"

#include "base/bytes.h"
#include "base/str.h"

static u64 rotl(u64 x, u32 n)
{
    return x << n | x >> (64 - n);
}

static void theta(u64 *a)
{
    u64 c[5];
    for (u32 x = 0; x < 5; x++)
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (u32 i = 0; i < 25; i++)
        a[i] ^= c[(i + 4) % 5] ^ rotl(c[(i + 1) % 5], 1);
}

/* Each lane is turned, and takes the place of the next one on the way. */
static void rho_and_pi(u64 *a)
{
    u64 lane = a[1];
    for (u32 t = 0, x = 1, y = 0; t < 24; t++) {
        u32 next_y = (2 * x + 3 * y) % 5;
        x = y;
        y = next_y;
        u64 next = a[x + 5 * y];
        a[x + 5 * y] = rotl(lane, (t + 1) * (t + 2) / 2 % 64);
        lane = next;
    }
}

static void chi(u64 *a)
{
    u64 row[5];
    for (u32 y = 0; y < 5; y++, a += 5) {
        memcpy(row, a, sizeof(row));
        for (u32 x = 0; x < 5; x++)
            a[x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

/* The constants come from a shift register of eight bits, seven of them a round. */
static void iota(u64 *a, u8 *shift)
{
    for (u32 j = 0; j < 7; j++) {
        if (*shift & 1)
            a[0] ^= (u64)1 << ((1 << j) - 1);
        *shift = (u8)(*shift << 1 ^ (*shift >> 7) * 0x71);
    }
}

void sha3_256_block(u64 *state, const u8 *block)
{
    u8 shift = 1;
    for (u32 i = 0; i < SHA3_256_BLOCK / 8; i++)
        state[i] ^= get_le64(block + 8 * i);
    for (u32 round = 0; round < 24; round++) {
        theta(state);
        rho_and_pi(state);
        chi(state);
        iota(state, &shift);
    }
}
