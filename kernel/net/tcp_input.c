/* Arriving segments: what they must pass (RFC 9293 3.10.7, RFC 5961, RFC 7323), and what they do.
 */
#include "base/arith.h"
#include "net/icmp.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/tcp_internal.h"

#define CHALLENGES_A_SECOND 10          /* RFC 5961, 7 */
#define DUP_ACKS_A_POLL     3           /* at once, when SACK says the rest */
#define PAWS_AGE            0x7c000000u /* 24 days: older timestamps prove nothing (RFC 7323, 5.5) */

/* Only so many answers a second that nobody asked for: blind attackers must not make us shout, nor
 * two confused ends shout at each other. */
static bool limited(struct tcp_limiter *l)
{
    if (tcp_now - l->since >= 1000) {
        l->since = tcp_now;
        l->count = 0;
    }
    return l->count++ >= CHALLENGES_A_SECOND;
}

/* An ACK that tells an honest peer where we are, and a blind attacker nothing (RFC 5961). */
static void challenge(struct tcb *tcb)
{
    net_stats.tcp_rejected++;
    if (!limited(&tcb->challenges))
        tcb->ack_now = true;
}

/* RFC 9293 3.10.7.1: nobody of ours has this connection. */
static void answer_stray(const struct tcp_segment *s, ip4 from, ip4 to)
{
    net_stats.tcp_no_conn++;
    if ((s->flags & TCP_RST) || limited(&tcp_resets))
        return;
    if (s->flags & TCP_ACK)
        tcp_transmit_reset(to, from, s->ports, s->ack, 0, TCP_RST);
    else
        tcp_transmit_reset(to, from, s->ports, 0, s->end, TCP_RST | TCP_ACK);
}

/* The handshake is complete. False: the owner has given up the connection. */
static bool established(struct tcb *tcb, const struct tcp_segment *s)
{
    tcp_acknowledged(tcb, s, true);
    tcb->freed = false;
    tcp_update_mss(tcb);
    tcp_loss_established(tcb);
    tcb->keepalive_at = tcp_now + TCP_KEEPALIVE_IDLE;
    tcb->state = TCP_ESTABLISHED;
    tcb->kick = true;
    if (tcb->fin)
        tcb->state = TCP_FIN_WAIT_1;
    else
        tcb->ops->connected(tcb->ctx, tcp_now);
    return tcb->state != TCP_CLOSED;
}

/* What the peer's SYN says. */
static void take_syn(struct tcb *tcb, const struct tcp_segment *s)
{
    tcb->rcv_nxt = tcb->last_ack_sent = s->seq + 1;
    tcb->peer_mss = s->mss ? s->mss : TCP_DEFAULT_MSS;
    tcb->sack_ok = s->sack_permitted;
    tcb->ts_ok = s->has_ts;
    tcb->ts_recent = s->tsval;
    tcb->ts_recent_at = tcp_now;
    tcb->wscale_ok = s->has_wscale;
    if (tcb->wscale_ok) {
        tcb->snd_wscale = s->wscale;
    } else {
        tcb->rcv_wscale = 0;
        tcb->rcv_wnd = min_u32(tcb->rcv_wnd, 65535);
    }
    /* A packet of the ring holds one segment, however short, and a peer's segments are about as
     * long as those that it takes. What our SYN has announced stays. */
    u32 mss = min_u32(tcb->peer_mss, tcp_local_mss(tcb));
    tcb->rcv_wnd = min_u32(tcb->rcv_wnd, max_u32(net_device()->rx_ring * mss, 65535));
    tcb->snd_wnd = tcb->max_snd_wnd = s->wnd; /* never scaled in a SYN */
    tcb->snd_wl1 = s->seq;
    tcb->ack_now = true;
}

