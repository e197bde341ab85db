/* The event loop. */
#include "base/loop.h"

#include "base/arith.h"
#include "base/platform.h"

#define POLLERS 4

static const struct poller *pollers[POLLERS];
static u32 poller_count;
static msec latest;
static bool satisfied;
static void (*at_end)(msec now);

void loop_register(const struct poller *p)
{
    for (u32 i = 0; i < poller_count; i++)
        if (pollers[i] == p)
            return;
    if (poller_count < POLLERS)
        pollers[poller_count++] = p;
}

static void poll(bool without_input)
{
    latest = platform_now();
    satisfied = without_input;
    for (u32 i = 0; i < poller_count; i++)
        pollers[i]->poll(latest);
}

void loop_poll(void)
{
    poll(false);
}

void loop_send(void)
{
    poll(true);
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

void loop_satisfy(void)
{
    satisfied = true;
}

bool loop_satisfied(void)
{
    return satisfied;
}

msec loop_now(void)
{
    return latest;
}
