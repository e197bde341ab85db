/* The connections, and how one ends. */
#include "net/tcp_internal.h"

struct tcb *tcp_connections;
msec tcp_now;
struct tcp_limiter tcp_resets;

struct tcb *tcp_find(ip4 remote, u32 ports)
{
    struct tcb *tcb = tcp_connections;
    while (tcb && (tcb->ports != ports || tcb->remote_addr != remote || tcb->state == TCP_CLOSED))
        tcb = tcb->next;
    return tcb;
}

void tcp_progress(struct tcb *tcb)
{
    tcb->stall_since = tcp_now;
    tcb->retries = 0;
}

void tcp_finish(struct tcb *tcb, enum tcp_state state, enum error reason)
{
    const struct tcp_ops *ops = tcb->ops;
    tcp_reass_flush(&tcb->reass);
    tcb->state = state;
    tcb->ops = NULL;
    if (ops)
        ops->closed(tcb->ctx, reason, tcp_now);
}
