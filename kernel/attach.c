/* From a cold machine to a working disk. */
#include "attach.h"

#include "cache.h"
#include "console.h"
#include "drv/e1000.h"
#include "drv/pci.h"
#include "iscsi/root_path.h"
#include "iscsi/session.h"
#include "loop.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/dns.h"
#include "net/ipv4.h"
#include "net/net.h"
#include "net/tcp.h"
#include "settings.h"
#include "str.h"
#include "wake.h"

#define LINK_WAIT_MS                                                                               \
    10000 /* copper needs up to 5 s to negotiate, spanning tree is not waited for */
#define LOGOUT_WAIT_MS 1000
#define PATIENCE_MS    2000 /* after so long in one step a line says what is waited for */
#define TRIED_TEXT     320
#define WINDOW_PER_RX                                                                              \
    1024u /* bytes of window for each receive descriptor: full segments hold more */

static struct e1000_memory nic_memory;
static struct pkt_pool rx_pool, tx_pool;
static struct tcp_params tcp_params;
static u8 *cache_memory;
static u32 cache_size;

static struct netdev *dev;
static char tried[TRIED_TEXT];
/* Too large for the stack. */
static struct iscsi_root_path path;
static struct iscsi_config config;

const char *attach_tried(void)
{
    return tried;
}

struct netdev *attach_netdev(void)
{
    return dev;
}

const struct iscsi_config *attach_config(void)
{
    return &config;
}

void attach_wipe(void)
{
    wipe(&config, sizeof(config));
}

static void make_pool(struct pkt_pool *pool, u32 count)
{
    struct pkt *pkts = arena_take((u32)(count * sizeof(*pkts)));
    pkt_pool_init(pool, pkts, arena_take(count * PKT_SIZE), count);
}

void attach_init(const struct plan *plan)
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
    cache_memory = arena_take(plan->cache);
    cache_size = plan->cache;
}

/* Run the event loop until done() or until ms have passed; says what it waits for when that takes
 * long. Returns done(). */
static bool wait_for(bool (*done)(void), u32 ms, const char *what)
{
    loop_poll();
    msec start = loop_now();
    bool said = false;
    while (!done()) {
        u32 waited = loop_now() - start;
        if (waited >= ms)
            return false;
        if (!said && waited >= PATIENCE_MS) {
            print("         waiting for %s ...\n", what);
            said = true;
        }
        loop_once();
    }
    return true;
}

/* ---- the NIC ---- */

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

static enum error open_nic(void)
{
    const char *want = setting_text(SET_NIC);
    u32 want_bdf = setting_number(SET_NIC);
    bool by_mac = *want && want_bdf == SETTING_NO_BDF;
    enum error e = ERR_NIC_NONE;
    if (dev)
        dev->ops->stop(dev);
    dev = NULL;
    format_text(tried, sizeof(tried), "%s", *want ? want : "every PCI device");
    for (u32 bdf = pci_find(0, e1000_match); bdf != PCI_BDF_END;
         bdf = pci_find(bdf + 1, e1000_match)) {
        char text[MAC_TEXT];
        if (*want && !by_mac && bdf != want_bdf)
            continue;
        format_text(tried, sizeof(tried), "the NIC at %s", pci_bdf_text(text, (u16)bdf));
        e = e1000_open((u16)bdf, &nic_memory, &dev);
        if (e)
            continue;
        if (!by_mac || str_equal(want, mac_text(text, dev->mac)))
            return OK;
        dev->ops->stop(dev);
        dev = NULL;
        e = ERR_NIC_NONE;
    }
    return e;
}

static enum error bring_up_link(void)
{
    char bdf[PCI_BDF_TEXT], mac[MAC_TEXT];
    pci_bdf_text(bdf, dev->bdf);
    mac_text(mac, dev->mac);
    print("NIC      %s at %s, MAC %s\n", dev->model, bdf, mac);
    static const struct poller net = {net_poll, net_timeout};
    static const struct poller iscsi = {iscsi_poll, iscsi_timeout};
    static struct wake_source wake = {.enable = nic_interrupt, .acknowledge = nic_acknowledge};
    wake.irq = dev->irq;
    wake_set_source(&wake);
    net_init(dev, loop_now());
    tcp_init(&tcp_params);
    loop_register(&net);
    loop_register(&iscsi);
    if (!wait_for(link_is_up, LINK_WAIT_MS, "the link")) {
        format_text(tried, sizeof(tried), "%s at %s for %u s", dev->model, bdf,
                    LINK_WAIT_MS / 1000);
        return ERR_NIC_NO_LINK;
    }
    print("Link     %u Mb/s, %s duplex\n", dev->link_mbps, dev->full_duplex ? "full" : "half");
    return OK;
}

