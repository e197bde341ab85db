/* Ethernet II frames. */
#ifndef LUNBOOT_ETH_H
#define LUNBOOT_ETH_H

#include "base/types.h"
#include "drv/pkt.h"

#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_ARP  0x0806
#define ETH_HEADER    14

extern const u8 eth_broadcast[6];

/* Is a received frame, from its destination address on, for us? Then its header is taken off, and
 * *type says what it carries. False: it is not, and was counted. */
bool eth_open(struct pkt *p, u16 *type);

/* Prepend the header and hand the frame to the device. Consumes p in any case; false when it did
 * not go out (ring full), so that the caller's state stays as it was. */
bool eth_send(struct pkt *p, const u8 to[6], u16 type);

#endif
