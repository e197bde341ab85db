/* Driver for Intel's PCI 8254x Gigabit Ethernet Controllers ("the manual": PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual, 317453). */
#ifndef LUNBOOT_E1000_H
#define LUNBOOT_E1000_H

#include "base/error.h"
#include "base/types.h"
#include "drv/netdev.h"

/* Memory that the driver is lent for ever. Rings are multiples of 8 descriptors of 16 bytes,
 * 16-byte aligned. */
struct e1000_memory {
    u8 *rx_ring, *tx_ring;
    u16 rx_count, tx_count; /* descriptors, 8..4096, multiples of 8 */
    /* At least rx_count packets, more are for those that the stack keeps; of 2048, 4096, 8192 or
     * 16384 bytes. A frame must fit one; more than 1522 bytes have only those above 2048. */
    struct pkt_pool *rx_pool;
    struct pkt_pool *tx_pool;
};

/* Is this a NIC that we drive? */
bool e1000_match(u16 vendor, u16 device);

/* The name of a model that e1000_match() knows: "Intel 82540EM". */
const char *e1000_model(u16 device);

/* Take over the NIC at bdf: stop it, reset it without renegotiating a link that is up, read its MAC
 * address, start the rings. On success *dev is the device, always the same one. Interrupts are off.
 * The link may still be coming up: dev->link_up changes at update(). Stop an open device before
 * opening it again, or its packets are lost to their pools. NIC_DEAD or NIC_EEPROM on failure. */
enum error e1000_open(u16 bdf, const struct e1000_memory *memory, struct netdev **dev);

#endif
