/* The virtio driver against a model of the device: both interfaces, frames, words and interrupts,
 * and a device that lies. */
#include "base/bytes.h"
#include "drv/nic_fixture.h"
#include "drv/pci.h"
#include "drv/virtio_model.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define RX_SIZE 4096

static void power_off(void)
{
    free(nic_model);
    nic_model = NULL;
}

FIXTURE(model_power_on, power_off);

static enum error try_open(void)
{
    return try_open_with(RX_SIZE, nic_memory_bytes(RX_COUNT + TX_COUNT));
}

static void open_device(void)
{
    assert_int_equal(try_open(), OK);
}

static void with_device(void)
{
    model_power_on();
    open_device();
}

static void open_legacy(void)
{
    nic_model->modern = false;
    nic_model->capabilities = 0;
    open_device();
}

static bool receive_numbered(u32 n)
{
    u8 frame[64];
    u32 len = numbered(frame, n);
    return model_receive(frame, len, 0, 1);
}

static void assert_sent(u32 n)
{
    u32 slot = n % MODEL_SENT;
    assert_numbered(nic_model->sent[slot].data, nic_model->sent[slot].len, n);
}

/* --- finding out what it is ------------------------------------------------------------------- */

static void assert_works(void)
{
    const u8 mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    assert_memory_equal(dev->mac, mac, 6);
    assert_true(dev->link_up);
    assert_string_equal(dev->model, "virtio-net");
    assert_int_equal(dev->wake.irq, 11);
    assert_int_equal(nic_model->status & VIRTIO_DRIVER_OK, VIRTIO_DRIVER_OK);
    /* Several times around both queues. */
    for (u32 n = 0; n < 1000; n++) {
        assert_true(receive_numbered(n));
        assert_true(receive_numbered(n + 1));
        assert_received(n);
        assert_received(n + 1);
        assert_null(dev->ops->receive(dev));
        assert_true(transmit_numbered(n));
        dev->ops->flush(dev);
        assert_int_equal(nic_model->frames_sent, n + 1);
        assert_sent(n);
    }
    assert_int_equal(dev->stats.rx_frames, 2000);
    assert_int_equal(dev->stats.tx_frames, 1000);
    assert_int_equal(dev->stats.rx_errors + dev->stats.tx_errors, 0);
    dev->ops->stop(dev);
    assert_no_packets_kept();
    assert_int_equal(nic_model->status, 0);
    assert_int_equal(nic_model->pci_command, PCI_COMMAND_NO_INTX);
}

TEST(by_its_own_interface)
{
    open_device();
    assert_int_equal(nic_model->taken[0], MODEL_FEATURES);
    assert_int_equal(nic_model->taken[1], VIRTIO_VERSION_1 | VIRTIO_ACCESS_PLATFORM);
    assert_int_equal(nic_model->queue[VIRTIO_RX].size, RX_COUNT);
    assert_int_equal(nic_model->queue[VIRTIO_TX].size, 2 * TX_COUNT);
    assert_int_equal(dev->rx_ring, RX_COUNT + 960); /* those that wait on the host */
    assert_true(nic_model->pci_command & PCI_COMMAND_MASTER);
    assert_works();
}

TEST(by_the_legacy_interface)
{
    open_legacy();
    assert_int_equal(nic_model->taken[0], MODEL_FEATURES);
    assert_int_equal(nic_model->queue[VIRTIO_RX].size, 128);
    assert_works();
}

TEST(with_the_fewest_features)
{
    nic_model->offered[0] = VIRTIO_NET_MAC;
    nic_model->link = false; /* it can't tell */
    open_legacy();
    assert_works();
}

TEST(with_a_small_queue)
{
    nic_model->queue_size = 4;
    open_device();
    assert_int_equal(nic_model->queue[VIRTIO_RX].size, 4);
    assert_works();
}

