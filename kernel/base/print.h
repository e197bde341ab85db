/* Text for the person at the screen. */
#ifndef LUNBOOT_PRINT_H
#define LUNBOOT_PRINT_H

/* Show it, with the forms of format.h. Strings from the wire must go through "%s" after
 * text_clean(), so that they cannot steer a terminal. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

#endif
