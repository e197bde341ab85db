/* A step of attaching: how long it may take, what it is tried with, and waiting for it. */
#ifndef LUNBOOT_STEP_H
#define LUNBOOT_STEP_H

#include "base/error.h"
#include "base/types.h"

/* Attaching begins. */
void step_begin(void);

/* Milliseconds since then. */
u32 step_elapsed(void);

/* How long each step may take from now on, in ms. */
void step_set_limit(u32 ms);
u32 step_limit(void);

/* Note what the step under way is tried with, as by printf. */
__attribute__((format(printf, 1, 2))) void step_try(const char *format, ...);

/* What the latest step was tried with. */
#define STEP_TEXT 360 /* bytes at most, with the terminator */
const char *step_tried(void);

/* Run the event loop until done(), until ms have passed, or until a key is pressed. When that takes
 * long a line says what it waits for, and that a key stops it. Returns done(). */
bool step_wait(bool (*done)(void), u32 ms, const char *what);

/* The same. why() is asked for a better word for the line: what has failed so far, and how often;
 * OK: nothing. */
bool step_wait_why(bool (*done)(void), u32 ms, const char *what, enum error (*why)(u32 *tries));

/* Wait without polling anything, for so long or until a key is pressed. */
void step_pause(u32 ms, enum error (*why)(u32 *tries));

/* Has a key been pressed since step_begin()? Then nothing is waited for any more. */
bool step_stopped(void);

#endif
