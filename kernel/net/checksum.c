/* The Internet checksum. Words are loaded as the machine likes them, four bytes at a time: one's
 * complement sums do not care about byte order until the end (RFC 1071, 2 B), and a 64-bit
 * accumulator leaves the carries for the end as well. Unrolled, because under emulation the loop
 * costs more than the additions. */
#include "net/checksum.h"

#include "str.h"

/* A little-endian word at any address, in one instruction. */
typedef u32 __attribute__((may_alias, aligned(1))) unaligned32;

static u32 fold(u32 sum)
{
    sum = (sum >> 16) + (sum & 0xffff);
    return (sum >> 16) + (sum & 0xffff);
}

/* From the sum of little-endian 32-bit words to host-order 16-bit ones. */
static u32 finish_words(u32 sum, u64 words)
{
    u32 folded = fold(fold((u32)words) + fold((u32)(words >> 32)));
    return sum + ((folded & 0xff) << 8 | folded >> 8);
}

/* What is left at the end, fewer than four bytes, as the little-endian word that it begins. */
static u32 last_word(const u8 *p, u32 len)
{
    u32 word = 0;
    while (len--)
        word = word << 8 | p[len];
    return word;
}

u32 checksum_add(u32 sum, const u8 *p, u32 len)
{
    const unaligned32 *w = (const unaligned32 *)p;
    u64 words = 0;
    for (; len >= 16; len -= 16, w += 4) {
        words += w[0];
        words += w[1];
        words += w[2];
        words += w[3];
    }
    for (; len >= 4; len -= 4, w++)
        words += *w;
    return finish_words(sum, words + last_word((const u8 *)w, len));
}

u32 checksum_copy(u32 sum, u8 *to, const u8 *from, u32 len)
{
    const unaligned32 *w = (const unaligned32 *)from;
    unaligned32 *out = (unaligned32 *)to;
    u64 words = 0;
    for (; len >= 16; len -= 16, w += 4, out += 4) {
        words += out[0] = w[0];
        words += out[1] = w[1];
        words += out[2] = w[2];
        words += out[3] = w[3];
    }
    for (; len >= 4; len -= 4)
        words += *out++ = *w++;
    memcpy(out, w, len);
    return finish_words(sum, words + last_word((const u8 *)w, len));
}

u32 checksum_pseudo(ip4 from, ip4 to, u8 protocol, u16 len)
{
    return (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + protocol + len;
}

u16 checksum_finish(u32 sum)
{
    return (u16)~fold(sum);
}
