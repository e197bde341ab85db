/* The picture of a graphics mode that somebody else has set: where it lies in memory. */
#ifndef LUNBOOT_FRAME_H
#define LUNBOOT_FRAME_H

#include "base/types.h"

struct frame {
    u8 *pixels;        /* the upper left one */
    u32 pitch;         /* bytes from a row to the next */
    u32 width, height; /* pixels */
    u32 pixel;         /* bytes, 1 to 4 */
};

/* A frame buffer lies at this address or above: all memory of the machine lies below. */
void frame_init(u32 lowest);

/* Ask the video BIOS (VESA BIOS Extension 3.0, 4.3 to 4.10) or the adapter. False: it is in text
 * mode, or its frame buffer does not lie in one piece, or not where one can be. */
bool frame_find(struct frame *frame);

#endif
