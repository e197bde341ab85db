/* Loss and congestion: the retransmission timer (RFC 6298), the tail loss probe (RFC 8985, 7),
 * congestion control (RFC 5681, 6582, 6928) and the SACK scoreboard (RFC 2018, 6675).
 *
 * One picture serves NewReno, SACK and timeouts: bytes of snd_una .. lost_edge that the peer does
 * not hold are lost, those of them below rtx_nxt were sent again, and whatever is neither lost nor
 * held is in the pipe, which the congestion window limits. The three differ in how far they move
 * lost_edge: to the end of one segment, to where the scoreboard says, or to snd_nxt. */
#include "base/arith.h"
#include "base/str.h"
#include "net/port.h"
#include "net/tcp_internal.h"

#define SSTHRESH_NONE 0x7fffffff

void tcp_loss_init(struct tcb *tcb)
{
    tcb->rto = TCP_INITIAL_RTO;
    tcb->ssthresh = SSTHRESH_NONE;
    tcb->lost_edge = tcb->rtx_nxt = tcb->recover = tcb->iss;
}

u32 tcp_initial_window(const struct tcb *tcb)
{
    u32 mss = tcb->snd_mss;
    return min_u32(10 * mss, max_u32(2 * mss, 14600));
}

void tcp_loss_established(struct tcb *tcb)
{
    tcb->cwnd = tcp_initial_window(tcb);
    tcb->recovery = TCP_OPEN;
    tcb->lost_edge = tcb->rtx_nxt = tcb->snd_una;
    if (tcb->syn_lost) {
        /* RFC 5681 3.1, RFC 6298 5.7 */
        tcb->cwnd = tcb->snd_mss;
        if (!tcb->srtt8)
            tcb->rto = TCP_SYN_RTO;
    }
}

/* --- Scoreboard --- */

static void scoreboard_add(struct tcb *tcb, u32 left, u32 right)
{
    struct tcp_range *r = tcb->scoreboard;
    u32 n = tcb->scoreboard_count, i = 0;
    while (i < n && seq_lt(r[i].right, left))
        i++;
    u32 k = i; /* r[i .. k-1] touch the new one */
    for (; k < n && seq_le(r[k].left, right); k++) {
        left = seq_min(left, r[k].left);
        right = seq_max(right, r[k].right);
    }
    /* Forgetting a block is safe: its data is sent once too often. */
    if (k == i && n == TCP_SCOREBOARD)
        return;
    memmove(&r[i + 1], &r[k], (n - k) * sizeof(*r));
    r[i] = (struct tcp_range){left, right};
    tcb->scoreboard_count = n + 1 - (k - i);
}

static void scoreboard_trim(struct tcb *tcb)
{
    u32 n = 0;
    for (u32 i = 0; i < tcb->scoreboard_count; i++) {
        struct tcp_range r = tcb->scoreboard[i];
        r.left = seq_max(r.left, tcb->snd_una);
        if (seq_lt(r.left, r.right))
            tcb->scoreboard[n++] = r;
    }
    tcb->scoreboard_count = n;
}

/* How many bytes of left .. right the peer holds. */
static u32 sacked(const struct tcb *tcb, u32 left, u32 right)
{
    u32 sum = 0;
    for (u32 i = 0; i < tcb->scoreboard_count; i++) {
        u32 l = seq_max(left, tcb->scoreboard[i].left),
            r = seq_min(right, tcb->scoreboard[i].right);
        if (seq_lt(l, r))
            sum += r - l;
    }
    return sum;
}

bool tcp_next_lost(const struct tcb *tcb, struct tcp_range *hole)
{
    hole->left = tcb->rtx_nxt;
    hole->right = tcb->lost_edge;
    for (u32 i = 0; i < tcb->scoreboard_count; i++) {
        const struct tcp_range *r = &tcb->scoreboard[i];
        if (seq_lt(hole->left, r->left)) {
            hole->right = seq_min(hole->right, r->left);
            break;
        }
        hole->left = seq_max(hole->left, r->right);
    }
    return seq_lt(hole->left, hole->right);
}

u32 tcp_pipe(const struct tcb *tcb)
{
    u32 flight = tcb->snd_nxt - tcb->snd_una;
    u32 gone = sacked(tcb, tcb->snd_una, tcb->snd_nxt) + tcb->dup_bytes;
    if (seq_lt(tcb->rtx_nxt, tcb->lost_edge))
        gone += tcb->lost_edge - tcb->rtx_nxt - sacked(tcb, tcb->rtx_nxt, tcb->lost_edge);
    return flight > gone ? flight - gone : 0;
}

/* Take the blocks; true when they say something new. */
static bool scoreboard_update(struct tcb *tcb, const struct tcp_segment *s)
{
    if (!tcb->sack_ok)
        return false;
    u32 before = sacked(tcb, tcb->snd_una, tcb->snd_nxt);
    for (u32 i = 0; i < s->sack_count; i++) {
        struct tcp_range r = s->sack[i];
        u32 left = r.left - s->ack, right = r.right - s->ack;
        /* Below snd_una it is a duplicate report (RFC 2883); beyond snd_nxt, nonsense. */
        if (left && left < right && right <= tcb->snd_nxt - s->ack)
            scoreboard_add(tcb, r.left, r.right);
    }
    return sacked(tcb, tcb->snd_una, tcb->snd_nxt) != before;
}

