/* A model of VMXNET3: its registers, commands, what it reads of memory, and both rings, as far as a
 * driver can see them. What a driver must not do is asserted here. */
#ifndef VMXNET3_MODEL_H
#define VMXNET3_MODEL_H

#include "drv/vmxnet3_regs.h"

#define MODEL_SENT 4096

struct vmxnet3_model {
    u8 mac[6];
    bool link;
    u32 revisions, upt_revisions, bar_high;
    u16 pci_command;
    bool gone;     /* every read gives all ones */
    u32 vanishes;  /* it is gone after so many reads; 0: it stays */
    bool refuses;  /* it does not become active */
    bool holds_tx; /* frames are not sent */
    bool active, masked, asserted;
    struct vmxnet3_shared *shared; /* NULL: it knows of none */
    u32 address_low, last_command;
    u32 revision, upt_revision; /* that the driver has taken */
    bool rx_stopped;            /* memory tells once the driver asks for it */
    /* Where it is in each ring, and the generations. */
    u32 rx_next, rx_done, tx_next, tx_done;
    u32 rx_generation, rx_done_generation, tx_generation, tx_done_generation;
    /* What it has seen. */
    u32 resets, told, frames_sent;
    struct {
        u8 data[2048];
        u32 len;
    } sent[MODEL_SENT];
};

/* The NIC that there is; the test frees it. */
extern struct vmxnet3_model *nic_model;

/* Just powered on, with a link and MAC 52:54:00:12:34:56. */
void model_power_on(void);

struct vmxnet3_queues *model_queues(void);

/* Send the frames that are in the ring. */
void model_send(void);

/* Say that this descriptor is done with. */
void model_complete_tx(u32 index);
void model_complete_rx(u32 index, u32 length, u32 flags);

/* A frame arrives; with these flags of a completion besides RX_SOP and RX_EOP, and what it says of
 * checksums. False when there is no descriptor for it. */
bool model_receive(const void *data, u32 len, u32 index_flags, u32 flags);

/* Events, and an interrupt when it is not masked. */
void model_event(u32 events);

#endif