/* ---- the address ---- */

static bool dhcp_settled(void)
{
    return dhcp_state() != DHCP_ASKING;
}

/* A DHCP text becomes a setting; a bad one is reported, and left out. */
static void take_text(enum setting_id id, const char *text)
{
    if (!*text)
        return;
    enum error e = setting_set(id, text, strlen(text), FROM_DHCP);
    if (e)
        print("E%u      DHCP: %s: %s\n", e, setting_name(id), error_text(e));
}

static void take_lease(const struct dhcp_lease *lease)
{
    take_text(SET_DOMAIN, lease->domain);
    take_text(SET_HOSTNAME, lease->hostname);
    take_text(SET_ROOT_PATH, lease->root_path);
    take_text(SET_INITIATOR_IQN, lease->initiator_iqn);
    take_text(SET_USERNAME, lease->username);
    take_text(SET_PASSWORD, lease->password);
    take_text(SET_REVERSE_USERNAME, lease->reverse_username);
    take_text(SET_REVERSE_PASSWORD, lease->reverse_password);
    if (lease->has_keep_san)
        take_text(SET_KEEP_SAN, lease->keep_san ? "1" : "0");
    if (lease->has_skip_san_boot)
        take_text(SET_SKIP_SAN_BOOT, lease->skip_san_boot ? "1" : "0");
}

static void use_dns(const ip4 *servers)
{
    ip4 list[DNS_SERVERS] = {setting_ip4(SET_DNS)};
    dns_configure(list[0] ? list : servers, setting_text(SET_DOMAIN));
}

static u32 prefix_length(ip4 mask)
{
    u32 n = 0;
    for (; mask; mask <<= 1)
        n++;
    return n;
}

static void say_address(const struct ipv4_config *ip, const char *origin, ip4 server)
{
    char text[IP4_TEXT];
    print("Address  %s/%u, ", ip4_text(text, ip->addr), prefix_length(ip->netmask));
    if (ip->gateway)
        print("gateway %s, ", ip4_text(text, ip->gateway));
    else
        print("no gateway, ");
    print("%s%s\n", origin, server ? ip4_text(text, server) : "");
}

static enum error configure_static(void)
{
    static const ip4 none[DNS_SERVERS];
    struct ipv4_config ip = {
        .addr = setting_ip4(SET_IP),
        .netmask = setting_ip4(SET_NETMASK),
        .gateway = setting_ip4(SET_GATEWAY),
        .mtu = (u16)setting_number(SET_MTU),
    };
    ipv4_configure(&ip, loop_now());
    use_dns(none);
    say_address(&ip, "from the command line", 0);
    return OK;
}

static enum error configure_dhcp(void)
{
    struct dhcp_identity who = {0};
    const char *hostname = setting_text(SET_HOSTNAME);
    str_put(who.hostname, sizeof(who.hostname), hostname, strlen(hostname));
    u32 give_up = setting_number(SET_TIMEOUT) * 1000;
    dhcp_start(&who, !*setting_text(SET_ROOT_PATH), give_up, loop_now());
    wait_for(dhcp_settled, give_up + 1000, "a DHCP server");
    char mac[MAC_TEXT];
    format_text(tried, sizeof(tried), "%u DHCP requests from %s", dhcp_attempts(),
                mac_text(mac, dev->mac));
    if (dhcp_state() != DHCP_BOUND)
        return ERR_DHCP_TIMEOUT;
    struct dhcp_lease *lease = dhcp_lease();
    take_lease(lease);
    wipe(lease->password, sizeof(lease->password));
    wipe(lease->reverse_password, sizeof(lease->reverse_password));
    use_dns(lease->dns);
    say_address(&lease->ip, "from DHCP server ", lease->server);
    return OK;
}

/* ---- the target ---- */

static bool name_resolved(void)
{
    ip4 addr;
    return dns_result(&addr) != DNS_ASKING;
}

static enum error resolve(void)
{
    dns_start(path.server, loop_now());
    wait_for(name_resolved, setting_number(SET_TIMEOUT) * 1000, "the name server");
    format_text(tried, sizeof(tried), "%s", path.server);
    return dns_result(&config.addr) == DNS_DONE ? OK : ERR_DNS_FAILED;
}