/* RFC 9293 3.10.7.3. False: there is nothing more in this segment. */
static bool syn_sent(struct tcb *tcb, struct tcp_segment *s)
{
    if (s->flags & TCP_ACK) {
        if (s->ack != tcb->iss + 1 || s->ack != tcb->snd_nxt) {
            net_stats.tcp_rejected++;
            if (!(s->flags & TCP_RST) && !limited(&tcp_resets))
                tcp_transmit_reset(tcb->local_addr, tcb->remote_addr, tcb->ports, s->ack, 0,
                                   TCP_RST);
            return false;
        }
        if (s->flags & TCP_RST) {
            tcp_finish(tcb, TCP_CLOSED, ERR_TCP_REFUSED);
            return false;
        }
    }
    if ((s->flags & TCP_RST) || !(s->flags & TCP_SYN)) {
        net_stats.tcp_rejected++;
        return false;
    }
    take_syn(tcb, s);
    if (s->flags & TCP_ACK) {
        s->seq++; /* the rest of it may be data */
        return established(tcb, s);
    }
    /* Both ends opened at once: our SYN goes out again, with an ACK. */
    tcb->state = TCP_SYN_RECEIVED;
    tcb->rtx_nxt = tcb->iss;
    tcb->lost_edge = tcb->snd_nxt;
    return false;
}

/* The checks that come before anything in the segment counts. False: drop it. */
static bool segment_acceptable(struct tcb *tcb, const struct tcp_segment *s)
{
    bool rst = s->flags & TCP_RST;
    if (tcb->ts_ok && !rst) {
        if (!s->has_ts) { /* RFC 7323, 3.2 */
            net_stats.tcp_rejected++;
            return false;
        }
        if (seq_lt(s->tsval, tcb->ts_recent) && tcp_now - tcb->ts_recent_at < PAWS_AGE) {
            challenge(tcb);
            return false;
        }
    }
    u32 edge = tcb->rcv_nxt + tcb->rcv_wnd;
    /* At the edge there may be an ACK from a peer that filled the window. */
    bool begins = seq_le(tcb->rcv_nxt, s->seq) && seq_le(s->seq, edge);
    bool ends = s->end != s->seq && seq_lt(tcb->rcv_nxt, s->end) && seq_le(s->end, edge);
    if (!begins && !ends) {
        if (s->len && seq_le(s->end, tcb->rcv_nxt) && !rst) {
            net_stats.tcp_duplicates++;
            tcb->ack_now = true; /* our ACK was lost */
        } else if (rst) {
            net_stats.tcp_rejected++;
        } else {
            challenge(tcb);
        }
        return false;
    }
    if (rst) {
        /* Only the very next number resets (RFC 5961, 3.2). */
        if (s->seq != tcb->rcv_nxt)
            challenge(tcb);
        else if (tcb->state == TCP_SYN_RECEIVED)
            tcp_finish(tcb, TCP_CLOSED, ERR_TCP_REFUSED);
        else
            tcp_finish(tcb, TCP_CLOSED, ERR_TCP_RESET);
        return false;
    }
    if (s->flags & TCP_SYN) { /* RFC 5961, 4.2 */
        challenge(tcb);
        return false;
    }
    if (!(s->flags & TCP_ACK)) {
        net_stats.tcp_rejected++;
        return false;
    }
    /* RFC 5961, 5.2 */
    if (seq_lt(tcb->snd_nxt, s->ack) || seq_lt(s->ack, tcb->snd_una - tcb->max_snd_wnd)) {
        challenge(tcb);
        return false;
    }
    return true;
}

