/* Stand-ins for TCP, for tests of the floor below it: they note what arrives. */
#ifndef NET_NO_TCP_H
#define NET_NO_TCP_H

#include "net/tcp.h"

static struct {
    u32 segments, errors;
    u32 len;     /* of the latest segment */
    u32 timeout; /* what tcp_timeout() says */
    /* the latest error */
    ip4 to;
    u8 code;
    u16 mtu;
    u8 segment[8];
} no_tcp = {.timeout = TIMEOUT_NEVER};

void tcp_input(struct pkt *p, ip4 from, ip4 to, msec now)
{
    (void)from;
    (void)to;
    (void)now;
    no_tcp.segments++;
    no_tcp.len = p->len;
    pkt_free(p);
}

void tcp_icmp_error(ip4 to, const u8 *segment, u8 code, u16 mtu, msec now)
{
    (void)now;
    no_tcp.errors++;
    no_tcp.to = to;
    no_tcp.code = code;
    no_tcp.mtu = mtu;
    __builtin_memcpy(no_tcp.segment, segment, 8);
}

void tcp_poll(msec now)
{
    (void)now;
}

u32 tcp_timeout(msec now)
{
    (void)now;
    return no_tcp.timeout;
}

#endif
