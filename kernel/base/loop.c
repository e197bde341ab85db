/* The event loop. */
#include "base/loop.h"

#include "base/arith.h"
#include "base/platform.h"

#define POLLERS 4

static const struct poller *pollers[POLLERS];
static u32 poller_count;
static msec latest;
static const volatile bool *wanted; /* what the poll under way may end its input for, or NULL */
static bool wanted_if_dear;         /* ... only where that takes long */
static void (*at_end)(msec now);

void loop_register(const struct poller *p)
{
    for (u32 i = 0; i < poller_count; i++)
        if (pollers[i] == p)
            return;
    if (poller_count < POLLERS)
        pollers[poller_count++] = p;
}

static void poll(const volatile bool *enough, bool if_dear)
{
    latest = platform_now();
    wanted = enough;
    wanted_if_dear = if_dear;
    for (u32 i = 0; i < poller_count; i++)
        pollers[i]->poll(latest);
    wanted = NULL;
}

void loop_poll(const volatile bool *enough)
{
    poll(enough, false);
}

void loop_send(void)
{
    static const bool at_once = true;
    loop_poll(&at_once);
}

static void once(const volatile bool *enough, bool if_dear)
{
    u32 ms = TIMEOUT_NEVER;
    for (u32 i = 0; i < poller_count; i++)
        ms = min_u32(ms, pollers[i]->timeout(latest));
    if (ms)
        platform_wait(ms);
    poll(enough, if_dear);
    if (at_end)
        at_end(latest);
}

void loop_once(const volatile bool *enough)
{
    once(enough, false);
}

void loop_until(const volatile bool *done)
{
    once(done, true);
}

void loop_set_idle(void (*idle)(msec now))
{
    at_end = idle;
}

bool loop_enough(bool dear)
{
    return wanted && *wanted && (dear || !wanted_if_dear);
}

msec loop_now(void)
{
    return latest;
}
