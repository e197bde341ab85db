/* What the BIOS's INT 13h says of its drives. */
#ifndef LUNBOOT_BIOS_DRIVES_H
#define LUNBOOT_BIOS_DRIVES_H

#include "base/types.h"

/* Which of the numbers 81h to 8Fh that are none of the hard disks which the BIOS counts at 40:75
 * are CDs, a bit each from 80h on. Uses the place where the iBFT will be. */
u16 bios_cds(void);

#endif
