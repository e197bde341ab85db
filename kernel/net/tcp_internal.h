/* What the files of TCP share: the calls between them, and what is of no one connection. Nobody
 * else includes this. From the ground up:
 *
 *   tcp_reass.c     out-of-order queue; knows nothing of the connection
 *   tcp_state.c     the connections, and how one ends
 *   tcp_isn.c       initial sequence numbers
 *   tcp_mss.c       how long segments may be
 *   tcp_options.c   options
 *   tcp_parse.c     an arrived segment: header, checksum, options
 *   tcp_loss.c      what is lost and how much may be under way: RTO, tail loss probe, congestion
 *                   control, SACK; it decides, and sends nothing
 *   tcp_blackhole.c what is lost because it is too long
 *   tcp_output.c    segments to send
 *   tcp_input.c     what an arrived segment does: checks, and the state machine
 *   tcp.c           interface, opening, closing, timers' poll */
#ifndef LUNBOOT_TCP_INTERNAL_H
#define LUNBOOT_TCP_INTERNAL_H

#include "base/types.h"
#include "net/tcb.h"

/* The header (RFC 9293, 3.1), offsets. */
#define TCP_PORTS              0 /* source << 16 | destination */
#define TCP_SEQ                4
#define TCP_ACK_NUMBER         8
#define TCP_DATA_OFFSET        12 /* header length in 32-bit words << 4 */
#define TCP_FLAGS              13
#define TCP_WINDOW             14
#define TCP_CHECKSUM           16
#define TCP_HEADER             20

#define TCP_FIN                0x01
#define TCP_SYN                0x02
#define TCP_RST                0x04
#define TCP_PSH                0x08
#define TCP_ACK                0x10

/* Limits and times, milliseconds. */
#define TCP_MIN_MSS            64   /* a peer that wants less gets this, not a flood of headers */
#define TCP_DEFAULT_MSS        536  /* RFC 9293 3.7.1 */
#define TCP_INITIAL_RTO        1000 /* RFC 6298 2.1 */
#define TCP_SYN_RTO            3000 /* RFC 6298 5.7: after a lost SYN */
#define TCP_MIN_RTO            200 /* longer than a peer's delayed ACK; RFC 6298's second is too long */
#define TCP_MAX_RTO            60000 /* RFC 6298 2.5 */
#define TCP_MIN_PTO            10    /* RFC 8985 7.2: a few ticks of the clock, and a busy peer's */
#define TCP_DELAYED_ACK        40
#define TCP_KEEPALIVE_IDLE     15000
#define TCP_KEEPALIVE_INTERVAL 2000
#define TCP_BLOCKED_RETRY      10 /* between attempts while packets do not go out */
#define TCP_DUP_THRESH         3  /* RFC 5681 */

/* An arrived segment in host order. */
struct tcp_segment {
    u32 seq, ack;
    u32 end;   /* seq + len, + 1 for SYN and for FIN */
    u32 wnd;   /* as it stands in the header */
    u32 ports; /* local << 16 | remote */
    u32 len;
    struct tcb *tcb; /* whose it is; NULL: nobody's */
    u8 flags;
    bool placed; /* the text has been copied to tcb->expect_to */
    /* Options: */
    bool has_ts, has_wscale, sack_permitted;
    u8 wscale;
    u16 mss; /* 0: not given */
    u32 tsval, tsecr;
    u32 sack_count;
    struct tcp_range sack[TCP_SACK_BLOCKS];
};

/* All that tcp_lend() was called for. */
extern struct tcb *tcp_connections;
extern struct tcp_limiter tcp_resets; /* sent to whoever has no connection with us */
extern msec tcp_now; /* of the latest call, for those without a time of their own */

static inline bool seq_lt(u32 a, u32 b)
{
    return (s32)(a - b) < 0;
}

static inline bool seq_le(u32 a, u32 b)
{
    return (s32)(a - b) <= 0;
}

static inline u32 seq_max(u32 a, u32 b)
{
    return seq_lt(a, b) ? b : a;
}

static inline u32 seq_min(u32 a, u32 b)
{
    return seq_lt(a, b) ? a : b;
}

/* Behind everything that is to be sent, the FIN included. */
static inline u32 tcp_send_limit(const struct tcb *tcb)
{
    return tcb->snd_end + tcb->fin;
}

/* tcp_reass.c */

/* Keep p, whose payload begins at p->data and at seq, until what is missing arrives; up to three
 * quarters of the packets of its pool, in all queues. True: p is the queue's now. */
