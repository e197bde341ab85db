/* Where the picture lies, by VBE or Bochs' adapter, and what is not believed. */
#include "base/bytes.h"
#include "pc/dispi.h"
#include "pc/frame.h"
#include "pc/video.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

FIXTURE(video_setup, video_teardown);

static void assert_frame(u32 at, u32 pitch, u32 width, u32 height, u32 pixel)
{
    struct frame f;
    assert_true(frame_find(&f));
    assert_int_equal(f.pixels - video_memory, at);
    assert_int_equal(f.pitch, pitch);
    assert_int_equal(f.width, width);
    assert_int_equal(f.height, height);
    assert_int_equal(f.pixel, pixel);
}

static void assert_no_frame(void)
{
    struct frame f;
    assert_false(frame_find(&f));
}

TEST(modes_of_vbe)
{
    const struct {
        u32 width, height, bits, pixel;
    } modes[] = {{640, 480, 8, 1},  {640, 480, 15, 2},  {800, 600, 16, 2},
                 {640, 480, 24, 3}, {1024, 768, 32, 4}, {1280, 800, 24, 3}};
    for (u32 i = 0; i < ARRAY_SIZE(modes); i++) {
        u32 line = modes[i].width * modes[i].pixel;
        video_set(modes[i].width, modes[i].height, modes[i].bits, i * 16);
        video.info[29] = 0;
        assert_frame(VIDEO_RAM_END, line + i * 16, modes[i].width, modes[i].height, modes[i].pixel);
    }
}

TEST(the_picture_in_view_is_the_second)
{
    video_set(640, 480, 32, 0);
    video.top = 480;
    assert_frame(VIDEO_RAM_END + 480 * 2560, 2560, 640, 480, 4);
    video.top = 481; /* there is no room for it */
    assert_no_frame();
    video.top = 0xffff;
    assert_no_frame();
}

TEST(rows_of_the_linear_buffer_may_be_longer)
{
    video_set(640, 480, 16, 0);
    put_le16(video.info + 50, 2048);
    assert_frame(VIDEO_RAM_END, 2048, 640, 480, 2);
}

TEST(the_ibft_is_as_it_was)
{
    u8 *before = malloc(VIDEO_RAM_END);
    memcpy(before, video_memory, VIDEO_RAM_END);
    video_set(640, 480, 16, 0);
    assert_frame(VIDEO_RAM_END, 1280, 640, 480, 2);
    assert_memory_equal(video_memory, before, VIDEO_RAM_END);
    free(before);
}

TEST(text_modes)
{
    video_set(640, 480, 32, 0);
    const u16 modes[] = {0, 3, 0x12, 0x13, 0x8003, 0xff};
    for (u32 i = 0; i < ARRAY_SIZE(modes); i++) {
        video.mode = video.described = modes[i];
        assert_no_frame();
    }
    video_set(640, 480, 32, 0);
    put_le16(video.info, 0x8b); /* one of VBE's */
    assert_no_frame();
}

TEST(no_linear_frame_buffer)
{
    video_set(640, 480, 32, 0);
    put_le16(video.info, 0x1b);
    assert_no_frame();
}

TEST(a_bios_without_vbe)
{
    video_set(640, 480, 32, 0);
    video.status = 0x4f03;
    assert_no_frame();
    assert_int_equal(video.calls, 1);
}

TEST(a_mode_that_is_not_described)
{
    video_set(640, 480, 32, 0);
    video.described = 0;
    assert_no_frame();
}

TEST(planes_are_no_frame)
{
    video_set(640, 480, 4, 0);
    assert_no_frame();
    video_set(640, 480, 40, 0);
    assert_no_frame();
}

TEST(a_row_that_is_too_short)
{
    video_set(640, 480, 32, 0);
    put_le16(video.info + 16, 2559);
    assert_no_frame();
}

/* Memory of the machine is not drawn into. */
TEST(a_frame_buffer_in_memory)
{
    video_set(640, 480, 32, 0);
    const u32 bases[] = {0, 0xa0000, 0x100000, VIDEO_RAM_END - 1};
    for (u32 i = 0; i < ARRAY_SIZE(bases); i++) {
        put_le32(video.info + 40, bases[i]);
        assert_no_frame();
    }
}

TEST(a_frame_buffer_that_wraps)
{
    video_set(640, 480, 32, 0);
    put_le32(video.info + 40, 0xfffff000);
    assert_no_frame();
    video_set(65535, 65535, 8, 0);
    video.top = 65535;
    assert_no_frame();
}

/* Whatever is said: a frame lies where frames may lie. phys_ptr() sees to the end of memory. */
TEST(anything_is_said)
{
    u32 found = 0;
    srand(1);
    for (u32 n = 0; n < 300000; n++) {
        video_set((u32)rand() % 2000, (u32)rand() % 1500, 8u << rand() % 3, 0);
        for (u32 i = 0; i < 3; i++)
            video.info[rand() % 64] = (u8)rand();
        put_le16(video.info, 0x9b);
        video.top = (u32)(rand() % 4 ? 0 : rand());
        struct frame f;
        if (!frame_find(&f))
            continue;
        found++;
        assert_true(f.pixels >= video_memory + VIDEO_RAM_END && f.pixel >= 1 && f.pixel <= 4);
        assert_true(f.pixels + f.height * f.pitch <= video_memory + VIDEO_MEMORY);
        assert_true(f.pitch >= f.width * f.pixel);
    }
    assert_true(found > 10000);
}

/* ---- the adapter's own modes, of which the BIOS does not know ---- */

static void set_dispi(u16 width, u16 height, u16 bits)
{
    video_set(640, 480, 24, 0);
    video.mode = 3;
    video.described = 0x112;
    const u16 registers[] = {0xb0c5, width, height, bits, 0x41, 0, width, 2000, 0, 0};
    memcpy(video.dispi, registers, sizeof(registers));
}

TEST(modes_of_the_adapter)
{
    set_dispi(800, 600, 16);
    assert_frame(VIDEO_RAM_END, 1600, 800, 600, 2);
    set_dispi(1024, 768, 32);
    video.dispi[DISPI_Y] = 768;
    assert_frame(VIDEO_RAM_END + 768 * 4096, 4096, 1024, 768, 4);
    set_dispi(800, 600, 8);
    video.dispi[DISPI_VIRT_WIDTH] = 1024;
    assert_frame(VIDEO_RAM_END, 1024, 800, 600, 1);
}

TEST(the_adapter_shows_text)
{
    set_dispi(800, 600, 16);
    video.dispi[DISPI_ENABLE] = 0x40;
    assert_no_frame();
}

TEST(there_is_no_such_adapter)
{
    set_dispi(800, 600, 16);
    video.dispi[DISPI_ID] = 0xffff;
    assert_no_frame();
}

TEST(the_adapter_without_a_place)
{
    set_dispi(800, 600, 16);
    video.described = 0x118;
    assert_no_frame();
}

TEST(the_adapter_says_anything)
{
    srand(2);
    for (u32 n = 0; n < 100000; n++) {
        set_dispi((u16)rand(), (u16)rand(), (u16)rand());
        video.dispi[DISPI_VIRT_WIDTH] = (u16)rand();
        video.dispi[DISPI_VIRT_HEIGHT] = (u16)rand();
        video.dispi[DISPI_Y] = (u16)rand();
        struct frame f;
        if (frame_find(&f))
            assert_true(f.pixels + f.height * f.pitch <= video_memory + VIDEO_MEMORY);
    }
}
