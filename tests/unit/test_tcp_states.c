/* TCP: opening, closing, and what happens to the connection as a whole. */
#include "bytes.h"
#include "net/arp.h"
#include "net/icmp.h"
#include "net/net.h"
#include "tcp_peer.h"
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <string.h>

#define UNA (our_iss + 1)  /* the first byte of ours */
#define RCV (PEER_ISS + 1) /* the first byte of the peer's */

static int fresh(void **state)
{
    (void)state;
    peer_reset(1000);
    return 0;
}

static int nothing_leaks(void **state)
{
    (void)state;
    tcp_abort();
    assert_int_equal(peer_rx_pool.available, peer_rx_pool.total);
    assert_int_equal(peer_tx_pool.available, peer_tx_pool.total);
    return 0;
}

static void syn_offers_everything(void **state)
{
    (void)state;
    peer_connect();
    peer_poll();
    struct seg *s = peer_next();
    assert_int_equal(s->flags, SYN);
    assert_int_equal(s->dport, PEER_PORT);
    assert_true(s->sport >= 1024);
    assert_true(s->has_mss && s->has_wscale && s->sack_permitted && s->has_ts);
    assert_int_equal(s->mss, 1460);
    assert_int_equal(s->wscale, 3); /* 256 KiB */
    assert_int_equal(s->wnd, 65535);
    assert_int_equal(s->ack, 0);
    assert_int_equal(s->tsecr, 0);
}

static void established_by_syn_ack(void **state)
{
    (void)state;
    state_syn_sent();
    struct seg *s = peer_accept();
    assert_int_equal(events.connected, 1);
    assert_int_equal(s->wnd << 3, PEER_WINDOW);
    assert_true(s->has_ts);
    assert_int_equal(s->tsecr, now + peer_tsval_offset);
    assert_false(s->sack_permitted || s->has_mss || s->has_wscale);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, nothing_leaks)
    const struct CMUnitTest tests[] = {
        T(syn_offers_everything),
        T(established_by_syn_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
