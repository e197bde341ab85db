/* The out-of-order queue: packets from the receive pool, kept in the order of their sequence
 * numbers without overlap, until the bytes before them arrive.
 *
 * How many: three quarters of the pool, all queues together. What is kept here is no longer under
 * way, and the windows are no larger than the ring, so the rest of the ring is enough for the rest
 * of them; the last quarter is there whatever a peer sends in however small pieces. */
#include "base/bytes.h"
#include "net/port.h"
#include "net/tcp_internal.h"

static u32 held; /* packets, in the queues of all connections */

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

/* Let go of the packet behind `before` (NULL: the first one). */
static void drop_after(struct tcp_reass *queue, struct pkt *before)
{
    struct pkt **link = before ? &before->next : &queue->head;
    struct pkt *p = *link;
    *link = p->next;
    if (queue->tail == p)
        queue->tail = before;
    held--;
    pkt_free(p);
}

void tcp_reass_flush(struct tcp_reass *queue)
{
    while (queue->head)
        drop_after(queue, NULL);
    queue->sack_count = 0;
}

/* Forget blocks at and above `limit`: that data is no longer held. */
static void sack_cut(struct tcp_reass *queue, u32 limit)
{
    u32 n = 0;
    for (u32 i = 0; i < queue->sack_count; i++) {
        struct tcp_range r = queue->sack[i];
        r.right = seq_min(r.right, limit);
        if (seq_lt(r.left, r.right))
            queue->sack[n++] = r;
    }
    queue->sack_count = n;
}

/* The block with the latest segment goes first, joined with those it touches (RFC 2018, 4). */
static void sack_note(struct tcp_reass *queue, u32 left, u32 right)
{
    struct tcp_range blocks[TCP_SACK_BLOCKS];
    u32 n = 1;
    for (u32 i = 0; i < queue->sack_count; i++) {
        struct tcp_range r = queue->sack[i];
        if (seq_le(r.left, right) && seq_le(left, r.right)) {
            left = seq_min(left, r.left);
            right = seq_max(right, r.right);
        } else if (n < TCP_SACK_BLOCKS) {
            blocks[n++] = r;
        }
    }
    blocks[0] = (struct tcp_range){left, right};
    for (u32 i = 0; i < n; i++)
        queue->sack[i] = blocks[i];
    queue->sack_count = n;
}

bool tcp_reass_add(struct tcp_reass *queue, struct pkt *p, u32 seq, bool fin)
{
    u32 end = seq + p->len;
    /* The last one that begins at or before seq; nearly always the tail. */
    struct pkt *before = NULL;
    if (queue->tail && seq_le(pkt_seq(queue->tail), seq))
        before = queue->tail;
    else
        for (struct pkt *q = queue->head; q && seq_le(pkt_seq(q), seq); q = q->next)
            before = q;

    u32 start = before ? seq_max(seq, pkt_end(before)) : seq;
    struct pkt *after = before ? before->next : queue->head;
    /* What came first stays: packets within the new one go, but one that reaches beyond it, or has
     * the FIN, keeps its bytes. */
    while (after && seq_le(pkt_end(after), end) && !after->flags) {
        drop_after(queue, before);
        after = before ? before->next : queue->head;
    }
    if (after && seq_lt(pkt_seq(after), end)) {
        end = pkt_seq(after);
        fin = false;
    }
    if (seq_le(end, start)) {
        net_stats.tcp_duplicates++;
        /* A lone FIN goes without saying: it comes again. */
        if (p->len)
            sack_note(queue, seq, seq + p->len);
        return false;
    }

    if (held >= p->pool->total - p->pool->total / 4) {
        /* Full. The highest one makes room for a lower one: the stream needs that first. */
        if (!after)
            return false;
        struct pkt *last = before;
        for (struct pkt *q = after; q != queue->tail; q = q->next)
            last = q;
        sack_cut(queue, pkt_seq(queue->tail));
        if (after == queue->tail)
            after = NULL;
        drop_after(queue, last);
    }

    pkt_pull(p, start - seq);
    p->len = (u16)(end - start);
    put_be32(p->data - 4, start);
    p->flags = fin;
    p->next = after;
    if (before)
        before->next = p;
    else
        queue->head = p;
    if (!after)
        queue->tail = p;
    held++;
    sack_note(queue, start, end);
    return true;
}

struct pkt *tcp_reass_take(struct tcp_reass *queue, u32 rcv_nxt, u32 *seq, bool *fin)
{
    struct pkt *p = queue->head;
    if (!p || seq_lt(rcv_nxt, pkt_seq(p)))
        return NULL;
    *seq = pkt_seq(p);
    *fin = p->flags;
    queue->head = p->next;
    if (!queue->head)
        queue->tail = NULL;
    held--;
    /* Blocks that the cumulative ACK is going to cover go. */
    u32 n = 0;
    for (u32 i = 0; i < queue->sack_count; i++)
        if (seq_lt(pkt_end(p), queue->sack[i].right))
            queue->sack[n++] = queue->sack[i];
    queue->sack_count = n;
    return p;
}
