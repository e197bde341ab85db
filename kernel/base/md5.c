/* MD5 (RFC 1321, 3). */
#include "base/md5.h"

#include "base/bytes.h"
#include "base/str.h"

/* The constants are the first 32 fraction bits of abs(sin(1)), abs(sin(2)), ...; in units of 2^-42
 * each sine is found from the two before: sin(n + 1) = 2 cos(1) sin(n) - sin(n - 1). */
#define SIN_1     3700828528930
#define COS_SHIFT 22
#define COS_HIGH  338080  /* 2 cos(1) - 1, in units of 2^-22, */
#define COS_LOW   1029383 /* and what is over, of 2^-44 */

static const u8 shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void transform(struct md5 *m)
{
    u32 a = m->state[0], b = m->state[1], c = m->state[2], d = m->state[3];
    int64_t sine = SIN_1, before = 0;
    for (u32 i = 0; i < 64; i++) {
        u32 f, k;
        switch (i / 16) {
        case 0:
            f = (b & c) | (~b & d);
            k = i;
            break;
        case 1:
            f = (b & d) | (c & ~d);
            k = 5 * i + 1;
            break;
        case 2:
            f = b ^ c ^ d;
            k = 3 * i + 5;
            break;
        default:
            f = c ^ (b | ~d);
            k = 7 * i;
        }
        f += a + (u32)((sine < 0 ? -sine : sine) >> 10) + get_le32(m->block + k % 16 * 4);
        u32 s = shifts[i / 16][i % 4];
        a = d;
        d = c;
        c = b;
        b += f << s | f >> (32 - s);
        int64_t next =
            sine - before + ((sine * COS_HIGH + (sine * COS_LOW >> COS_SHIFT)) >> COS_SHIFT);
        before = sine;
        sine = next;
    }
    m->state[0] += a;
    m->state[1] += b;
    m->state[2] += c;
    m->state[3] += d;
}

void md5_init(struct md5 *m)
{
    m->length = 0;
    m->state[0] = 0x67452301;
    m->state[1] = 0xefcdab89;
    m->state[2] = 0x98badcfe;
    m->state[3] = 0x10325476;
}

void md5_add(struct md5 *m, const void *data, u32 len)
{
    const u8 *p = data;
    while (len--) {
        m->block[m->length++ % 64] = *p++;
        if (m->length % 64 == 0)
            transform(m);
    }
}

void md5_finish(struct md5 *m, u8 digest[MD5_DIGEST])
{
    u8 bits[8];
    put_le64(bits, (u64)m->length * 8);
    md5_add(m, "\x80", 1);
    while (m->length % 64 != 56)
        md5_add(m, "", 1);
    md5_add(m, bits, sizeof(bits));
    for (u32 i = 0; i < 4; i++)
        put_le32(digest + i * 4, m->state[i]);
    wipe(m, sizeof(*m));
}
