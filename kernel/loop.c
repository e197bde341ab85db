/* The event loop. */
#include "loop.h"

#include "platform.h"

#define POLLERS 4

static const struct poller *pollers[POLLERS];
static u32 poller_count;
static msec latest;
static void (*at_end)(msec now);

void loop_register(const struct poller *p)
{
    for (u32 i = 0; i < poller_count; i++)
        if (pollers[i] == p)
            return;
    if (poller_count < POLLERS)
        pollers[poller_count++] = p;
}

void loop_poll(void)
{
    latest = platform_now();
    for (u32 i = 0; i < poller_count; i++)
        pollers[i]->poll(latest);
}

void loop_once(void)
{
    u32 ms = TIMEOUT_NEVER;
    for (u32 i = 0; i < poller_count; i++)
        ms = min_u32(ms, pollers[i]->timeout(latest));
    if (ms)
        platform_wait(ms);
    loop_poll();
    if (at_end)
        at_end(latest);
}

void loop_set_idle(void (*idle)(msec now))
{
    at_end = idle;
}

msec loop_now(void)
{
    return latest;
}
