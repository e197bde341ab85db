/* Blocks of a message, and the padding of the last (RFC 1321, 3.1; FIPS 180-4, 5; FIPS 202, 4). */
#include "base/hash.h"

#include "base/bytes.h"
#include "base/md5.h"
#include "base/sha1.h"
#include "base/sha256.h"
#include "base/sha3.h"
#include "base/str.h"

#define LENGTH_AT 56 /* in the last block of all but SHA-3: the length in bits */

/* MD5 begins with four of SHA-1's words. */
static const u32 first_state[2][8] = {
    {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
    {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
     0x5be0cd19},
};

static u32 block_size(const struct hash *h)
{
    return h->kind == HASH_SHA3_256 ? SHA3_256_BLOCK : 64;
}

static void take_block(struct hash *h)
{
    switch (h->kind) {
    case HASH_MD5:
        md5_block(h->state.words, h->block);
        break;
    case HASH_SHA1:
        sha1_block(h->state.words, h->block);
        break;
    case HASH_SHA256:
        sha256_block(h->state.words, h->block);
        break;
    case HASH_SHA3_256:
        sha3_256_block(h->state.lanes, h->block);
        break;
    }
}

void hash_start(struct hash *h, enum hash_kind kind)
{
    memset(h, 0, sizeof(*h));
    h->kind = kind;
    if (kind != HASH_SHA3_256)
        memcpy(h->state.words, first_state[kind == HASH_SHA256], sizeof(h->state.words));
}

void hash_add(struct hash *h, const void *data, u32 len)
{
    const u8 *p = data;
    u32 size = block_size(h);
    while (len--) {
        h->block[h->length++ % size] = *p++;
        if (h->length % size == 0)
            take_block(h);
    }
}

/* Fill up the block that is begun, which has room for a byte at least, and take it. */
static void take_last(struct hash *h)
{
    u32 size = block_size(h), used = h->length % size;
    bool sha3 = h->kind == HASH_SHA3_256;
    memset(h->block + used, 0, size - used);
    h->block[used] = sha3 ? 0x06 : 0x80;
    if (sha3) {
        h->block[size - 1] |= 0x80;
    } else {
        if (used >= LENGTH_AT) {
            take_block(h);
            memset(h->block, 0, size);
        }
        if (h->kind == HASH_MD5)
            put_le32(h->block + LENGTH_AT, h->length * 8);
        else
            put_be32(h->block + LENGTH_AT + 4, h->length * 8);
    }
    take_block(h);
}

u32 hash_size(enum hash_kind kind)
{
    return kind == HASH_MD5 ? MD5_SIZE : kind == HASH_SHA1 ? 20 : 32;
}

void hash_end(struct hash *h, u8 *digest)
{
    take_last(h);
    for (u32 i = 0; i < hash_size(h->kind); i += 4) {
        u32 word = h->state.words[i / 4];
        if (h->kind == HASH_SHA1 || h->kind == HASH_SHA256)
            put_be32(digest + i, word);
        else
            put_le32(digest + i, word);
    }
    wipe(h, sizeof(*h));
}