TEST(without_an_address_it_is_of_no_use)
{
    nic_model->offered[0] &= ~VIRTIO_NET_MAC;
    assert_int_equal(try_open(), ERR_NIC_EEPROM);
    nic_model->offered[0] |= VIRTIO_NET_MAC;
    nic_model->mac[0] = 0x01;
    assert_int_equal(try_open(), ERR_NIC_EEPROM);
    assert_int_equal(nic_model->status, 0);
    assert_int_equal(rx_pool.available, RX_PKTS);
}

TEST(a_bar_out_of_reach_leaves_the_ports)
{
    nic_model->bar_high = 1;
    nic_model->modern = false;
    open_device();
    assert_true(virtio_is_legacy());
    dev->ops->stop(dev);
    nic_model->legacy = false;
    nic_model->modern = true;
    assert_int_equal(try_open(), ERR_NIC_ABOVE_4G);
}

TEST(capabilities_that_can_not_be_are_passed_over)
{
    nic_model->legacy = false;
    for (u32 wrong = 0; wrong < 5; wrong++) {
        u8 *common = nic_model->capability[1], kept[20];
        memcpy(kept, common, sizeof(kept));
        common[4] = wrong == 0 ? 7 : 4; /* there is no such BAR */
        put_le32(common + 8, wrong == 1 ? 0xffffff00 : wrong == 2 ? 0x20000000 : 0);
        put_le32(common + 12, wrong == 2 ? 0x7fffffff : wrong == 3 ? 8 : 0x1000);
        common[3] = wrong == 4 ? 9 : 1;
        assert_int_equal(try_open(), ERR_NIC_DEAD);
        memcpy(common, kept, sizeof(kept));
    }
    open_device();
    assert_works();
}

TEST(a_queue_to_be_notified_outside_of_the_window_is_refused)
{
    static const struct {
        u16 apart;
        u32 step, length;
        enum error e;
    } cases[] = {
        {1024, 4, 4096, ERR_NIC_DEAD},
        {3, 4, 13, ERR_NIC_DEAD},
        {4, 0x40000000, 4096, ERR_NIC_DEAD}, /* 2^32 */
        {3, 4, 14, OK},
        {1023, 4, 4096, OK},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        model_power_on();
        u8 *notify = nic_model->capability[4];
        nic_model->notify_apart = cases[i].apart;
        put_le32(notify + 12, cases[i].length);
        put_le32(notify + 16, cases[i].step);
        assert_int_equal(try_open(), cases[i].e);
        if (cases[i].e) {
            assert_int_equal(nic_model->status, 0);
        } else {
            assert_works();
            dev->ops->stop(dev);
        }
        assert_int_equal(rx_pool.available, RX_PKTS);
    }
}

TEST(a_device_that_does_not_go_along_is_dead)
{
    nic_model->refuses = true;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on();
    nic_model->reset_sticks = true;
    nic_model->status = 1;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on();
    nic_model->queue_size = 0;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    assert_int_equal(rx_pool.available, RX_PKTS);
    model_power_on();
    nic_model->gone = true;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
}

TEST(legacy_queues_that_do_not_fit_are_refused)
{
    const u16 sizes[] = {0x8000, 100, 0};
    nic_model->modern = false;
    nic_model->capabilities = 0;
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        nic_model->queue_size = sizes[i];
        assert_int_equal(try_open(), ERR_NIC_DEAD);
        assert_int_equal(nic_model->status, 0);
    }
    nic_model->queue_size = 256; /* QEMU's */
    open_device();
    assert_works();
}

TEST(packets_hold_the_header_too)
{
    const u32 sizes[][2] = {{60, 4096}, {4080, 4096}, {4081, 8192}, {9018, 16384}, {16369, 0}};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_int_equal(nic_packet_size(MODEL_BDF, sizes[i][0]), sizes[i][1]);
}

/* --- words and interrupts --------------------------------------------------------------------- */

