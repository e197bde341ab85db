/* The e1000 driver against a model of the NIC: frames in and out. */
#include "drv/e1000_fixture.h"
#include "test.h"
#include <string.h>

FIXTURE(with_82540em, power_off);

/* --- receiving -------------------------------------------------------------------------------- */

TEST(frames_come_in_order_over_many_laps)
{
    u32 in = 0, out = 0;
    assert_null(dev->ops->receive(dev));
    for (u32 round = 0; round < 200; round++) {
        u32 frames = 1 + round % dev->rx_ring;
        for (u32 n = 0; n < frames; n++)
            assert_true(receive_numbered(in++));
        for (u32 n = 0; n < frames; n++)
            assert_received(out++);
        assert_null(dev->ops->receive(dev));
        dev->ops->flush(dev);
    }
    assert_int_equal(in, out);
    assert_int_equal(dev->stats.rx_frames, in);
    assert_int_equal(dev->stats.rx_errors, 0);
    assert_int_equal(rx_pool.available, RX_PKTS - (RX_COUNT - 1));
}

TEST(what_rx_ring_promises_fits)
{
    u32 n = 0, out = 0;
    for (u32 lap = 0; lap < 50; lap++) {
        dev->ops->flush(dev);
        assert_true(model_rx_free() < RX_COUNT);
        for (u32 i = 0; i < dev->rx_ring; i++)
            assert_true(receive_numbered(n++));
        for (u32 i = 0; i < dev->rx_ring; i++)
            assert_received(out++);
        /* A few more, so that the laps begin everywhere. */
        receive_numbered(n++);
        assert_received(out++);
    }
}

TEST(the_tail_is_written_in_batches)
{
    u32 before = nic_model->rdt_writes, tdt = nic_model->tdt_writes;
    for (u32 i = 0; i < 40 * RX_COUNT; i++) {
        receive_numbered(i);
        assert_received(i);
        dev->ops->flush(dev);
    }
    assert_int_equal(nic_model->rdt_writes - before, 40 * 4);
    assert_int_equal(nic_model->tdt_writes, tdt);
}

/* QEMU under KVM: RDT alone never reaches the NIC, and nobody flushes while frames keep coming. */
TEST(a_held_back_tail_does_not_stall)
{
    nic_model->holds_rdt = true;
    for (u32 i = 0; i < 10 * RX_COUNT; i++) {
        assert_true(receive_numbered(i));
        assert_received(i);
    }
}

TEST(an_empty_pool_recovers)
{
    struct pkt *kept[RX_PKTS];
    u32 n = 0;
    /* The stack keeps everything it gets. */
    while (receive_numbered(n)) {
        kept[n] = dev->ops->receive(dev);
        assert_non_null(kept[n++]);
        dev->ops->flush(dev);
    }
    assert_int_equal(n, RX_PKTS);
    assert_int_equal(rx_pool.available, 0);
    assert_null(dev->ops->receive(dev));
    dev->ops->flush(dev);
    assert_false(receive_numbered(n));
    /* One buffer comes back: one frame can come in. */
    pkt_free(kept[0]);
    dev->ops->flush(dev);
    assert_true(receive_numbered(7));
    assert_received(7);
    dev->ops->flush(dev);
    for (u32 i = 1; i < n; i++)
        pkt_free(kept[i]);
    dev->ops->flush(dev);
    assert_int_equal(model_rx_free(), RX_COUNT - 1);
    for (u32 i = 0; i < 3 * RX_COUNT; i++) {
        assert_true(receive_numbered(i));
        assert_received(i);
        dev->ops->flush(dev);
    }
    dev->ops->update(dev);
    assert_int_equal(dev->stats.rx_missed, 2);
    assert_int_equal(dev->stats.rx_no_buffers, 2);
}

TEST(bad_frames_are_counted_and_dropped)
{
    const u8 bad[] = {RXD_ERROR_CE, RXD_ERROR_SE, RXD_ERROR_SEQ, RXD_ERROR_CXE, RXD_ERROR_RXE};
    static u8 frame[PKT_SIZE];
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        model_receive(frame, 60, GOOD, bad[i]);
    model_receive(frame, PKT_SIZE + 1, GOOD, 0);
    receive_numbered(5);
    assert_received(5);
    assert_null(dev->ops->receive(dev));
    assert_int_equal(dev->stats.rx_errors, ARRAY_SIZE(bad) + 1);
    assert_int_equal(dev->stats.rx_frames, 1);
    dev->ops->flush(dev);
    assert_int_equal(rx_pool.available, RX_PKTS - (RX_COUNT - 1));
}

