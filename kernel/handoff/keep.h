/* The disk behind INT 13h, to stay. */
#ifndef LUNBOOT_KEEP_H
#define LUNBOOT_KEEP_H

#include "disk/eltorito.h"
#include "machine/machine.h"

/* Put the attached disk behind INT 13h, hide our memory and forget our copies of the secrets;
 * `drive` is the number that it would have, and `what` begins the line on the screen. boot_sector
 * is the first block of the disk, or of the image that `cd` is booted by (NULL: it is no CD), by
 * which its geometry is guessed. Returns its drive number. From here on there is no way back. */
u8 keep_disk(const struct machine *machine, const u8 *boot_sector, const struct cd_boot *cd,
             u8 drive, const char *what);

#endif