TEST_WITH(the_device_is_told_only_what_it_wants_to_know, with_device, power_off)
{
    u32 told = nic_model->notified[VIRTIO_RX];
    assert_true(told <= 1);
    for (u32 n = 0; n < 400; n++) {
        receive_numbered(n);
        assert_received(n);
        dev->ops->flush(dev);
    }
    /* It has never been without buffers. */
    assert_int_equal(nic_model->notified[VIRTIO_RX], told);
    nic_model->holds_tx = true;
    for (u32 n = 0; n < 5; n++)
        transmit_numbered(n);
    dev->ops->flush(dev);
    dev->ops->flush(dev);
    assert_int_equal(nic_model->notified[VIRTIO_TX], 1);
    transmit_numbered(5);
    dev->ops->flush(dev);
    assert_int_equal(nic_model->notified[VIRTIO_TX], 1); /* it is at it */
    /* A device out of buffers asks. */
    while (receive_numbered(0)) {
    }
    for (struct pkt *p; (p = dev->ops->receive(dev)) != NULL;)
        pkt_free(p);
    dev->ops->flush(dev);
    assert_int_equal(nic_model->notified[VIRTIO_RX], told + 1);
}

static void with_flags(void)
{
    model_power_on();
    nic_model->offered[0] &= ~VIRTIO_EVENT_IDX;
    open_device();
}

TEST_WITH(a_device_without_event_indices_has_a_flag, with_flags, power_off)
{
    transmit_numbered(0);
    dev->ops->flush(dev);
    assert_int_equal(nic_model->notified[VIRTIO_TX], 1);
    nic_model->queue[VIRTIO_TX].used[0] = 1;
    transmit_numbered(1);
    dev->ops->flush(dev);
    assert_int_equal(nic_model->notified[VIRTIO_TX], 1);
    nic_model->queue[VIRTIO_TX].used[0] = 0;
    transmit_numbered(2);
    dev->ops->flush(dev);
    assert_int_equal(nic_model->notified[VIRTIO_TX], 2);
    assert_int_equal(nic_model->frames_sent, 3);
}

static void check_wakes(void)
{
    receive_numbered(1);
    assert_false(model_interrupts(VIRTIO_RX));
    assert_true(dev->wake.ready(dev));
    assert_false(dev->wake.enable(dev, true)); /* there is something to do */
    assert_received(1);
    assert_true(dev->wake.enable(dev, true));
    receive_numbered(2);
    assert_true(model_interrupts(VIRTIO_RX));
    nic_model->isr = VIRTIO_ISR_QUEUE;
    assert_true(dev->wake.acknowledge(dev));
    assert_false(dev->wake.acknowledge(dev));
    assert_true(dev->wake.enable(dev, false));
    assert_received(2);
    receive_numbered(3);
    assert_false(model_interrupts(VIRTIO_RX));
    assert_received(3);
    /* A sent frame wakes who waits for room alone. */
    dev->wake.enable(dev, true);
    nic_model->holds_tx = true;
    u32 n = 0;
    while (transmit_numbered(n))
        n++;
    dev->ops->flush(dev);
    assert_true(dev->wake.enable(dev, true));
    nic_model->holds_tx = false;
    model_send();
    nic_model->queue[VIRTIO_TX].done -= (u16)(n - 1); /* as it was after the first */
    assert_true(model_interrupts(VIRTIO_TX));
    nic_model->queue[VIRTIO_TX].done += (u16)(n - 1);
    assert_false(dev->wake.enable(dev, true));
}

TEST(wakes_by_event_indices)
{
    open_device();
    check_wakes();
}

TEST(wakes_by_flags)
{
    with_flags();
    check_wakes();
}

TEST_WITH(the_link_is_followed, with_device, power_off)
{
    nic_model->link = false;
    nic_model->isr = VIRTIO_ISR_CONFIG;
    assert_true(dev->wake.acknowledge(dev));
    assert_false(dev->link_up);
    nic_model->link = true;
    dev->ops->update(dev);
    assert_true(dev->link_up);
    assert_int_equal(dev->stats.link_changes, 2);
}

