/* A step of attaching: what it is tried with, for the screen, and waiting for it. */
#ifndef LUNBOOT_STEP_H
#define LUNBOOT_STEP_H

#include "base/types.h"

/* Note what the step under way is tried with, as by printf. */
__attribute__((format(printf, 1, 2))) void step_try(const char *format, ...);

/* What the latest step was tried with. */
const char *step_tried(void);

/* Run the event loop until done() or until ms have passed; says what it waits for when that takes
 * long. Returns done(). */
bool step_wait(bool (*done)(void), u32 ms, const char *what);

#endif
