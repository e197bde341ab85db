/* The NIC, and its link. */
#include "attach/attach_internal.h"

#include "attach/step.h"
#include "base/inet.h"
#include "base/loop.h"
#include "base/say.h"
#include "base/str.h"
#include "drv/nic.h"
#include "drv/pci.h"
#include "machine/arena.h"
#include "net/eth.h"
#include "net/net.h"
#include "net/tcp.h"
#include "pc/wake.h"
#include "san/san.h"
#include "settings/settings.h"

/* For the link of one of several NICs; they negotiate meanwhile, too. */
#define LOOK_MS       500
/* Bytes of window for each PKT_SIZE of the receive ring: full segments hold more. */
#define WINDOW_PER_RX 1024u

_Static_assert(PKT_SIZE == PLAN_PACKET && sizeof(struct pkt) == PLAN_PACKET_ROW,
               "as machine/plan.h counts on");

static const struct plan *plan;
static struct nic_memory nic_memory;
static struct pkt *rx_pkts;
static u8 *rx_memory;
static struct pkt_pool rx_pool, tx_pool;
static u32 own_bdf;
static struct netdev *dev;
static u16 vlan; /* as it was set when the NIC's turn began */

void attach_nic_init(const struct plan *machine_plan, u16 bdf)
{
    plan = machine_plan;
    rx_pkts = arena_take((u32)(plan->rx_packets * sizeof(*rx_pkts)));
    rx_memory = arena_take(plan->rx_packets * PKT_SIZE);
    struct pkt *tx_pkts = arena_take((u32)(plan->tx_packets * sizeof(*tx_pkts)));
    u8 *tx_memory = arena_take(plan->tx_packets * PKT_SIZE);
    pkt_pool_init(&tx_pool, tx_pkts, tx_memory, plan->tx_packets, PKT_SIZE);
    u32 own_bytes = nic_memory_bytes(plan->rx_ring + plan->tx_ring);
    nic_memory = (struct nic_memory){
        .own = arena_take(own_bytes),
        .own_bytes = own_bytes,
        .tx_count = plan->tx_ring,
        .rx_pool = &rx_pool,
        .tx_pool = &tx_pool,
    };
    for (u32 disk = 0; disk < plan->disks; disk++) {
        u32 size = disk ? PLAN_SEND_FURTHER : plan->send_buffer;
        san_select(disk);
        san_lend(&(struct tcp_params){
            .send_buffer = arena_take(size),
            .send_buffer_size = size,
            .window = plan->rx_ring * WINDOW_PER_RX,
        });
    }
    san_select(0);
    /* Not every firmware tells the truth about it. */
    own_bdf = bdf != BOOT_NO_BDF && nic_find(bdf) == bdf ? bdf : SETTING_NO_BDF;
}

void attach_nic_close(void)
{
    wake_set_source(NULL);
    if (dev)
        dev->ops->stop(dev);
    dev = NULL;
}

static bool link_is_up(void)
{
    dev->ops->update(dev);
    return dev->link_up;
}

/* The MTU that is set, or Ethernet's own where the NIC takes no larger one. */
static u32 nic_mtu(u16 bdf)
{
    u32 set = setting_number(SET_MTU);
    return nic_packet_size(bdf, set + ETH_HEADER + ETH_TAG) ? set : MTU_ETHERNET;
}

static u32 rx_size(u16 bdf)
{
    return nic_packet_size(bdf, nic_mtu(bdf) + ETH_HEADER + ETH_TAG);
}

/* Open the NIC at bdf, another than before or the same anew, with receive packets for its MTU:
 * larger ones are fewer. */
static enum error open_nic(u16 bdf)
{
    u32 size = rx_size(bdf);
    attach_nic_close();
    tcp_init(); /* which gives back what it keeps of the pool */
    if (!size)
        return ERR_NIC_DEAD; /* it is not there any more */
    pkt_pool_init(&rx_pool, rx_pkts, rx_memory, plan->rx_packets * PKT_SIZE / size, size);
    nic_memory.rx_count = (u16)(plan->rx_ring * PKT_SIZE / size);
    enum error e = nic_open(bdf, &nic_memory, &dev);
    if (e)
        return e;
    dev->mtu = (u16)nic_mtu(bdf);
    dev->vlan = vlan;
    wake_set_source(&dev->wake);
    return OK;
}