bool tcp_reass_add(struct tcp_reass *r, struct pkt *p, u32 seq, bool fin);

/* The next packet that begins at or before rcv_nxt, now the caller's; NULL when there is none. */
struct pkt *tcp_reass_take(struct tcp_reass *r, u32 rcv_nxt, u32 *seq, bool *fin);

void tcp_reass_flush(struct tcp_reass *r);

/* tcp_state.c */

/* The connection to this address with these ports (local << 16 | remote); NULL: none. */
struct tcb *tcp_find(ip4 remote, u32 ports);

/* The peer answered: the time without progress starts anew. */
void tcp_progress(struct tcb *tcb);

/* The connection is over: go to `state` (CLOSED, TIME-WAIT or LAST-ACK) and tell the owner. The
 * owner may have opened another one when this returns: touch nothing. */
void tcp_finish(struct tcb *tcb, enum tcp_state state, enum error reason);

/* tcp_isn.c */

void tcp_isn_init(void);

/* RFC 6528. */
u32 tcp_isn(ip4 local, ip4 remote, u32 ports, msec now);

/* tcp_mss.c */

/* The MSS that we announce: the most that a segment may bring us. */
u32 tcp_local_mss(const struct tcb *tcb);

/* Bring snd_mss up to date; true when it has shrunk. */
bool tcp_update_mss(struct tcb *tcb);

/* tcp_options.c */

/* Parse len bytes of options into s; false when they are malformed. */
bool tcp_options_parse(struct tcp_segment *s, const u8 *o, u32 len);

/* How many bytes tcp_options_build() will write for a segment without SYN. */
u32 tcp_options_len(const struct tcb *tcb);

/* Write the options for a segment with these flags; returns their length, a multiple of 4. */
u32 tcp_options_build(const struct tcb *tcb, u8 *o, u8 flags);

/* tcp_parse.c */

/* The segment in p, from its TCP header on, in host order. False: it is malformed, and was counted.
 */
bool tcp_parse(struct tcp_segment *s, const struct pkt *p, ip4 from, ip4 to);

/* tcp_loss.c */

void tcp_loss_init(struct tcb *tcb);
void tcp_loss_established(struct tcb *tcb);

/* Take the acknowledgment (within snd_una .. snd_nxt) and SACK blocks of a segment. */
void tcp_acknowledged(struct tcb *tcb, const struct tcp_segment *s, bool window_changed);

/* The retransmission timer runs until then, while tcb->rto_armed: to a tail loss probe, where one
 * may be sent, or to the timeout. */
msec tcp_rto_at(const struct tcb *tcb);

/* It has run out. True: a tail loss probe is to be sent. */
bool tcp_rto_expired(struct tcb *tcb);

/* Everything under way has to be sent again. */
void tcp_mark_all_lost(struct tcb *tcb);

/* Bytes that are believed to be in the network (RFC 6675). */
u32 tcp_pipe(const struct tcb *tcb);

/* The next lost range that was not sent again; false: none. */
bool tcp_next_lost(const struct tcb *tcb, struct tcp_range *hole);

void tcp_arm_rto(struct tcb *tcb);

/* Take back what timeouts have doubled. */
void tcp_reset_rto(struct tcb *tcb);

/* The initial and restart window (RFC 6928). */
u32 tcp_initial_window(const struct tcb *tcb);

/* tcp_blackhole.c */

/* The retransmission timer has run out, and the time-outs are counted. When it was a long segment's
 * again, and the peer was heard meanwhile, segments become shorter. True: as long as that may be so
 * the peer is to be asked for a sign of life. */
bool tcp_long_lost(struct tcb *tcb);

/* tcp_output.c */

/* Send what window and congestion allow, or at least an ACK that is due. more: as in tcp_poll(). */
void tcp_output(struct tcb *tcb, bool more);

/* One segment: `len` bytes of the send buffer from seq. An ACK it carries counts as sent. False:
 * it did not go out, and nothing has changed. */
bool tcp_transmit(struct tcb *tcb, u32 seq, u32 len, u8 flags);

/* A tail loss probe: the last segment's worth of what is under way, once more. */
void tcp_transmit_tlp(struct tcb *tcb);

/* A reset without a connection, or for one that is given up. */
void tcp_transmit_reset(ip4 from, ip4 to, u32 ports, u32 seq, u32 ack, u8 flags);

#endif
