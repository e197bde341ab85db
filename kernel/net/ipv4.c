/* IPv4: one address, a few routes, no fragments. */
#include "net/ipv4.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "net/arp.h"
#include "net/eth.h"
#include "net/icmp.h"
#include "net/net.h"
#include "net/tcp.h"
#include "net/udp.h"

#define TTL             64
#define PATH_MTU_LEAST  68  /* RFC 791: what every link carries */
#define PATH_MTU_FLOOR  576 /* RFC 1191, 8: a smaller claim is rather an attack than a link */
#define PATH_MTU_AGE    600000
#define DHCP_CLIENT     68
#define UDP_DESTINATION 2

static struct ipv4_config own;
static ip4 own_broadcast; /* IP4_BROADCAST: our network has none */

static struct {
    ip4 to; /* 0: none */
    u16 mtu;
    msec forget_at;
} path;

void ipv4_init(void)
{
    memset(&own, 0, sizeof(own));
    own_broadcast = IP4_BROADCAST;
    path.to = 0;
}

void ipv4_configure(const struct ipv4_config *config, msec now)
{
    own = *config;
    own.route_count = min_u32(own.route_count, IPV4_ROUTES);
    if (!ip4_is_netmask(own.netmask))
        own.netmask = ip4_class_mask(own.addr);
    own_broadcast = own.addr | ~own.netmask;
    /* A network of one or two addresses has no broadcast (RFC 3021), nor who has no address. */
    if (!own.addr || ~own.netmask <= 1)
        own_broadcast = IP4_BROADCAST;
    path.to = 0;
    arp_announce(own.addr, now);
}

const struct ipv4_config *ipv4_config(void)
{
    return &own;
}

static bool is_broadcast(ip4 addr)
{
    return addr == IP4_BROADCAST || addr == own_broadcast;
}

bool ipv4_next_hop(ip4 to, ip4 *next)
{
    ip4 best = 0; /* the mask of the best route so far */
    bool found = false;
    if (!own.addr || to == own.addr || !ip4_is_host(to) || is_broadcast(to))
        return false;
    if (!((to ^ own.addr) & own.netmask)) {
        best = own.netmask;
        *next = to;
        found = true;
    }
    for (u32 i = 0; i < own.route_count; i++) {
        const struct ipv4_route *r = &own.routes[i];
        ip4 mask = ip4_netmask(r->prefix);
        if (!((to ^ r->net) & mask) && (!found || mask > best)) {
            best = mask;
            *next = r->gateway ? r->gateway : to;
            found = true;
        }
    }
    if (!found && !own.route_count && own.gateway) {
        *next = own.gateway;
        found = true;
    }
    return found;
}

bool ipv4_on_link(ip4 to)
{
    ip4 next;
    return ipv4_next_hop(to, &next) && next == to;
}

u16 ipv4_path_mtu(ip4 to)
{
    u16 mtu = net_device()->mtu;
    return to == path.to && path.mtu < mtu ? path.mtu : mtu;
}

void ipv4_path_mtu_found(ip4 to, u16 mtu, msec now)
{
    if (!to || mtu < PATH_MTU_LEAST || mtu >= ipv4_path_mtu(to))
        return;
    path.to = to;
    path.mtu = mtu < PATH_MTU_FLOOR ? PATH_MTU_FLOOR : mtu;
    path.forget_at = now + PATH_MTU_AGE;
}

void ipv4_poll(msec now)
{
    if (path.to && time_reached(now, path.forget_at))
        path.to = 0;
}

/* Is the packet for us? */
static bool accepted(const u8 *ip, u32 header, u32 total, u16 flags)
{
    ip4 to = get_be32(ip + IP_DESTINATION);
    if (own.addr) /* our address in a frame to all is somebody's mistake (RFC 1122, 3.3.6) */
        return (to == own.addr && !(flags & PKT_BROADCAST)) || is_broadcast(to);
    return ip[IP_PROTOCOL] == IP_PROTO_UDP && total >= header + UDP_HEADER &&
           get_be16(ip + header + UDP_DESTINATION) == DHCP_CLIENT;
}

void ipv4_input(struct pkt *p, msec now)
{
    const u8 *ip = p->data;
    u32 header = p->len < IP_HEADER ? 0 : (ip[IP_VERSION_IHL] & 15) * 4u;
    u32 *reason = &net_stats.ip_bad;
    if (header < IP_HEADER || header > p->len || ip[IP_VERSION_IHL] >> 4 != 4)
        goto drop;
    u32 total = get_be16(ip + IP_TOTAL_LEN);
    if (total < header || total > p->len)
        goto drop;
    reason = &net_stats.ip_checksum;
    if (!(p->flags & PKT_IP_CSUM_OK) && checksum_wrong(checksum_add(0, ip, header)))
        goto drop;
    reason = &net_stats.ip_martian;
    ip4 from = get_be32(ip + IP_SOURCE);
    ip4 to = get_be32(ip + IP_DESTINATION);
    if (!ip4_is_host(from) || from == own.addr || is_broadcast(from))
        goto drop;
    reason = &net_stats.ip_not_ours;
    if (!accepted(ip, header, total, p->flags))
        goto drop;
    reason = &net_stats.ip_fragment;
    if (get_be16(ip + IP_FRAGMENT) & IP_MF_OFFSET)
        goto drop;

    p->len = (u16)total; /* Ethernet pads short frames */
    pkt_skip(p, header);
    switch (ip[IP_PROTOCOL]) {
    case IP_PROTO_TCP:
        if (to == own.addr) {
            tcp_input(p, from, to, now);
            return;
        }
        break;
    case IP_PROTO_UDP:
        udp_input(p, ip, from, to, now);
        return;
    case IP_PROTO_ICMP:
        icmp_input(p, from, to, now);
        return;
    default:
        icmp_send_unreachable(ip, total, ICMP_PROTO_UNREACHABLE, now);
    }
    reason = &net_stats.ip_protocol;
drop:
    (*reason)++;
    pkt_free(p);
}

bool ipv4_send(struct pkt *p, u8 protocol, ip4 to, msec now)
{
    ip4 next;
    u8 found[6];
    const u8 *mac = found;
    if (to == IP4_BROADCAST)
        mac = eth_broadcast;
    else if (!ipv4_next_hop(to, &next) || arp_lookup(next, found, now) != ARP_FOUND)
        goto drop;
    u8 *ip = pkt_push(p, IP_HEADER);
    if (!ip || p->len > net_device()->mtu)
        goto drop;
    put_be32(ip, 0x45000000u | p->len); /* version, IHL, no TOS */
    put_be32(ip + 4, IP_DF);            /* ID 0: nobody ever fragments this (RFC 6864, 4.1) */
    put_be32(ip + IP_TTL, (u32)TTL << 24 | (u32)protocol << 16);
    put_be32(ip + IP_SOURCE, own.addr);
    put_be32(ip + IP_DESTINATION, to);
    put_be16(ip + IP_CHECKSUM, checksum_finish(checksum_add(0, ip, IP_HEADER)));
    return eth_send(p, mac, ETH_TYPE_IPV4);
drop:
    pkt_free(p);
    return false;
}
