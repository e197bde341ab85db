/* TCP (RFC 9293) for a client: active opens only, a few connections. With window scaling and
 * timestamps (RFC 7323), SACK (2018, 6675), NewReno (6582), tail loss probes (8985, 7), RFC 5961's
 * defences; without Nagle and urgent data.
 *
 * Received data is handed up straight from the packet, or where it belongs, in order; what is above
 * takes it all, so the window never changes. Data to send is copied into the connection's send
 * buffer and stays there until it is acknowledged. Data and ACKs go out at tcp_poll(): what one
 * round brings shares segments. */
#ifndef LUNBOOT_TCP_H
#define LUNBOOT_TCP_H

#include "base/error.h"
#include "base/types.h"
#include "drv/pkt.h"

struct icmp_error; /* net/icmp.h */
struct tcb;        /* a connection: net/tcb.h */

/* Upward calls. They may call tcp_send(), tcp_close() and tcp_abort(); closed() may also call
 * tcp_connect(), the others not. */
struct tcp_ops {
    void (*connected)(void *ctx, msec now);
    /* The next len bytes of the stream, all of which are taken. data is valid during the call; it
     * may be what tcp_expect() has named: then they are where they belong. */
    void (*receive)(void *ctx, const u8 *data, u32 len, msec now);
    /* Some of the send buffer has become free since the last tcp_poll(). */
    void (*writable)(void *ctx, msec now);
    /* The connection is gone, for good, and nothing more comes of it. OK: both sides have closed in
     * order. ERR_TCP_CLOSED: the peer has closed, we had not; what is in the send buffer still goes
     * out unless tcp_connect() or tcp_abort() follow. Also: ERR_TCP_REFUSED, ERR_NET_NO_ROUTE,
     * ERR_NET_NO_ARP, ERR_NET_UNREACHABLE (handshake only), ERR_TCP_TIMEOUT, ERR_TCP_RESET. */
    void (*closed)(void *ctx, enum error reason, msec now);
};

/* What a connection may use. */
struct tcp_params {
    u8 *send_buffer;      /* its alone, for ever */
    u32 send_buffer_size; /* a power of two, 64 KiB or more */
    u32 window;           /* bytes that we let a peer send ahead; less when the receive ring, which
                           * all windows share, holds less of its segments */
};

/* Close all connections without a word to anybody, and give back what they keep of the receive
 * pool. */
void tcp_init(void);

/* Once for each connection, which is all zeros before: it is TCP's from now on, and closed. */
void tcp_lend(struct tcb *tcb, const struct tcp_params *params);

/* Open the connection; what it was before is aborted. The port is random (RFC 6056) and no other
 * connection's, the ISS is from RFC 6528. `give_up_ms`: how long the handshake may take. Errors
 * come through closed(). */
void tcp_connect(struct tcb *tcb, ip4 addr, u16 port, const struct tcp_ops *ops, void *ctx,
                 u32 give_up_ms, msec now);

/* Append to the stream: all of it, or as much as there is room for; returns how much. Segments go
 * out at tcp_poll(), so several calls in a row share them. */
u32 tcp_send(struct tcb *tcb, const void *data, u32 len);

/* How much tcp_send() would take now. */
u32 tcp_send_space(const struct tcb *tcb);

/* The next len bytes of the stream belong at `to`. TCP may put some there while it takes their
 * checksum, and before it knows whether that is right: what lies there is undefined until receive()
 * comes. Holds until then, or until it is called again. */
void tcp_expect(struct tcb *tcb, u8 *to, u32 len);

/* No more to send: FIN after what is in the buffer. Data may still arrive. closed() follows, at the
 * latest after the user timeout without progress; never from within this call. */
void tcp_close(struct tcb *tcb, msec now);

/* RST, and forget it. closed() is not called. */
void tcp_abort(struct tcb *tcb);

/* When data is unacknowledged for longer than this, or keepalive has no answer for it, the
 * connection is given up (RFC 9293 3.8.3): milliseconds, 30000 from tcp_lend() on, kept when it
 * is opened anew. A peer that answers with a shut window is alive. */
void tcp_set_user_timeout(struct tcb *tcb, u32 ms);

/* The owner waits for something in vain. Are long segments lost on the way to us: the peer takes
 * all that we send, but none of full length was ever heard? Then true, and the next connection asks
 * for shorter ones; this one is of no use. */
bool tcp_shorten(const struct tcb *tcb);

/* The next tcp_poll() acknowledges all that has come, on every connection. */
void tcp_ack_at_once(void);

/* p->data is at the TCP header, p->len is the segment's length. True: p is kept until what is
 * missing before it arrives. */
bool tcp_input(struct pkt *p, ip4 from, ip4 to, msec now);

/* p->len bytes of text go on where the segment of the latest tcp_input() ended, which was the first
 * packet of it (PKT_FIRST). True: p is kept. */
bool tcp_input_rest(struct pkt *p, msec now);

/* An ICMP error about a segment, perhaps one of ours. */
void tcp_icmp_error(const struct icmp_error *e, msec now);

/* more: frames that nobody has looked at yet are waiting. */
void tcp_poll(bool more, msec now);
u32 tcp_timeout(msec now);

#endif
