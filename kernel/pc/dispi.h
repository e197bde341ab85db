/* The registers of the display adapter that Bochs, QEMU ("std", qxl, virtio-vga) and VirtualBox
 * have (QEMU's docs/specs/standard-vga.rst). PC only. */
#ifndef LUNBOOT_DISPI_H
#define LUNBOOT_DISPI_H

#include "base/types.h"

#define DISPI_ID          0 /* B0C0h to B0CFh */
#define DISPI_WIDTH       1
#define DISPI_HEIGHT      2
#define DISPI_BITS        3 /* of a pixel */
#define DISPI_ENABLE      4 /* bit 0: graphics */
#define DISPI_VIRT_WIDTH  6 /* pixels from a row to the next */
#define DISPI_VIRT_HEIGHT 7 /* rows that its memory has room for */
#define DISPI_Y           9 /* the first row in view */

/* One of them; where there is no such adapter, anything. */
u16 dispi_read(u16 index);

#endif
