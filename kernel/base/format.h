/* Text made from values. */
#ifndef LUNBOOT_FORMAT_H
#define LUNBOOT_FORMAT_H

#include "base/types.h"
#include <stdarg.h>

/* Put one character where the text goes. */
typedef void (*format_put)(void *to, char c);

/* printf with %s %u %x and %%, a minimum width, and the flags 0 and `-`. */
void format_to(format_put put, void *to, const char *format, va_list args);

/* The same into text, cut off where that ends, and always terminated when size > 0. Returns the
 * length that was stored. */
__attribute__((format(printf, 3, 4))) size_t format_text(char *text, size_t size,
                                                         const char *format, ...);
size_t format_list(char *text, size_t size, const char *format, va_list args);

#endif
