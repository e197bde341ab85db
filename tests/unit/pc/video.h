/* A PC's video BIOS, its memory, and Bochs' display adapter, for tests of what asks them. */
#ifndef VIDEO_H
#define VIDEO_H

#include "base/types.h"

#define VIDEO_RAM_END 0x200000u /* of the machine: frame buffers may lie from here on, ... */
#define VIDEO_MEMORY  0x800000u /* ... up to here */
#define VIDEO_FONT    0xc1000u  /* 8x16 */

/* The mode that was set; a test changes what it likes. */
struct video {
    u16 mode;      /* as AX=4F03h says it */
    u16 described; /* the one that AX=4F01h knows */
    u8 info[256];  /* ... and what it says */
    u32 top;       /* the first row in view, AX=4F07h */
    u32 font;      /* where AX=1130h says that it is */
    u16 status;    /* AX of VBE's functions */
    u16 dispi[10]; /* the adapter's registers */
    u32 calls;     /* of the BIOS so far */
};
extern struct video video;
extern u8 *video_memory; /* VIDEO_MEMORY bytes, of which those that nobody owns are poisoned */

/* A linear mode of VBE with rows `gap` bytes longer than need be, at VIDEO_RAM_END, and memory for
 * two pictures of it. */
void video_setup(void);
void video_set(u32 width, u32 height, u32 bits, u32 gap);
void video_teardown(void);

#endif