static enum error use_nic(u16 bdf)
{
    static const struct poller net = {net_poll, net_timeout};
    static const struct poller san = {san_poll, san_timeout};
    bool stays = dev && dev->bdf == bdf && link_is_up();
    vlan = (u16)setting_number(SET_VLAN);
    enum error e = stays ? OK : open_nic(bdf);
    if (e)
        return e;
    dev->vlan = vlan;
    net_init(dev, loop_now());
    loop_register(&net);
    loop_register(&san);
    return OK;
}

static bool has_mac(u16 bdf, const char *want)
{
    char mac[MAC_TEXT];
    return !use_nic(bdf) && str_equal(want, mac_text(mac, dev->mac));
}

u32 attach_nic_list(u16 list[NICS_MAX])
{
    const char *want = setting_text(SET_NIC);
    u32 only = *want ? setting_number(SET_NIC) : own_bdf, count = 0;
    step_try("%s", *want ? want : "every PCI device");
    /* To look at every bus takes a tenth of a second. */
    if (only != SETTING_NO_BDF) {
        list[0] = (u16)only;
        return nic_find(only) == only;
    }
    for (u32 bdf = nic_find(0); bdf != PCI_BDF_END && count < NICS_MAX; bdf = nic_find(bdf + 1)) {
        if (*want && !has_mac((u16)bdf, want))
            continue;
        list[count++] = (u16)bdf;
        if (*want)
            break;
    }
    return count;
}

static void say_nic(const char *state)
{
    char bdf[PCI_BDF_TEXT], mac[MAC_TEXT];
    say("NIC      %s at %s, MAC %s%s\n", dev->model, pci_bdf_text(bdf, dev->bdf),
        mac_text(mac, dev->mac), state);
    if (dev->base_kib)
        say("         %u KiB of conventional memory stay with it\n", dev->base_kib);
}

static void say_link(void)
{
    const char *vlan = setting_text(SET_VLAN), *before = *vlan ? ", VLAN " : "";
    if (dev->link_mbps)
        say("Link     %u Mb/s, %s duplex%s%s\n", dev->link_mbps, dev->full_duplex ? "full" : "half",
            before, vlan);
    else
        say("Link     up%s%s\n", before, vlan);
}

enum error attach_nic(u16 bdf, bool several)
{
    char text[PCI_BDF_TEXT];
    step_try("the NIC at %s", pci_bdf_text(text, bdf));
    enum error e = use_nic(bdf);
    if (e)
        return e;
    step_try("%s at %s", dev->model, text);
    if (!several)
        say_nic("");
    bool up = step_wait(link_is_up, several ? LOOK_MS : step_limit(), "the link");
    if (several)
        say_nic(up ? "" : ", no link");
    if (!up)
        return ERR_NIC_NO_LINK;
    say_link();
    return OK;
}

static bool is_named(void)
{
    char mac[MAC_TEXT];
    u32 bdf = setting_number(SET_NIC);
    return bdf == dev->bdf ||
           (bdf == SETTING_NO_BDF && str_equal(setting_text(SET_NIC), mac_text(mac, dev->mac)));
}

enum error attach_nic_follow(bool *elsewhere)
{
    u16 nics[NICS_MAX] = {dev->bdf};
    bool other = setting_source(SET_NIC) == FROM_DHCP && !is_named();
    *elsewhere = other || vlan != setting_number(SET_VLAN);
    if (other && !attach_nic_list(nics))
        return ERR_NIC_NONE;
    return *elsewhere ? attach_nic(nics[0], false) : OK;
}

enum error attach_nic_set_mtu(void)
{
    u16 bdf = dev->bdf;
    if (rx_pool.size == rx_size(bdf)) {
        dev->mtu = (u16)nic_mtu(bdf);
        return OK;
    }
    step_try("packets of %u bytes", nic_mtu(bdf));
    enum error e = open_nic(bdf);
    if (!e && !step_wait(link_is_up, step_limit(), "the link"))
        e = ERR_NIC_NO_LINK;
    return e;
}
