/* When an operating system may take the machine over. */
#include "handoff/takeover.h"

#include "base/loop.h"
#include "base/platform.h"
#include "disk/readahead.h"
#include "net/port.h"
#include "net/tcp.h"

#define SETTLE_MS  500
#define SILENCE_MS 10000

static msec since;

/* Nobody has anything more to send to us. */
static void settle(void)
{
    msec start = platform_now();
    while (readahead_under_way() && platform_now() - start < SETTLE_MS)
        loop_once(NULL);
    tcp_ack_at_once();
    loop_poll(NULL);
}

void takeover_near(void)
{
    struct netdev *dev = net_device();
    if (!dev->ops->pause || dev->paused)
        return;
    settle();
    dev->ops->pause(dev, true);
    since = platform_now();
}

bool takeover_silence(void)
{
    struct netdev *dev = net_device();
    if (dev->paused && platform_now() - since >= SILENCE_MS)
        dev->ops->pause(dev, false);
    return dev->paused;
}
