/* What the BIOS keeps in its data area, by physical address (IBM PS/2 and PC BIOS Interface
 * Technical Reference, section 3). */
#ifndef LUNBOOT_BDA_H
#define LUNBOOT_BDA_H

#include "base/bytes.h"
#include "base/platform.h"

#define BDA               0x400

#define BDA_COM1          0x400 /* word, port; 0: none */
#define BDA_EQUIPMENT     0x410 /* bit 0: there are floppies, bits 6 and 7: how many more than one */
#define BDA_EBDA          0x40e /* word, segment of the extended data area */
#define BDA_BASE_MEMORY   0x413 /* word, KiB of conventional memory: INT 12h's answer */
#define BDA_KEYS_HEAD     0x41a /* word: the next key to be taken from the keyboard buffer, ... */
#define BDA_KEYS_TAIL     0x41c /* word: ... and the place for the next to come, from BDA on */
#define BDA_FLOPPY_STATUS 0x441 /* of the last floppy operation */
#define BDA_VIDEO_MODE    0x449
#define BDA_COLUMNS       0x44a /* word */
#define BDA_PAGE_START    0x44e /* word, bytes */
#define BDA_CURSOR        0x450 /* column, row, of page 0; others behind it */
#define BDA_PAGE          0x462
#define BDA_CRTC          0x463 /* word, port */
#define BDA_TICKS         0x46c /* dword: the timer's, since midnight */
#define BDA_DISK_STATUS   0x474 /* of the last hard disk operation */
#define BDA_DISKS         0x475 /* how many hard disks INT 13h has */
#define BDA_KEYS_START    0x480 /* word: where the keyboard buffer begins, from BDA on, ... */
#define BDA_KEYS_END      0x482 /* word: ... and where it ends */
#define BDA_LAST_ROW      0x484 /* rows - 1; 0 on very old adapters */
#define BDA_APPLICATION   0x4f0 /* 16 bytes for whichever program runs */

static inline u16 bda_get16(u32 address)
{
    return get_le16(phys_ptr(address, 2));
}

static inline u32 bda_get32(u32 address)
{
    return get_le32(phys_ptr(address, 4));
}

static inline void bda_put16(u32 address, u16 value)
{
    put_le16(phys_ptr(address, 2), value);
}

#endif
