/* Waiting for the disk on behalf of a boot loader, with a word for the person at the screen. */
#ifndef LUNBOOT_WAITING_H
#define LUNBOOT_WAITING_H

/* What is asked of the disk until waiting_end() may take long: see disk/patience.h. */
void waiting_begin(void);
void waiting_end(void);

#endif
