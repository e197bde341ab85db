/* Sending: which segment is next, and what it looks like. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "net/checksum.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/tcp_internal.h"

/* Complete the header at p->data, with its options and payload there and their checksum in sum, and
 * send it. */
static bool send_segment(struct pkt *p, u32 header, u32 sum, ip4 from, ip4 to, u32 flags_window,
                         msec now)
{
    u8 *h = p->data;
    put_be32(h + TCP_DATA_OFFSET, header << 26 | flags_window);
    put_be32(h + TCP_CHECKSUM, 0);
    sum += checksum_pseudo(from, to, IP_PROTO_TCP, p->len);
    put_be16(h + TCP_CHECKSUM, checksum_finish(checksum_add(sum, h, header)));
    return ip_send(p, IP_PROTO_TCP, to, now);
}

/* Copy from the ring of the send buffer, and add up. */
static u32 copy_out(const struct tcb *tcb, u8 *to, u32 seq, u32 len)
{
    u32 at = seq & (tcb->lent.send_buffer_size - 1);
    u32 first = min_u32(len, tcb->lent.send_buffer_size - at);
    if (first == len)
        return checksum_copy(0, to, tcb->lent.send_buffer + at, len);
    /* Its parts may be odd. */
    memcpy(to, tcb->lent.send_buffer + at, first);
    memcpy(to + first, tcb->lent.send_buffer, len - first);
    return checksum_add(0, to, len);
}

bool tcp_transmit(struct tcb *tcb, u32 seq, u32 len, u8 flags)
{
    struct pkt *p = net_alloc();
    tcb->blocked = !p;
    if (!p)
        return false;
    u8 *h = p->data;
    u32 header = TCP_HEADER + tcp_options_build(tcb, h + TCP_HEADER, flags);
    u32 window = tcb->rcv_wnd >> tcb->rcv_wscale;
    if (flags & TCP_SYN)
        window = min_u32(tcb->rcv_wnd, 65535);
    put_be32(h + TCP_PORTS, tcb->ports);
    put_be32(h + TCP_SEQ, seq);
    put_be32(h + TCP_ACK_NUMBER, tcb->rcv_nxt); /* 0 while there is nothing to acknowledge */
    p->len = (u16)(header + len);
    if (!send_segment(p, header, copy_out(tcb, h + header, seq, len), tcb->local_addr,
                      tcb->remote_addr, (u32)flags << 16 | window, tcp_now)) {
        tcb->blocked = true;
        return false;
    }
    if (flags & TCP_ACK) {
        tcb->last_ack_sent = tcb->rcv_nxt;
        tcb->ack_now = tcb->delack_armed = false;
    }
    return true;
}

void tcp_transmit_reset(ip4 from, ip4 to, u32 ports, u32 seq, u32 ack, u8 flags)
{
    struct pkt *p = net_alloc();
    if (!p)
        return;
    put_be32(p->data + TCP_PORTS, ports);
    put_be32(p->data + TCP_SEQ, seq);
    put_be32(p->data + TCP_ACK_NUMBER, ack);
    p->len = TCP_HEADER;
    send_segment(p, TCP_HEADER, 0, from, to, (u32)flags << 16, tcp_now);
}

/* Send what begins at seq, up to `end`, at most one segment. Returns how far that went in sequence
 * numbers, 0 when it did not go out. */
static u32 send_data(struct tcb *tcb, u32 seq, u32 end, u8 flags)
{
    bool fin = tcb->fin && end == tcb->snd_end + 1;
    u32 whole = end - fin - seq;
    u32 len = min_u32(whole, tcb->snd_mss - (tcp_options_len(tcb) - (tcb->ts_ok ? 12 : 0)));
    if (len < whole)
        fin = false;
    if (fin)
        flags |= TCP_FIN;
    if (len && seq + len == tcb->snd_end)
        flags |= TCP_PSH;
    if (!tcp_transmit(tcb, seq, len, flags | TCP_ACK))
        return 0;
    /* With nothing under way so far, a timer that runs was the persist timer. */
    if (!tcb->rto_armed || tcb->snd_una == tcb->snd_nxt)
        tcp_arm_rto(tcb);
    return len + fin;
}

/* Retransmit one lost segment. False: none is left, or it can't go now. */
static bool retransmit(struct tcb *tcb, u32 pipe)
{
    struct tcp_range hole;
    if (!tcp_next_lost(tcb, &hole))
        return false;
    /* The first one goes in any case: fast retransmit, and probing of a window that was closed with
     * data under way. */
    if (hole.left != tcb->snd_una) {
        tcb->cwnd_limited = pipe + min_u32(hole.right - hole.left, tcb->snd_mss) > tcb->cwnd;
        if (tcb->cwnd_limited || !seq_lt(hole.left, tcb->snd_una + tcb->snd_wnd))
            return false;
    }
    u32 n = send_data(tcb, hole.left, hole.right, 0);
    tcb->rtx_nxt = hole.left + n;
    net_stats.tcp_retransmits += n != 0;
    tcb->rtt_timing = false; /* Karn: its ACK would say nothing (RFC 6298, 3) */
    return n != 0;
}

