/* A model of an 8254x behind the host's registers: descriptor rings, EEPROM, PHY, interrupt causes
 * and statistics, as far as a driver can see them. What a driver must not do is asserted here. */
#ifndef E1000_MODEL_H
#define E1000_MODEL_H

#include "drv/e1000_regs.h"

#define MODEL_BDF         0x0018u
#define MODEL_SENT        4096
#define PHY_PCTRL_DEFAULT 0x1140

struct e1000_model {
    u16 device;
    u32 reg[0x8000];
    u16 eeprom[EEPROM_WORDS];
    u16 pci_command;
    u8 irq_line;
    u32 bar0, bar1;
    u16 link_control;
    /* What it is like. */
    bool keeps_phy;   /* the NIC's firmware does not let go of it */
    bool gone;        /* every read gives all ones */
    bool rst_ignored; /* CTRL.RST does nothing, as in QEMU 7.2 */
    bool rst_sticks;  /* CTRL.RST never clears */
    bool keeps_stats; /* reading does not clear them, as in QEMU 7.2 */
    bool holds_rdt;   /* RDT writes wait for another access, as under KVM */
    bool holds_tx;    /* frames are not sent */
    bool eerd_dead;   /* EERD never gets done */
    bool big_eeprom;  /* 8 address bits on the Microwire */
    bool auto_read;   /* on PCI Express: a reset has the EEPROM read at once */
    bool link;
    u32 link_bits; /* FD and SPEED */
    bool port_b;
    u32 phy_pctrl;
    void (*before_ims)(void); /* what happens between the driver's read of ICR and IMS */
    void (*after_ims)(void);
    /* What it has seen. */
    u32 resets, phy_writes, rctl_writes, rdt_writes, tdt_writes, rdt_held_at;
    bool rdt_held;
    u32 frames_sent;
    struct {
        u8 data[2048];
        u16 len;
        u8 cmd;
    } sent[MODEL_SENT];
    /* The Microwire. */
    u32 eecd, wire_in, wire_bits;
    u32 wire_out;
};

/* The NIC that there is; the test frees it. */
extern struct e1000_model *nic_model;

/* A NIC of this device id, just powered on, with a gigabit link and MAC 52:54:00:12:34:56. */
void model_power_on(u16 device);

/* Registers, behind the driver's back: nothing happens because of it. */
u32 model_reg(u32 offset);
void model_set(u32 offset, u32 value);

/* What the driver reads, with all that follows from it. */
u32 model_read(u32 offset);

/* Another address, and the checksum word that makes the EEPROM valid. */
void model_eeprom_mac(const u8 mac[6]);

/* Send the frames that are in the transmit ring. */
void model_send(void);

/* Receive descriptors that the NIC may write to. */
u32 model_rx_free(void);

/* Put `len` bytes into the next receive descriptor, as the NIC does; false, and counted as missed,
 * when there is none. */
bool model_receive(const void *data, u32 len, u8 status, u8 errors);

/* A good frame of `len` bytes without FCS: over as many descriptors as it takes; not at all, and
 * counted, when it is longer than RCTL.LPE allows. */
bool model_receive_frame(const u8 *data, u32 len);

#endif