/* A tail loss probe is under way. */
static bool tlp_under_way(const struct tcb *tcb)
{
    return tcb->tlp_out && seq_lt(tcb->snd_una, tcb->tlp_end_seq);
}

/* RFC 6675, IsLost(): what lies below three ranges, or below more than two segments' bytes, that
 * the peer holds. What a probe leaves behind, two round trips later, is not merely out of order. */
static void find_lost(struct tcb *tcb)
{
    u32 bytes = 0, n = tcb->scoreboard_count, ranges = tlp_under_way(tcb) ? 1 : TCP_DUP_THRESH;
    for (u32 i = n; i-- > 0;) {
        const struct tcp_range *r = &tcb->scoreboard[i];
        bytes += r->right - r->left;
        if (n - i >= ranges || bytes > (TCP_DUP_THRESH - 1) * (u32)tcb->snd_mss) {
            tcb->lost_edge = seq_max(tcb->lost_edge, r->left);
            return;
        }
    }
}

/* The first segment that is not acknowledged is lost. */
static void mark_first_lost(struct tcb *tcb)
{
    u32 end = seq_min(tcb->snd_una + tcb->snd_mss, tcb->snd_nxt);
    if (tcb->scoreboard_count)
        end = seq_min(end, tcb->scoreboard[0].left);
    tcb->lost_edge = seq_max(tcb->lost_edge, end);
}

/* --- Round trip --- */

void tcp_arm_rto(struct tcb *tcb)
{
    tcb->rto_armed = true;
    tcb->rto_start = tcp_now;
}

/* May a tail loss probe go out? */
static bool tlp_allowed(const struct tcb *tcb)
{
    return tcb->srtt8 && tcb->recovery == TCP_OPEN && tcb->snd_una != tcb->snd_nxt &&
           tcb->snd_wnd && !tlp_under_way(tcb);
}

/* RFC 8985 would have a lone segment wait for a delayed ACK. A target answers a lone command with
 * data, at once, and one copy too many is cheaper than the wait when it was lost. */
msec tcp_rto_at(const struct tcb *tcb)
{
    u32 ms = tcb->rto;
    if (tlp_allowed(tcb))
        ms = min_u32(ms, max_u32(tcb->srtt8 / 4, TCP_MIN_PTO));
    return tcb->rto_start + ms;
}

void tcp_reset_rto(struct tcb *tcb)
{
    if (tcb->srtt8)
        tcb->rto =
            min_u32(max_u32(tcb->srtt8 / 8 + max_u32(tcb->rttvar4, 1), TCP_MIN_RTO), TCP_MAX_RTO);
}

/* RFC 6298, 2, in Jacobson's scaled integers. */
static void rtt_sample(struct tcb *tcb, u32 ms)
{
    ms = max_u32(ms, 1);
    if (!tcb->srtt8) {
        tcb->srtt8 = ms * 8;
        tcb->rttvar4 = ms * 2;
    } else {
        u32 srtt = tcb->srtt8 / 8;
        u32 delta = srtt > ms ? srtt - ms : ms - srtt;
        tcb->rttvar4 += delta - tcb->rttvar4 / 4;
        tcb->srtt8 += ms - srtt;
    }
    tcp_reset_rto(tcb);
}

static void measure(struct tcb *tcb, const struct tcp_segment *s)
{
    if (tcb->ts_ok) {
        /* A sample that says minutes is an echo of something else. */
        u32 ms = tcp_now + tcb->ts_offset - s->tsecr;
        if (ms <= TCP_MAX_RTO)
            rtt_sample(tcb, ms);
    } else if (tcb->rtt_timing && seq_le(tcb->rtt_seq, s->ack)) {
        rtt_sample(tcb, tcp_now - tcb->rtt_start);
    }
    if (seq_le(tcb->rtt_seq, s->ack))
        tcb->rtt_timing = false;
}

/* --- Congestion --- */

static u32 half_flight(const struct tcb *tcb)
{
    return max_u32((tcb->snd_nxt - tcb->snd_una) / 2, 2u * tcb->snd_mss);
}

static void reduce(struct tcb *tcb)
{
    tcb->ssthresh = half_flight(tcb);
    tcb->cwnd = tcb->ssthresh;
    tcb->tlp_out = false;
}

static void grow(struct tcb *tcb, u32 acked)
{
    if (!tcb->cwnd_limited || tcb->cwnd > SSTHRESH_NONE / 2)
        return;
    if (tcb->cwnd < tcb->ssthresh) {
        /* Peers with receive offload acknowledge many segments at once (RFC 9406, L); after a
         * timeout an ACK may be for what arrived long ago (RFC 3465, 2.3). */
        acked = min_u32(acked, (tcb->recovery == TCP_LOSS ? 1u : 8u) * tcb->snd_mss);
        tcb->cwnd = min_u32(tcb->cwnd + acked, tcb->ssthresh);
        return;
    }
    tcb->cwnd_credit += acked;
    if (tcb->cwnd_credit >= tcb->cwnd) {
        tcb->cwnd_credit -= tcb->cwnd;
        tcb->cwnd += tcb->snd_mss;
    }
}