TEST(a_frame_over_several_descriptors_is_one_error)
{
    static u8 part[PKT_SIZE];
    model_receive(part, PKT_SIZE, RXD_STATUS_IXSM, 0);
    assert_null(dev->ops->receive(dev));
    assert_int_equal(dev->stats.rx_errors, 0);
    model_receive(part, PKT_SIZE, RXD_STATUS_IXSM, 0);
    model_receive(part, 100, GOOD, 0);
    receive_numbered(3);
    assert_received(3);
    assert_int_equal(dev->stats.rx_errors, 1);
}

/* 13.4.22 of the manual. */
TEST(rctl_tells_the_size_of_the_packets)
{
    static const u32 cases[][2] = {
        {2048, 0x04008002}, {4096, 0x06038022}, {8192, 0x06028022}, {16384, 0x06018022}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        reopen_sized(cases[i][0]);
        assert_int_equal(model_reg(RCTL), cases[i][1]);
        dev->ops->stop(dev);
        assert_int_equal(rx_pool.available, RX_PKTS);
    }
}

TEST(large_frames_fit_large_packets)
{
    static u8 frame[16380];
    static const u32 cases[][2] = {
        {2048, 1518}, {4096, 4096}, {8192, 8192}, {16384, 9014}, {16384, 16380}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        u32 len = cases[i][1];
        reopen_sized(cases[i][0]);
        /* Two laps: each packet has a neighbour that it must not touch. */
        for (u32 n = 0; n < 2 * RX_COUNT; n++) {
            struct pkt *p[2];
            for (u32 k = 0; k < 2; k++) {
                memset(frame, (int)(n + k), len);
                assert_true(model_receive_frame(frame, len));
            }
            for (u32 k = 0; k < 2; k++) {
                p[k] = dev->ops->receive(dev);
                assert_non_null(p[k]);
                assert_int_equal(p[k]->len, len);
            }
            for (u32 k = 0; k < 2; k++) {
                memset(frame, (int)(n + k), len);
                assert_memory_equal(p[k]->data, frame, len);
                pkt_free(p[k]);
            }
            dev->ops->flush(dev);
        }
        assert_int_equal(dev->stats.rx_frames, 4 * RX_COUNT);
        assert_int_equal(dev->stats.rx_errors, 0);
    }
}

TEST(a_frame_longer_than_the_packets_is_one_error)
{
    static u8 frame[16381];
    static const u32 cases[][2] = {{2048, 1519}, {2048, 9014}, {4096, 4097},  {4096, 9014},
                                   {8192, 8193}, {8192, 9014}, {16384, 16381}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        reopen_sized(cases[i][0]);
        model_receive_frame(frame, cases[i][1]);
        receive_numbered(i);
        assert_received(i);
        assert_null(dev->ops->receive(dev));
        dev->ops->update(dev);
        assert_int_equal(dev->stats.rx_errors, 1);
        assert_int_equal(dev->stats.rx_frames, 1);
    }
    /* What no NIC says. */
    reopen_sized(4096);
    model_receive(frame, 4097, GOOD, 0);
    assert_null(dev->ops->receive(dev));
    assert_int_equal(dev->stats.rx_errors, 1);
}

/* --- a NIC that lies -------------------------------------------------------------------------- */

TEST(lengths_that_can_not_be_are_errors)
{
    const u16 lengths[] = {PKT_SIZE + 1, 0x8000, 0xffff};
    struct e1000_rx_desc *d = rx_ring();
    for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
        receive_numbered(i);
        d[i].length = lengths[i];
        assert_null(dev->ops->receive(dev));
        assert_int_equal(dev->stats.rx_errors, i + 1);
    }
    receive_numbered(7);
    assert_received(7);
}

/* Of all there are: those that it has, and the one that it has not. */
TEST(descriptors_that_it_was_never_given_are_not_taken)
{
    struct e1000_rx_desc *r = rx_ring();
    struct e1000_tx_desc *t = tx_ring();
    struct pkt *kept[RX_PKTS];
    u32 n = 0;
    while (rx_pool.available)
        kept[n++] = pkt_alloc(&rx_pool); /* so that none is given anew */
    for (u32 i = 0; i < RX_COUNT; i++) {
        r[i].status = GOOD | RXD_STATUS_DD;
        r[i].length = 60;
    }
    u32 frames = 0;
    for (struct pkt *p; (p = dev->ops->receive(dev)) != NULL; frames++)
        kept[n++] = p;
    assert_int_equal(frames, RX_COUNT - 1);
    assert_int_equal(n, RX_PKTS);
    while (n)
        pkt_free(kept[--n]);
    nic_model->holds_tx = true;
    transmit_numbered(0);
    for (u32 i = 0; i < TX_COUNT; i++)
        t[i].status = TXD_STATUS_DD;
    dev->ops->flush(dev);
    dev->ops->flush(dev);
    assert_int_equal(tx_pool.available, TX_PKTS);
    assert_true(transmit_numbered(1));
    assert_int_equal(tx_pool.available, TX_PKTS - 1);
}

