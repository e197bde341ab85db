/* The Internet checksum (RFC 1071). A sum is a plain sum of 16-bit words in host order: pieces of
 * it may be added up in any order, and single words by `+`. */
#ifndef LUNBOOT_CHECKSUM_H
#define LUNBOOT_CHECKSUM_H

#include "base/types.h"

/* Add up len bytes onto sum, which starts at 0 and stays foldable for thousands of pieces. Only the
 * last piece of several may be of odd length. */
u32 checksum_add(u32 sum, const u8 *p, u32 len);

/* Copy and add up in one pass. The ranges may not overlap. */
u32 checksum_copy(u32 sum, u8 *to, const u8 *from, u32 len);

/* The pseudo-header of TCP and UDP, to begin with. */
u32 checksum_pseudo(ip4 from, ip4 to, u8 protocol, u16 len);

/* Fold and complement: the value for the header field, host order. */
u16 checksum_finish(u32 sum);

/* Is a sum, not 0, other than that of data that holds its own right checksum? One's complement
 * counts modulo 65535. */
static inline __attribute__((always_inline)) bool checksum_wrong(u32 sum)
{
    return sum % 0xffff;
}

#endif
