/* The address, and the settings that come with it. */
#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/format.h"
#include "base/inet.h"
#include "base/print.h"

#include "base/loop.h"
#include "base/str.h"
#include "net/dhcp.h"
#include "net/dns.h"
#include "net/ip.h"
#include "net/port.h"
#include "settings/settings.h"

static struct boot_info *boot;

void attach_address_init(struct boot_info *info)
{
    boot = info;
}

static bool dhcp_settled(void)
{
    return dhcp_state() != DHCP_ASKING;
}

/* A DHCP text becomes a setting; a bad one is reported, and left out. */
static void take_setting(enum setting_id id, const char *text)
{
    if (!*text)
        return;
    enum error e = setting_set(id, text, strlen(text), FROM_DHCP);
    if (e)
        print("E%u      DHCP: %s: %s\n", e, setting_name(id), error_text(e));
}

static void take_lease(struct dhcp_lease *lease)
{
    static const struct {
        u16 offset; /* in struct dhcp_lease */
        u8 setting;
    } texts[] = {
        {offsetof(struct dhcp_lease, domain), SET_DOMAIN},
        {offsetof(struct dhcp_lease, hostname), SET_HOSTNAME},
        {offsetof(struct dhcp_lease, root_path), SET_ROOT_PATH},
        {offsetof(struct dhcp_lease, initiator_iqn), SET_INITIATOR_IQN},
        {offsetof(struct dhcp_lease, username), SET_USERNAME},
        {offsetof(struct dhcp_lease, password), SET_PASSWORD},
        {offsetof(struct dhcp_lease, reverse_username), SET_REVERSE_USERNAME},
        {offsetof(struct dhcp_lease, reverse_password), SET_REVERSE_PASSWORD},
    };
    char mtu[6];
    format_text(mtu, sizeof(mtu), "%u", lease->mtu);
    if (lease->mtu)
        take_setting(SET_MTU, mtu);
    for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
        take_setting(texts[i].setting, (const char *)lease + texts[i].offset);
    if (lease->has_keep_san)
        take_setting(SET_KEEP_SAN, lease->keep_san ? "1" : "0");
    if (lease->has_skip_san_boot)
        take_setting(SET_SKIP_SAN_BOOT, lease->skip_san_boot ? "1" : "0");
    wipe(lease->password, sizeof(lease->password));
    wipe(lease->reverse_password, sizeof(lease->reverse_password));
}

void attach_address_set_dns(void)
{
    ip4 list[DNS_SERVERS] = {setting_ip4(SET_DNS)};
    dns_configure(list[0] ? list : dhcp_lease()->dns, setting_text(SET_DOMAIN));
}

static void say_address(const struct ipv4_config *ip, const char *origin, ip4 server)
{
    char text[IP4_TEXT];
    print("Address  %s/%u, ", ip4_text(text, ip->addr), ip4_prefix(ip->netmask));
    if (ip->gateway)
        print("gateway %s, ", ip4_text(text, ip->gateway));
    else
        print("no gateway, ");
    print("%s%s\n", origin, server ? ip4_text(text, server) : "");
}

static enum error configure_static(void)
{
    struct ipv4_config ip = {
        .addr = setting_ip4(SET_IP),
        .netmask = setting_ip4(SET_NETMASK),
        .gateway = setting_ip4(SET_GATEWAY),
    };
    ip_configure(&ip, loop_now());
    attach_address_set_dns();
    say_address(&ip, "from the command line", 0);
    return OK;
}

/* The answers that whoever started us has got for this NIC; only once, so that another try asks. */
static bool adopt(const char *hostname, bool want_root_path)
{
    u32 len = boot->dhcp_ack.len;
    boot->dhcp_ack.len = 0;
    return len && dhcp_adopt(hostname, want_root_path, boot->dhcp_ack.packet, len,
                             boot->dhcp_reply.packet, boot->dhcp_reply.len, loop_now());
}

static enum error configure_dhcp(void)
{
    const char *hostname = setting_text(SET_HOSTNAME);
    bool want_root_path = !*setting_text(SET_ROOT_PATH) && !*setting_text(SET_CONFIG);
    bool adopted = adopt(hostname, want_root_path);
    if (!adopted) {
        u32 give_up = setting_number(SET_TIMEOUT) * 1000;
        dhcp_start(hostname, want_root_path, give_up, loop_now());
        step_wait(dhcp_settled, give_up + 1000, "a DHCP server");
    }
    char mac[MAC_TEXT];
    step_try("%u DHCP requests from %s", dhcp_attempts(), mac_text(mac, net_device()->mac));
    if (dhcp_state() != DHCP_BOUND)
        return ERR_DHCP_TIMEOUT;
    struct dhcp_lease *lease = dhcp_lease();
    take_lease(lease);
    attach_address_set_dns();
    say_address(&lease->ip, adopted ? "from the PXE's DHCP server " : "from DHCP server ",
                lease->server);
    return attach_nic_set_mtu();
}

enum error attach_address(void)
{
    return setting_ip4(SET_IP) ? configure_static() : configure_dhcp();
}
