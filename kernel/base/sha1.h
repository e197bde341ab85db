/* SHA-1 (FIPS 180-4, 6.1): one block. Whole messages are hash.h's. */
#ifndef LUNBOOT_SHA1_H
#define LUNBOOT_SHA1_H

#include "base/types.h"

/* Take a block of 64 bytes into the state of five words. */
void sha1_block(u32 *state, const u8 *block);

#endif