void tcp_mark_all_lost(struct tcb *tcb)
{
    tcb->rtx_nxt = tcb->snd_una;
    tcb->lost_edge = tcb->snd_nxt;
    tcb->dup_acks = tcb->dup_bytes = 0;
    tcb->recovery = TCP_LOSS;
    tcb->recover = tcb->snd_nxt;
    tcb->tlp_out = false;
}

bool tcp_rto_expired(struct tcb *tcb)
{
    tcb->rto_armed = false;
    if (tlp_allowed(tcb)) {
        tcb->tlp_out = true;
        tcb->tlp_end_seq = tcb->snd_nxt;
        tcp_arm_rto(tcb);
        return true;
    }
    tcb->rto = min_u32(tcb->rto * 2, TCP_MAX_RTO);
    if (tcb->snd_una == tcb->snd_nxt) {
        tcb->window_probe_due = true;
        return false;
    }
    if (tcb->recovery != TCP_LOSS)
        tcb->ssthresh = half_flight(tcb);
    tcb->cwnd = tcb->snd_mss;
    /* The peer may have dropped what it reported (RFC 2018, 8). */
    tcb->scoreboard_count = 0;
    tcp_mark_all_lost(tcb);
    return false;
}

static void ack_advances(struct tcb *tcb, const struct tcp_segment *s, u32 acked)
{
    tcb->snd_una = s->ack;
    tcb->freed = true;
    tcp_progress(tcb);
    measure(tcb, s);
    scoreboard_trim(tcb);
    tcb->rtx_nxt = seq_max(tcb->rtx_nxt, tcb->snd_una);
    tcb->lost_edge = seq_max(tcb->lost_edge, tcb->snd_una);
    tcb->dup_acks = 0;

    if (tcb->recovery == TCP_FAST && seq_lt(s->ack, tcb->recover)) {
        /* A partial ACK: what follows it is lost, too, and the ACK is worth one segment (RFC 6582,
         * 3.2 step 3, in terms of the pipe). */
        u32 used = acked > tcb->snd_mss ? acked - tcb->snd_mss : 0;
        tcb->dup_bytes -= min_u32(tcb->dup_bytes, used);
        mark_first_lost(tcb);
    } else {
        tcb->dup_bytes = 0;
        if (tcb->recovery == TCP_FAST)
            tcb->cwnd = min_u32(tcb->ssthresh, max_u32(tcp_pipe(tcb), tcb->snd_mss) + tcb->snd_mss);
        else
            grow(tcb, acked);
        if (seq_le(tcb->recover, s->ack))
            tcb->recovery = TCP_OPEN;
    }

    tcb->rto_armed = false;
    if (tcb->snd_una != tcb->snd_nxt)
        tcp_arm_rto(tcb);
}

/* What an ACK says of the latest probe (RFC 8985, 7.4): did both copies arrive, or has it made good
 * a loss, which counts as one? */
static void tlp_judge(struct tcb *tcb, const struct tcp_segment *s, bool duplicate)
{
    if (!tcb->tlp_out || seq_lt(s->ack, tcb->tlp_end_seq))
        return;
    if (s->sack_count ? s->sack[0].right == tcb->tlp_end_seq : duplicate)
        tcb->tlp_out = false;
    else if (s->ack != tcb->tlp_end_seq)
        reduce(tcb);
}

void tcp_acknowledged(struct tcb *tcb, const struct tcp_segment *s, bool window_changed)
{
    u32 acked = s->ack - tcb->snd_una;
    bool news = scoreboard_update(tcb, s);
    tlp_judge(tcb, s, !acked && s->end == s->seq && !window_changed);
    if (acked) {
        ack_advances(tcb, s, acked);
    } else if (tcb->snd_una != tcb->snd_nxt && (news || (s->end == s->seq && !window_changed))) {
        tcb->dup_acks++;
        if (!tcb->sack_ok)
            tcb->dup_bytes = min_u32(tcb->dup_bytes + tcb->snd_mss, tcb->snd_nxt - tcb->snd_una);
    }
    if (tcb->recovery == TCP_LOSS || tcb->snd_una == tcb->snd_nxt)
        return;
    find_lost(tcb);
    if (tcb->recovery == TCP_OPEN &&
        (tcb->dup_acks >= TCP_DUP_THRESH || tcb->lost_edge != tcb->snd_una)) {
        reduce(tcb);
        tcb->recovery = TCP_FAST;
        tcb->recover = tcb->snd_nxt;
        tcb->rtx_nxt = tcb->snd_una;
        net_stats.tcp_fast_retransmits++;
        mark_first_lost(tcb);
    }
}
