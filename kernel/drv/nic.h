/* The NICs that this image drives, whatever drives them: what attaching needs of any, and what a
 * driver gives. Which devices and drivers they are stands in nics.def. */
#ifndef LUNBOOT_NIC_H
#define LUNBOOT_NIC_H

#include "base/error.h"
#include "base/types.h"
#include "drv/netdev.h"
#include "machine/boot_info.h"

/* Memory that a driver is lent for ever. */
struct nic_memory {
    u8 *own; /* nic_memory_bytes(), 16-byte aligned: its rings, and what else the NIC reads */
    u16 rx_count, tx_count; /* descriptors, 8..4096, multiples of 8 */
    /* At least rx_count packets, more are for those that the stack keeps; of a size that
     * nic_packet_size() has given. A frame must fit one. */
    struct pkt_pool *rx_pool;
    struct pkt_pool *tx_pool;
    u32 own_bytes;
};

/* ---- for whoever attaches ---- */

/* Before the resident part takes its place below: claim what a NIC needs of conventional memory
 * that no line of nics.def is for, where there is a driver for it all the same. Returns the
 * physical address where that memory ends, which begins at INT 12h's answer; 0: nothing is needed.
 */
u32 nic_claim(const struct boot_info *boot);

/* When the resident part has its place, and before the kernel looks for its own: bring to life what
 * was claimed, which may take memory that was free before. False: there is nothing to drive by it,
 * which is said if somebody has asked for it. */
bool nic_load(void);

/* No NIC is open, and the resident part holds its place no more, or is about to get it again: undo
 * nic_load(), and nic_claim() where nobody has taken conventional memory since. */
void nic_leave(void);

/* The first PCI function at or after `from` that there is a driver for; PCI_BDF_END when there is
 * none. */
u32 nic_find(u32 from);

/* How many bytes of memory of its own any driver may need for so many descriptors, those of both
 * rings. */
u32 nic_memory_bytes(u32 descriptors);

/* How large the receive packets of the NIC at bdf have to be for frames of so many bytes, without
 * FCS; 0 when it takes no such frames. Frames of Ethernet's own MTU fit PKT_SIZE. */
u32 nic_packet_size(u16 bdf, u32 frame);

/* Take over the NIC at bdf: stop it, reset it without renegotiating a link that is up, read its MAC
 * address, start the rings. On success *dev is the device, always the same one of each driver.
 * Interrupts are off. The link may still be coming up: dev->link_up changes at update(). Stop an
 * open device before opening it again, or its packets are lost to their pools. NIC_DEAD,
 * NIC_ABOVE_4G or NIC_EEPROM on failure. */
enum error nic_open(u16 bdf, const struct nic_memory *lent, struct netdev **dev);

/* ---- for drivers ---- */

#define NIC_NAME 15 /* bytes */

/* A device: a line of nics.def. There are no pointers in it, as each would cost a relocation. */
struct nic_id {
    u16 vendor, device;  /* PCI's */
    u16 flags;           /* the driver's own: what the chip is like */
    u8 driver;           /* in nic_drivers[] */
    char name[NIC_NAME]; /* as a person knows it */
};

struct nic_driver {
    /* nic_packet_size(); at least PKT_SIZE, and a multiple of 16. */
    u32 (*packet_size)(const struct nic_id *id, u32 frame);
    /* nic_open(), for a device that is awake and whose line is `id`. What can be read off that and
     * PCI configuration space is filled in by the caller: model, bdf, vendor_id, device_id,
     * wake.device, wake.irq. */
    enum error (*open)(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                       struct netdev **dev);
};

/* The driver for a NIC that no line is for. */
struct nic_last {
    struct nic_id id;
    /* nic_claim(), which also sets *bdf to the NIC; `only`: there is none that a line is for. NULL:
     * the image has no such driver. */
    u32 (*claim)(const struct boot_info *boot, bool only, u32 *bdf);
    bool (*load)(void);  /* nic_load() */
    void (*leave)(void); /* nic_leave() */
};

/* What nics.c makes of nics.def. */
extern const struct nic_last nic_last;
extern const struct nic_id nic_ids[];
extern const u32 nic_id_count;
extern const struct nic_driver *const nic_drivers[];
/* Bytes that the most demanding driver needs for each descriptor, and besides. */
extern const u32 nic_descriptor_bytes, nic_more_bytes;

#endif
