/* CRC32C (RFC 7143, 13.1; RFC 3385), by the processor's instruction for it or by a table. */
#ifndef LUNBOOT_CRC32C_H
#define LUNBOOT_CRC32C_H

#include "base/types.h"

#define CRC32C_SIZE  4           /* bytes of a digest */
#define CRC32C_START 0xffffffffu /* before the first byte */
#define CRC32C_GOOD  0xb798b438u /* after the last byte of what ends with its own right digest */

/* Before the first crc32c_add(). by_instruction: the processor has crc32 of SSE4.2. */
void crc32c_init(bool by_instruction);

/* Go on with len bytes more. */
u32 crc32c_add(u32 crc, const void *p, u32 len);

/* The digest of what was added, as it is sent. */
void crc32c_put(u8 digest[CRC32C_SIZE], u32 crc);

#endif