static u16 flags_of(u8 status, u8 errors)
{
    u8 frame[60] = {0};
    model_receive(frame, 60, status | RXD_STATUS_EOP, errors);
    struct pkt *p = dev->ops->receive(dev);
    assert_non_null(p);
    u16 flags = p->flags;
    pkt_free(p);
    dev->ops->flush(dev);
    return flags;
}

TEST(checksums_count_only_when_really_checked)
{
    const u8 both = RXD_STATUS_IPCS | RXD_STATUS_TCPCS;
    assert_int_equal(flags_of(both, 0), PKT_IP_CSUM_OK | PKT_L4_CSUM_OK);
    assert_int_equal(flags_of(RXD_STATUS_IPCS, 0), PKT_IP_CSUM_OK);
    assert_int_equal(flags_of(both, RXD_ERROR_TCPE), PKT_IP_CSUM_OK);
    assert_int_equal(flags_of(both, RXD_ERROR_IPE), PKT_L4_CSUM_OK);
    assert_int_equal(flags_of(both | RXD_STATUS_IXSM, 0), 0);
    assert_int_equal(flags_of(0, 0), 0);
    assert_int_equal(dev->stats.rx_errors, 0);
}

/* --- sending ---------------------------------------------------------------------------------- */

TEST(frames_go_out_in_order_over_many_laps)
{
    u32 n = 0;
    for (u32 round = 0; round < 100; round++) {
        u32 first = n, writes = nic_model->tdt_writes;
        for (u32 i = 0; i < 1 + round % 11; i++)
            assert_true(transmit_numbered(n++));
        assert_int_equal(nic_model->frames_sent, first);
        dev->ops->flush(dev);
        assert_int_equal(nic_model->tdt_writes, writes + 1);
        assert_int_equal(nic_model->frames_sent, n);
        for (u32 i = first; i < n; i++)
            assert_sent(i, i);
    }
    dev->ops->flush(dev);
    assert_int_equal(tx_pool.available, TX_PKTS);
    assert_int_equal(dev->stats.tx_frames, n);
    assert_int_equal(dev->stats.tx_errors, 0);
}

TEST(an_idle_flush_writes_nothing)
{
    u32 rdt = nic_model->rdt_writes, tdt = nic_model->tdt_writes;
    for (u32 i = 0; i < 10; i++)
        dev->ops->flush(dev);
    assert_int_equal(nic_model->rdt_writes, rdt);
    assert_int_equal(nic_model->tdt_writes, tdt);
}

TEST(a_full_ring_gives_the_packet_back)
{
    nic_model->holds_tx = true;
    u32 n = 0;
    while (transmit_numbered(n))
        n++;
    assert_int_equal(n, TX_COUNT - 1);
    assert_int_equal(tx_pool.available, TX_PKTS - n);
    dev->ops->flush(dev);
    assert_false(transmit_numbered(n));
    nic_model->holds_tx = false;
    model_send();
    assert_int_equal(nic_model->frames_sent, n);
    assert_true(transmit_numbered(n));
    dev->ops->flush(dev);
    for (u32 i = 0; i <= n; i++)
        assert_sent(i, i);
    dev->ops->flush(dev);
    assert_int_equal(tx_pool.available, TX_PKTS);
}

/* Without a flush in between: the ring makes room by itself. */
TEST(a_burst_longer_than_the_ring_goes_out)
{
    for (u32 i = 0; i < 5 * TX_COUNT; i++)
        assert_true(transmit_numbered(i));
    dev->ops->flush(dev);
    assert_int_equal(nic_model->frames_sent, 5 * TX_COUNT);
    for (u32 i = 0; i < 5 * TX_COUNT; i++)
        assert_sent(i, i);
}

TEST(collisions_are_counted)
{
    struct e1000_tx_desc *d = tx_ring();
    transmit_numbered(0);
    transmit_numbered(1);
    dev->ops->flush(dev);
    d[0].status |= TXD_STATUS_EC;
    d[1].status |= TXD_STATUS_LC;
    dev->ops->flush(dev);
    assert_int_equal(dev->stats.tx_errors, 2);
}
