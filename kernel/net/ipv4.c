/* The IPv4 header, in and out. */
#include "net/ipv4.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "net/address.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/port.h"

#define TTL 64

bool ipv4_open(struct pkt *p, struct ip_packet *packet)
{
    const u8 *ip = p->data;
    u32 header = p->len < IP_HEADER ? 0 : (ip[IP_VERSION_IHL] & 15) * 4u;
    u32 *reason = &net_stats.ip_bad;
    if (header < IP_HEADER || header > p->len || ip[IP_VERSION_IHL] >> 4 != 4)
        goto drop;
    u32 total = get_be16(ip + IP_TOTAL_LEN);
    if (total < header ||
        (total > p->len && (!(p->flags & PKT_FIRST) || ip[IP_PROTOCOL] != IP_PROTO_TCP)))
        goto drop;
    reason = &net_stats.ip_checksum;
    if (!(p->flags & PKT_IP_CSUM_OK) && checksum_wrong(checksum_add(0, ip, header)))
        goto drop;
    reason = &net_stats.ip_martian;
    ip4 from = get_be32(ip + IP_SOURCE), to = get_be32(ip + IP_DESTINATION);
    ip4 ours = ipv4_config()->addr;
    if (!ip4_is_host(from) || from == ours || ipv4_is_broadcast(from))
        goto drop;
    reason = &net_stats.ip_not_ours;
    /* Our address in a frame to all is somebody's mistake (RFC 1122, 3.3.6). */
    bool to_us = ours && to == ours && !(p->flags & PKT_BROADCAST);
    if (ours && !to_us && !ipv4_is_broadcast(to))
        goto drop;
    reason = &net_stats.ip_fragment;
    if (get_be16(ip + IP_FRAGMENT) & IP_MF_OFFSET)
        goto drop;

    *packet = (struct ip_packet){ip, total, from, to, ip[IP_PROTOCOL], to_us};
    p->len = (u16)min_u32(total, p->len); /* Ethernet pads short frames */
    pkt_skip(p, header);
    return true;
drop:
    (*reason)++;
    return false;
}

bool ipv4_push(struct pkt *p, u8 protocol, ip4 to)
{
    u8 *ip = pkt_push(p, IP_HEADER);
    if (!ip)
        return false;
    put_be32(ip, 0x45000000u | p->len); /* version, IHL, no TOS */
    put_be32(ip + 4, IP_DF);            /* ID 0: nobody ever fragments this (RFC 6864, 4.1) */
    put_be32(ip + IP_TTL, (u32)TTL << 24 | (u32)protocol << 16);
    put_be32(ip + IP_SOURCE, ipv4_config()->addr);
    put_be32(ip + IP_DESTINATION, to);
    put_be16(ip + IP_CHECKSUM, checksum_finish(checksum_add(0, ip, IP_HEADER)));
    return true;
}
