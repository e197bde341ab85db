/* What wakes the PC from platform_wait() besides the timer: the NIC's interrupt. PC only, but for
 * struct wake_source, which a struct netdev has one of. */
#ifndef LUNBOOT_WAKE_H
#define LUNBOOT_WAKE_H

#include "base/types.h"

struct netdev;

struct wake_source {
    struct netdev *device; /* what the functions get */
    u8 irq;                /* PIC input 0..15, 0xff for none */
    bool polled;           /* nothing interrupts, and `ready` lets the BIOS have its interrupts */
    bool dear;             /* each look and each frame take long, as they call real mode */
    /* Is there something to do? Reads memory only, and is asked again and again. */
    bool (*ready)(struct netdev *device);
    /* Let it interrupt, or not. Letting it returns false when there is something to do already, so
     * that nobody sleeps over it. */
    bool (*enable)(struct netdev *device, bool on);
    /* Was the latest interrupt its own? Reads and so clears the cause, and updates link_up. */
    bool (*acknowledge)(struct netdev *device);
};

/* NULL: the timer alone. source must stay valid. */
void wake_set_source(const struct wake_source *source);

#endif
