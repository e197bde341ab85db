/* What a person sees of something that is tried again and again: lines that say what was found,
 * each once, however often it is found again; and below them one that is written over. */
#ifndef LUNBOOT_SAY_H
#define LUNBOOT_SAY_H

#include "base/platform.h"
#include "base/types.h"

/* From now on everything is worth saying again. */
void say_begin(void);

/* A line as by printf, which brings its '\n'; cut off at SAY_TEXT bytes with its terminator. */
#define SAY_TEXT 400
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Up to STATUS_WIDTH characters in place of those before, on a line of their own; "": it goes. */
void say_in_place(const char *line);

#endif
