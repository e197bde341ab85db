/* One DHCP answer, checked and turned into a lease. */
#include "net/dhcp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "net/dhcp_wire.h"
#include "net/port.h"

/* Where options stand: the field of their name, and, when option 52 says so, file and sname. */
struct options {
    u8 overload; /* option 52 */
    u32 count;
    struct area {
        const u8 *p;
        u32 len;
    } area[3];
};

/* 175 may be split over several options, so that it has to be put together first. */
static u8 encapsulated[1024];

/* Append what the area has of an option to buf as far as it fits, and add its length to *len. False
 * when some option runs over the end of the area. */
static bool option_append(const struct area *a, u8 code, u8 *buf, u32 size, u32 *len)
{
    const u8 *p = a->p;
    u32 left = a->len;
    while (left && *p != OPT_END) {
        u32 n = 1;
        if (*p != OPT_PAD) {
            if (left < 2 || p[1] > left - 2)
                return false;
            n += 1u + p[1];
            if (*p == code) {
                u32 fits = min_u32(p[1], size - *len);
                memcpy(buf + *len, p + 2, fits);
                *len += fits;
            }
        }
        p += n;
        left -= n;
    }
    return true;
}

/* An option's value, its pieces put together (RFC 3396), cut off at `size`. Returns its length. */
static u32 option_get(const struct options *o, u8 code, u8 *buf, u32 size)
{
    u32 len = 0;
    for (u32 i = 0; i < o->count; i++)
        option_append(&o->area[i], code, buf, size, &len);
    return len;
}

static bool add_area(struct options *o, const u8 *p, u32 len)
{
    struct area *a = &o->area[o->count++];
    *a = (struct area){p, len};
    return option_append(a, OPT_END, NULL, 0, &len);
}

static u32 option_number(const struct options *o, u8 code)
{
    u8 buf[4];
    return option_get(o, code, buf, sizeof(buf)) == sizeof(buf) ? get_be32(buf) : 0;
}

/* A text's characters, cut off at `size`. Returns how many there are. */
static u32 option_chars(const struct options *o, u8 code, char *buf, u32 size)
{
    u32 len = option_get(o, code, (u8 *)buf, size);
    while (len && !buf[len - 1]) /* RFC 2132, 2: be prepared to delete trailing nulls */
        len--;
    return len;
}

static void option_text(const struct options *o, u8 code, char *dst)
{
    u32 len = option_chars(o, code, dst, DHCP_TEXT);
    if (len == DHCP_TEXT || strlen(dst) < len) {
        net_stats.dhcp_option++;
        len = 0;
    }
    memset(dst + len, 0, DHCP_TEXT - len);
}

static void option_flag(const struct options *o, u8 code, bool *has, bool *value)
{
    u8 buf[4];
    u32 len = option_get(o, code, buf, sizeof(buf));
    *has = len;
    while (len--)
        *value |= buf[len] != 0;
}

/* The first `max` addresses of a list that can be a machine's. */
static void option_addresses(const struct options *o, u8 code, ip4 *out, u32 max)
{
    u8 buf[32];
    u32 len = option_get(o, code, buf, sizeof(buf));
    for (u32 i = 0, found = 0; i + 4 <= len && found < max; i += 4) {
        ip4 a = get_be32(buf + i);
        if (ip4_is_host(a))
            out[found++] = a;
        else
            net_stats.dhcp_option++;
    }
}

