/* TCP: opening and closing the connection, its timers, and the interface to the floor above. */
#include "base/arith.h"
#include "base/random.h"
#include "base/str.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/tcp_internal.h"

#define DEFAULT_USER_TIMEOUT 30000
#define PORT_LOW             1024 /* RFC 6056, 3.2: everything above the well-known ports */
#define MAX_WINDOW           (65535u << 14)
#define RETRIES_FOR_TIMEOUT  2 /* a clock that jumped is not a peer that is silent */

/* All but what stays over connections. */
static void forget(struct tcb *tcb)
{
    memset(tcb, 0, offsetof(struct tcb, lent));
}

void tcp_init(void)
{
    for (struct tcb *tcb = tcp_connections; tcb; tcb = tcb->next) {
        tcp_reass_flush(&tcb->reass);
        forget(tcb);
    }
    tcp_resets.count = 0;
    tcp_isn_init();
}

void tcp_lend(struct tcb *tcb, const struct tcp_params *params)
{
    tcb->lent = *params;
    tcb->user_timeout = DEFAULT_USER_TIMEOUT;
    tcb->next = tcp_connections;
    tcp_connections = tcb;
}

/* A local port that no connection has. */
static u32 free_port(void)
{
    u32 port = PORT_LOW + random_u32() % (65536 - PORT_LOW);
    for (const struct tcb *tcb = tcp_connections; tcb; tcb = tcb->next)
        if (tcb->ports >> 16 == port)
            return free_port();
    return port;
}

void tcp_connect(struct tcb *tcb, ip4 addr, u16 port, const struct tcp_ops *ops, void *ctx,
                 u32 give_up_ms, msec now)
{
    tcp_now = now;
    tcp_abort(tcb);
    u32 heard = addr == tcb->remote_addr ? tcb->rcv_mss : 0;
    forget(tcb);
    tcb->ops = ops;
    tcb->ctx = ctx;
    tcb->local_addr = ip_source(addr);
    tcb->remote_addr = addr;
    tcb->ports = free_port() << 16 | port;
    tcb->iss = tcp_isn(tcb->local_addr, addr, tcb->ports, now);
    tcb->snd_una = tcb->snd_nxt = tcb->iss;
    tcb->snd_end = tcb->iss + 1;
    tcb->peer_mss = TCP_DEFAULT_MSS;
    tcb->rcv_mss = (u16)max_u32(min_u32(heard, tcp_local_mss(tcb)), TCP_DEFAULT_MSS);
    u32 window = min_u32(tcb->lent.window, MAX_WINDOW);
    while (window >> tcb->rcv_wscale > 65535)
        tcb->rcv_wscale++;
    tcb->rcv_wnd = min_u32(window, net_device()->rx_ring * tcp_local_mss(tcb));
    tcb->ts_offset = random_u32();
    tcb->give_up_ms = give_up_ms;
    tcb->stall_since = now;
    tcb->kick = true;
    tcb->state = TCP_SYN_SENT;
    tcp_loss_init(tcb);
}

u32 tcp_send_space(const struct tcb *tcb)
{
    if (tcb->state == TCP_CLOSED || !tcb->ops || tcb->fin)
        return 0;
    /* Before the handshake is over, snd_una is the SYN's number, which is not the buffer's. */
    u32 una = tcb->state < TCP_ESTABLISHED ? tcb->iss + 1 : tcb->snd_una;
    return tcb->lent.send_buffer_size - (tcb->snd_end - una);
}

u32 tcp_send(struct tcb *tcb, const void *data, u32 len)
{
    len = min_u32(len, tcp_send_space(tcb));
    u32 at = tcb->snd_end & (tcb->lent.send_buffer_size - 1);
    u32 first = min_u32(len, tcb->lent.send_buffer_size - at);
    memcpy(tcb->lent.send_buffer + at, data, first);
    memcpy(tcb->lent.send_buffer, (const u8 *)data + first, len - first);
    tcb->snd_end += len;
    tcb->kick |= len != 0;
    return len;
}

void tcp_expect(struct tcb *tcb, u8 *to, u32 len)
{
    tcb->expect_to = to;
    tcb->expect_len = len;
}

void tcp_close(struct tcb *tcb, msec now)
{
    tcp_now = now;
    if (!tcb->ops)
        return;
    tcb->fin = tcb->kick = true;
    if (tcb->state == TCP_ESTABLISHED)
        tcb->state = TCP_FIN_WAIT_1;
}

void tcp_abort(struct tcb *tcb)
{
    if (tcb->state > TCP_SYN_SENT && tcb->state != TCP_TIME_WAIT)
        tcp_transmit_reset(tcb->local_addr, tcb->remote_addr, tcb->ports, tcb->snd_nxt,
                           tcb->rcv_nxt, TCP_RST | TCP_ACK);
    tcb->ops = NULL;
    tcp_finish(tcb, TCP_CLOSED, OK);
}

void tcp_set_user_timeout(struct tcb *tcb, u32 ms)
{
    tcb->user_timeout = ms;
}

