/* An arrived segment, checked and turned into host order. */
#include "base/bytes.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/tcp_internal.h"

/* Add up the text. What looks like the very next segment is copied on the way, to where our own
 * state says that the next bytes belong: should it turn out to be something else, the right one
 * overwrites it. */
static u32 sum_text(struct tcp_segment *s, const u8 *text, u32 sum)
{
    const struct tcb *tcb = s->tcb;
    s->placed =
        tcb && tcb->state == TCP_ESTABLISHED && s->seq == tcb->rcv_nxt && s->len <= tcb->expect_len;
    return s->placed ? checksum_copy(sum, tcb->expect_to, text, s->len)
                     : checksum_add(sum, text, s->len);
}

bool tcp_parse(struct tcp_segment *s, const struct pkt *p, ip4 from, ip4 to)
{
    const u8 *h = p->data;
    u32 header = p->len < TCP_HEADER ? 0 : (h[TCP_DATA_OFFSET] >> 4) * 4u;
    if (header < TCP_HEADER || header > p->len || from == to || (p->flags & PKT_BROADCAST)) {
        net_stats.tcp_bad++;
        return false;
    }
    u32 ports = get_be32(h + TCP_PORTS);
    s->ports = ports << 16 | ports >> 16;
    s->tcb = tcp_find(from, s->ports);
    s->seq = get_be32(h + TCP_SEQ);
    s->len = p->len - header;
    s->placed = false;
    u32 sum = checksum_pseudo(from, to, IP_PROTO_TCP, p->len);
    if (!(p->flags & PKT_L4_CSUM_OK) &&
        checksum_wrong(sum_text(s, h + header, checksum_add(sum, h, header)))) {
        net_stats.tcp_checksum++;
        return false;
    }
    s->ack = get_be32(h + TCP_ACK_NUMBER);
    s->flags = h[TCP_FLAGS];
    s->wnd = get_be16(h + TCP_WINDOW);
    s->end = s->seq + s->len + !!(s->flags & TCP_SYN) + (s->flags & TCP_FIN);
    if (!tcp_options_parse(s, h + TCP_HEADER, header - TCP_HEADER)) {
        net_stats.tcp_bad++;
        return false;
    }
    return true;
}