TEST_WITH(checksums_that_the_host_vouches_for, with_device, power_off)
{
    const u8 flags[][2] = {{0, 0}, {1, PKT_L4_CSUM_OK}, {2, PKT_L4_CSUM_OK}, {4, 0}};
    u8 frame[60] = {0};
    for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
        model_receive(frame, sizeof(frame), flags[i][0], 1);
        struct pkt *p = dev->ops->receive(dev);
        assert_int_equal(p->flags, flags[i][1]);
        pkt_free(p);
    }
}

/* --- frames over several buffers ---------------------------------------------------------------
 */

#define LONG_FRAME 60000
#define TCPV4      1
static u8 long_frame[LONG_FRAME];

/* One comes, in order and whole. */
static void check_long_frame(void)
{
    u32 seed = 1, at = 0;
    for (u32 i = 0; i < LONG_FRAME; i++)
        long_frame[i] = (u8)((seed = seed * 1103515245 + 12345) >> 16);
    u32 buffers = model_receive_long(long_frame, LONG_FRAME, 1, TCPV4);
    assert_int_equal(buffers, (LONG_FRAME + 12 + RX_SIZE - 5) / (RX_SIZE - 4));
    for (u32 i = 0; i < buffers; i++) {
        struct pkt *p = dev->ops->receive(dev);
        assert_non_null(p);
        assert_int_equal(p->flags, PKT_L4_CSUM_OK | (i ? PKT_REST : PKT_FIRST));
        assert_true(p->data >= p->buf + PKT_REST_ROOM);
        assert_memory_equal(p->data, long_frame + at, p->len);
        at += p->len;
        pkt_free(p);
    }
    assert_int_equal(at, LONG_FRAME);
    assert_null(dev->ops->receive(dev));
}

TEST_WITH(a_frame_of_many_segments_comes_in_several_packets, with_device, power_off)
{
    for (u32 n = 0; n < 10; n++) {
        check_long_frame();
        receive_numbered(n);
        assert_received(n);
        dev->ops->flush(dev);
    }
    assert_int_equal(dev->stats.rx_frames, 20);
    assert_int_equal(dev->stats.rx_errors, 0);
    assert_int_equal(rx_pool.available + RX_COUNT, RX_PKTS);
}

TEST(a_frame_of_many_segments_by_the_legacy_interface)
{
    open_legacy();
    check_long_frame();
}

TEST(long_frames_are_not_asked_for_where_they_could_not_be_taken)
{
    const u32 without[] = {VIRTIO_NET_GUEST_CSUM, VIRTIO_NET_MRG_RXBUF};
    for (u32 i = 0; i < ARRAY_SIZE(without); i++) {
        model_power_on();
        nic_model->offered[0] = MODEL_FEATURES & ~without[i];
        open_device();
        assert_int_equal(nic_model->taken[0],
                         MODEL_FEATURES & ~(without[i] | VIRTIO_NET_GUEST_TSO4));
    }
}

TEST_WITH(frames_over_several_buffers_that_are_not_tcps_are_dropped_whole, with_device, power_off)
{
    /* Without a sum, an ordinary one, UDP's. */
    const u8 kinds[][2] = {{0, TCPV4}, {1, 0}, {1, 3}};
    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        model_receive_long(long_frame, 10000, kinds[i][0], kinds[i][1]);
        receive_numbered(i);
        assert_received(i);
        assert_int_equal(dev->stats.rx_errors, i + 1);
        dev->ops->flush(dev);
    }
    assert_int_equal(rx_pool.available + RX_COUNT, RX_PKTS);
}

TEST_WITH(what_is_behind_a_buffer_of_impossible_length_is_dropped, with_device, power_off)
{
    volatile u32 *ring = (volatile u32 *)(nic_model->queue[VIRTIO_RX].used + 2);
    assert_int_equal(model_receive_long(long_frame, 15000, 1, TCPV4), 4);
    ring[2 * 1 + 1] = RX_SIZE;
    receive_numbered(1);
    pkt_free(dev->ops->receive(dev));
    assert_received(1);
    assert_int_equal(rx_pool.available, RX_PKTS - RX_COUNT + 5);
}

