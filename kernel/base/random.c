/* The pool of random numbers. */
#include "base/random.h"

#include "base/hash.h"
#include "base/platform.h"

#define SAMPLES 4

static struct {
    u32 digest[MD5_SIZE / 4]; /* of the pool before; the first word has been given out */
    u32 sample[SAMPLES];
} pool;
static u32 added;

void random_add(u32 sample)
{
    u32 *s = &pool.sample[added++ % SAMPLES];
    *s = (*s << 13 | *s >> 19) ^ sample;
}

u32 random_u32(void)
{
    u32 entropy[ENTROPY_WORDS];
    platform_entropy(entropy);
    for (u32 i = 0; i < ENTROPY_WORDS; i++)
        random_add(entropy[i]);
    struct hash h;
    hash_start(&h, HASH_MD5);
    hash_add(&h, &pool, sizeof(pool));
    hash_end(&h, (u8 *)pool.digest);
    return pool.digest[0];
}