void tcp_transmit_tlp(struct tcb *tcb)
{
    u32 n = send_data(tcb, seq_max(tcb->snd_una, tcb->snd_nxt - tcb->snd_mss), tcb->snd_nxt, 0);
    net_stats.tcp_retransmits += n != 0;
    tcb->rtt_timing = false; /* Karn */
}

/* Send one new segment; false when there is none or it can't go now. */
static bool send_new(struct tcb *tcb, u32 pipe)
{
    u32 end = tcp_send_limit(tcb), edge = tcb->snd_una + tcb->snd_wnd;
    u32 left = end - tcb->snd_nxt;
    if (!left)
        return false;
    u32 len = min_u32(left, tcb->snd_mss);
    u32 usable = seq_lt(tcb->snd_nxt, edge) ? edge - tcb->snd_nxt : 0;
    if (min_u32(len, tcb->snd_end - tcb->snd_nxt) > usable) { /* a FIN needs no window */
        /* Sender's silly window avoidance (RFC 9293, 3.8.6.2.1); when only the window holds us,
         * its time-out is the persist timer's. */
        if (!usable || (usable < tcb->max_snd_wnd / 2 && !tcb->window_probe_due)) {
            if (!tcb->rto_armed && !tcb->window_probe_due)
                tcp_arm_rto(tcb);
            return false;
        }
        len = usable;
    }
    if (pipe && pipe + len > tcb->cwnd) {
        tcb->cwnd_limited = true;
        return false;
    }
    u32 n = send_data(tcb, tcb->snd_nxt, tcb->snd_nxt + len, 0);
    if (n && !tcb->rtt_timing) {
        tcb->rtt_timing = true;
        tcb->rtt_start = tcp_now;
        tcb->rtt_seq = tcb->snd_nxt + n;
    }
    tcb->snd_nxt += n;
    tcb->last_sent = tcp_now;
    return n != 0;
}

/* The SYN, or SYN and ACK after a simultaneous open. */
static void send_syn(struct tcb *tcb)
{
    bool again = tcb->snd_nxt != tcb->iss;
    if (again && tcb->rtx_nxt == tcb->lost_edge)
        return;
    if (!tcp_transmit(tcb, tcb->iss, 0, TCP_SYN | (tcb->state == TCP_SYN_RECEIVED ? TCP_ACK : 0)))
        return;
    tcb->rtt_timing = !again;
    tcb->rtt_start = tcp_now;
    tcb->rtt_seq = tcb->snd_nxt = tcb->rtx_nxt = tcb->lost_edge = tcb->iss + 1;
    tcb->syn_lost |= again;
    net_stats.tcp_retransmits += again;
    tcp_arm_rto(tcb);
}

static bool ack_due(const struct tcb *tcb, bool more)
{
    /* With more in the ring, one ACK will do for all, as long as the peer's window stays open. Nor
     * is the last segment of an answer left alone: when it gets lost, a peer that has several under
     * way probes soon, with only one it waits for our delayed ACK (RFC 8985, 7.2). And a small
     * window must not close over it. */
    bool nearly = tcb->expect_len && tcb->expect_len <= tcb->rcv_mss;
    u32 enough =
        more ? tcb->rcv_wnd / 4 : min_u32((nearly ? 4u : 2u) * tcb->rcv_mss, tcb->rcv_wnd / 2);
    return tcb->ack_now || tcb->rcv_nxt - tcb->last_ack_sent >= enough ||
           (tcb->delack_armed && time_reached(tcp_now, tcb->delack_at));
}

void tcp_output(struct tcb *tcb, bool more)
{
    tcb->kick = tcb->blocked = false;
    if (tcb->state < TCP_ESTABLISHED) {
        send_syn(tcb);
    } else {
        tcp_update_mss(tcb);
        /* After a pause the old window says little about the path (RFC 5681, 4.1). */
        if (tcb->snd_una == tcb->snd_nxt && tcp_now - tcb->last_sent > tcb->rto)
            tcb->cwnd = min_u32(tcb->cwnd, tcp_initial_window(tcb));
        tcb->cwnd_limited = false;
        while (retransmit(tcb, tcp_pipe(tcb)) || (!tcb->blocked && send_new(tcb, tcp_pipe(tcb))))
            ;
        if (tcb->window_probe_due && tcb->snd_una == tcb->snd_nxt) {
            /* The peer must answer a segment outside its window with its window. */
            if (!tcp_transmit(tcb, tcb->snd_una - 1, 0, TCP_ACK))
                return;
            tcp_arm_rto(tcb);
        }
        tcb->window_probe_due = false;
    }
    if (!tcb->blocked && tcb->state != TCP_SYN_SENT && ack_due(tcb, more))
        tcp_transmit(tcb, tcb->snd_nxt, 0, TCP_ACK);
}
