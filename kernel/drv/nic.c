/* The door to the drivers: which one a NIC has, and what is the same for all NICs. */
#include "drv/nic.h"

#include "base/arith.h"
#include "base/platform.h"
#include "drv/pci.h"

#define NAME(name) "nic_" COUNTERS_NAME(name)
static const char counter_names[] = NETDEV_STATS(NAME);

static u32 last_bdf = PCI_BDF_END; /* what nic_last drives */

bool nic_load(void)
{
    if (nic_last.load && nic_last.load())
        return true;
    last_bdf = PCI_BDF_END;
    return false;
}

void nic_leave(void)
{
    if (nic_last.leave)
        nic_last.leave();
}

static const struct nic_id *nic_id(u16 vendor, u16 device)
{
    for (u32 i = 0; i < nic_id_count; i++)
        if (nic_ids[i].vendor == vendor && nic_ids[i].device == device)
            return &nic_ids[i];
    return NULL;
}

static const struct nic_id *nic_id_at(u16 bdf)
{
    if (bdf == last_bdf)
        return &nic_last.id;
    return nic_id(pci_read16(bdf, PCI_VENDOR_ID), pci_read16(bdf, PCI_DEVICE_ID));
}

static bool nic_match(u16 vendor, u16 device)
{
    return nic_id(vendor, device);
}

u32 nic_find(u32 from)
{
    u32 found = pci_find(from, nic_match);
    return from <= last_bdf && last_bdf < found ? last_bdf : found;
}

u32 nic_claim(const struct boot_info *boot)
{
    return nic_last.claim ? nic_last.claim(boot, nic_find(0) == PCI_BDF_END, &last_bdf) : 0;
}

u32 nic_memory_bytes(u32 descriptors)
{
    return align_up(descriptors * nic_descriptor_bytes + nic_more_bytes, 16);
}

u32 nic_packet_size(u16 bdf, u32 frame)
{
    const struct nic_id *id = nic_id_at(bdf);
    return id ? nic_drivers[id->driver]->packet_size(id, frame) : 0;
}

enum error nic_open(u16 bdf, const struct nic_memory *lent, struct netdev **dev)
{
    const struct nic_id *id = nic_id_at(bdf);
    if (!id)
        return ERR_NIC_DEAD;
    pci_wake(bdf);
    enum error e = nic_drivers[id->driver]->open(bdf, id, lent, dev);
    if (e)
        return e;
    struct netdev *d = *dev;
    u8 irq = pci_read8(bdf, PCI_INTERRUPT_LINE);
    d->model = id->name;
    d->bdf = bdf;
    d->vendor_id = pci_read16(bdf, PCI_VENDOR_ID);
    d->device_id = pci_read16(bdf, PCI_DEVICE_ID);
    d->wake.device = d;
    d->wake.irq = irq < 16 ? irq : 0xff;
    counters_register(counter_names, (u32 *)&d->stats, sizeof(d->stats));
    return OK;
}
