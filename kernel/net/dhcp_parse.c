/* One DHCP answer, checked and turned into a lease. */
#include "net/dhcp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "net/dhcp_options.h"
#include "net/dhcp_wire.h"
#include "net/port.h"

/* An answer that has been opened. */
struct answer {
    const u8 *packet;
    ip4 from;    /* who has sent it; 0: nobody knows */
    ip4 server;  /* option 54; of BOOTP siaddr, else from */
    u8 type;     /* option 53; 0: BOOTP, which has none */
    u8 overload; /* option 52 */
    struct dhcp_options options;
};

static u32 option_number(const struct dhcp_options *o, u8 code)
{
    u8 buf[4];
    return dhcp_option_get(o, code, buf, sizeof(buf)) == sizeof(buf) ? get_be32(buf) : 0;
}

/* A text's characters, cut off at `size`. Returns how many there are. */
static u32 option_chars(const struct dhcp_options *o, u8 code, char *buf, u32 size)
{
    u32 len = dhcp_option_get(o, code, buf, size);
    while (len && !buf[len - 1]) /* RFC 2132, 2: be prepared to delete trailing nulls */
        len--;
    return len;
}

static void option_text(const struct dhcp_options *o, u8 code, char *dst)
{
    u32 len = option_chars(o, code, dst, DHCP_TEXT);
    if (len == DHCP_TEXT || strlen(dst) < len) {
        net_stats.dhcp_option++;
        len = 0;
    }
    memset(dst + len, 0, DHCP_TEXT - len);
}

/* The first `max` addresses of a list that can be a machine's. */
static void option_addresses(const struct dhcp_options *o, u8 code, ip4 *out, u32 max)
{
    u8 buf[32];
    u32 len = dhcp_option_get(o, code, buf, sizeof(buf));
    for (u32 i = 0, found = 0; i + 4 <= len && found < max; i += 4) {
        ip4 a = get_be32(buf + i);
        if (ip4_is_host(a))
            out[found++] = a;
        else
            net_stats.dhcp_option++;
    }
}

/* RFC 3442: prefix length, as many bytes of the network as it needs, router. */
static bool option_routes(const struct dhcp_options *o, struct ipv4_config *ip)
{
    u8 buf[256];
    u32 len = dhcp_option_get(o, OPT_CLASSLESS_ROUTES, buf, sizeof(buf));
    for (u32 i = 0; i < len && ip->route_count < IPV4_ROUTES; i += 4) {
        struct ipv4_route *r = &ip->routes[ip->route_count++];
        r->prefix = buf[i++];
        u32 bytes = (r->prefix + 7u) / 8;
        if (bytes > 4 || len - i < bytes + 4)
            return false;
        for (u32 b = 0; b < bytes; b++)
            r->net |= (ip4)buf[i++] << (24 - 8 * b);
        r->net &= ip4_netmask(r->prefix);
        r->gateway = get_be32(buf + i);
        if (r->gateway && !ip4_is_host(r->gateway))
            return false;
    }
    return true;
}

static void parse_ip(const struct dhcp_options *o, struct ipv4_config *ip)
{
    ip->netmask = option_number(o, OPT_NETMASK);
    if (!ip4_is_netmask(ip->netmask))
        ip->netmask = 0;
    option_addresses(o, OPT_ROUTERS, &ip->gateway, 1);
    if (ip->gateway == ip->addr)
        ip->gateway = 0;
    if (!option_routes(o, ip)) {
        net_stats.dhcp_option++;
        ip->route_count = 0;
    }
}

/* 175 may be split over several options, so that it has to be put together first. */
static void parse_ipxe(const struct dhcp_options *o, struct dhcp_lease *lease)
{
    struct dhcp_options inside = {0};
    lease->ipxe_len = dhcp_option_get(o, OPT_IPXE, lease->ipxe, DHCP_IPXE);
    if (dhcp_options_add(&inside, lease->ipxe, lease->ipxe_len))
        return;
    net_stats.dhcp_option++;
    wipe(lease->ipxe, DHCP_IPXE);
    lease->ipxe_len = 0;
}

u32 dhcp_ipxe(const struct dhcp_lease *lease, u8 number, void *buf, u32 size)
{
    struct dhcp_options inside = {1, {{lease->ipxe, lease->ipxe_len}}};
    return dhcp_option_get(&inside, number, buf, size);
}

bool dhcp_has_disk(const struct dhcp_lease *lease)
{
    u8 byte;
    return lease->root_path[0] || dhcp_ipxe(lease, IPXE_LUNBOOT_CONFIG, &byte, 1);
}

/* The field `file`, where it holds no options. Its terminator may be missing. */
static void file_field(const u8 *packet, char *dst)
{
    u32 len = 0;
    while (len < DHCP_FILE_LEN && packet[DHCP_FILE + len])
        len++;
    str_put(dst, DHCP_TEXT, (const char *)packet + DHCP_FILE, len);
}

/* siaddr, 0 when it is none. */
static ip4 siaddr(const struct answer *a)
{
    ip4 addr = get_be32(a->packet + DHCP_SIADDR);
    return ip4_is_host(addr) ? addr : 0;
}

/* Where the boot file is. */
static ip4 next_server(const struct answer *a)
{
    char name[IP4_TEXT];
    ip4 addr = siaddr(a);
    u32 len = option_chars(&a->options, OPT_TFTP_SERVER, name, sizeof(name));
    return addr || (ip4_parse(name, len, &addr) && ip4_is_host(addr)) ? addr : 0;
}