/* Acknowledgment and window. False: the connection is over. */
static bool take_ack(struct tcb *tcb, const struct tcp_segment *s)
{
    if (tcb->state == TCP_SYN_RECEIVED) {
        if (s->ack != tcb->snd_nxt) {
            challenge(tcb);
            return false;
        }
        if (!established(tcb, s))
            return false;
    }
    if (seq_lt(s->ack, tcb->snd_una))
        return true; /* overtaken by a later one */

    u32 wnd = s->wnd << tcb->snd_wscale, old = tcb->snd_wnd;
    /* SND.WL2 is not needed: what acknowledges less than the latest does not come here. */
    if (seq_le(tcb->snd_wl1, s->seq)) {
        tcb->snd_wnd = wnd;
        tcb->max_snd_wnd = max_u32(tcb->max_snd_wnd, wnd);
        tcb->snd_wl1 = s->seq;
    }
    /* The usual segment of a long read has no news for the sending side. */
    if (s->ack == tcb->snd_una && tcb->snd_wnd == old && !s->sack_count &&
        (s->len || (tcb->snd_una == tcb->snd_nxt && !tcb->tlp_out)))
        return true;
    tcb->kick = true;
    tcp_acknowledged(tcb, s, tcb->snd_wnd != old);
    if (!old && tcb->snd_wnd) {
        /* Open again. What was sent while it was closed has been dropped there. */
        tcp_reset_rto(tcb);
        if (tcb->snd_una != tcb->snd_nxt)
            tcp_mark_all_lost(tcb);
    }

    if (tcb->fin && tcb->snd_una == tcp_send_limit(tcb)) {
        if (tcb->state == TCP_FIN_WAIT_1) {
            tcb->state = TCP_FIN_WAIT_2;
        } else if (tcb->state == TCP_CLOSING) {
            tcp_finish(tcb, TCP_TIME_WAIT, OK);
            return false;
        } else if (tcb->state == TCP_LAST_ACK) {
            tcp_finish(tcb, TCP_CLOSED, OK);
            return false;
        }
    }
    return true;
}

/* The stream goes on by len bytes. False: the owner has given up the connection. */
static bool deliver(struct tcb *tcb, const u8 *data, u32 len)
{
    if (!len)
        return true;
    if (!tcb->delack_armed) {
        tcb->delack_armed = true;
        tcb->delack_at = tcp_now + TCP_DELAYED_ACK;
    }
    tcb->rcv_nxt += len;
    tcb->expect_len = 0;
    tcb->ops->receive(tcb->ctx, data, len, tcp_now);
    return tcb->state != TCP_CLOSED;
}

/* The peer has sent all it will. */
static void take_fin(struct tcb *tcb)
{
    tcb->rcv_nxt++;
    tcb->ack_now = true;
    if (tcb->state == TCP_ESTABLISHED) {
        tcb->fin = tcb->kick = true;
        tcp_finish(tcb, TCP_LAST_ACK, ERR_TCP_CLOSED);
    } else if (tcb->state == TCP_FIN_WAIT_1) {
        tcb->state = TCP_CLOSING;
    } else {
        tcp_transmit(tcb, tcb->snd_nxt, 0, TCP_ACK);
        tcp_finish(tcb, TCP_TIME_WAIT, OK);
    }
}

/* Data beyond a hole: keep it, and ask for what is missing at once (RFC 5681, 4.2). */
static bool take_out_of_order(struct tcb *tcb, struct pkt *p, const struct tcp_segment *s, bool fin)
{
    net_stats.tcp_out_of_order++;
    bool kept = tcp_reass_add(&tcb->reass, p, s->seq, fin);
    /* A peer without SACK counts duplicate ACKs, so each counts; with SACK, a few say it all. */
    tcb->ack_now = true;
    if (!tcb->sack_ok || tcb->dup_acks_sent++ < DUP_ACKS_A_POLL)
        tcp_transmit(tcb, tcb->snd_nxt, 0, TCP_ACK);
    return kept;
}

/* Text and FIN. p->data is at the text. True: p is kept in the queue. */
static bool take_segment_text(struct tcb *tcb, struct pkt *p, struct tcp_segment *s)
{
    if (tcb->state < TCP_ESTABLISHED || tcb->state > TCP_FIN_WAIT_2)
        return false;
    bool fin = s->flags & TCP_FIN;
    if (seq_lt(s->seq, tcb->rcv_nxt)) {
        pkt_pull(p, tcb->rcv_nxt - s->seq);
        s->seq = tcb->rcv_nxt;
    }
    u32 room = tcb->rcv_nxt + tcb->rcv_wnd - s->seq;
    if (p->len > room) {
        p->len = (u16)room;
        fin = false;
    }
    if (!p->len && !fin)
        return false;
    tcb->rcv_mss = (u16)max_u32(tcb->rcv_mss, p->len);
    if (s->seq != tcb->rcv_nxt)
        return take_out_of_order(tcb, p, s, fin);

    if (!deliver(tcb, s->placed ? tcb->expect_to : p->data, p->len))
        return false;
    if (tcb->reass.head) {
        tcb->ack_now = true; /* some of a hole is filled (RFC 5681, 4.2) */
        struct pkt *q;
        u32 seq;
        while (!fin && (q = tcp_reass_take(&tcb->reass, tcb->rcv_nxt, &seq, &fin))) {
            /* It may begin, or lie whole, below what came meanwhile. */
            bool alive = true;
            fin = fin && seq_le(tcb->rcv_nxt, seq + q->len);
            if (pkt_pull(q, tcb->rcv_nxt - seq))
                alive = deliver(tcb, q->data, q->len);
            pkt_free(q);
            if (!alive)
                return false;
        }
    }
    if (fin)
        take_fin(tcb);
    return false;
}

