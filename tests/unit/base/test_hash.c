/* The digests of RFC 1321 (A.5), FIPS 180-4 and FIPS 202, as NIST's examples have them; and of
 * every length around the ends of a block. */
#include "base/hash.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define KINDS 4

static char hex[2 * HASH_MAX + 1];

static void digest_text(struct hash *h)
{
    u8 digest[HASH_MAX];
    u32 size = hash_size(h->kind);
    hash_end(h, digest);
    for (u32 i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
}

static void expect(enum hash_kind kind, const char *text, const char *digest)
{
    struct hash h;
    hash_start(&h, kind);
    hash_add(&h, text, (u32)strlen(text));
    digest_text(&h);
    assert_string_equal(hex, digest);
}

TEST(the_digests_of_rfc_1321)
{
    static const char *const suite[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(suite); i++)
        expect(HASH_MD5, suite[i][0], suite[i][1]);
}

TEST(the_digests_of_nist)
{
    static const char *const messages[] = {
        "", "abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        "lmnopqrsmnopqrstnopqrstu"};
    static const char *const digests[][ARRAY_SIZE(messages)] = {
        [HASH_SHA1] = {"da39a3ee5e6b4b0d3255bfef95601890afd80709",
                       "a9993e364706816aba3e25717850c26c9cd0d89d",
                       "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
                       "a49b2446a02c645bf419f995b67091253a04a259"},
        [HASH_SHA256] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
                         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
        [HASH_SHA3_256] = {"a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
                           "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
                           "41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376",
                           "916f6061fe879741ca6469b43971dfdb28b1a32dc36cb3254e812be27aad1d18"},
    };
    for (u32 kind = HASH_SHA1; kind < KINDS; kind++)
        for (u32 i = 0; i < ARRAY_SIZE(messages); i++)
            expect((enum hash_kind)kind, messages[i], digests[kind][i]);
}

TEST(a_million_of_a)
{
    static const char *const digests[KINDS] = {
        "7707d6ae4e027c70eea2a935c2296f21", "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1"};
    static char text[1000001];
    memset(text, 'a', 1000000);
    for (u32 kind = 0; kind < KINDS; kind++)
        expect((enum hash_kind)kind, text, digests[kind]);
}

/* The digest of the digests of 0 to 299 bytes 0, 7, 14, ...; from Python's hashlib. */
TEST(every_length_in_pieces)
{
    static const char *const digests[KINDS] = {
        "b9d5b0ec0d207bb96cccb77036c15f87", "d86f432ef2b3a77b72697e5684cf65ebf943b865",
        "f65f14b090e805017546322e618401d41f0710c213e013a5131eb38bbe8f367f",
        "11ca3a3271cce6a33bd124a07444582f3360d345eec795f8b3e992e632c5e8d4"};
    u8 bytes[300], digest[HASH_MAX];
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(7 * i);
    for (u32 kind = 0; kind < KINDS; kind++) {
        struct hash all, one;
        hash_start(&all, (enum hash_kind)kind);
        for (u32 len = 0; len < sizeof(bytes); len++) {
            u32 first = len * 37 % (len + 1);
            hash_start(&one, (enum hash_kind)kind);
            hash_add(&one, bytes, first);
            hash_add(&one, bytes + first, len - first);
            hash_end(&one, digest);
            hash_add(&all, digest, hash_size((enum hash_kind)kind));
        }
        digest_text(&all);
        assert_string_equal(hex, digests[kind]);
    }
}

TEST(the_state_is_wiped)
{
    for (u32 kind = 0; kind < KINDS; kind++) {
        struct hash h, zero;
        memset(&zero, 0, sizeof(zero));
        hash_start(&h, (enum hash_kind)kind);
        hash_add(&h, "secret", 6);
        digest_text(&h);
        assert_memory_equal(&h, &zero, sizeof(h));
    }
}
