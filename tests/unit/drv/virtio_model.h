/* A model of virtio's network device over PCI: its own registers and the legacy ports, and both
 * queues, as far as a driver can see them. What a driver must not do is asserted here. */
#ifndef VIRTIO_MODEL_H
#define VIRTIO_MODEL_H

#include "drv/virtio_internal.h"

#define MODEL_SENT 4096
#define MODEL_FEATURES                                                                             \
    (VIRTIO_NET_GUEST_CSUM | VIRTIO_NET_MAC | VIRTIO_NET_GUEST_TSO4 | VIRTIO_NET_MRG_RXBUF |       \
     VIRTIO_NET_STATUS | VIRTIO_ANY_LAYOUT | VIRTIO_EVENT_IDX)

struct model_descriptor {
    u64 address;
    u32 len;
    u16 flags, next;
};

struct virtio_model {
    bool legacy, modern; /* which interfaces it has */
    u32 offered[2], taken[2];
    u16 queue_size;   /* the largest, or of the legacy interface the only one */
    u16 notify_apart; /* how far the queues are, in steps of the capability's */
    u8 mac[6];
    bool link;
    u8 status, isr;
    u32 bar_high; /* the upper half of the BAR's address */
    u16 pci_command;
    u8 capability[6][20]; /* as PCI configuration space has them, from 40h on */
    u32 capabilities;
    bool gone;         /* every read gives all ones */
    u32 vanishes;      /* it is gone after so many reads; 0: it stays */
    bool reset_sticks; /* its status never becomes 0 */
    bool refuses;      /* FEATURES_OK does not stay */
    bool holds_tx;     /* frames are not sent */
    struct {
        u16 size;
        struct model_descriptor *desc;
        volatile u16 *available, *used; /* flags, index, ring, event index */
        bool enabled;
        u16 next, done; /* of the available and the used ones */
    } queue[2];
    /* What it has seen. */
    u32 resets, notified[2], frames_sent;
    struct {
        u8 data[2048];
        u32 len;
    } sent[MODEL_SENT];
};

/* The device that there is; the test frees it. */
extern struct virtio_model *nic_model;

/* Just powered on, with both interfaces, a link and MAC 52:54:00:12:34:56. */
void model_power_on(void);

/* Send the frames that are in the queue. */
void model_send(void);

/* Receive buffers that the device may write to. */
u32 model_rx_free(void);

/* A frame arrives, with this in the header's flags and number of buffers; false when there is no
 * buffer. */
bool model_receive(const void *data, u32 len, u8 flags, u16 buffers);

/* A frame of many segments arrives, over as many buffers as it takes, which is returned; 0: there
 * are not enough. */
u32 model_receive_long(const u8 *data, u32 len, u8 flags, u8 gso);

/* Say of a queue that so many bytes of this descriptor's chain have been used. */
void model_use(u16 queue, u32 id, u32 len);

/* Would the device interrupt now, had it just used something? */
bool model_interrupts(u16 queue);

#endif
