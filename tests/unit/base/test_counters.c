/* The one place where counters are seen: what is 0 is left out, lines are of a width, pages follow
 * each other without a gap. */
#include "base/counters.h"

#include "platform_host.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define A_STATS(X)                                                                                 \
    X(short_one)                                                                                   \
    X(another)                                                                                     \
    X(third_of_these)

static struct a_stats {
    A_STATS(COUNTERS_FIELD)
} a;
static const char a_names[] = A_STATS(COUNTERS_NAME);

#define MANY 40
static char b_names[MANY * 12];
static u32 b[MANY], other_b[MANY];

static void setup(void)
{
    host_reset(1000);
    memset(&a, 0, sizeof(a));
    memset(b, 0, sizeof(b));
    memset(other_b, 0, sizeof(other_b));
    size_t at = 0;
    for (u32 i = 0; i < MANY; i++)
        at += (size_t)sprintf(b_names + at, "counter_%u", i) + 1;
    counters_register(a_names, (u32 *)&a, sizeof(a));
    counters_register(b_names, b, sizeof(b));
}

FIXTURE(setup);

static void assert_text(const char *text)
{
    char said[MANY * 24];
    assert_int_equal(counters_text(said, sizeof(said), 0), 0);
    assert_string_equal(said, text);
}

TEST(what_is_0_is_left_out)
{
    assert_text("nothing was counted");
    a.another = 7;
    assert_text("another 7");
    a.third_of_these = UINT32_MAX;
    b[0] = 1;
    b[MANY - 1] = 2;
    assert_text("another 7, third_of_these 4294967295, counter_0 1, counter_39 2");
}

TEST(a_second_registration_changes_nothing)
{
    a.short_one = b[3] = 1;
    for (u32 i = 0; i < 10; i++) {
        counters_register(a_names, (u32 *)&a, sizeof(a));
        counters_register(b_names, b, sizeof(b));
    }
    assert_text("short_one 1, counter_3 1");
}

TEST(values_in_another_place_take_that_of_the_old_ones)
{
    a.short_one = b[3] = 1;
    other_b[3] = 2;
    counters_register(b_names, other_b, sizeof(other_b));
    assert_text("short_one 1, counter_3 2");
}

TEST(sets_that_find_no_room_are_left_out)
{
    static const char more[][2] = {"c", "d", "e", "f"};
    static u32 values[4] = {1, 2, 3, 4};
    a.short_one = 1;
    for (u32 i = 0; i < 4; i++)
        counters_register(more[i], values + i, sizeof(*values));
    assert_text("short_one 1, c 1, d 2");
    memset(values, 0, sizeof(values));
}

/* Whatever the width and whatever is counted: the pages together are all there is. */
TEST(pages_follow_each_other_without_a_gap)
{
    for (u32 step = 1; step < 7; step++) {
        char whole[MANY * 24], text[MANY * 24];
        for (u32 i = 0; i < MANY; i++)
            b[i] = i % step ? 0 : i * i * i + 1;
        assert_int_equal(counters_text(whole, sizeof(whole), 0), 0);
        for (size_t size = 17; size < sizeof(whole); size++) {
            char pages[MANY * 24] = "";
            u32 from = 0, before;
            do {
                before = from;
                from = counters_text(text, size, from);
                assert_true(strlen(text) < size);
                assert_true(!from || from > before);
                strcat(strcat(pages, pages[0] ? ", " : ""), text);
            } while (from);
            assert_string_equal(pages, whole);
        }
    }
}

TEST(a_page_is_filled_to_the_last_byte)
{
    char text[100];
    a.short_one = 12;
    a.another = 345;
    assert_int_equal(counters_text(text, sizeof("short_one 12, another 345"), 0), 0);
    assert_string_equal(text, "short_one 12, another 345");
    assert_int_equal(counters_text(text, sizeof("short_one 12, another 345") - 1, 0), 1);
    assert_string_equal(text, "short_one 12");
    b[2] = 6;
    assert_int_equal(counters_text(text, sizeof("short_one 12, another 345"), 0), 3 + 2);
    assert_int_equal(counters_text(text, sizeof(text), 3 + 2), 0);
    assert_string_equal(text, "counter_2 6");
}

/* One that fits no page is cut, so that who pages gets on. */
TEST(no_width_stops_a_page)
{
    char text[6];
    a.short_one = a.another = 1;
    assert_int_equal(counters_text(text, sizeof(text), 0), 1);
    assert_string_equal(text, "short");
    assert_int_equal(counters_text(text, sizeof(text), 1), 0);
    assert_string_equal(text, "anoth");
}

TEST(printing_takes_lines_of_a_screen)
{
    char all[MANY * 24];
    counters_print();
    assert_string_equal(host_console(), "nothing was counted\n");
    host_reset(1000);
    for (u32 i = 0; i < MANY; i++)
        b[i] = 1000000 + i;
    counters_print();
    u32 lines = 0;
    all[0] = 0;
    const char *line = host_console();
    for (const char *end; *line; line = end + 1, lines++) {
        end = strchr(line, '\n');
        assert_non_null(end);
        assert_in_range(end - line, 79 - 20, 79);
        strcat(all, lines ? ", " : "");
        strncat(all, line, (size_t)(end - line));
    }
    assert_int_equal(lines, MANY / 4);
    assert_text(all);
}
