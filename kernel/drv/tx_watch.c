/* A transmitter that hangs. */
#include "drv/tx_watch.h"

#include "base/platform.h"

#define STUCK_US 2000000

bool tx_watch_stuck(struct tx_watch *watch, const struct netdev *dev, bool pending, u32 sent)
{
    u32 now = platform_now_us();
    if (!pending || !dev->link_up || !watch->waiting || sent != watch->sent)
        *watch = (struct tx_watch){pending, sent, now};
    return now - watch->since >= STUCK_US;
}
