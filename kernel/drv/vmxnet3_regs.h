/* Registers of VMXNET3, and what it shares with its driver in memory, revision 1 of it, which every
 * device knows. All is little-endian. */
#ifndef LUNBOOT_VMXNET3_REGS_H
#define LUNBOOT_VMXNET3_REGS_H

#include "base/types.h"

/* BAR 0: what is written while frames move. */
#define IMR                0x000 /* 1: interrupt 0 is masked */
#define TXPROD             0x600
#define RXPROD             0x800

/* BAR 1 */
#define VRRS               0x00 /* the device's revisions, a bit each; then the one that we take */
#define UVRS               0x08 /* the same of what it calls UPT */
#define DSAL               0x10 /* where struct vmxnet3_shared is */
#define DSAH               0x18
#define CMD                0x20 /* a command; reading gives its result */
#define MACL               0x28
#define MACH               0x30
#define ICR                0x38 /* reading it clears the interrupt */
#define ECR                0x40 /* events to be acknowledged */

#define REVISION_1         1

#define CMD_ACTIVATE       0xcafe0000u /* result 0: it is active */
#define CMD_QUIESCE        0xcafe0001u
#define CMD_RESET          0xcafe0002u
#define CMD_QUEUE_STATUS   0xf00d0000u /* brings `stopped` up to date */
#define CMD_LINK           0xf00d0002u /* bit 0: up; Mb/s << 16 */
#define CMD_PERM_MAC_LOW   0xf00d0003u
#define CMD_PERM_MAC_HIGH  0xf00d0004u

#define EVENT_QUEUE_ERRORS 0x03
#define EVENT_LINK         0x04

#define RING_ALIGN         512 /* bytes */
#define RING_MULTIPLE      32  /* descriptors */
#define RING_MOST          4096

/* A descriptor or completion whose generation is the ring's at the moment is the NIC's, or ours: it
 * changes each time around. */
struct vmxnet3_desc {
    u64 address;
    u32 length; /* and flags */
    u32 flags;
};
_Static_assert(sizeof(struct vmxnet3_desc) == 16, "as the NIC lays it out");

#define LENGTH_MASK   0x3fff /* of receive descriptors and completions, and to send */
#define TX_GENERATION (1u << 14)
#define TX_EOP        (1u << 12) /* in flags, */
#define TX_COMPLETE   (1u << 13) /* and this: a completion is wanted */
#define RX_GENERATION (1u << 31)

struct vmxnet3_completion {
    u32 index; /* of the descriptor, and flags */
    u32 hash;
    u32 length; /* and flags */
    u32 flags;
};
_Static_assert(sizeof(struct vmxnet3_completion) == 16, "as the NIC lays it out");

#define COMPLETION_INDEX 0xfff
#define COMPLETION_NEW   (1u << 31) /* in flags: the generation */
#define RX_EOP           (1u << 14) /* in index, */
#define RX_SOP           (1u << 15)
#define RX_UNCHECKED     (1u << 30) /* and this: the checksum bits mean nothing */
#define RX_ERROR         (1u << 14) /* in length */
#define RX_L4_OK         (1u << 16) /* in flags, */
#define RX_IP_OK         (1u << 19)
#define RX_FRAGMENT      (1u << 22)

struct vmxnet3_conf {
    u32 version, length;
    u64 address;
};

struct vmxnet3_shared {
    u32 magic, pad;
    u32 driver_version, guest, revision, upt_version;
    u64 features;
    u64 driver_data;
    u64 queues; /* where struct vmxnet3_queues is */
    u32 driver_data_length, queues_length;
    u32 mtu;
    u16 rx_buffers; /* that a frame may be in at most */
    u8 tx_queues, rx_queues;
    u32 reserved_1[4];
    u8 automask, interrupts, event_interrupt, moderation[25];
    u32 interrupt_control;
    u32 reserved_2[2];
    u32 rx_mode;
    u16 multicast_length, pad_2;
    u64 multicast;
    u32 vlans[128]; /* those that are let through, a bit each */
    struct vmxnet3_conf rss, power, plugin;
    u32 events;
    u32 reserved_3[5];
};
_Static_assert(sizeof(struct vmxnet3_shared) == 720, "as the NIC lays it out");

#define SHARED_MAGIC    0xbabefee1u
#define GUEST_PXE_32    0x15 /* 32 bits, and the kind "PXE" */
#define FEATURE_RX_CSUM 1
#define RX_MODE         0x05 /* what is sent to us, and broadcasts */
#define INTERRUPTS_OFF  1    /* in interrupt_control */

struct vmxnet3_tx_queue {
    u32 deferred, threshold;
    u64 reserved;
    u64 ring, data_ring, completions, driver_data, reserved_2;
    u32 ring_size, data_size, completions_size, driver_data_length;
    u8 interrupt, pad[7];
    u8 stopped, pad_2[3];
    u32 error;
    u64 counters[10];
    u8 pad_3[88];
};

struct vmxnet3_rx_queue {
    u8 update_producer, pad[7];
    u64 reserved;
    u64 ring[2], completions, driver_data, reserved_2;
    u32 ring_size[2], completions_size, driver_data_length;
    u8 interrupt, pad_2[7];
    u8 stopped, pad_3[3];
    u32 error;
    u64 counters[10];
    u8 pad_4[88];
};

/* All that the NIC reads besides the rings. */
struct vmxnet3_queues {
    struct vmxnet3_tx_queue tx;
    struct vmxnet3_rx_queue rx;
};
_Static_assert(sizeof(struct vmxnet3_queues) == 512, "as the NIC lays it out");

#endif
