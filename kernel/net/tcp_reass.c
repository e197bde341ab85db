/* The out-of-order queue: packets from the receive pool, kept in the order of their sequence
 * numbers without overlap, until the bytes before them arrive.
 *
 * How many: three quarters of the pool. What is kept here is no longer under way, and the window is
 * no larger than the ring, so the rest of the ring is enough for the rest of the window; the last
 * quarter is there whatever a peer sends in however small pieces. */
#include "base/bytes.h"
#include "net/port.h"
#include "net/tcp_internal.h"

static struct pkt *head, *tail;
static u32 held;

/* What is held, the latest first (RFC 2018, 4). */
static struct tcp_range sack[TCP_SACK_BLOCKS];
static u32 sack_count;

/* A packet's sequence number lies in front of its payload, where its TCP header was; its FIN in
 * its flags. */
static u32 pkt_seq(const struct pkt *p)
{
    return get_be32(p->data - 4);
}

static u32 pkt_end(const struct pkt *p)
{
    return pkt_seq(p) + p->len;
}

u32 tcp_reass_sack(const struct tcp_range **blocks)
{
    *blocks = sack;
    return sack_count;
}

bool tcp_reass_empty(void)
{
    return !head;
}

void tcp_reass_flush(void)
{
    while (head) {
        struct pkt *p = head;
        head = p->next;
        pkt_free(p);
    }
    tail = NULL;
    held = 0;
    sack_count = 0;
}

/* Let go of the packet behind `before` (NULL: the first one). */
static void drop_after(struct pkt *before)
{
    struct pkt **link = before ? &before->next : &head;
    struct pkt *p = *link;
    *link = p->next;
    if (tail == p)
        tail = before;
    held--;
    pkt_free(p);
}

/* Forget blocks at and above `limit`: that data is no longer held. */
static void sack_cut(u32 limit)
{
    u32 n = 0;
    for (u32 i = 0; i < sack_count; i++) {
        struct tcp_range r = sack[i];
        r.right = seq_min(r.right, limit);
        if (seq_lt(r.left, r.right))
            sack[n++] = r;
    }
    sack_count = n;
}

/* The block with the latest segment goes first, joined with those it touches (RFC 2018, 4). */
static void sack_note(u32 left, u32 right)
{
    struct tcp_range blocks[TCP_SACK_BLOCKS];
    u32 n = 1;
    for (u32 i = 0; i < sack_count; i++) {
        struct tcp_range r = sack[i];
        if (seq_le(r.left, right) && seq_le(left, r.right)) {
            left = seq_min(left, r.left);
            right = seq_max(right, r.right);
        } else if (n < TCP_SACK_BLOCKS) {
            blocks[n++] = r;
        }
    }
    blocks[0] = (struct tcp_range){left, right};
    for (u32 i = 0; i < n; i++)
        sack[i] = blocks[i];
    sack_count = n;
}

bool tcp_reass_add(struct pkt *p, u32 seq, bool fin)
{
    u32 end = seq + p->len;
    /* The last one that begins at or before seq; nearly always the tail. */
    struct pkt *before = NULL;
    if (tail && seq_le(pkt_seq(tail), seq))
        before = tail;
    else
        for (struct pkt *q = head; q && seq_le(pkt_seq(q), seq); q = q->next)
            before = q;

    u32 start = before ? seq_max(seq, pkt_end(before)) : seq;
    struct pkt *after = before ? before->next : head;
    /* What came first stays: packets within the new one go, but one that reaches beyond it, or has
     * the FIN, keeps its bytes. */
    while (after && seq_le(pkt_end(after), end) && !after->flags) {
        drop_after(before);
        after = before ? before->next : head;
    }
    if (after && seq_lt(pkt_seq(after), end)) {
        end = pkt_seq(after);
        fin = false;
    }
    if (seq_le(end, start)) {
        net_stats.tcp_duplicates++;
        /* A lone FIN goes without saying: it comes again. */
        if (p->len)
            sack_note(seq, seq + p->len);
        return false;
    }

    if (held >= p->pool->total - p->pool->total / 4) {
        /* Full. The highest one makes room for a lower one: the stream needs that first. */
        if (!after)
            return false;
        struct pkt *last = before;
        for (struct pkt *q = after; q != tail; q = q->next)
            last = q;
        sack_cut(pkt_seq(tail));
        if (after == tail)
            after = NULL;
        drop_after(last);
    }

    pkt_pull(p, start - seq);
    p->len = (u16)(end - start);
    put_be32(p->data - 4, start);
    p->flags = fin;
    p->next = after;
    if (before)
        before->next = p;
    else
        head = p;
    if (!after)
        tail = p;
    held++;
    sack_note(start, end);
    return true;
}

struct pkt *tcp_reass_take(u32 rcv_nxt, u32 *seq, bool *fin)
{
    struct pkt *p = head;
    if (!p || seq_lt(rcv_nxt, pkt_seq(p)))
        return NULL;
    *seq = pkt_seq(p);
    *fin = p->flags;
    head = p->next;
    if (!head)
        tail = NULL;
    held--;
    /* Blocks that the cumulative ACK is going to cover go. */
    u32 n = 0;
    for (u32 i = 0; i < sack_count; i++)
        if (seq_lt(pkt_end(p), sack[i].right))
            sack[n++] = sack[i];
    sack_count = n;
    return p;
}
