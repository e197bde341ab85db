/* What the files of the virtio driver share: virtio.c is the network device, virtio_pci.c reaches
 * its registers, virtio_queue.c moves frames. */
#ifndef LUNBOOT_VIRTIO_INTERNAL_H
#define LUNBOOT_VIRTIO_INTERNAL_H

#include "base/platform.h"
#include "drv/virtio.h"

/* Device status (2.1 of the specification). */
#define VIRTIO_ACKNOWLEDGE     0x01
#define VIRTIO_DRIVER          0x02
#define VIRTIO_DRIVER_OK       0x04
#define VIRTIO_FEATURES_OK     0x08

/* Features, bits 0 to 31 and 32 to 63 (5.1.3 and 6). */
#define VIRTIO_NET_GUEST_CSUM  (1u << 1)
#define VIRTIO_NET_MAC         (1u << 5)
#define VIRTIO_NET_GUEST_TSO4  (1u << 7)
#define VIRTIO_NET_MRG_RXBUF   (1u << 15)
#define VIRTIO_NET_STATUS      (1u << 16)
#define VIRTIO_ANY_LAYOUT      (1u << 27)
#define VIRTIO_EVENT_IDX       (1u << 29)
#define VIRTIO_VERSION_1       (1u << (32 - 32))
#define VIRTIO_ACCESS_PLATFORM (1u << (33 - 32))

/* ISR status (4.1.4.5). */
#define VIRTIO_ISR_QUEUE       0x01
#define VIRTIO_ISR_CONFIG      0x02

/* Queues of a network device (5.1.2). */
#define VIRTIO_RX              0
#define VIRTIO_TX              1

/* ---- virtio_pci.c ---- */

/* Find the registers of the function at bdf, and let it answer: NIC_DEAD, or NIC_ABOVE_4G. Sets
 * *found to what PCI's command register was. */
enum error virtio_find(u16 bdf, u16 *found);

/* Has it the legacy interface alone? */
bool virtio_is_legacy(void);

/* Reset it; false when it does not come back. */
bool virtio_reset(void);

u8 virtio_status(void);
void virtio_set_status(u8 bits);

/* What it offers of features word * 32 to word * 32 + 31, and what we take of them. */
u32 virtio_features(u32 word);
void virtio_take_features(u32 word, u32 features);

/* Bytes of the device configuration, least significant first. */
u8 virtio_config(u32 offset);

/* Reading it clears it, and the interrupt. All ones when the device is gone. */
u8 virtio_isr(void);

/* How many descriptors a queue has; 0: there is no such queue. The legacy interface knows no other
 * size, the other one a smaller power of 2, too. */
u16 virtio_queue_size(u16 queue);

/* Where a queue's parts are in memory, and so many descriptors of it. False: where the device wants
 * to be told of it can't be. */
struct virtio_area {
    volatile void *descriptors, *available, *used;
    u16 size;
};
bool virtio_queue_set(u16 queue, const struct virtio_area *area);

/* There is something new in a queue. */
void virtio_notify(u16 queue);

/* ---- virtio_queue.c ---- */

/* nic_packet_size() */
u32 virtio_packet_size(const struct nic_id *id, u32 frame);

/* Give the device, of these features, its queues, empty; NIC_DEAD when they do not fit the memory.
 */
enum error virtio_queues_set(const struct nic_memory *memory, bool header_12, bool event_idx);

/* It has got DRIVER_OK: let it receive. Returns how many frames may come while nobody looks. */
u16 virtio_queues_fill(void);

/* The device is reset: give all packets back to their pools. */
void virtio_queues_drop(void);

/* Interrupt when a frame comes, and when one has been sent if the stack waits for that, or do not.
 * False when there is something to do already. */
bool virtio_queues_wake(struct netdev *dev, bool on);

/* Has the device broken its queues, or not sent anything for seconds though there was a link? To be
 * asked from time to time. */
bool virtio_queues_stuck(struct netdev *dev);

/* For netdev_ops and the wake source. */
bool virtio_transmit(struct netdev *dev, struct pkt *p);
struct pkt *virtio_receive(struct netdev *dev);
bool virtio_rx_ready(struct netdev *dev);
void virtio_flush(struct netdev *dev);

#endif
