/* Stand-ins for TCP, for tests of the floor below it: they note what arrives. */
#ifndef NET_NO_TCP_H
#define NET_NO_TCP_H

#include "net/icmp.h"

extern struct no_tcp {
    u32 segments, errors;
    u32 len;                 /* of the latest segment, in its first packet */
    u32 rest;                /* bytes in further packets of segments */
    u32 timeout;             /* what tcp_timeout() says */
    struct icmp_error error; /* the latest */
    void (*on_poll)(bool more);
} no_tcp;

/* For FIXTURE: nothing is noted, at time 0 on a new wire, where we have an address and know the
 * neighbours (net_wire.h). */
void without_tcp(void);

#endif
