/* Waiting for the disk on behalf of a boot loader, with a word for the person at the screen. */
#ifndef LUNBOOT_WAITING_H
#define LUNBOOT_WAITING_H

#include "disk/block.h"

/* What is asked of this disk of the SAN until waiting_end() may take long: see disk/patience.h. */
void waiting_begin(struct block_dev *disk);
void waiting_end(void);

#endif
