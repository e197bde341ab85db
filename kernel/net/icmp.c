/* ICMP. Redirects are not believed. */
#include "net/icmp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/port.h"

#define ICMP_TYPE      0
#define ICMP_CODE      1
#define ICMP_CHECKSUM  2
#define ICMP_REST      4 /* meaning depends on the type */
#define ICMP_NEXT_MTU  6 /* RFC 1191, 4 */
#define ICMP_HEADER    8

#define ECHO_REPLY     0
#define ECHO_REQUEST   8

#define QUOTED         8 /* bytes behind the IP header that errors quote (RFC 792) */
#define ERRORS_A_BURST 10
#define BURST_TIME     1000

static u32 errors_left;
static msec burst_since;

void icmp_init(msec now)
{
    errors_left = ERRORS_A_BURST;
    burst_since = now;
}

/* Send `rest` and len bytes of payload. */
static void icmp_send(u8 type, u8 code, u32 rest, const u8 *payload, u32 len, ip4 to, msec now)
{
    struct pkt *p = net_alloc();
    if (!p)
        return;
    if (ICMP_HEADER + len > pkt_tailroom(p)) {
        pkt_free(p);
        return;
    }
    u8 *icmp = p->data;
    p->len = (u16)(ICMP_HEADER + len);
    put_be32(icmp, (u32)type << 24 | (u32)code << 16);
    put_be32(icmp + ICMP_REST, rest);
    u32 sum = checksum_add(0, icmp, ICMP_HEADER);
    sum = checksum_copy(sum, icmp + ICMP_HEADER, payload, len);
    put_be16(icmp + ICMP_CHECKSUM, checksum_finish(sum));
    ip_send(p, IP_PROTO_ICMP, to, now);
}

void icmp_send_unreachable(const struct ip_packet *packet, u8 code, msec now)
{
    const u8 *ip = packet->header;
    if (!packet->to_us)
        return;
    if (now - burst_since >= BURST_TIME)
        icmp_init(now);
    if (!errors_left) {
        net_stats.icmp_limited++;
        return;
    }
    errors_left--;
    u32 len = min_u32(packet->len, (ip[IP_VERSION_IHL] & 15) * 4u + QUOTED);
    icmp_send(ICMP_UNREACHABLE, code, 0, ip, len, packet->from, now);
}

/* What a router without RFC 1191 means: the next size below what did not fit (RFC 1191, 7.1). */
static u16 guess_mtu(u16 too_long)
{
    static const u16 plateau[] = {8166, 4352, 2002, 1492, 1006};
    for (u32 i = 0; i < ARRAY_SIZE(plateau); i++)
        if (plateau[i] < too_long)
            return plateau[i];
    return 576;
}

/* An error quotes the header of what was sent, and the beginning of its payload. False: that was
 * not us. */
static bool parse_error(struct icmp_error *error, const u8 *icmp, u32 len, ip4 us)
{
    const u8 *ip = icmp + ICMP_HEADER;
    len -= ICMP_HEADER;
    u32 header = len < IP_HEADER ? 0 : (ip[IP_VERSION_IHL] & 15) * 4u;
    if (header < IP_HEADER || len < header + QUOTED || ip[IP_VERSION_IHL] >> 4 != 4 ||
        get_be32(ip + IP_SOURCE) != us)
        return false;
    error->to = get_be32(ip + IP_DESTINATION);
    error->protocol = ip[IP_PROTOCOL];
    error->code = icmp[ICMP_CODE];
    error->mtu = get_be16(icmp + ICMP_NEXT_MTU);
    if (!error->mtu)
        error->mtu = guess_mtu(get_be16(ip + IP_TOTAL_LEN));
    error->ports = get_be32(ip + header);
    error->seq = get_be32(ip + header + 4);
    return true;
}

bool icmp_input(const struct pkt *p, const struct ip_packet *packet, struct icmp_error *error,
                msec now)
{
    const u8 *icmp = p->data;
    u32 len = p->len;
    bool ok = len >= ICMP_HEADER && !checksum_finish(checksum_add(0, icmp, len));
    bool is_error = false;
    /* An answer to a broadcast would make us part of a flood (RFC 1122, 3.2.2.6). */
    if (ok && packet->to_us) {
        switch (icmp[ICMP_TYPE]) {
        case ECHO_REQUEST:
            icmp_send(ECHO_REPLY, 0, get_be32(icmp + ICMP_REST), icmp + ICMP_HEADER,
                      len - ICMP_HEADER, packet->from, now);
            break;
        case ICMP_UNREACHABLE:
            ok = is_error = parse_error(error, icmp, len, packet->to);
            break;
        }
    }
    if (!ok)
        net_stats.icmp_bad++;
    return is_error;
}
