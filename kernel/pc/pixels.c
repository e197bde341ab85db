/* A line of text in pixels, with the BIOS's font. */
#include "pc/pixels.h"

#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"
#include "pc/frame.h"
#include "pc/resident.h"

#define GET_FONT    0x1130 /* AX of INT 10h; the answer is ES:BP */
#define FONT_8X16   0x0600 /* BX */
#define FONT_SIZE   (256u * CELL_HEIGHT)
#define ROMS        0xc0000 /* where they begin */
#define CELL_WIDTH  8u
#define CELL_HEIGHT 16u
#define LINE_WIDTH  (STATUS_WIDTH * CELL_WIDTH)
#define PALETTE_TOP 15 /* white in most palettes; 0 is black */

static struct frame frame;
static u8 *origin; /* of the line, in the frame buffer */
static const u8 *font;
static u8 under[CELL_HEIGHT][LINE_WIDTH * sizeof(u32)];

static const u8 *find_font(void)
{
    struct rm_regs r = {.eax = GET_FONT, .ebx = FONT_8X16};
    rm_interrupt(0x10, &r);
    u32 at = rm_phys(r.es, (u16)r.ebp);
    return at < ROMS ? NULL : phys_ptr(at, FONT_SIZE);
}

bool pixels_begin(void)
{
    if (!frame_find(&frame) || frame.width < LINE_WIDTH || frame.height < CELL_HEIGHT)
        return false;
    font = find_font();
    origin = frame.pixels + (frame.height - CELL_HEIGHT) * frame.pitch;
    for (u32 y = 0; y < CELL_HEIGHT; y++)
        memcpy(under[y], origin + y * frame.pitch, LINE_WIDTH * frame.pixel);
    return font;
}

/* Black and white are 0 and all ones, wherever a pixel's bytes have which color. */
static void draw_cell(u8 *at, const u8 *glyph)
{
    int white = frame.pixel == 1 ? PALETTE_TOP : 0xff;
    for (u32 y = 0; y < CELL_HEIGHT; y++, at += frame.pitch)
        for (u32 x = 0; x < CELL_WIDTH; x++)
            memset(at + x * frame.pixel, glyph[y] << x & 0x80 ? 0 : white, frame.pixel);
}

void pixels_draw(const char *line)
{
    for (u32 i = 0; line[i]; i++)
        draw_cell(origin + i * CELL_WIDTH * frame.pixel, font + (u8)line[i] * CELL_HEIGHT);
}

void pixels_end(void)
{
    for (u32 y = 0; y < CELL_HEIGHT; y++)
        memcpy(origin + y * frame.pitch, under[y], LINE_WIDTH * frame.pixel);
}
