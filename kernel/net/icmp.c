/* ICMP. Redirects, and errors about anything but TCP, are not believed. */
#include "net/icmp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "net/ipv4.h"
#include "net/net.h"
#include "net/tcp.h"

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
static void send(u8 type, u8 code, u32 rest, const u8 *payload, u32 len, ip4 to, msec now)
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
    ipv4_send(p, IP_PROTO_ICMP, to, now);
}

void icmp_send_unreachable(const u8 *ip, u32 len, u8 code, msec now)
{
    if (get_be32(ip + IP_DESTINATION) != ipv4_config()->addr)
        return;
    if (now - burst_since >= BURST_TIME)
        icmp_init(now);
    if (!errors_left) {
        net_stats.icmp_limited++;
        return;
    }
    errors_left--;
    len = min_u32(len, (ip[IP_VERSION_IHL] & 15) * 4u + QUOTED);
    send(ICMP_UNREACHABLE, code, 0, ip, len, get_be32(ip + IP_SOURCE), now);
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

/* An error quotes the header of what was sent, and the beginning of its payload. */
static bool unreachable(const u8 *icmp, u32 len, msec now)
{
    const u8 *ip = icmp + ICMP_HEADER;
    len -= ICMP_HEADER;
    u32 header = len < IP_HEADER ? 0 : (ip[IP_VERSION_IHL] & 15) * 4u;
    if (header < IP_HEADER || len < header + QUOTED || ip[IP_VERSION_IHL] >> 4 != 4 ||
        get_be32(ip + IP_SOURCE) != ipv4_config()->addr)
        return false;
    if (ip[IP_PROTOCOL] == IP_PROTO_TCP) {
        u16 mtu = get_be16(icmp + ICMP_NEXT_MTU);
        if (!mtu)
            mtu = guess_mtu(get_be16(ip + IP_TOTAL_LEN));
        tcp_icmp_error(get_be32(ip + IP_DESTINATION), ip + header, icmp[ICMP_CODE], mtu, now);
    }
    return true;
}

void icmp_input(struct pkt *p, ip4 from, ip4 to, msec now)
{
    const u8 *icmp = p->data;
    u32 len = p->len;
    bool ok = len >= ICMP_HEADER && !checksum_finish(checksum_add(0, icmp, len));
    /* An answer to a broadcast would make us part of a flood (RFC 1122, 3.2.2.6). */
    if (ok && to == ipv4_config()->addr) {
        switch (icmp[ICMP_TYPE]) {
        case ECHO_REQUEST:
            send(ECHO_REPLY, 0, get_be32(icmp + ICMP_REST), icmp + ICMP_HEADER, len - ICMP_HEADER,
                 from, now);
            break;
        case ICMP_UNREACHABLE:
            ok = unreachable(icmp, len, now);
            break;
        }
    }
    if (!ok)
        net_stats.icmp_bad++;
    pkt_free(p);
}
