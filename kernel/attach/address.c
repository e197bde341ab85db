/* The address. */
#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/inet.h"
#include "base/say.h"

#include "base/loop.h"
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

void attach_address_set_dns(void)
{
    ip4 list[DNS_SERVERS] = {setting_ip4(SET_DNS)};
    dns_configure(list[0] ? list : dhcp_lease()->dns, setting_text(SET_DOMAIN));
}

static void say_address(const struct ipv4_config *ip, const char *origin, ip4 server)
{
    char addr[IP4_TEXT], gateway[IP4_TEXT], from[IP4_TEXT];
    say("Address  %s/%u, %s%s, %s%s\n", ip4_text(addr, ip->addr), ip4_prefix(ip->netmask),
        ip->gateway ? "gateway " : "no gateway", ip->gateway ? ip4_text(gateway, ip->gateway) : "",
        origin, server ? ip4_text(from, server) : "");
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

/* The answers that whoever started us has got for this NIC; only once, so that another try asks. In
 * a VLAN it asks at once: PXE has no setting for one, so that it has asked another network. */
static bool adopt(const char *hostname, bool want_root_path)
{
    u32 len = boot->dhcp_ack.len;
    boot->dhcp_ack.len = 0;
    return len && !net_device()->vlan &&
           dhcp_adopt(hostname, want_root_path, boot->dhcp_ack.packet, len, boot->dhcp_reply.packet,
                      boot->dhcp_reply.len, loop_now());
}

static enum error configure_dhcp(void)
{
    const char *hostname = setting_text(SET_HOSTNAME);
    bool want_root_path = !*setting_text(SET_ROOT_PATH) && !*setting_text(SET_CONFIG);
    bool adopted = adopt(hostname, want_root_path);
    if (!adopted) {
        u32 give_up = step_limit();
        dhcp_start(hostname, want_root_path, give_up, loop_now());
        step_wait(dhcp_settled, give_up + 1000, "a DHCP server");
    }
    char mac[MAC_TEXT];
    step_try("%u DHCP requests from %s", dhcp_attempts(), mac_text(mac, net_device()->mac));
    if (dhcp_state() != DHCP_BOUND)
        return ERR_DHCP_TIMEOUT;
    struct dhcp_lease *lease = dhcp_lease();
    attach_take_lease(lease);
    attach_address_set_dns();
    say_address(&lease->ip, adopted ? "from the PXE's DHCP server " : "from DHCP server ",
                lease->server);
    return attach_nic_set_mtu();
}

enum error attach_address(void)
{
    if (setting_ip4(SET_IP))
        return configure_static();
    bool elsewhere = false;
    enum error e = configure_dhcp();
    if (!e)
        e = attach_nic_follow(&elsewhere);
    /* There DHCP is asked again, and the disk is looked for there, whatever that server names. */
    return !e && elsewhere ? configure_dhcp() : e;
}
