/* Several disks. A protocol keeps what it knows of each apart from the others, file by file, as an
 * array; the file's functions are about the one that is selected, which costs a pointer. */
#ifndef LUNBOOT_SAN_DISKS_H
#define LUNBOOT_SAN_DISKS_H

#define SAN_DISKS 4 /* at most: numbers from 0 on, and 0 is the one that is booted */

#endif
