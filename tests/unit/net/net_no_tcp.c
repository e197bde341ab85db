/* TCP that only notes. */
#include "net/net_no_tcp.h"

#include "net/net_wire.h"
#include "net/tcp.h"

struct no_tcp no_tcp = {.timeout = TIMEOUT_NEVER};

void without_tcp(void)
{
    wire_reset_configured(0);
    wire_know_neighbours();
    no_tcp = (struct no_tcp){.timeout = TIMEOUT_NEVER};
}

bool tcp_input(struct pkt *p, ip4 from, ip4 to, msec now)
{
    (void)from;
    (void)to;
    (void)now;
    no_tcp.segments++;
    no_tcp.len = p->len;
    return false;
}

bool tcp_input_rest(struct pkt *p, msec now)
{
    (void)now;
    no_tcp.rest += p->len;
    return false;
}

void tcp_icmp_error(const struct icmp_error *e, msec now)
{
    (void)now;
    no_tcp.errors++;
    no_tcp.error = *e;
}

void tcp_poll(bool more, msec now)
{
    (void)now;
    if (no_tcp.on_poll)
        no_tcp.on_poll(more);
}

u32 tcp_timeout(msec now)
{
    (void)now;
    return no_tcp.timeout;
}