/* Is there data, or a FIN, that the peer has to answer? */
static bool unacknowledged(const struct tcb *tcb)
{
    return tcb->snd_una != tcp_send_limit(tcb) || tcb->state == TCP_FIN_WAIT_2;
}

/* May the time without progress end the connection? */
static bool pending(const struct tcb *tcb)
{
    return unacknowledged(tcb) || tcb->keepalive_sent;
}

/* How long without progress until the connection is given up. */
static u32 give_up_time(const struct tcb *tcb)
{
    return tcb->state < TCP_ESTABLISHED ? tcb->give_up_ms : tcb->user_timeout;
}

/* Why nothing came back. */
static enum error diagnose(const struct tcb *tcb)
{
    enum error e = ip_reachable(tcb->remote_addr);
    if (e)
        return e;
    return tcb->soft_error ? ERR_NET_UNREACHABLE : ERR_TCP_TIMEOUT;
}

/* One more time-out in a row. The way there may have forgotten us. */
static void count_retry(struct tcb *tcb)
{
    if (++tcb->retries >= 2)
        ip_doubt(tcb->remote_addr, tcp_now);
}

static bool keepalive_wanted(const struct tcb *tcb)
{
    return tcb->ops && tcb->state >= TCP_ESTABLISHED && !unacknowledged(tcb);
}

/* False: the connection has been given up. */
static bool timers(struct tcb *tcb)
{
    if (!pending(tcb)) {
        tcb->stall_since = tcp_now;
    } else if (tcp_now - tcb->stall_since >= give_up_time(tcb) &&
               (tcb->state < TCP_ESTABLISHED || tcb->state == TCP_FIN_WAIT_2 || tcb->blocked ||
                tcb->retries >= RETRIES_FOR_TIMEOUT)) {
        tcp_finish(tcb, TCP_CLOSED, tcb->state < TCP_ESTABLISHED ? diagnose(tcb) : ERR_TCP_TIMEOUT);
        return false;
    }
    if (tcb->rto_armed && time_reached(tcp_now, tcp_rto_at(tcb))) {
        count_retry(tcb);
        if (tcp_rto_expired(tcb))
            tcp_transmit_tlp(tcb);
        else if (tcp_long_lost(tcb))
            /* Who is there answers what lies outside its window (RFC 9293, 3.10.7.4). */
            tcp_transmit(tcb, tcb->snd_una - 1, 0, TCP_ACK);
    }
    if (keepalive_wanted(tcb) && time_reached(tcp_now, tcb->keepalive_at)) {
        /* One that does not go out is as good as one that gets lost. */
        tcp_transmit(tcb, tcb->snd_una - 1, 0, TCP_ACK);
        tcb->keepalive_sent = true;
        tcb->keepalive_at = tcp_now + TCP_KEEPALIVE_INTERVAL;
        count_retry(tcb);
    }
    return true;
}

static void poll(struct tcb *tcb, bool more)
{
    tcb->dup_acks_sent = 0;
    if (tcb->state == TCP_SYN_SENT &&
        (tcb->fin || ip_reachable(tcb->remote_addr) == ERR_NET_NO_ROUTE)) {
        tcp_finish(tcb, TCP_CLOSED, tcb->fin ? OK : ERR_NET_NO_ROUTE);
        return;
    }
    if (tcb->freed && tcb->ops && !tcb->fin)
        tcb->ops->writable(tcb->ctx, tcp_now);
    tcb->freed = false;
    if (tcb->state != TCP_CLOSED && timers(tcb))
        tcp_output(tcb, more);
}

void tcp_poll(bool more, msec now)
{
    tcp_now = now;
    for (struct tcb *tcb = tcp_connections; tcb; tcb = tcb->next)
        poll(tcb, more);
}

void tcp_ack_at_once(void)
{
    for (struct tcb *tcb = tcp_connections; tcb; tcb = tcb->next)
        tcb->ack_now |= tcb->delack_armed;
}

/* How long until it has to be polled. */
static u32 timeout(const struct tcb *tcb, msec now)
{
    if (tcb->state == TCP_CLOSED)
        return TIMEOUT_NEVER;
    if (tcb->blocked)
        return TCP_BLOCKED_RETRY;
    if (tcb->kick || tcb->ack_now || tcb->freed)
        return 0;
    u32 ms = TIMEOUT_NEVER;
    if (tcb->rto_armed)
        ms = min_u32(ms, time_left(now, tcp_rto_at(tcb)));
    if (tcb->delack_armed)
        ms = min_u32(ms, time_left(now, tcb->delack_at));
    if (keepalive_wanted(tcb))
        ms = min_u32(ms, time_left(now, tcb->keepalive_at));
    /* Once the time is over, the timers above decide. */
    u32 left = time_left(now, tcb->stall_since + give_up_time(tcb));
    if (pending(tcb) && left)
        ms = min_u32(ms, left);
    return ms;
}

u32 tcp_timeout(msec now)
{
    u32 ms = TIMEOUT_NEVER;
    for (struct tcb *tcb = tcp_connections; tcb; tcb = tcb->next)
        ms = min_u32(ms, timeout(tcb, now));
    return ms;
}
