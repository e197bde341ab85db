/* The result buffer of INT 13h AH=48h, get drive parameters (T13 EDD-4, 8.20; Phoenix EDD 1.1 and
 * 3.0 for the shorter forms). */
#ifndef LUNBOOT_EDD_H
#define LUNBOOT_EDD_H

#include "base/types.h"
#include "disk/mbr.h"

/* How the disk is connected: the host bus is PCI. */
struct edd_path {
    u16 bdf;           /* of the NIC */
    char interface[8]; /* the type's name, padded with spaces */
    u8 device[16];     /* T13's device path */
    u8 device_short;   /* and the first byte of Phoenix's */
};

struct edd_disk {
    u64 blocks;               /* as many as it counts in */
    u32 block_size;           /* bytes */
    struct geometry geometry; /* no sectors: a CD */
    struct edd_path path;
};

#define EDD_SIZE_MIN 26 /* EDD 1.0 */
#define EDD_SIZE_MAX 74 /* EDD-3 and -4, T13's device path */

/* Write the largest table that fits `size` bytes (26, 30, 66 or 74), its own size in its first
 * word. Returns that size; 0, and nothing is written, when not even 26 bytes fit. */
u32 edd_parameters(u8 *table, u32 size, const struct edd_disk *disk);

#endif
