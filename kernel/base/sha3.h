/* SHA3-256 (FIPS 202): one block. Whole messages are hash.h's. */
#ifndef LUNBOOT_SHA3_H
#define LUNBOOT_SHA3_H

#include "base/types.h"

#define SHA3_256_BLOCK 136 /* bytes */

/* Take a block into the state of 25 lanes, lane x + 5 * y being A[x, y]. */
void sha3_256_block(u64 *state, const u8 *block);

#endif
