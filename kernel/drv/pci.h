/* Finding a PCI function and making it usable (PCI Local Bus 3.0, 6.1 and 6.2). */
#ifndef LUNBOOT_PCI_H
#define LUNBOOT_PCI_H

#include "base/types.h"

#define PCI_VENDOR_ID       0x00
#define PCI_DEVICE_ID       0x02
#define PCI_COMMAND         0x04
#define PCI_COMMAND_MEMORY  0x0002
#define PCI_COMMAND_MASTER  0x0004
#define PCI_COMMAND_NO_INTX 0x0400
#define PCI_HEADER_TYPE     0x0e
#define PCI_BAR0            0x10
#define PCI_INTERRUPT_LINE  0x3c

#define PCI_BDF_TEXT        8 /* bytes for "00:03.0" */
#define PCI_BDF_END         0x10000u

/* The first function at or after `from` for which match(vendor, device) is true; PCI_BDF_END when
 * there is none. */
u32 pci_find(u32 from, bool (*match)(u16 vendor, u16 device));

/* The physical address of a memory BAR below 4 GiB (0..5); 0 when it is absent, an I/O BAR, or lies
 * higher. */
u32 pci_bar(u16 bdf, u32 index);

/* Let the function answer to memory accesses, be bus master, and assert INTx. */
void pci_enable(u16 bdf);

char *pci_bdf_text(char buf[PCI_BDF_TEXT], u16 bdf);

#endif
