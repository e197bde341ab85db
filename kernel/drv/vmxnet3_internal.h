/* What the files of the VMXNET3 driver share: vmxnet3.c is the device, vmxnet3_ring.c moves frames.
 */
#ifndef LUNBOOT_VMXNET3_INTERNAL_H
#define LUNBOOT_VMXNET3_INTERNAL_H

#include "base/platform.h"
#include "drv/vmxnet3.h"
#include "drv/vmxnet3_regs.h"

/* nic_packet_size() */
u32 vmxnet3_packet_size(const struct nic_id *id, u32 frame);

/* Lay the rings out in memory, empty, and say in `queues` where they are. Returns how many frames
 * may come while nobody looks. Frames move once the NIC is active and vmxnet3_rings_fill() has been
 * called. */
u16 vmxnet3_rings_set(const struct nic_memory *memory, u8 *at, struct vmxnet3_queues *queues);
void vmxnet3_rings_fill(struct mmio *regs);

/* The NIC is quiet: give all packets back to their pools. */
void vmxnet3_rings_drop(void);

/* Give the packets of sent frames back to their pool; true when there were any. */
bool vmxnet3_tx_reclaim(void);

/* Does the stack have to wait for the NIC before it can send more? */
bool vmxnet3_tx_full(const struct netdev *dev);

/* Has the NIC said what can't be, or had a link and something to send for seconds, and not sent any
 * of it? To be asked from time to time. */
bool vmxnet3_stuck(struct netdev *dev);

/* For netdev_ops and the wake source. */
bool vmxnet3_transmit(struct netdev *dev, struct pkt *p);
struct pkt *vmxnet3_receive(struct netdev *dev);
bool vmxnet3_rx_ready(struct netdev *dev);
void vmxnet3_flush(struct netdev *dev);

#endif
