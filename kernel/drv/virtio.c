/* virtio's network device (5.1 of the specification): features, MAC address, link, interrupts. */
#include "base/inet.h"
#include "drv/pci.h"
#include "drv/virtio_internal.h"

/* Device configuration (5.1.4). */
#define CONFIG_MAC     0
#define CONFIG_STATUS  6
#define STATUS_LINK_UP 1

#define FEATURES                                                                                   \
    (VIRTIO_NET_GUEST_CSUM | VIRTIO_NET_MAC | VIRTIO_NET_GUEST_TSO4 | VIRTIO_NET_MRG_RXBUF |       \
     VIRTIO_NET_STATUS | VIRTIO_ANY_LAYOUT | VIRTIO_EVENT_IDX)
/* What frames over several receive buffers take: more than the largest of ours hold. */
#define LONG_FRAMES   (VIRTIO_NET_GUEST_CSUM | VIRTIO_NET_MRG_RXBUF)
#define FEATURES_HIGH (VIRTIO_VERSION_1 | VIRTIO_ACCESS_PLATFORM)

static struct netdev nic;
static struct nic_memory memory;
static u32 features;      /* that both sides have, the lower ones */
static u16 found_command; /* PCI's, before us */

static void read_link(void)
{
    bool up = !(features & VIRTIO_NET_STATUS) || (virtio_config(CONFIG_STATUS) & STATUS_LINK_UP);
    nic.stats.link_changes += up != nic.link_up;
    nic.link_up = up;
}

/* Everything behind a reset (3.1.1). */
static enum error start(void)
{
    virtio_set_status(VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    u32 high = virtio_features(1) & FEATURES_HIGH;
    features = virtio_features(0) & FEATURES;
    if (~features & LONG_FRAMES)
        features &= ~VIRTIO_NET_GUEST_TSO4;
    virtio_take_features(0, features);
    virtio_take_features(1, high);
    if (!virtio_is_legacy()) {
        virtio_set_status(VIRTIO_FEATURES_OK);
        if (!(virtio_status() & VIRTIO_FEATURES_OK))
            return ERR_NIC_DEAD;
    }
    enum error e =
        virtio_queues_set(&memory, high & VIRTIO_VERSION_1 || features & VIRTIO_NET_MRG_RXBUF,
                          features & VIRTIO_EVENT_IDX);
    if (e)
        return e;
    virtio_set_status(VIRTIO_DRIVER_OK);
    nic.rx_ring = virtio_queues_fill();
    return OK;
}

static bool acknowledge(struct netdev *dev)
{
    u8 isr = virtio_isr();
    (void)dev;
    if (isr == 0xff)
        return false;
    if (isr & VIRTIO_ISR_CONFIG)
        read_link();
    return isr & (VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
}

static void stop(struct netdev *dev)
{
    (void)dev;
    virtio_reset();
    virtio_queues_drop();
    pci_write16(nic.bdf, PCI_COMMAND, found_command);
}

static void update(struct netdev *dev)
{
    read_link();
    if (virtio_queues_stuck(dev)) {
        dev->stats.tx_errors++;
        bool reset = virtio_reset();
        virtio_queues_drop();
        if (reset)
            start();
    }
}

static const struct netdev_ops ops = {
    .transmit = virtio_transmit,
    .receive = virtio_receive,
    .flush = virtio_flush,
    .update = update,
    .stop = stop,
};

static enum error virtio_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                              struct netdev **dev)
{
    (void)id;
    enum error e = virtio_find(bdf, &found_command);
    if (e)
        return e;
    memory = *lent;
    nic = (struct netdev){
        .ops = &ops,
        .wake = {.ready = virtio_rx_ready,
                 .enable = virtio_queues_wake,
                 .acknowledge = acknowledge},
        .bdf = bdf,
        .mtu = MTU_ETHERNET,
        .full_duplex = true,
        .tx_pool = memory.tx_pool,
    };
    e = virtio_reset() ? start() : ERR_NIC_DEAD;
    for (u32 i = 0; i < sizeof(nic.mac); i++)
        nic.mac[i] = virtio_config(CONFIG_MAC + i);
    if (!e && (!(features & VIRTIO_NET_MAC) || !mac_is_station(nic.mac)))
        e = ERR_NIC_EEPROM;
    if (e) {
        stop(&nic);
        return e;
    }
    read_link();
    nic.stats = (struct netdev_stats){0};
    *dev = &nic;
    return OK;
}

const struct nic_driver virtio_driver = {.packet_size = virtio_packet_size, .open = virtio_open};
