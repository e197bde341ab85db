/* A connection: the transmission control block of RFC 9293, 3.3.1, for its owner to hold. What is
 * in it concerns tcp_*.c alone. */
#ifndef LUNBOOT_TCB_H
#define LUNBOOT_TCB_H

#include "base/types.h"
#include "net/tcp.h"

/* Ordered so that "synchronized" is a comparison. There is no CLOSE-WAIT: the owner hears of the
 * peer's FIN by closed(), so our own FIN follows at once and the connection is in LAST-ACK, behind
 * the owner's back. TIME-WAIT only answers late segments, and ends with the next tcp_connect(). */
enum tcp_state {
    TCP_CLOSED,
    TCP_SYN_SENT,
    TCP_SYN_RECEIVED,
    TCP_ESTABLISHED,
    TCP_FIN_WAIT_1,
    TCP_FIN_WAIT_2,
    TCP_CLOSING,
    TCP_LAST_ACK,
    TCP_TIME_WAIT,
};

enum tcp_recovery {
    TCP_OPEN, /* nothing is known to be lost */
    TCP_FAST, /* fast recovery (RFC 6582, RFC 6675) */
    TCP_LOSS, /* after a retransmission timeout */
};

/* Sequence numbers left .. right - 1. */
struct tcp_range {
    u32 left, right;
};

#define TCP_SACK_BLOCKS 4  /* that fit the options */
#define TCP_SCOREBOARD  16 /* ranges that we remember the peer to hold */

/* Packets that arrived out of order: see tcp_reass.c. */
struct tcp_reass {
    struct pkt *head, *tail;
    u32 sack_count;
    struct tcp_range sack[TCP_SACK_BLOCKS]; /* what is held, the latest first (RFC 2018, 4) */
};

struct tcp_limiter {
    msec since;
    u32 count;
};

/* Names are RFC 9293's where it has one. What the code names most comes first: 128 bytes are within
 * reach of a short displacement. */
struct tcb {
    enum tcp_state state;
    const struct tcp_ops *ops; /* NULL: nobody is to hear of it any more */
    void *ctx;
    ip4 local_addr, remote_addr;
    u32 ports; /* local << 16 | remote */

    /* Sending. Byte seq of the stream is send_buffer[seq mod size]. */
    u32 iss, snd_una, snd_nxt;
    u32 snd_end;  /* behind the last byte in the send buffer */
    bool fin;     /* a FIN follows the byte before snd_end */
    bool kick;    /* there may be something to send */
    bool freed;   /* the peer acknowledged data since the last poll */
    bool blocked; /* the last attempt to send failed */
    u32 snd_wnd;
    u16 snd_mss, peer_mss;

    /* Receiving. */
    u32 rcv_nxt, rcv_wnd;
    u16 rcv_mss; /* the largest segment seen, also on the connection to this peer before */
    bool ack_now;
    u8 rcv_wscale, snd_wscale;

    /* Options agreed on. */
    bool sack_ok, ts_ok, wscale_ok;

    /* Loss: unSACKed bytes of snd_una .. lost_edge are lost; those below rtx_nxt have been sent
     * again. */
    enum tcp_recovery recovery;
    u32 lost_edge, rtx_nxt;
    u32 cwnd, ssthresh;
    u32 dup_bytes; /* without SACK: what duplicate ACKs say has arrived */
    u32 scoreboard_count;
    bool cwnd_limited;
    bool tlp_out; /* a tail loss probe, and nothing has been concluded from it yet */

    /* Times. */
    bool rto_armed, rtt_timing, delack_armed, syn_lost;
    bool window_probe_due; /* the peer is to be asked whether its window is still closed */
    bool keepalive_sent;   /* and not answered yet */
    u32 rto;               /* with back-off */
    u32 srtt8, rttvar4;    /* scaled by 8 and by 4; srtt8 0: no sample yet */
    msec rto_start, rtt_start, delack_at, keepalive_at;
    u32 rtt_seq;       /* acknowledging this ends the measurement (without timestamps) */
    msec stall_since;  /* no progress since */
    u32 give_up_ms;    /* for the handshake */
    u32 retries;       /* timeouts in a row */
    u32 signs_of_life; /* of the peer, between them: see tcp_long_lost() */
    bool soft_error;   /* an ICMP error that is only worth telling if nothing else comes */

    /* More of sending, and of loss. */
    u32 max_snd_wnd, snd_wl1;
    msec last_sent;
    u32 recover; /* recovery ends when this is acknowledged */
    u32 cwnd_credit;
    u32 dup_acks;
    u32 tlp_end_seq; /* what the latest tail loss probe ended with (RFC 8985, 7.1) */

    /* More of receiving. */
    u32 last_ack_sent;
    u32 dup_acks_sent; /* since the last poll */
    u8 *expect_to;     /* see tcp_expect() */
    u32 expect_len;
    u32 ts_recent, ts_offset;
    msec ts_recent_at;
    struct tcp_limiter challenges;               /* answers to what looks like an attack */
    struct tcp_reass reass;                      /* out of order */
    struct tcp_range scoreboard[TCP_SCOREBOARD]; /* ascending, disjoint */

    /* From here on it stays over connections. */
    struct tcp_params lent;
    u32 user_timeout;
    struct tcb *next; /* the one before it in tcp_connections */
};

#endif
