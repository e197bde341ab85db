/* The connection's state, and how it ends. */
#include "net/tcp_internal.h"

struct tcb tcb;
struct tcp_params tcp_params;
u32 tcp_user_timeout;

void tcp_progress(void)
{
    tcb.stall_since = tcb.now;
    tcb.retries = 0;
}

void tcp_finish(enum tcp_state state, enum error reason)
{
    const struct tcp_ops *ops = tcb.ops;
    tcp_reass_flush();
    tcb.state = state;
    tcb.ops = NULL;
    if (ops)
        ops->closed(tcb.ctx, reason, tcb.now);
}
