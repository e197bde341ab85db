/* MD5, SHA-1, SHA-256 and SHA3-256 by one interface: what is hashed may come in pieces.
 *
 * MD5 where a one-way function is needed and nobody can look for collisions; all of them for CHAP.
 */
#ifndef LUNBOOT_HASH_H
#define LUNBOOT_HASH_H

#include "base/types.h"

#define MD5_SIZE 16 /* bytes of its digest, */
#define HASH_MAX 32 /* and of the longest one */

enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA3_256 };

struct hash {
    enum hash_kind kind;
    u32 length; /* bytes so far, below 512 MiB */
    union {
        u32 words[8];
        u64 lanes[25]; /* SHA-3's */
    } state;
    u8 block[136]; /* the bytes since the last whole one; MD5's and SHA-2's have 64 bytes */
};

void hash_start(struct hash *h, enum hash_kind kind);
void hash_add(struct hash *h, const void *data, u32 len);

/* How many bytes a digest has: 16, 20, 32, 32. */
u32 hash_size(enum hash_kind kind);

/* The digest, hash_size() bytes; h is wiped. */
void hash_end(struct hash *h, u8 *digest);

#endif
