/* The event loop: it knows its pollers only by their functions. Main registers them,
 * lowest floor first; anyone who has to wait for an answer calls loop_once() until it is there. */
#ifndef LUNBOOT_LOOP_H
#define LUNBOOT_LOOP_H

#include "base/types.h"

struct poller {
    /* Do what can be done now. Never waits. */
    void (*poll)(msec now);
    /* Milliseconds until poll() has something to do without new input: 0 for at once,
     * TIMEOUT_NEVER for none. */
    u32 (*timeout)(msec now);
};

/* p stays the caller's and must stay valid. A second time changes nothing. */
void loop_register(const struct poller *p);

/* Poll everyone once, without waiting. *enough, where it is given, becomes true as soon as the
 * caller has what it waits for: whoever takes input then leaves the rest for later, when it is
 * clear where that should go. */
void loop_poll(const volatile bool *enough);

/* The same without taking input: what was submitted goes out, and the time is brought up to date.
 */
void loop_send(void);

/* Sleep until there can be something to do, then poll everyone once, as loop_poll() does: whoever
 * waits for a result looks at it before each call. */
void loop_once(const volatile bool *enough);

/* The same, but *done ends the input only where taking it takes long. */
void loop_until(const volatile bool *done);

/* For pollers: has enough input been taken in this poll? dear: it takes long. */
bool loop_enough(bool dear);

/* What each loop_once() calls at its end, with the time of its poll; NULL: nothing. */
void loop_set_idle(void (*idle)(msec now));

/* The time of the latest poll. */
msec loop_now(void);

#endif
