/* The Internet checksum. Words are loaded as the machine likes them, four bytes at a time: one's
 * complement sums do not care about byte order until the end (RFC 1071, 2 B). Unrolled, because
 * under emulation the loop costs more than the additions. */
#include "net/checksum.h"

#include "base/bytes.h"
#include "base/str.h"

/* One's complement addition: the carry comes around. gcc finds no ADC for this in C. */
static inline __attribute__((always_inline)) u32 add_carry(u32 sum, u32 word)
{
    __asm__("addl %1, %0\n\tadcl $0, %0" : "+r"(sum) : "r"(word) : "cc");
    return sum;
}

/* Four of them, loaded before: under TCG flags that outlive a load have to be kept in memory. */
static inline __attribute__((always_inline)) u32 add_four(u32 sum, u32 a, u32 b, u32 c, u32 d)
{
    __asm__("addl %1, %0\n\tadcl $0, %0\n\taddl %2, %0\n\tadcl $0, %0\n\t"
            "addl %3, %0\n\tadcl $0, %0\n\taddl %4, %0\n\tadcl $0, %0"
            : "+r"(sum)
            : "r"(a), "r"(b), "r"(c), "r"(d)
            : "cc");
    return sum;
}

static u32 fold(u32 sum)
{
    sum = (sum >> 16) + (sum & 0xffff);
    return (sum >> 16) + (sum & 0xffff);
}

/* Add what is left, fewer than four bytes, to a sum of little-endian 32-bit words, and that to one
 * of host-order 16-bit words. */
static u32 finish_words(u32 sum, u32 words, const u8 *rest, u32 len)
{
    u32 last = 0;
    while (len--)
        last = last << 8 | rest[len];
    words = fold(add_carry(words, last));
    return sum + ((words & 0xff) << 8 | words >> 8);
}

u32 checksum_add(u32 sum, const u8 *p, u32 len)
{
    u32 words = 0;
    for (const u8 *end = p + (len & ~31u); p != end;) {
        do {
            const unaligned32 *w = (const unaligned32 *)p;
            words = add_four(words, w[0], w[1], w[2], w[3]);
            words = add_four(words, w[4], w[5], w[6], w[7]);
            p += 32;
        } while (p != end);
    }
    for (len &= 31; len >= 4; len -= 4, p += 4)
        words = add_carry(words, *(const unaligned32 *)p);
    return finish_words(sum, words, p, len);
}

u32 checksum_copy(u32 sum, u8 *to, const u8 *from, u32 len)
{
    u32 words = 0;
    for (const u8 *end = from + (len & ~31u); from != end;) {
        do {
            const unaligned32 *w = (const unaligned32 *)from;
            unaligned32 *out = (unaligned32 *)to;
            words = add_four(words, out[0] = w[0], out[1] = w[1], out[2] = w[2], out[3] = w[3]);
            words = add_four(words, out[4] = w[4], out[5] = w[5], out[6] = w[6], out[7] = w[7]);
            from += 32;
            to += 32;
        } while (from != end);
    }
    for (len &= 31; len >= 4; len -= 4, from += 4, to += 4)
        words = add_carry(words, *(unaligned32 *)to = *(const unaligned32 *)from);
    if (len)
        memcpy(to, from, len);
    return finish_words(sum, words, from, len);
}

CALLED u32 checksum_pseudo(ip4 from, ip4 to, u8 protocol, u16 len)
{
    return (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + protocol + len;
}

u16 checksum_finish(u32 sum)
{
    return (u16)~fold(sum);
}
