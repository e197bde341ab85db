/* The NIC, and its link. */
#include "attach_parts.h"

#include "drv/e1000.h"
#include "drv/pci.h"
#include "iscsi/session.h"
#include "loop.h"
#include "net/net.h"
#include "net/tcp.h"
#include "settings.h"
#include "str.h"
#include "wake.h"

#define NICS_MAX 16
#define LINK_WAIT_MS                                                                               \
    10000                 /* copper needs up to 5 s to negotiate, spanning tree is not waited for */
#define LOOK_MS       500 /* at one of several NICs; they negotiate meanwhile, too */
/* Bytes of window for each receive descriptor: full segments hold more. */
#define WINDOW_PER_RX 1024u

static struct e1000_memory nic_memory;
static struct pkt_pool rx_pool, tx_pool;
static struct tcp_params tcp_params;
static u32 own_bdf;
static struct netdev *dev;

static void make_pool(struct pkt_pool *pool, u32 count)
{
    struct pkt *pkts = arena_take((u32)(count * sizeof(*pkts)));
    pkt_pool_init(pool, pkts, arena_take(count * PKT_SIZE), count);
}

void nic_init(const struct plan *plan, u16 bdf)
{
    make_pool(&rx_pool, plan->rx_packets);
    make_pool(&tx_pool, plan->tx_packets);
    nic_memory = (struct e1000_memory){
        .rx_ring = arena_take(plan->rx_ring * 16u),
        .tx_ring = arena_take(plan->tx_ring * 16u),
        .rx_count = plan->rx_ring,
        .tx_count = plan->tx_ring,
        .rx_pool = &rx_pool,
        .tx_pool = &tx_pool,
    };
    tcp_params = (struct tcp_params){
        .send_buffer = arena_take(plan->send_buffer),
        .send_buffer_size = plan->send_buffer,
        .window = plan->rx_ring * WINDOW_PER_RX,
        .rx_pool = &rx_pool,
    };
    /* Not every firmware tells the truth about it. */
    own_bdf = pci_find(bdf, e1000_match) == bdf ? bdf : SETTING_NO_BDF;
}

struct netdev *attach_netdev(void)
{
    return dev;
}

void nic_close(void)
{
    wake_set_source(NULL);
    if (dev)
        dev->ops->stop(dev);
    dev = NULL;
}

static bool nic_ready(void)
{
    return dev->ops->ready(dev);
}

static bool nic_interrupt(bool on)
{
    return dev->ops->interrupt(dev, on);
}

static bool nic_acknowledge(void)
{
    return dev->ops->acknowledge(dev);
}

static bool link_is_up(void)
{
    dev->ops->update(dev);
    return dev->link_up;
}

/* Another NIC than before, or the same anew. */
static enum error use(u16 bdf)
{
    static const struct poller net = {net_poll, net_timeout};
    static const struct poller iscsi = {iscsi_poll, iscsi_timeout};
    static struct wake_source wake = {
        .ready = nic_ready, .enable = nic_interrupt, .acknowledge = nic_acknowledge};
    nic_close();
    enum error e = e1000_open(bdf, &nic_memory, &dev);
    if (e)
        return e;
    wake.irq = dev->irq;
    wake_set_source(&wake);
    net_init(dev, loop_now());
    tcp_init(&tcp_params);
    loop_register(&net);
    loop_register(&iscsi);
    return OK;
}

/* The NICs that may be used, in PCI's order. */
static u32 candidates(u16 *list)
{
    const char *want = setting_text(SET_NIC);
    u32 only = *want ? setting_number(SET_NIC) : own_bdf;
    bool by_mac = *want && only == SETTING_NO_BDF;
    u32 count = 0, most = by_mac ? 1 : NICS_MAX;
    for (u32 bdf = pci_find(0, e1000_match); bdf != PCI_BDF_END && count < most;
         bdf = pci_find(bdf + 1, e1000_match)) {
        char mac[MAC_TEXT];
        if ((only == SETTING_NO_BDF || bdf == only) &&
            (!by_mac || (!use((u16)bdf) && str_equal(want, mac_text(mac, dev->mac)))))
            list[count++] = (u16)bdf;
    }
    TRY("%s", *want ? want : "every PCI device");
    return count;
}

static void say_nic(const char *state)
{
    char bdf[PCI_BDF_TEXT], mac[MAC_TEXT];
    print("NIC      %s at %s, MAC %s%s\n", dev->model, pci_bdf_text(bdf, dev->bdf),
          mac_text(mac, dev->mac), state);
}

enum error nic_open(void)
{
    u16 list[NICS_MAX];
    u32 count = candidates(list);
    enum error e = ERR_NIC_NONE;
    bool some_work = false;
    u32 ms = count > 1 ? LOOK_MS : LINK_WAIT_MS;
    for (u32 i = 0; i * ms < LINK_WAIT_MS && (i < count || some_work); i++) {
        char text[PCI_BDF_TEXT];
        u16 bdf = list[i % count];
        enum error failed = use(bdf);
        if (failed) {
            if (!some_work) {
                e = failed;
                TRY("the NIC at %s", pci_bdf_text(text, bdf));
            }
            continue;
        }
        e = ERR_NIC_NO_LINK;
        some_work = true;
        TRY("%s at %s%s, for %u s", dev->model, pci_bdf_text(text, bdf),
            count > 1 ? " and others" : "", LINK_WAIT_MS / 1000);
        if (count == 1)
            say_nic("");
        bool up = wait_for(link_is_up, ms, "the link");
        if (count > 1 && (up || i < count))
            say_nic(up ? "" : ", no link");
        if (up) {
            print("Link     %u Mb/s, %s duplex\n", dev->link_mbps,
                  dev->full_duplex ? "full" : "half");
            return OK;
        }
    }
    return e;
}
