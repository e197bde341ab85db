/* What wakes the PC from platform_wait() besides the timer: the NIC's interrupt. Main connects the
 * device to it; PC only. */
#ifndef LUNBOOT_WAKE_H
#define LUNBOOT_WAKE_H

#include "base/types.h"

struct wake_source {
    u8 irq; /* PIC input 0..15, 0xff for none */
    /* Is there something to do? Cheap, and asked again and again. */
    bool (*ready)(void);
    /* Let it interrupt, or not. Letting it returns false when there is something to do already. */
    bool (*enable)(bool on);
    /* Was the interrupt its own? */
    bool (*acknowledge)(void);
};

/* NULL: the timer alone. source must stay valid. */
void wake_set_source(const struct wake_source *source);

#endif