static void name_ourselves(void)
{
    const char *iqn = setting_text(SET_INITIATOR_IQN), *host = setting_text(SET_HOSTNAME);
    if (*iqn)
        format_text(config.initiator, sizeof(config.initiator), "%s", iqn);
    else if (*host)
        format_text(config.initiator, sizeof(config.initiator), "iqn.2026-11.org.lunboot:%s", host);
    else
        format_text(config.initiator, sizeof(config.initiator),
                    "iqn.2026-11.org.lunboot:%02x%02x%02x%02x%02x%02x", dev->mac[0], dev->mac[1],
                    dev->mac[2], dev->mac[3], dev->mac[4], dev->mac[5]);
}

static void copy_setting(char *to, size_t size, enum setting_id id)
{
    str_put(to, size, setting_text(id), strlen(setting_text(id)));
}

static enum error parse_target(void)
{
    const char *text = setting_text(SET_ROOT_PATH), *why = "";
    format_text(tried, sizeof(tried), "the command line and DHCP");
    if (!*text)
        return ERR_DHCP_NO_ROOT_PATH;
    memset(&config, 0, sizeof(config));
    enum error e = iscsi_parse_root_path(text, &path, &why);
    format_text(tried, sizeof(tried), "%s: %s", text, why);
    if (e)
        return e;
    config.port = path.port;
    memcpy(config.lun, path.lun, sizeof(config.lun));
    memcpy(config.target, path.target, sizeof(config.target));
    name_ourselves();
    /* OUI format (RFC 7143, 11.12.5): the same for this NIC at every boot. */
    memcpy(config.isid, dev->mac, sizeof(config.isid));
    config.isid[0] &= 0x3f;
    copy_setting(config.user, sizeof(config.user), SET_USERNAME);
    copy_setting(config.secret, sizeof(config.secret), SET_PASSWORD);
    copy_setting(config.reverse_user, sizeof(config.reverse_user), SET_REVERSE_USERNAME);
    copy_setting(config.reverse_secret, sizeof(config.reverse_secret), SET_REVERSE_PASSWORD);
    return OK;
}

static bool attach_settled(void)
{
    enum iscsi_state s = iscsi_state();
    return s == ISCSI_READY || s == ISCSI_FAILED;
}

/* The LUN as a person writes it: its first two bytes in SAM's peripheral or flat form, hexadecimal.
 */
static u32 lun_number(void)
{
    return (config.lun[0] & 0x3fu) << 8 | config.lun[1];
}

static enum error log_in(void)
{
    char addr[IP4_TEXT];
    ip4_text(addr, config.addr);
    print("Target   %s at %s:%u, LUN %x\n", config.target, addr, config.port, lun_number());
    format_text(tried, sizeof(tried), "%s at %s:%u, LUN %x, as %s", config.target, addr,
                config.port, lun_number(), config.initiator);
    ip4 hop;
    if (!ipv4_next_hop(config.addr, &hop))
        return ERR_NET_NO_ROUTE;
    u32 give_up = setting_number(SET_TIMEOUT) * 1000;
    iscsi_attach(&config, give_up, loop_now());
    wait_for(attach_settled, give_up + 1000, "the target");
    if (iscsi_state() == ISCSI_READY)
        return OK;
    u8 mac[6];
    return arp_conflict(mac) ? ERR_ADDRESS_IN_USE
           : iscsi_error()   ? iscsi_error()
                             : ERR_LOGIN_TIMEOUT;
}

static bool logged_out(void)
{
    return iscsi_state() == ISCSI_CLOSED;
}

void attach_end(void)
{
    if (iscsi_state() != ISCSI_READY)
        return;
    iscsi_logout(loop_now());
    wait_for(logged_out, LOGOUT_WAIT_MS, "the logout");
}

static void say_disk(const struct block_dev *disk)
{
    char addr[IP4_TEXT];
    const struct iscsi_used *used = iscsi_used();
    if (used->addr != config.addr || used->port != config.port)
        print("         redirected to %s:%u\n", ip4_text(addr, used->addr), used->port);
    u32 mib = (u32)(disk->blocks >> 11);
    print("Disk     %s %s, ", disk->vendor, disk->product);
    if (mib >= 10240)
        print("%u GiB%s\n", mib >> 10, disk->read_only ? ", read only" : "");
    else
        print("%u MiB%s\n", mib, disk->read_only ? ", read only" : "");
}

enum error attach(void)
{
    enum error e;
    loop_poll();
    if ((e = open_nic()) || (e = bring_up_link()))
        return e;
    e = setting_ip4(SET_IP) ? configure_static() : configure_dhcp();
    if (e || (e = parse_target()) || (e = resolve()) || (e = log_in()))
        return e;
    say_disk(iscsi_disk());
    cache_init(iscsi_disk(), cache_memory, cache_size);
    return OK;
}
