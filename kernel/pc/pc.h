/* Bringing up the PC's side of platform.h, in the order start.c does it. */
#ifndef LUNBOOT_PLATFORM_PC_H
#define LUNBOOT_PLATFORM_PC_H

#include "base/types.h"

/* Screen, COM1 and port E9: find out which are there. */
void console_init(void);

/* Leave a graphics mode, by the BIOS. */
void console_want_text(void);

/* Measure the clock; takes 8 ms. False: the CPU has none; nothing else of platform.h that tells the
 * time may be called then. */
bool platform_time_init(void);

/* Find out which instructions beyond a Pentium's the CPU has. */
void platform_cpu_init(void);

/* The kernel's IDT: every exception ends in a dump on the console. */
void exceptions_init(void);

#endif
