/* How long segments may be (RFC 9293, 3.7.1), in both directions. */
#include "base/arith.h"
#include "net/ip.h"
#include "net/tcp_internal.h"

u32 tcp_local_mss(const struct tcb *tcb)
{
    return ip_path_payload(tcb->remote_addr) - TCP_HEADER;
}

bool tcp_update_mss(struct tcb *tcb)
{
    u32 old = tcb->snd_mss;
    u32 mss = min_u32(tcb->peer_mss, ip_path_payload(tcb->remote_addr) - TCP_HEADER);
    mss = min_u32(mss, PKT_SIZE - PKT_HEADROOM - TCP_HEADER);
    /* The MSS counts no options (RFC 6691). */
    tcb->snd_mss = (u16)(max_u32(mss, TCP_MIN_MSS) - (tcb->ts_ok ? 12 : 0));
    return tcb->snd_mss < old;
}
