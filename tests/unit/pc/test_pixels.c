/* The status line in pixels. */
#include "base/bytes.h"
#include "base/platform.h"
#include "pc/pixels.h"
#include "pc/video.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define WIDTH  (STATUS_WIDTH * 8u)
#define HEIGHT 16u

static u8 *before;

static void setup(void)
{
    video_setup();
    before = malloc(VIDEO_MEMORY);
    memcpy(before, video_memory, VIDEO_MEMORY);
}

static void teardown(void)
{
    free(before);
    video_teardown();
}

FIXTURE(setup, teardown);

/* Is the line's pixel there as it has to be, and everything else as it was? `line` is what was
 * drawn, blanks for what was not. */
static void assert_line(const char *line, u32 width, u32 height, u32 pixel, u32 gap)
{
    static const u8 black[4], white[4] = {0xff, 0xff, 0xff, 0xff}, top[4] = {15};
    u32 pitch = width * pixel + gap, drawn = (u32)strlen(line) * 8;
    u8 *expected = malloc(VIDEO_MEMORY);
    memcpy(expected, before, VIDEO_MEMORY);
    for (u32 y = 0; y < HEIGHT; y++)
        for (u32 x = 0; x < drawn; x++) {
            u8 glyph = before[VIDEO_FONT + (u8)line[x / 8] * HEIGHT + y];
            u8 *at = expected + VIDEO_RAM_END + (height - HEIGHT + y) * pitch + x * pixel;
            memcpy(at, glyph >> (7 - x % 8) & 1 ? black : pixel == 1 ? top : white, pixel);
        }
    assert_memory_equal(video_memory, expected, VIDEO_MEMORY);
    free(expected);
}

TEST(the_line_is_drawn_and_goes)
{
    const struct {
        u32 width, height, bits, gap;
    } modes[] = {{640, 480, 8, 0},   {632, 400, 16, 3},  {800, 600, 15, 64}, {640, 480, 24, 1},
                 {1024, 768, 32, 0}, {1366, 768, 32, 8}, {640, 16, 32, 0}};
    char full[STATUS_WIDTH + 1];
    memset(full, 0x9f, STATUS_WIDTH);
    full[STATUS_WIDTH] = 0;
    for (u32 i = 0; i < ARRAY_SIZE(modes); i++) {
        u32 width = modes[i].width, height = modes[i].height, gap = modes[i].gap;
        u32 pixel = (modes[i].bits + 7) / 8;
        video_set(width, height, modes[i].bits, gap);
        assert_true(pixels_begin());
        pixels_draw("lunboot: E32, 9 s");
        assert_line("lunboot: E32, 9 s", width, height, pixel, gap);
        pixels_draw(full);
        assert_line(full, width, height, pixel, gap);
        pixels_draw("lunboot: E32");
        memcpy(full, "lunboot: E32", 12);
        assert_line(full, width, height, pixel, gap);
        pixels_end();
        assert_memory_equal(video_memory, before, VIDEO_MEMORY);
    }
}

TEST(a_picture_that_is_too_small)
{
    const struct {
        u32 width, height;
    } sizes[] = {{0, 0}, {320, 200}, {WIDTH - 1, 480}, {640, HEIGHT - 1}};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        video_set(sizes[i].width, sizes[i].height, 32, 0);
        assert_false(pixels_begin());
    }
}

TEST(no_font)
{
    video_set(640, 480, 32, 0);
    const u32 places[] = {0, 0x500, 0xbffff};
    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        video.font = places[i];
        assert_false(pixels_begin());
    }
    assert_memory_equal(video_memory, before, VIDEO_MEMORY);
}

TEST(no_picture)
{
    video.mode = 3;
    assert_false(pixels_begin());
}
