/* The remainder of the bits, the lowest of each byte first, by 11EDC6F41h; its own bits stand the
 * other way round here, and so do the remainder's. */
#include "base/crc32c.h"

#include "base/bytes.h"

#define POLYNOMIAL 0x82f63b78u
#define UNROLLED   8 /* words */

static bool instruction;
static u32 table[4][256]; /* what a byte leaves that 0 to 3 others follow */

void crc32c_init(bool by_instruction)
{
    instruction = by_instruction;
    for (u32 byte = 0; byte < 256; byte++)
        for (u32 crc = byte, bit = 0; bit < 32;) {
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
            if (++bit % 8 == 0)
                table[bit / 8 - 1][byte] = crc;
        }
}

/* One word more. */
static inline __attribute__((always_inline)) u32 add_word(u32 crc, u32 word, bool by_instruction)
{
    if (by_instruction) {
        __asm__("crc32l %1, %0" : "+r"(crc) : "r"(word));
        return crc;
    }
    crc ^= word;
    return table[3][crc & 0xff] ^ table[2][crc >> 8 & 0xff] ^ table[1][crc >> 16 & 0xff] ^
           table[0][crc >> 24];
}

/* Unrolled, because under emulation the loop costs as much as the look-ups. */
static inline __attribute__((always_inline)) u32 add(u32 crc, const u8 *p, u32 len,
                                                     bool by_instruction)
{
    for (; len >= 4 * UNROLLED; len -= 4 * UNROLLED, p += 4 * UNROLLED)
#pragma GCC unroll 8
        for (u32 i = 0; i < UNROLLED; i++)
            crc = add_word(crc, get_le32(p + 4 * i), by_instruction);
    for (; len; len--)
        crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
    return crc;
}

u32 crc32c_add(u32 crc, const void *p, u32 len)
{
    return instruction ? add(crc, p, len, true) : add(crc, p, len, false);
}

void crc32c_put(u8 digest[CRC32C_SIZE], u32 crc)
{
    put_le32(digest, ~crc);
}
