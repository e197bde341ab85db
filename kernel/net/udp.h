/* UDP (RFC 768). */
#ifndef LUNBOOT_UDP_H
#define LUNBOOT_UDP_H

#include "base/types.h"
#include "drv/pkt.h"

#define UDP_TO     2 /* where the destination's port stands in the header */
#define UDP_HEADER 8

/* A datagram for a bound port. data is valid during the call only. */
typedef void (*udp_handler)(const u8 *data, u32 len, ip4 from, u16 from_port, msec now);

void udp_init(void);

/* Hand datagrams for this port to the handler; NULL ends that. False when the table is full. */
bool udp_bind(u16 port, udp_handler handler);

/* p->data is at UDP. False: nobody listens on that port, which its sender may be told. */
bool udp_input(const struct pkt *p, ip4 from, ip4 to, msec now);

/* p->data is the payload. Consumes p; false when it did not go out. */
bool udp_send(struct pkt *p, u16 from_port, ip4 to, u16 to_port, msec now);

#endif
