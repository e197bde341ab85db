/* A PC's video. */
#include "pc/video.h"

#include "base/bytes.h"
#include "base/realmode.h"
#include "pc/dispi.h"
#include "pc/frame.h"
#include "pc/resident.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define SEGMENT 0x9ec0

struct video video;
u8 *video_memory;

static struct resident block = {.segment = SEGMENT, .base = SEGMENT * 16};

struct resident *resident_block(void)
{
    return &block;
}

u8 *resident_ibft(void)
{
    return video_memory + block.base + RESIDENT_IBFT;
}

u16 dispi_read(u16 index)
{
    assert_true(index < ARRAY_SIZE(video.dispi));
    return video.dispi[index];
}

static void mode_info(const struct rm_regs *r)
{
    assert_int_equal(rm_phys(r->es, (u16)r->edi), resident_ibft() - video_memory);
    if ((r->ecx & 0xffff) == video.described)
        memcpy(resident_ibft(), video.info, sizeof(video.info));
}

void rm_interrupt(u8 vector, struct rm_regs *r)
{
    assert_int_equal(vector, 0x10);
    u32 function = r->eax;
    r->eax = video.status;
    video.calls++;
    switch (function) {
    case 0x1130:
        assert_int_equal(r->ebx, 0x0600);
        r->es = (u16)(video.font >> 4);
        r->ebp = video.font & 15;
        break;
    case 0x4f01:
        mode_info(r);
        break;
    case 0x4f03:
        r->ebx = video.mode;
        break;
    case 0x4f07:
        assert_int_equal(r->ebx, 1);
        r->edx = video.top;
        break;
    default:
        fail_msg("INT 10h AX=%x", function);
    }
}

void video_setup(void)
{
    host_reset(0);
    memset(&video, 0, sizeof(video));
    video_memory = malloc(VIDEO_MEMORY);
    for (u32 i = 0; i < VIDEO_MEMORY; i++)
        video_memory[i] = (u8)(i * 2654435761u >> 24);
    host_set_phys(video_memory, VIDEO_MEMORY);
    frame_init(VIDEO_RAM_END);
    video.font = VIDEO_FONT;
    video.status = 0x004f;
}

void video_set(u32 width, u32 height, u32 bits, u32 gap)
{
    u32 pitch = width * ((bits + 7) / 8) + gap;
    video.mode = 0x4118;
    video.described = 0x118;
    put_le16(video.info, 0x9b);
    put_le16(video.info + 16, (u16)pitch);
    put_le16(video.info + 18, (u16)width);
    put_le16(video.info + 20, (u16)height);
    video.info[25] = (u8)bits;
    video.info[29] = 1;
    put_le32(video.info + 40, VIDEO_RAM_END);
}

void video_teardown(void)
{
    free(video_memory);
}
