/* What arrives: which protocol takes it, and who else has to hear of that. Here alone a frame goes
 * from floor to floor: a protocol does not know the others, and says by its result what is to be
 * done. */
#include "net/input.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "net/address.h"
#include "net/arp.h"
#include "net/dhcp_wire.h"
#include "net/eth.h"
#include "net/icmp.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/port.h"
#include "net/tcp.h"
#include "net/tftp.h"
#include "net/udp.h"

/* Of a frame in several packets: bytes of its segment that have not come yet. */
static u32 missing;

/* While there is no address only UDP to DHCP's port is let in: servers send their answers to the
 * address that they offer. */
static bool let_in(const struct pkt *p, const struct ip_packet *packet)
{
    return ipv4_config()->addr || (packet->protocol == IP_PROTO_UDP && p->len >= UDP_HEADER &&
                                   get_be16(p->data + UDP_TO) == DHCP_CLIENT_PORT);
}

/* True: p is kept. */
static bool input_ipv4(struct pkt *p, msec now)
{
    struct ip_packet packet;
    struct icmp_error error;
    if (!ipv4_open(p, &packet))
        return false;
    if (!let_in(p, &packet)) {
        net_stats.ip_not_ours++;
        return false;
    }
    switch (packet.protocol) {
    case IP_PROTO_TCP:
        if (packet.to_us) {
            if (p->flags & PKT_FIRST)
                missing = packet.len - (u32)(p->data + p->len - packet.header);
            return tcp_input(p, packet.from, packet.to, now);
        }
        break;
    case IP_PROTO_UDP:
        if (!udp_input(p, packet.from, packet.to, now))
            icmp_send_unreachable(&packet, ICMP_PORT_UNREACHABLE, now);
        return false;
    case IP_PROTO_ICMP:
        if (!icmp_input(p, &packet, &error, now))
            return false;
        if (error.protocol == IP_PROTO_TCP)
            tcp_icmp_error(&error, now);
        if (error.protocol == IP_PROTO_UDP)
            tftp_icmp_error(&error);
        return false;
    default:
        icmp_send_unreachable(&packet, ICMP_PROTO_UNREACHABLE, now);
    }
    net_stats.ip_protocol++;
    return false;
}

/* Part of a frame in several packets. True: that was all about it. */
static bool input_part(struct pkt *p, msec now)
{
    if (!(p->flags & PKT_REST)) {
        missing = 0;
        return false;
    }
    p->len = (u16)min_u32(p->len, missing);
    missing -= p->len;
    if (!p->len || !tcp_input_rest(p, now))
        pkt_free(p);
    return true;
}

void input_frame(struct pkt *p, msec now)
{
    u16 type;
    if (p->flags & (PKT_FIRST | PKT_REST) && input_part(p, now))
        return;
    if (eth_open(p, &type)) {
        switch (type) {
        case ETH_TYPE_IPV4:
            if (input_ipv4(p, now))
                return;
            break;
        case ETH_TYPE_ARP:
            arp_input(p, now);
            break;
        default:
            net_stats.eth_type++;
        }
    }
    pkt_free(p);
}
