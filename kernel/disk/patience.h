/* A call that has to wait for the disk waits for as long as it takes. When that is longer than a
 * few seconds, a line on the screen says what is waited for and counts, and the Esc key gives up.
 * The F1 key shows the counters (base/counters.h) in its place, page by page, and then the line
 * again. */
#ifndef LUNBOOT_PATIENCE_H
#define LUNBOOT_PATIENCE_H

#include "base/types.h"
#include "disk/block.h"

#define PATIENCE_TEXT                                                                              \
    59 /* bytes for what is waited for, and its terminator; what is longer is cut off */

/* A call begins; from now on loop_once() looks after it. describe() puts into text, of
 * PATIENCE_TEXT bytes, what dev waits for at the moment. Once Esc was pressed all that the call
 * asks of dev ends in ERR_ABORTED. Keys from before the line was shown, and all but these two, stay
 * where they are. */
void patience_begin(struct block_dev *dev, void (*describe)(char *text));

/* It is over: the line goes. */
void patience_end(void);

#endif
