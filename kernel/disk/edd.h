/* The result buffer of INT 13h AH=48h, get drive parameters (T13 EDD-4, 8.20; Phoenix EDD 1.1 and
 * 3.0 for the shorter forms). */
#ifndef LUNBOOT_EDD_H
#define LUNBOOT_EDD_H

#include "base/types.h"
#include "disk/int13.h"

#define EDD_SIZE_MIN 26 /* EDD 1.0 */
#define EDD_SIZE_MAX 74 /* EDD-3 and -4, T13's device path */

/* Write the largest table that fits `size` bytes (26, 30, 66 or 74), its own size in its first
 * word. Returns that size; 0, and nothing is written, when not even 26 bytes fit. */
u32 edd_parameters(u8 *table, u32 size, const struct int13_disk *disk);

#endif
