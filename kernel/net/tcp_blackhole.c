/* Segments that are too long for the way, and of which nobody tells: the black hole of RFC 4821 and
 * RFC 2923, 2.1. In its simplest form: when the peer is heard while long segments are not, they are
 * made shorter step by step, also for the connections that follow. */
#include "base/arith.h"
#include "net/ip.h"
#include "net/tcp_internal.h"

#define OPTIONS_MOST  40u /* that a full segment may have in place of text */
#define RETRIES_ALIKE 3   /* so many are an ordinary loss */
#define SIGNS_OF_LIFE 2   /* between time-outs of one long segment: loss alone does not do that */

bool tcp_long_lost(struct tcb *tcb)
{
    u32 len = min_u32(tcb->snd_nxt - tcb->snd_una, tcb->snd_mss);
    if (tcb->retries < RETRIES_ALIKE)
        tcb->signs_of_life = 0;
    if (tcb->retries < RETRIES_ALIKE || len <= TCP_DEFAULT_MSS || !tcb->snd_wnd)
        return false;
    /* Whatever arrives moves the keepalive timer. */
    tcb->signs_of_life += time_reached(tcb->keepalive_at - TCP_KEEPALIVE_IDLE, tcb->rto_start);
    if (tcb->signs_of_life >= SIGNS_OF_LIFE &&
        ip_path_lost(len + tcp_options_len(tcb) + TCP_HEADER)) {
        tcp_update_mss(tcb);
        tcp_reset_rto(tcb); /* it was not congestion */
        tcb->signs_of_life = 0;
    }
    return true;
}

bool tcp_shorten(const struct tcb *tcb)
{
    u32 full = min_u32(tcb->peer_mss, tcp_local_mss(tcb));
    return tcb->state == TCP_ESTABLISHED && tcb->snd_una == tcb->snd_nxt &&
           tcb->rcv_mss + OPTIONS_MOST < full && ip_path_lost(full + TCP_HEADER);
}