/* A segment for the connection. True: p is kept. */
static bool segment_input(struct tcb *tcb, struct pkt *p, struct tcp_segment *s)
{
    if (tcb->state == TCP_SYN_SENT) {
        if (!syn_sent(tcb, s))
            return false;
    } else {
        if (!segment_acceptable(tcb, s))
            return false;
        if (tcb->ts_ok && seq_le(s->seq, tcb->last_ack_sent)) {
            tcb->ts_recent = s->tsval;
            tcb->ts_recent_at = tcp_now;
        }
        tcb->keepalive_at = tcp_now + TCP_KEEPALIVE_IDLE;
        if (!take_ack(tcb, s))
            return false;
        /* An answer is all that can be had from an idle peer or one with a closed window. */
        if (tcb->keepalive_sent || !tcb->snd_wnd)
            tcp_progress(tcb);
        tcb->keepalive_sent = false;
    }
    pkt_skip(p, p->len - s->len);
    return take_segment_text(tcb, p, s);
}

/* A segment in several packets, as far as it has come. tcb NULL: none that is ours. */
static struct tcp_segment parts;

/* The first one. A FIN, which belongs behind the last one, comes again. */
static void begin_parts(struct tcp_segment *s)
{
    s->end = s->seq + s->len;
    s->flags &= (u8)~TCP_FIN;
    parts = *s;
    parts.sack_count = 0;
}

bool tcp_input(struct pkt *p, ip4 from, ip4 to, msec now)
{
    struct tcp_segment s;
    tcp_now = now;
    parts.tcb = NULL;
    if (!tcp_parse(&s, p, from, to))
        return false;
    if (!s.tcb || to != s.tcb->local_addr) {
        answer_stray(&s, from, to);
        return false;
    }
    if (p->flags & PKT_FIRST)
        begin_parts(&s);
    return segment_input(s.tcb, p, &s);
}

bool tcp_input_rest(struct pkt *p, msec now)
{
    struct tcp_segment s;
    tcp_now = now;
    parts.seq = parts.end;
    parts.len = p->len;
    parts.end += p->len;
    s = parts;
    /* The owner may have closed it since, and opened it anew. */
    return s.tcb && s.tcb->state != TCP_CLOSED && s.ports == s.tcb->ports &&
           segment_input(s.tcb, p, &s);
}

void tcp_icmp_error(const struct icmp_error *e, msec now)
{
    tcp_now = now;
    /* Only who sees our segments knows what is under way (RFC 5927, 4.1). */
    struct tcb *tcb = tcp_find(e->to, e->ports);
    if (!tcb || seq_lt(e->seq, tcb->snd_una) || !seq_lt(e->seq, tcb->snd_nxt)) {
        net_stats.tcp_rejected++;
    } else if (e->code == ICMP_FRAG_NEEDED) {
        ip_path_mtu_found(e->to, e->mtu, now);
        /* Not a sign of congestion: send again in smaller pieces, at once (RFC 1191, 6.4). */
        if (tcb->state >= TCP_ESTABLISHED && tcp_update_mss(tcb)) {
            tcp_mark_all_lost(tcb);
            tcb->kick = true;
        }
    } else if (tcb->state == TCP_SYN_SENT &&
               (e->code == ICMP_PROTO_UNREACHABLE || e->code == ICMP_PORT_UNREACHABLE)) {
        tcp_finish(tcb, TCP_CLOSED, ERR_NET_UNREACHABLE);
    } else {
        tcb->soft_error = true;
    }
}
