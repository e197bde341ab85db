/* Ethernet II frames, with the tag of a VLAN (IEEE 802.1Q) when the device is to use one. */
#ifndef LUNBOOT_ETH_H
#define LUNBOOT_ETH_H

#include "base/types.h"
#include "drv/pkt.h"

#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_ARP  0x0806
#define ETH_TYPE_VLAN 0x8100 /* the tag protocol identifier of IEEE 802.1Q; the tag follows */
#define ETH_HEADER    14
#define ETH_TAG       4 /* the tag, and the type of what it is put before */
#define ETH_VLAN_ID   0x0fff

extern const u8 eth_broadcast[6];

/* Is a received frame, from its destination address on, for us, and of our VLAN? Then its header is
 * taken off, and *type says what it carries. False: it is not, and was counted. A tag for VLAN 0 is
 * a priority alone: such a frame counts as untagged. */
bool eth_open(struct pkt *p, u16 *type);

/* Prepend the header and hand the frame to the device. Consumes p in any case; false when it did
 * not go out (ring full), so that the caller's state stays as it was. */
bool eth_send(struct pkt *p, const u8 to[6], u16 type);

#endif