TEST_WITH(a_frame_over_more_buffers_than_there_are_resets_it, with_device, power_off)
{
    model_receive(long_frame, 60, 1, RX_COUNT + 1);
    pkt_free(dev->ops->receive(dev));
    dev->ops->update(dev);
    assert_int_equal(nic_model->resets, 2);
    assert_int_equal(dev->stats.rx_frames, 0);
    receive_numbered(1);
    assert_received(1);
}

TEST_WITH(a_queue_that_hangs_is_restarted, with_device, power_off)
{
    nic_model->holds_tx = true;
    transmit_numbered(0);
    dev->ops->flush(dev);
    dev->ops->update(dev);
    host_now += 2500;
    dev->ops->update(dev);
    assert_int_equal(nic_model->resets, 2);
    assert_int_equal(dev->stats.tx_errors, 1);
    assert_int_equal(tx_pool.available, TX_PKTS);
    nic_model->holds_tx = false;
    transmit_numbered(0);
    dev->ops->flush(dev);
    assert_sent(0);
}

/* --- a device that lies ----------------------------------------------------------------------- */

TEST_WITH(frames_of_impossible_lengths_are_dropped, with_device, power_off)
{
    u8 frame[60] = {0};
    const u32 lengths[] = {RX_SIZE - 4 - 12 + 1, UINT32_MAX - 12, 0xffffffff, 0};
    for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
        model_receive(frame, 60, 0, 1);
        volatile u32 *ring = (volatile u32 *)(nic_model->queue[VIRTIO_RX].used + 2);
        ring[2 * i + 1] = lengths[i] + 12;
        assert_null(dev->ops->receive(dev));
        assert_int_equal(dev->stats.rx_errors, i + 1);
    }
    assert_int_equal(rx_pool.available + RX_COUNT, RX_PKTS + ARRAY_SIZE(lengths));
    receive_numbered(1);
    assert_received(1);
}

static void assert_broken_and_mended(void)
{
    assert_null(dev->ops->receive(dev));
    transmit_numbered(0);
    dev->ops->flush(dev);
    assert_false(dev->wake.ready(dev));
    dev->ops->update(dev);
    assert_int_equal(nic_model->resets, 2);
    assert_int_equal(rx_pool.available, RX_PKTS - RX_COUNT);
    assert_int_equal(tx_pool.available, TX_PKTS);
    receive_numbered(7);
    assert_received(7);
}

TEST(completions_of_what_was_never_given_reset_it)
{
    for (u16 queue = 0; queue < 2; queue++) {
        const u32 ids[] = {0xffffffff, RX_COUNT, 0x10000, 3};
        for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
            model_power_on();
            open_device();
            if (queue == VIRTIO_RX && ids[i] == 3) { /* the second time is once too often */
                model_use(queue, 3, 80);
                pkt_free(dev->ops->receive(dev));
            }
            model_use(queue, ids[i], 80);
            assert_broken_and_mended();
        }
    }
}

TEST(an_index_that_jumps_resets_it)
{
    for (u16 queue = 0; queue < 2; queue++) {
        model_power_on();
        open_device();
        nic_model->queue[queue].used[1] = 0x8000;
        assert_broken_and_mended();
    }
}

TEST_WITH(a_device_that_vanishes_ends_in_no_hang, with_device, power_off)
{
    assert_no_hang_once(&nic_model->gone);
}

TEST(a_device_that_vanishes_during_open_ends_in_an_error)
{
    for (u32 legacy = 0; legacy < 2; legacy++) {
        u32 n = 0;
        do {
            model_power_on();
            nic_model->modern = !legacy;
            nic_model->capabilities = legacy ? 0 : nic_model->capabilities;
            nic_model->vanishes = ++n;
            if (try_open() == OK)
                break;
            assert_int_equal(nic_model->pci_command, PCI_COMMAND_NO_INTX);
            assert_int_equal(rx_pool.available, RX_PKTS);
        } while (n < 100);
        assert_in_range(n, 5, 99);
        /* What is left to read then is a part of the address, and the link. */
        assert_int_equal(dev->link_up, !nic_model->gone);
        dev->ops->stop(dev);
    }
}
