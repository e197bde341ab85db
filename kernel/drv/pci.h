/* Finding a PCI function and making it usable (PCI Local Bus 3.0, 6.1, 6.2 and 6.7; PCI
 * Bus Power Management 1.2). */
#ifndef LUNBOOT_PCI_H
#define LUNBOOT_PCI_H

#include "base/error.h"
#include "base/types.h"

#define PCI_VENDOR_ID           0x00
#define PCI_DEVICE_ID           0x02
#define PCI_COMMAND             0x04
#define PCI_COMMAND_IO          0x0001
#define PCI_COMMAND_MEMORY      0x0002
#define PCI_COMMAND_MASTER      0x0004
#define PCI_COMMAND_NO_INTX     0x0400
#define PCI_STATUS              0x06
#define PCI_STATUS_CAPABILITIES 0x0010
#define PCI_HEADER_TYPE         0x0e
#define PCI_BAR0                0x10
#define PCI_CAPABILITIES        0x34
#define PCI_INTERRUPT_LINE      0x3c

/* Ids of capabilities, and what is where in them. */
#define PCI_CAP_POWER           0x01
#define PCI_POWER_CONTROL       0x04
#define PCI_POWER_STATE         0x0003 /* D0: 0 */
#define PCI_CAP_EXPRESS         0x10
#define PCI_LINK_CONTROL        0x10
#define PCI_LINK_ASPM           0x0003

#define PCI_BDF_TEXT            8 /* bytes for "00:03.0" */
#define PCI_BDF_END             0x10000u

/* The first function at or after `from` for which match(vendor, device) is true; PCI_BDF_END when
 * there is none. */
u32 pci_find(u32 from, bool (*match)(u16 vendor, u16 device));

/* The physical address of a memory BAR (0..5) in *address. NIC_DEAD when it is absent or an I/O
 * BAR, NIC_ABOVE_4G when it lies higher than we reach. */
enum error pci_bar(u16 bdf, u32 index, u32 *address);

/* The first port of an I/O BAR; 0 when it is absent or a memory BAR. */
u16 pci_io_bar(u16 bdf, u32 index);

/* Where the function has its next capability of this id behind the one at `after`; 0 is before the
 * first, and the answer when there is none. */
u8 pci_capability(u16 bdf, u8 id, u8 after);

/* Wake the function when it is in one of the states D1 to D3. What the BIOS has given it stays. */
void pci_wake(u16 bdf);

/* Let the function answer to accesses to these spaces (PCI_COMMAND_MEMORY, PCI_COMMAND_IO), be bus
 * master, and assert INTx. Returns the command register as it was. */
u16 pci_enable(u16 bdf, u16 spaces);

char *pci_bdf_text(char buf[PCI_BDF_TEXT], u16 bdf);

#endif
