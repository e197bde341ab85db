/* VMXNET3 as a device: finding out what it is, link, interrupts, statistics. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "drv/pci.h"
#include "drv/vmxnet3_internal.h"

#define MTU_JUMBO 9000 /* its most */

/* In memory of its own, before the rings. */
struct common {
    struct vmxnet3_shared shared;
    u8 pad[48];
    struct vmxnet3_queues queues;
};
_Static_assert(offsetof(struct common, queues) % 128 == 0, "as the NIC wants it");

static struct netdev nic;
static struct nic_memory memory;
static struct common *common;
static struct mmio *fast, *slow; /* BAR 0 and BAR 1 */
static u16 found_command;        /* PCI's, before us */

static u32 command(u32 what)
{
    mmio_write32(slow, CMD, what);
    return mmio_read32(slow, CMD);
}

static void read_link(void)
{
    u32 link = command(CMD_LINK);
    bool up = link != UINT32_MAX && link & 1;
    nic.stats.link_changes += up != nic.link_up;
    nic.link_up = nic.full_duplex = up;
    nic.link_mbps = (u16)(up ? link >> 16 : 0);
}

/* What happened, as the device has written it to memory. */
static void take_events(void)
{
    u32 events = *(volatile u32 *)&common->shared.events;
    if (!events)
        return;
    mmio_write32(slow, ECR, events);
    if (events & EVENT_LINK)
        read_link();
    if (events & EVENT_QUEUE_ERRORS)
        command(CMD_QUEUE_STATUS);
}

static void fill_shared(void)
{
    struct vmxnet3_shared *s = &common->shared;
    *s = (struct vmxnet3_shared){
        .magic = SHARED_MAGIC,
        .driver_version = 1,
        .guest = GUEST_PXE_32,
        .revision = REVISION_1,
        .upt_version = REVISION_1,
        .features = FEATURE_RX_CSUM,
        .queues = dma_address(&common->queues),
        .queues_length = sizeof(common->queues),
        .mtu = memory.rx_pool->size > PKT_SIZE ? MTU_JUMBO : MTU_ETHERNET,
        .rx_buffers = 1,
        .tx_queues = 1,
        .rx_queues = 1,
        .automask = true,
        .interrupts = 1,
        .interrupt_control = INTERRUPTS_OFF,
        .rx_mode = RX_MODE,
    };
    memset(s->vlans, 0xff, sizeof(s->vlans)); /* the stack knows which ones it wants */
}

/* Everything behind a reset. */
static bool start(void)
{
    fill_shared();
    memset(&common->queues, 0, sizeof(common->queues));
    nic.rx_ring = vmxnet3_rings_set(&memory, (u8 *)(common + 1), &common->queues);
    u64 address = dma_address(&common->shared);
    mmio_write32(slow, MACL, get_le32(nic.mac));
    mmio_write32(slow, MACH, get_le16(nic.mac + 4));
    mmio_write32(slow, DSAL, (u32)address);
    mmio_write32(slow, DSAH, (u32)(address >> 32));
    if (command(CMD_ACTIVATE)) {
        vmxnet3_rings_drop();
        return false;
    }
    mmio_write32(fast, IMR, 1);
    common->shared.interrupt_control = 0;
    vmxnet3_rings_fill(fast);
    return true;
}

static void quiet(void)
{
    mmio_write32(fast, IMR, 1);
    command(CMD_QUIESCE);
    command(CMD_RESET);
    mmio_write32(slow, DSAL, 0);
    mmio_write32(slow, DSAH, 0);
}

/* The NIC goes on knowing where the shared part is: it writes events there at any time. */
static void pause(struct netdev *dev, bool on)
{
    if (on) {
        mmio_write32(fast, IMR, 1);
        command(CMD_QUIESCE);
        mmio_read32(slow, ICR); /* one that nobody has taken */
        vmxnet3_rings_drop();
    }
    dev->paused = on || !start();
}

static bool transmit(struct netdev *dev, struct pkt *p)
{
    if (dev->paused)
        pause(dev, false);
    return vmxnet3_transmit(dev, p);
}

static bool enable(struct netdev *dev, bool on)
{
    if (dev->paused)
        pause(dev, false);
    bool full = vmxnet3_tx_full(dev);
    mmio_write32(fast, IMR, !on);
    if (!on)
        return true;
    take_events();
    bool sent = vmxnet3_tx_reclaim();
    return !(vmxnet3_rx_ready(dev) || (full && sent));
}

static bool acknowledge(struct netdev *dev)
{
    u32 cause = mmio_read32(slow, ICR);
    (void)dev;
    if (!cause || cause == UINT32_MAX)
        return false;
    take_events();
    return true;
}

static void update(struct netdev *dev)
{
    if (dev->paused)
        return;
    take_events();
    read_link();
    if (vmxnet3_stuck(dev) || common->queues.rx.stopped || common->queues.tx.stopped) {
        dev->stats.tx_errors++;
        quiet();
        vmxnet3_rings_drop();
        start();
    }
}

static void stop(struct netdev *dev)
{
    quiet();
    vmxnet3_rings_drop();
    pci_write16(dev->bdf, PCI_COMMAND, found_command);
}

static const struct netdev_ops ops = {
    .transmit = transmit,
    .receive = vmxnet3_receive,
    .flush = vmxnet3_flush,
    .update = update,
    .stop = stop,
    .pause = pause,
};

static bool read_mac(void)
{
    put_le32(nic.mac, command(CMD_PERM_MAC_LOW));
    put_le16(nic.mac + 4, (u16)command(CMD_PERM_MAC_HIGH));
    return mac_is_station(nic.mac);
}

static enum error map(u16 bdf)
{
    u32 first, second;
    enum error e = pci_bar(bdf, 0, &first);
    if (!e)
        e = pci_bar(bdf, 1, &second);
    if (e)
        return e;
    fast = platform_mmio(first);
    slow = platform_mmio(second);
    return OK;
}

static enum error vmxnet3_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                               struct netdev **dev)
{
    (void)id;
    enum error e = map(bdf);
    if (e)
        return e;
    memory = *lent;
    common = (struct common *)(memory.own + up_to_multiple(memory.own, RING_ALIGN));
    found_command = pci_enable(bdf, PCI_COMMAND_MEMORY);
    nic = (struct netdev){
        .ops = &ops,
        .wake = {.ready = vmxnet3_rx_ready, .enable = enable, .acknowledge = acknowledge},
        .bdf = bdf,
        .mtu = MTU_ETHERNET,
        .tx_pool = memory.tx_pool,
    };
    quiet();
    u32 revisions = mmio_read32(slow, VRRS), upt = mmio_read32(slow, UVRS);
    if (revisions == UINT32_MAX || !(revisions & REVISION_1) || !(upt & REVISION_1))
        e = ERR_NIC_DEAD;
    else if (!read_mac())
        e = ERR_NIC_EEPROM;
    if (!e) {
        mmio_write32(slow, VRRS, REVISION_1);
        mmio_write32(slow, UVRS, REVISION_1);
        if (!start())
            e = ERR_NIC_DEAD;
    }
    if (e) {
        stop(&nic);
        return e;
    }
    read_link();
    nic.stats = (struct netdev_stats){0};
    *dev = &nic;
    return OK;
}

const struct nic_driver vmxnet3_driver = {.packet_size = vmxnet3_packet_size, .open = vmxnet3_open};
