/* The settings that come with a lease. */
#include "attach/attach_internal.h"

#include "attach/step.h"
#include "base/format.h"
#include "base/inet.h"
#include "base/say.h"
#include "base/str.h"
#include "net/dhcp_wire.h"
#include "settings/settings.h"

/* What DHCP says of a setting that is a text in the lease, with an option of its own. */
static const struct {
    u16 offset; /* in struct dhcp_lease */
    u8 setting;
} texts[] = {
    {offsetof(struct dhcp_lease, domain), SET_DOMAIN},
    {offsetof(struct dhcp_lease, hostname), SET_HOSTNAME},
    {offsetof(struct dhcp_lease, root_path), SET_ROOT_PATH},
    {offsetof(struct dhcp_lease, initiator_iqn), SET_INITIATOR_IQN},
};

/* ... and of those inside option 175: its number there, the setting, and what a value means that is
 * no text: iPXE's are numbers, and dnsmasq makes bytes of what looks like a number or a MAC address
 * and is not in quotes. */
enum reading { AS_TEXT, AS_FLAG, AS_DECIMAL, AS_HEX, AS_MAC };
static const struct {
    u8 number, setting, reading;
} ipxe[] = {
    {IPXE_KEEP_SAN, SET_KEEP_SAN, AS_FLAG},
    {IPXE_SKIP_SAN_BOOT, SET_SKIP_SAN_BOOT, AS_FLAG},
    {IPXE_SAN_DRIVE, SET_DRIVE, AS_HEX},
    {IPXE_USERNAME, SET_USERNAME, AS_TEXT},
    {IPXE_PASSWORD, SET_PASSWORD, AS_TEXT},
    {IPXE_REVERSE_USERNAME, SET_REVERSE_USERNAME, AS_TEXT},
    {IPXE_REVERSE_PASSWORD, SET_REVERSE_PASSWORD, AS_TEXT},
    {IPXE_LUNBOOT_TIMEOUT, SET_TIMEOUT, AS_DECIMAL},
    {IPXE_LUNBOOT_NIC, SET_NIC, AS_MAC},
    {IPXE_LUNBOOT_RETRY, SET_RETRY, AS_DECIMAL},
    {IPXE_LUNBOOT_VLAN, SET_VLAN, AS_DECIMAL},
    {IPXE_LUNBOOT_CONFIG, SET_CONFIG, AS_TEXT},
    {IPXE_LUNBOOT_CHAP, SET_CHAP, AS_TEXT},
    {IPXE_LUNBOOT_DIGEST, SET_DIGEST, AS_TEXT},
    {IPXE_LUNBOOT_SECTOR, SET_SECTOR, AS_DECIMAL},
    {IPXE_LUNBOOT_BOOT, SET_BOOT, AS_TEXT},
    {IPXE_LUNBOOT_DISK_2, SET_DISK_2, AS_TEXT},
    {IPXE_LUNBOOT_DISK_3, SET_DISK_3, AS_TEXT},
    {IPXE_LUNBOOT_DISK_4, SET_DISK_4, AS_TEXT},
};

static void take_setting(enum setting_id id, const char *value, u32 len)
{
    enum error e = len ? setting_set(id, value, len, FROM_DHCP) : OK;
    if (e)
        say("E%u      DHCP: %s: %s\n", e, setting_name(id), error_text(e));
}

/* Are these characters, but for zeros behind them? */
static bool is_text(const char *value, u32 len)
{
    while (len && !value[len - 1])
        len--;
    for (u32 i = 0; i < len; i++)
        if (value[i] < ' ' || value[i] > '~')
            return false;
    return len;
}

/* The highest byte comes first; a flag is set by any that is not 0. Returns the new length. */
static u32 number_as_text(char *value, u32 len, enum reading reading)
{
    u32 n = 0;
    for (u32 i = 0; i < len; i++)
        n = (reading == AS_FLAG ? n : n << 8) | (u8)value[i];
    if (reading == AS_FLAG)
        n = n != 0;
    return format_text(value, SETTING_TEXT, reading == AS_HEX ? "%x" : "%u", n);
}

static u32 mac_as_text(char *value)
{
    u8 mac[6];
    memcpy(mac, value, sizeof(mac));
    return strlen(mac_text(value, mac));
}

static u32 value_as_text(char *value, u32 len, enum reading reading)
{
    if (reading == AS_MAC && len == 6)
        return mac_as_text(value);
    if (reading == AS_TEXT || reading == AS_MAC || is_text(value, len))
        return len;
    return number_as_text(value, len, reading);
}

static void take_ipxe(const struct dhcp_lease *lease)
{
    char value[SETTING_TEXT];
    for (u32 i = 0; i < ARRAY_SIZE(ipxe); i++) {
        u32 len = dhcp_ipxe(lease, ipxe[i].number, value, sizeof(value));
        if (len)
            len = value_as_text(value, len, ipxe[i].reading);
        while (len && !value[len - 1]) /* RFC 2132, 2: be prepared to delete trailing nulls */
            len--;
        take_setting(ipxe[i].setting, value, len);
    }
    wipe(value, sizeof(value));
}

void attach_take_lease(struct dhcp_lease *lease)
{
    char mtu[6];
    if (lease->mtu)
        take_setting(SET_MTU, mtu, format_text(mtu, sizeof(mtu), "%u", lease->mtu));
    for (u32 i = 0; i < ARRAY_SIZE(texts); i++) {
        const char *text = (const char *)lease + texts[i].offset;
        take_setting(texts[i].setting, text, strlen(text));
    }
    take_ipxe(lease);
    wipe(lease->ipxe, sizeof(lease->ipxe));
    lease->ipxe_len = 0;
}

void attach_try_lease(const char *kind)
{
    struct dhcp_lease *lease = dhcp_lease();
    char server[IP4_TEXT], next[IP4_TEXT];
    ip4_text(server, lease->server);
    ip4_text(next, lease->next_server);
    if (!lease->server)
        step_try("the command line");
    else if (!lease->boot_file[0])
        step_try("the command line and DHCP server %s", server);
    else
        step_try(
            "DHCP server %s, which offers the file \"%s\" on %s%s%s, but no root path (option 17)",
            server, text_clean(lease->boot_file), next, *kind ? ": " : "", kind);
}
