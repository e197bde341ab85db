/* CRC32C, by instruction and by table: the examples of RFC 3720, B.4, and pieces of any length. */
#include "base/crc32c.h"
#include "base/random.h"
#include "test.h"
#include <string.h>

/* 0: by table. 1: by instruction, where this machine has it. */
static bool begin(u32 way)
{
    crc32c_init(way);
    return !way || __builtin_cpu_supports("sse4.2");
}

static void expect(const u8 *p, u32 len, const char *digest)
{
    for (u32 way = 0; way < 2; way++) {
        u8 got[CRC32C_SIZE];
        if (!begin(way))
            continue;
        u32 crc = crc32c_add(CRC32C_START, p, len);
        crc32c_put(got, crc);
        assert_memory_equal(got, digest, CRC32C_SIZE);
        assert_int_equal(crc32c_add(crc, got, CRC32C_SIZE), CRC32C_GOOD);
    }
}

TEST(the_examples_of_rfc_3720)
{
    static const u8 read_10[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, 0x28, [40] = 0x02};
    u8 bytes[32];
    memset(bytes, 0, sizeof(bytes));
    expect(bytes, sizeof(bytes), "\xaa\x36\x91\x8a");
    memset(bytes, 0xff, sizeof(bytes));
    expect(bytes, sizeof(bytes), "\x43\xab\xa8\x62");
    for (u8 i = 0; i < sizeof(bytes); i++)
        bytes[i] = i;
    expect(bytes, sizeof(bytes), "\x4e\x79\xdd\x46");
    for (u8 i = 0; i < sizeof(bytes); i++)
        bytes[i] = 31 - i;
    expect(bytes, sizeof(bytes), "\x5c\xdb\x3f\x11");
    expect(read_10, sizeof(read_10), "\x56\x3a\x96\xd9");
    expect((const u8 *)"123456789", 9, "\x83\x92\x06\xe3");
}

TEST(pieces_of_any_length_give_what_the_whole_gives)
{
    u8 bytes[300];
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)random_u32();
    for (u32 way = 0; way < 2; way++) {
        if (!begin(way))
            continue;
        u32 whole = crc32c_add(CRC32C_START, bytes, sizeof(bytes));
        for (u32 piece = 1; piece <= sizeof(bytes); piece++) {
            u32 crc = CRC32C_START, n;
            for (u32 at = 0; at < sizeof(bytes); at += n) {
                n = piece < sizeof(bytes) - at ? piece : sizeof(bytes) - at;
                crc = crc32c_add(crc, bytes + at, n);
            }
            assert_int_equal(crc, whole);
        }
    }
}

/* Any other bit counts, and so does the digest's. */
TEST(no_single_bit_gets_lost)
{
    u8 bytes[40 + CRC32C_SIZE] = "a data segment, and its digest behind it";
    for (u32 way = 0; way < 2; way++) {
        if (!begin(way))
            continue;
        crc32c_put(bytes + 40, crc32c_add(CRC32C_START, bytes, 40));
        for (u32 bit = 0; bit < 8 * sizeof(bytes); bit++) {
            bytes[bit / 8] ^= (u8)(1u << bit % 8);
            assert_int_not_equal(crc32c_add(CRC32C_START, bytes, sizeof(bytes)), CRC32C_GOOD);
            bytes[bit / 8] ^= (u8)(1u << bit % 8);
        }
    }
}