/* The boot file, and where it is: together from one server. */
static void parse_boot(const struct answer *a, struct dhcp_lease *lease)
{
    ip4 server = next_server(a);
    if (lease->boot_file[0])
        return;
    option_text(&a->options, OPT_BOOT_FILE, lease->boot_file);
    if (!lease->boot_file[0] && !(a->overload & OVERLOAD_FILE))
        file_field(a->packet, lease->boot_file);
    if (lease->boot_file[0] && !server)
        server = a->server ? a->server : a->from;
    if (lease->boot_file[0] || !lease->next_server)
        lease->next_server = server;
}

/* Where the disk is, and who asks for it; the boot file: what nothing has said before. */
static void parse_disk(const struct answer *a, struct dhcp_lease *lease)
{
    parse_boot(a, lease);
    if (!lease->root_path[0])
        option_text(&a->options, OPT_ROOT_PATH, lease->root_path);
    if (!lease->initiator_iqn[0])
        option_text(&a->options, OPT_INITIATOR_IQN, lease->initiator_iqn);
    if (!lease->ipxe_len)
        parse_ipxe(&a->options, lease);
}

/* Neither the name of the network nor its broadcast address. */
static bool host_acceptable(const struct ipv4_config *ip)
{
    ip4 last = ip->netmask ? ~ip->netmask : 0, host = ip->addr & last;
    return ip4_is_host(ip->addr) && (last <= 1 || (host && host != last));
}

/* The options where they lie, and what they say of themselves. False when they are malformed. */
static bool open_options(struct answer *a, u32 len)
{
    struct dhcp_options *o = &a->options;
    const u8 *packet = a->packet;
    if (!dhcp_options_add(o, packet + DHCP_OPTIONS, len - DHCP_OPTIONS))
        return false;
    dhcp_option_get(o, OPT_OVERLOAD, &a->overload, 1);
    if (((a->overload & OVERLOAD_FILE) &&
         !dhcp_options_add(o, packet + DHCP_FILE, DHCP_FILE_LEN)) ||
        ((a->overload & OVERLOAD_SNAME) &&
         !dhcp_options_add(o, packet + DHCP_SNAME, DHCP_SNAME_LEN)))
        return false;
    dhcp_option_get(o, OPT_TYPE, &a->type, 1);
    option_addresses(o, OPT_SERVER_ID, &a->server, 1);
    return true;
}

/* False when it is malformed; its type is 0 then. */
static bool open_answer(struct answer *a, const u8 *packet, u32 len, ip4 from)
{
    memset(a, 0, sizeof(*a));
    a->packet = packet;
    a->from = from;
    if (len < DHCP_OPTIONS || packet[DHCP_OP] != DHCP_BOOTREPLY ||
        packet[DHCP_HTYPE] != DHCP_ETHERNET || packet[DHCP_HLEN] != 6)
        return false;
    /* With another cookie it is BOOTP of RFC 951, and the area some vendor's own. */
    if (get_be32(packet + DHCP_COOKIE) == DHCP_MAGIC && !open_options(a, len))
        return false;
    if (!a->type && !a->server)
        a->server = siaddr(a) ? siaddr(a) : from;
    return true;
}

static bool offers(const struct answer *a)
{
    return a->type == DHCPOFFER || a->type == DHCPACK;
}

/* How the vendor class of servers for PXE clients begins (PXE 2.1, table 2-4). */
static const char pxe_class[] = {'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't'};

bool dhcp_parse(const u8 *packet, u32 len, ip4 from, u8 *type, struct dhcp_lease *lease)
{
    struct answer a;
    const struct dhcp_options *o = &a.options;
    u8 mtu[2], class[sizeof(pxe_class)];
    memset(lease, 0, sizeof(*lease));
    bool open = open_answer(&a, packet, len, from);
    *type = a.type;
    if (!open)
        return false;
    lease->ip.addr = get_be32(packet + DHCP_YIADDR);
    lease->server = a.server;
    if (a.type && !offers(&a))
        return false;
    lease->lease_seconds = option_number(o, OPT_LEASE_TIME);
    if (!lease->lease_seconds) /* BOOTP's gift is for ever */
        lease->lease_seconds = UINT32_MAX;
    lease->t1_seconds = option_number(o, OPT_T1);
    lease->t2_seconds = option_number(o, OPT_T2);
    option_addresses(o, OPT_DNS, lease->dns, DNS_SERVERS);
    option_text(o, OPT_DOMAIN, lease->domain);
    option_text(o, OPT_HOSTNAME, lease->hostname);
    if (dhcp_option_get(o, OPT_MTU, mtu, 2) == 2 && get_be16(mtu) >= MTU_LEAST)
        lease->mtu = (u16)min_u32(get_be16(mtu), MTU_MOST); /* a link that takes more takes that */
    lease->for_pxe = dhcp_option_get(o, OPT_VENDOR_CLASS, class, sizeof(class)) == sizeof(class) &&
                     !memcmp(class, pxe_class, sizeof(class));
    parse_ip(o, &lease->ip);
    parse_disk(&a, lease);
    return host_acceptable(&lease->ip) && lease->server;
}

void dhcp_merge(struct dhcp_lease *lease, const u8 *packet, u32 len, ip4 from)
{
    struct answer a;
    if (open_answer(&a, packet, len, from) && offers(&a))
        parse_disk(&a, lease);
}
