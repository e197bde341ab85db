/* PCI configuration space. */
#include "drv/pci.h"

#include "base/arith.h"
#include "base/format.h"
#include "base/platform.h"
#include "base/print.h"

#define HEADER_TYPE_MASK      0x7f
#define HEADER_MULTI_FUNCTION 0x80
#define HEADER_BRIDGE         0x01
#define SUBORDINATE_BUS       0x1a /* of a bridge's header: the highest bus behind it */

#define HEADER_SIZE           0x40
#define KEPT_FROM             0x0c /* cache line size, latency timer, BARs, interrupt line */
#define WAKE_US               10000

#define CAPABILITIES_FROM     0x40
#define CAPABILITIES_MOST     48 /* that configuration space has room for */

#define BAR_IO                0x1
#define BAR_TYPE_MASK         0x6
#define BAR_TYPE_64           0x4
#define BAR_FLAGS             0xf
#define BAR_IO_FLAGS          0x3u
#define BARS                  6

/* Look from `from` on; buses above *last exist only when a bridge on a lower one says so. */
static u32 pci_scan(u32 from, u32 bdf, u32 *last, bool (*match)(u16 vendor, u16 device))
{
    while (bdf < PCI_BDF_END && bdf >> 8 <= *last) {
        u16 at = (u16)bdf;
        u32 id = pci_read32(at, PCI_VENDOR_ID);
        u8 header = 0;
        if ((u16)id != 0xffff) {
            if (bdf >= from && match((u16)id, (u16)(id >> 16)))
                return bdf;
            header = pci_read8(at, PCI_HEADER_TYPE);
            if ((header & HEADER_TYPE_MASK) == HEADER_BRIDGE)
                *last = max_u32(*last, pci_read8(at, SUBORDINATE_BUS));
        }
        /* Without function 0, or with a single one, there are no others to ask. */
        bool alone = (bdf & 7) == 0 && !(header & HEADER_MULTI_FUNCTION);
        bdf += alone ? 8 : 1;
    }
    return PCI_BDF_END;
}

u32 pci_find(u32 from, bool (*match)(u16 vendor, u16 device))
{
    u32 last = 0;
    u32 found = pci_scan(from, 0, &last, match);
    if (found == PCI_BDF_END) {
        /* Large machines have several root buses, which no bridge announces. */
        u32 next = (last + 1) << 8;
        last = 255;
        found = pci_scan(from, max_u32(next, from & ~7u), &last, match);
    }
    return found;
}

enum error pci_bar(u16 bdf, u32 index, u32 *address)
{
    u8 offset = (u8)(PCI_BAR0 + 4 * index);
    u32 bar = pci_read32(bdf, offset);
    bool wide = (bar & BAR_TYPE_MASK) == BAR_TYPE_64;
    *address = bar & ~(u32)BAR_FLAGS;
    if (index >= BARS || bar & BAR_IO || (wide && index + 1 >= BARS))
        return ERR_NIC_DEAD;
    if (wide && pci_read32(bdf, (u8)(offset + 4)))
        return ERR_NIC_ABOVE_4G;
    return *address ? OK : ERR_NIC_DEAD;
}

u16 pci_io_bar(u16 bdf, u32 index)
{
    u32 bar = pci_read32(bdf, (u8)(PCI_BAR0 + 4 * index));
    return (u16)(bar & BAR_IO && bar <= 0xffff ? bar & ~BAR_IO_FLAGS : 0);
}

u8 pci_capability(u16 bdf, u8 id, u8 after)
{
    if (!(pci_read16(bdf, PCI_STATUS) & PCI_STATUS_CAPABILITIES))
        return 0;
    u8 at = after ? after : PCI_CAPABILITIES - 1;
    for (u32 left = CAPABILITIES_MOST; left; left--) {
        at = pci_read8(bdf, (u8)(at + 1)) & 0xfc;
        if (at < CAPABILITIES_FROM)
            return 0;
        if (pci_read8(bdf, at) == id)
            return at;
    }
    return 0;
}

void pci_wake(u16 bdf)
{
    u8 power = pci_capability(bdf, PCI_CAP_POWER, 0);
    if (!power || !(pci_read16(bdf, power + PCI_POWER_CONTROL) & PCI_POWER_STATE))
        return;
    /* It may come back as from a reset. */
    u32 kept[HEADER_SIZE / 4];
    for (u8 i = KEPT_FROM; i < HEADER_SIZE; i += 4)
        kept[i / 4] = pci_read32(bdf, i);
    pci_write16(bdf, power + PCI_POWER_CONTROL, 0);
    platform_delay_us(WAKE_US);
    for (u8 i = KEPT_FROM; i < HEADER_SIZE; i += 4) {
        pci_write16(bdf, i, (u16)kept[i / 4]);
        pci_write16(bdf, i + 2, (u16)(kept[i / 4] >> 16));
    }
}

u16 pci_enable(u16 bdf, u16 spaces)
{
    u16 found = pci_read16(bdf, PCI_COMMAND);
    u16 command = found | spaces | PCI_COMMAND_MASTER;
    pci_write16(bdf, PCI_COMMAND, command & (u16)~PCI_COMMAND_NO_INTX);
    return found;
}

char *pci_bdf_text(char buf[PCI_BDF_TEXT], u16 bdf)
{
    format_text(buf, PCI_BDF_TEXT, "%02x:%02x.%x", bdf >> 8, bdf >> 3 & 31, bdf & 7);
    return buf;
}
