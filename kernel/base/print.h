/* Text for the person at the screen, base tier. The PC writes it to the VGA text screen, COM1 and
 * port E9; host tests collect it. */
#ifndef LUNBOOT_CONSOLE_H
#define LUNBOOT_CONSOLE_H

#include "base/types.h"

/* printf with %s %c %d %u %x %% , a minimum width, a leading 0 flag and a `-` flag, l and ll
 * (%llu, %llx). No floating point, no %n. Strings from the wire must go through "%s" after
 * text_clean(), so that they cannot steer a terminal. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* The same into buf, always terminated when size > 0. Returns the length that was stored. */
__attribute__((format(printf, 3, 4))) size_t format_text(char *buf, size_t size, const char *format,
                                                         ...);

/* Replace in place everything that is not printable ASCII by '?'. Returns s. */
char *text_clean(char *s);

#endif
