/* MD5 (RFC 1321): one block. Whole messages are hash.h's. */
#ifndef LUNBOOT_MD5_H
#define LUNBOOT_MD5_H

#include "base/types.h"

/* Take a block of 64 bytes into the state of four words. */
void md5_block(u32 *state, const u8 *block);

#endif
