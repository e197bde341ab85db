/* The IPv4 header (RFC 791, 1122). Fragments are dropped and counted: everything here fits one
 * frame, and goes out with DF set. */
#ifndef LUNBOOT_IPV4_H
#define LUNBOOT_IPV4_H

#include "base/types.h"
#include "drv/pkt.h"

#define IP_HEADER      20

/* Offsets of the header (RFC 791, 3.1), for those who read the header that an ICMP error quotes. */
#define IP_VERSION_IHL 0
#define IP_TOTAL_LEN   2
#define IP_FRAGMENT    6
#define IP_TTL         8
#define IP_PROTOCOL    9
#define IP_CHECKSUM    10
#define IP_SOURCE      12
#define IP_DESTINATION 16
#define IP_DF          0x4000
#define IP_MF_OFFSET   0x3fff /* more fragments, and the offset: not 0 in a fragment */

/* A received packet whose header is whole. */
struct ip_packet {
    const u8 *header; /* as it came; valid as long as the packet is */
    u32 len;          /* of header and payload, those in later packets (PKT_FIRST) included */
    ip4 from, to;
    u8 protocol; /* IP_PROTO_... */
    bool to_us;  /* and to nobody else; while we have no address nothing is */
};

/* Check the header at p->data, fill in *packet and leave p with the payload alone. False: it is not
 * for us, or not what we take, and was counted. While there is no address everybody's packets pass.
 */
bool ipv4_open(struct pkt *p, struct ip_packet *packet);

/* Prepend a header, with our own address as the source. False, and nothing has changed, when there
 * is no headroom for it. */
bool ipv4_push(struct pkt *p, u8 protocol, ip4 to);

#endif
