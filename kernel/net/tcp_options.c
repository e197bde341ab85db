/* TCP options: MSS (RFC 9293), window scale and timestamps (RFC 7323), SACK (RFC 2018). */
#include "base/arith.h"
#include "base/bytes.h"
#include "net/tcp_internal.h"

#define OPT_END            0
#define OPT_NOP            1
#define OPT_MSS            2
#define OPT_WSCALE         3
#define OPT_SACK_PERMITTED 4
#define OPT_SACK           5
#define OPT_TIMESTAMPS     8

#define TIMESTAMPS_WORD    0x0101080a /* NOP NOP timestamps: as everyone aligns them */
#define TIMESTAMPS_LEN     12
#define SACK_LEN(blocks)   (4 + 8 * (blocks))
#define MAX_WSCALE         14 /* RFC 7323 2.3 */

/* How long each must be, by its kind; 0: it says so itself, or is none of ours. */
static const u8 lengths[] = {
    [OPT_MSS] = 4, [OPT_WSCALE] = 3, [OPT_SACK_PERMITTED] = 2, [OPT_TIMESTAMPS] = 10};

static bool length_is_good(u8 kind, u32 n)
{
    if (kind == OPT_SACK) /* at most four blocks fit 40 bytes of options */
        return n % 8 == 2 && n > 2;
    return kind >= sizeof(lengths) || !lengths[kind] || n == lengths[kind];
}

bool tcp_options_parse(struct tcp_segment *s, const u8 *o, u32 len)
{
    s->has_ts = s->has_wscale = s->sack_permitted = false;
    s->mss = 0;
    s->sack_count = 0;
    for (u32 n; len && o[0] != OPT_END; o += n, len -= n) {
        n = 1;
        if (o[0] == OPT_NOP)
            continue;
        if (len < 2 || o[1] < 2 || o[1] > len || !length_is_good(o[0], o[1]))
            return false;
        n = o[1];
        switch (o[0]) {
        case OPT_MSS:
            s->mss = get_be16(o + 2);
            break;
        case OPT_WSCALE:
            s->has_wscale = true;
            s->wscale = (u8)min_u32(o[2], MAX_WSCALE);
            break;
        case OPT_SACK_PERMITTED:
            s->sack_permitted = true;
            break;
        case OPT_SACK:
            s->sack_count = 0;
            for (u32 i = 2; i < n; i += 8)
                s->sack[s->sack_count++] = (struct tcp_range){get_be32(o + i), get_be32(o + i + 4)};
            break;
        case OPT_TIMESTAMPS:
            s->has_ts = true;
            s->tsval = get_be32(o + 2);
            s->tsecr = get_be32(o + 6);
            break;
        }
    }
    return true;
}

/* How many blocks an ACK tells of. */
static u32 sack_blocks(const struct tcb *tcb)
{
    return tcb->sack_ok ? min_u32(tcb->reass.sack_count, tcb->ts_ok ? 3 : 4) : 0;
}

u32 tcp_options_len(const struct tcb *tcb)
{
    u32 count = sack_blocks(tcb);
    return (tcb->ts_ok ? TIMESTAMPS_LEN : 0) + (count ? SACK_LEN(count) : 0);
}

u32 tcp_options_build(const struct tcb *tcb, u8 *o, u8 flags)
{
    const u8 *start = o;
    bool syn = flags & TCP_SYN;
    /* An answer to a SYN offers only what that had (state SYN-RECEIVED). */
    bool first = syn && !(flags & TCP_ACK);
    if (syn) {
        put_be32(o, OPT_MSS << 24 | 4 << 16 | tcp_local_mss(tcb));
        o += 4;
        if (first || tcb->wscale_ok) {
            put_be32(o, (u32)OPT_NOP << 24 | OPT_WSCALE << 16 | 3 << 8 | tcb->rcv_wscale);
            o += 4;
        }
        if (first || tcb->sack_ok) {
            put_be32(o, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK_PERMITTED << 8 | 2);
            o += 4;
        }
    }
    if (first || tcb->ts_ok) {
        put_be32(o, TIMESTAMPS_WORD);
        put_be32(o + 4, tcp_now + tcb->ts_offset);
        put_be32(o + 8, tcb->ts_recent);
        o += TIMESTAMPS_LEN;
    }
    u32 count = sack_blocks(tcb);
    if (count) {
        put_be32(o, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK << 8 | (2 + 8 * count));
        o += 4;
        for (u32 i = 0; i < count; i++, o += 8) {
            put_be32(o, tcb->reass.sack[i].left);
            put_be32(o + 4, tcb->reass.sack[i].right);
        }
    }
    return (u32)(o - start);
}
