/* The pool of random numbers. It can't be set back, so whoever wants to see the same pool go two
 * ways looks from child processes. */
#include "base/platform.h"
#include "base/random.h"

#include "test.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS 256

/* A machine without any chance: what there is comes from the samples. */
void platform_entropy(u32 words[ENTROPY_WORDS])
{
    memset(words, 0, ENTROPY_WORDS * sizeof(*words));
}

/* What the pool as it is now would give after these samples. */
static void numbers_after(const u32 *samples, u32 count, u32 numbers[NUMBERS])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        for (u32 i = 0; i < count; i++)
            random_add(samples[i]);
        for (u32 i = 0; i < NUMBERS; i++)
            numbers[i] = random_u32();
        ssize_t written = write(ends[1], numbers, NUMBERS * sizeof(u32));
        _exit(written != NUMBERS * sizeof(u32));
    }
    int status;
    assert_int_equal(read(ends[0], numbers, NUMBERS * sizeof(u32)), NUMBERS * sizeof(u32));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

/* As two texts of random bits do: half of the bits, give or take five sigma. */
static void assert_unlike(const u32 *a, const u32 *b)
{
    u32 differ = 0, equal = 0;
    for (u32 i = 0; i < NUMBERS; i++) {
        differ += (u32)__builtin_popcount(a[i] ^ b[i]);
        equal += a[i] == b[i];
    }
    assert_in_range(differ, NUMBERS * 16 - 226, NUMBERS * 16 + 226);
    assert_int_equal(equal, 0);
}

TEST(every_bit_of_every_sample_counts)
{
    u32 samples[6] = {7, 0, 0x12345678, 1, 2, 3}, plain[NUMBERS], other[NUMBERS];
    numbers_after(samples, 6, plain);
    for (u32 i = 0; i < 6; i++)
        for (u32 bit = 0; bit < 32; bit += 5) {
            samples[i] ^= 1u << bit;
            numbers_after(samples, 6, other);
            assert_unlike(plain, other);
            samples[i] ^= 1u << bit;
        }
}

TEST(samples_of_another_order_are_other_samples)
{
    const u32 one[] = {1, 2, 3, 4, 5}, two[] = {5, 2, 3, 4, 1};
    u32 a[NUMBERS], b[NUMBERS];
    numbers_after(one, 5, a);
    numbers_after(two, 5, b);
    assert_unlike(a, b);
}

/* Samples that an adversary has chosen, and knowing every number so far, take nothing away from one
 * sample that it does not know. */
TEST(samples_of_an_adversary_undo_nothing)
{
    u32 chosen[64], with[NUMBERS], without[NUMBERS];
    for (u32 i = 0; i < 64; i++)
        chosen[i] = i % 4 ? 0 : random_u32();
    numbers_after(chosen, 64, with);
    random_add(0x5ec2e7); /* what the adversary does not know */
    numbers_after(chosen, 64, without);
    assert_unlike(with, without);
}

TEST(numbers_show_no_pattern)
{
    enum { COUNT = 1 << 16 };
    u32 set[32] = {0}, rises = 0, last = 0, first[2] = {random_u32(), random_u32()};
    for (u32 i = 0; i < COUNT; i++) {
        u32 n = random_u32();
        for (u32 bit = 0; bit < 32; bit++)
            set[bit] += n >> bit & 1;
        rises += n > last;
        assert_false(last == first[0] && n == first[1]); /* a circle */
        last = n;
    }
    for (u32 bit = 0; bit < 32; bit++) /* half, give or take six sigma */
        assert_in_range(set[bit], COUNT / 2 - 768, COUNT / 2 + 768);
    assert_in_range(rises, COUNT / 2 - 768, COUNT / 2 + 768);
}
