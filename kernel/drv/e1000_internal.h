/* What the files of the e1000 driver share: e1000.c is the device, e1000_ring.c moves frames,
 * e1000_nvm.c finds the MAC address. */
#ifndef LUNBOOT_E1000_INTERNAL_H
#define LUNBOOT_E1000_INTERNAL_H

#include "base/platform.h"
#include "drv/e1000.h"

/* The MAC address of a NIC just reset, whose flags these are (E1000_MICROWIRE and so on). port_b:
 * the second port of a dual one. False when there is no valid one. */
bool e1000_read_mac(struct mmio *regs, u16 flags, bool port_b, u8 mac[6]);

/* nic_packet_size() */
u32 e1000_packet_size(const struct nic_id *id, u32 frame);

/* Give the NIC, of these flags, empty rings, fill the receive ring, and let both run. */
void e1000_ring_start(struct mmio *regs, u16 flags, const struct nic_memory *memory);

/* The NIC is stopped: give all packets back to their pools. */
void e1000_ring_drop(void);

/* Give the packets of sent frames back to their pool; true when there were any. */
bool e1000_tx_reclaim(struct netdev *dev);

/* Does the stack have to wait for the NIC before it can send more? */
bool e1000_tx_full(const struct netdev *dev);

/* Has the NIC had a link and something to send for seconds, and not sent any of it? To be asked
 * from time to time. */
bool e1000_tx_stuck(struct netdev *dev);

/* For netdev_ops and the wake source. */
bool e1000_transmit(struct netdev *dev, struct pkt *p);
struct pkt *e1000_receive(struct netdev *dev);
bool e1000_rx_ready(struct netdev *dev);
void e1000_flush(struct netdev *dev);

#endif