/* RFC 3442: prefix length, as many bytes of the network as it needs, router. */
static bool option_routes(const struct options *o, struct ipv4_config *ip)
{
    u8 buf[256];
    u32 len = option_get(o, OPT_CLASSLESS_ROUTES, buf, sizeof(buf));
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

static void parse_ip(const struct options *o, struct ipv4_config *ip)
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

static void parse_ipxe(const struct options *o, struct dhcp_lease *lease)
{
    struct options sub = {0};
    u32 len = option_get(o, OPT_IPXE, encapsulated, sizeof(encapsulated));
    lease->has_ipxe = len;
    if (!add_area(&sub, encapsulated, len)) {
        net_stats.dhcp_option++;
    } else {
        option_flag(&sub, IPXE_KEEP_SAN, &lease->has_keep_san, &lease->keep_san);
        option_flag(&sub, IPXE_SKIP_SAN_BOOT, &lease->has_skip_san_boot, &lease->skip_san_boot);
        option_text(&sub, IPXE_USERNAME, lease->username);
        option_text(&sub, IPXE_PASSWORD, lease->password);
        option_text(&sub, IPXE_REVERSE_USERNAME, lease->reverse_username);
        option_text(&sub, IPXE_REVERSE_PASSWORD, lease->reverse_password);
    }
    wipe(encapsulated, sizeof(encapsulated));
}

/* The field `file`, where it holds no options. Its terminator may be missing. */
static void file_field(const u8 *packet, char *dst)
{
    u32 len = 0;
    while (len < DHCP_FILE_LEN && packet[DHCP_FILE + len])
        len++;
    str_put(dst, DHCP_TEXT, (const char *)packet + DHCP_FILE, len);
}

/* siaddr, or option 66 when that is an address, too. */
static ip4 next_server(const struct options *o, const u8 *packet)
{
    char name[IP4_TEXT];
    ip4 addr = get_be32(packet + DHCP_SIADDR);
    u32 len = option_chars(o, OPT_TFTP_SERVER, name, sizeof(name));
    return ip4_is_host(addr) || (ip4_parse(name, len, &addr) && ip4_is_host(addr)) ? addr : 0;
}

/* The boot file, and where it is: together from one server. */
static void parse_boot(const struct options *o, const u8 *packet, struct dhcp_lease *lease)
{
    ip4 server = next_server(o, packet);
    if (lease->boot_file[0])
        return;
    option_text(o, OPT_BOOT_FILE, lease->boot_file);
    if (!lease->boot_file[0] && !(o->overload & OVERLOAD_FILE))
        file_field(packet, lease->boot_file);
    if (lease->boot_file[0] && !server)
        option_addresses(o, OPT_SERVER_ID, &server, 1);
    if (lease->boot_file[0] || !lease->next_server)
        lease->next_server = server;
}

/* Where the disk is, and who asks for it; the boot file: what nothing has said before. */
static void parse_disk(const struct options *o, const u8 *packet, struct dhcp_lease *lease)
{
    parse_boot(o, packet, lease);
    if (!lease->root_path[0])
        option_text(o, OPT_ROOT_PATH, lease->root_path);
    if (!lease->initiator_iqn[0])
        option_text(o, OPT_INITIATOR_IQN, lease->initiator_iqn);
    if (!lease->has_ipxe)
        parse_ipxe(o, lease);
}

/* Neither the name of the network nor its broadcast address. */
static bool host_acceptable(const struct ipv4_config *ip)
{
    ip4 last = ip->netmask ? ~ip->netmask : 0, host = ip->addr & last;
    return ip4_is_host(ip->addr) && (last <= 1 || (host && host != last));
}

/* The options of an answer, and its type, 0 when it has none. False when it is malformed. */
static bool open_answer(const u8 *packet, u32 len, struct options *o, u8 *type)
{
    o->count = o->overload = *type = 0;
    if (len < DHCP_OPTIONS || packet[DHCP_OP] != DHCP_BOOTREPLY ||
        packet[DHCP_HTYPE] != DHCP_ETHERNET || packet[DHCP_HLEN] != 6 ||
        get_be32(packet + DHCP_COOKIE) != DHCP_MAGIC ||
        !add_area(o, packet + DHCP_OPTIONS, len - DHCP_OPTIONS))
        return false;
    option_get(o, OPT_OVERLOAD, &o->overload, 1);
    if (((o->overload & OVERLOAD_FILE) && !add_area(o, packet + DHCP_FILE, DHCP_FILE_LEN)) ||
        ((o->overload & OVERLOAD_SNAME) && !add_area(o, packet + DHCP_SNAME, DHCP_SNAME_LEN)))
        return false;
    option_get(o, OPT_TYPE, type, 1);
    return true;
}

static bool offers(u8 type)
{
    return type == DHCPOFFER || type == DHCPACK;
}

bool dhcp_parse(const u8 *packet, u32 len, u8 *type, struct dhcp_lease *lease)
{
    struct options o;
    u8 mtu[2];
    memset(lease, 0, sizeof(*lease));
    if (!open_answer(packet, len, &o, type))
        return false;
    lease->ip.addr = get_be32(packet + DHCP_YIADDR);
    option_addresses(&o, OPT_SERVER_ID, &lease->server, 1);
    if (!offers(*type))
        return false;
    lease->lease_seconds = option_number(&o, OPT_LEASE_TIME);
    if (!lease->lease_seconds) /* an old BOOTP server's gift is for ever */
        lease->lease_seconds = UINT32_MAX;
    lease->t1_seconds = option_number(&o, OPT_T1);
    lease->t2_seconds = option_number(&o, OPT_T2);
    option_addresses(&o, OPT_DNS, lease->dns, DNS_SERVERS);
    option_text(&o, OPT_DOMAIN, lease->domain);
    option_text(&o, OPT_HOSTNAME, lease->hostname);
    if (option_get(&o, OPT_MTU, mtu, 2) == 2 && get_be16(mtu) >= MTU_LEAST)
        lease->mtu = (u16)min_u32(get_be16(mtu), MTU_MOST); /* a link that takes more takes that */
    parse_ip(&o, &lease->ip);
    parse_disk(&o, packet, lease);
    return host_acceptable(&lease->ip) && lease->server;
}

void dhcp_merge(struct dhcp_lease *lease, const u8 *packet, u32 len)
{
    struct options o;
    u8 type;
    if (open_answer(packet, len, &o, &type) && offers(type))
        parse_disk(&o, packet, lease);
}
