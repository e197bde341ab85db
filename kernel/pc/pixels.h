/* The status line (base/platform.h) in graphics modes, black on white over the lowest rows of the
 * picture. */
#ifndef LUNBOOT_PIXELS_H
#define LUNBOOT_PIXELS_H

#include "base/types.h"

/* Keep what the line will cover. False: there is no picture that it can be drawn into. */
bool pixels_begin(void);

/* Draw a line of up to STATUS_WIDTH characters over the one before. */
void pixels_draw(const char *line);

/* Put back what was there. */
void pixels_end(void);

#endif
