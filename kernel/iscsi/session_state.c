/* The session's state. */
#include "iscsi/session_internal.h"

struct session session;

void session_enter(enum phase next, u32 ms, msec now)
{
    session.phase = next;
    session.phase_end = now + ms;
}

bool session_has_commands(void)
{
    return session.phase == PHASE_PROBE || session.phase == PHASE_READY;
}
