/* The event loop. */
#include "base/loop.h"

#include "base/arith.h"
#include "base/platform.h"

#define POLLERS 4

static const struct poller *pollers[POLLERS];
static u32 poller_count;
static msec latest;
static const volatile bool *wanted; /* what the poll under way may end its input for, or NULL */
static void (*at_end)(msec now);

void loop_register(const struct poller *p)
{
    for (u32 i = 0; i < poller_count; i++)
        if (pollers[i] == p)
            return;
    if (poller_count < POLLERS)
        pollers[poller_count++] = p;
}

void loop_poll(const volatile bool *enough)
{
    latest = platform_now();
    wanted = enough;
    for (u32 i = 0; i < poller_count; i++)
        pollers[i]->poll(latest);
    wanted = NULL;
}

void loop_send(void)
{
    static const bool at_once = true;
    loop_poll(&at_once);
}

void loop_once(const volatile bool *enough)
{
    u32 ms = TIMEOUT_NEVER;
    for (u32 i = 0; i < poller_count; i++)
        ms = min_u32(ms, pollers[i]->timeout(latest));
    if (ms)
        platform_wait(ms);
    loop_poll(enough);
    if (at_end)
        at_end(latest);
}

void loop_set_idle(void (*idle)(msec now))
{
    at_end = idle;
}

bool loop_enough(void)
{
    return wanted && *wanted;
}

msec loop_now(void)
{
    return latest;
}
