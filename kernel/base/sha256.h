/* SHA-256 (FIPS 180-4, 6.2): one block. Whole messages are hash.h's. */
#ifndef LUNBOOT_SHA256_H
#define LUNBOOT_SHA256_H

#include "base/types.h"

/* Take a block of 64 bytes into the state of eight words. */
void sha256_block(u32 *state, const u8 *block);

#endif
