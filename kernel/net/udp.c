/* UDP: a handful of ports with a handler each. */
#include "net/udp.h"

#include "base/bytes.h"
#include "base/str.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/port.h"

#define UDP_FROM     0
#define UDP_LENGTH   4
#define UDP_CHECKSUM 6

#define PORTS        4 /* DHCP, DNS, TFTP, and room */

static struct udp_port {
    u16 port;
    udp_handler handler; /* NULL: free */
} ports[PORTS];

void udp_init(void)
{
    memset(ports, 0, sizeof(ports));
}

static struct udp_port *udp_find(u16 port)
{
    for (struct udp_port *u = ports; u < ports + PORTS; u++)
        if (u->handler && u->port == port)
            return u;
    return NULL;
}

bool udp_bind(u16 port, udp_handler handler)
{
    struct udp_port *u = udp_find(port);
    for (u32 i = 0; !u && i < PORTS; i++)
        if (!ports[i].handler)
            u = &ports[i];
    if (!u)
        return false;
    u->port = port;
    u->handler = handler;
    return true;
}

bool udp_input(const struct pkt *p, ip4 from, ip4 to, msec now)
{
    const u8 *udp = p->data;
    u32 len = p->len < UDP_HEADER ? 0 : get_be16(udp + UDP_LENGTH);
    bool ok = len >= UDP_HEADER && len <= p->len;
    /* A checksum of 0 was never computed. */
    if (ok && get_be16(udp + UDP_CHECKSUM) && !(p->flags & PKT_L4_CSUM_OK))
        ok = !checksum_finish(
            checksum_add(checksum_pseudo(from, to, IP_PROTO_UDP, (u16)len), udp, len));
    if (!ok) {
        net_stats.udp_bad++;
        return true;
    }
    const struct udp_port *u = udp_find(get_be16(udp + UDP_TO));
    if (!u) {
        net_stats.udp_no_port++;
        return false;
    }
    u->handler(udp + UDP_HEADER, len - UDP_HEADER, from, get_be16(udp + UDP_FROM), now);
    return true;
}

bool udp_send(struct pkt *p, u16 from_port, ip4 to, u16 to_port, msec now)
{
    u8 *udp = pkt_push(p, UDP_HEADER);
    if (!udp) {
        pkt_free(p);
        return false;
    }
    put_be16(udp + UDP_FROM, from_port);
    put_be16(udp + UDP_TO, to_port);
    put_be16(udp + UDP_LENGTH, p->len);
    put_be16(udp + UDP_CHECKSUM, 0);
    u16 sum = checksum_finish(
        checksum_add(checksum_pseudo(ip_source(to), to, IP_PROTO_UDP, p->len), udp, p->len));
    put_be16(udp + UDP_CHECKSUM, sum ? sum : 0xffff); /* 0 would mean "none" */
    return ip_send(p, IP_PROTO_UDP, to, now);
}
