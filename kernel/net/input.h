/* What arrives, from the device up. */
#ifndef LUNBOOT_INPUT_H
#define LUNBOOT_INPUT_H

#include "base/types.h"
#include "drv/pkt.h"

/* One received frame, from its destination address on: open it, and hand what is in it to whom it
 * concerns. Consumes p. */
void input_frame(struct pkt *p, msec now);

#endif
