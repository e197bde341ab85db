/* MD5 (RFC 1321): for CHAP, and where a one-way function is needed. Base tier. */
#ifndef LUNBOOT_MD5_H
#define LUNBOOT_MD5_H

#include "base/types.h"

#define MD5_DIGEST 16

struct md5 {
    u32 state[4];
    u32 length; /* bytes so far; CHAP's input is far below 512 MiB */
    u8 block[64];
};

void md5_init(struct md5 *m);
void md5_add(struct md5 *m, const void *data, u32 len);

/* The digest; m is wiped. */
void md5_finish(struct md5 *m, u8 digest[MD5_DIGEST]);

#endif
