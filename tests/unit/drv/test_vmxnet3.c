/* The VMXNET3 driver against a model of the device: what it is, frames, interrupts, and a device
 * that lies. */
#include "base/bytes.h"
#include "drv/nic_fixture.h"
#include "drv/pci.h"
#include "drv/vmxnet3_model.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static void power_off(void)
{
    free(nic_model);
    nic_model = NULL;
}

FIXTURE(model_power_on, power_off);

static enum error try_open_sized(u32 rx_size)
{
    return try_open_with(rx_size, nic_memory_bytes(RX_COUNT + TX_COUNT));
}

static enum error try_open(void)
{
    return try_open_sized(PKT_SIZE);
}

static void with_device(void)
{
    model_power_on();
    assert_int_equal(try_open(), OK);
}

static bool receive_numbered(u32 n)
{
    u8 frame[64];
    u32 len = numbered(frame, n);
    return model_receive(frame, len, RX_SOP | RX_EOP | RX_UNCHECKED, 0);
}

static void assert_sent(u32 slot, u32 n)
{
    slot %= MODEL_SENT;
    assert_numbered(nic_model->sent[slot].data, nic_model->sent[slot].len, n);
}

TEST_WITH(open_tells_about_the_device, with_device, power_off)
{
    const u8 mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    assert_memory_equal(dev->mac, mac, 6);
    assert_string_equal(dev->model, "VMware VMXNET3");
    assert_true(dev->link_up);
    assert_int_equal(dev->link_mbps, 10000);
    assert_int_equal(dev->wake.irq, 11);
    assert_int_equal(nic_model->shared->mtu, 1500);
    assert_true(nic_model->active && nic_model->masked);
    assert_int_equal(nic_model->pci_command & PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
}

TEST(every_revision_that_knows_the_first_will_do)
{
    for (u32 newer = 0; newer < 128; newer += 2) {
        model_power_on();
        nic_model->revisions = nic_model->upt_revisions = newer | REVISION_1;
        assert_int_equal(try_open(), OK);
        assert_true(nic_model->active);
    }
}

TEST_WITH(frames_go_around_the_rings, with_device, power_off)
{
    for (u32 n = 0; n < 2000; n++) {
        assert_true(receive_numbered(n));
        assert_true(receive_numbered(n + 1));
        assert_received(n);
        assert_received(n + 1);
        assert_null(dev->ops->receive(dev));
        assert_true(transmit_numbered(n));
        dev->ops->flush(dev);
        assert_int_equal(nic_model->frames_sent, n + 1);
        assert_sent(n, n);
    }
    assert_int_equal(dev->stats.rx_frames, 4000);
    assert_int_equal(dev->stats.tx_frames, 2000);
    assert_int_equal(dev->stats.rx_errors + dev->stats.tx_errors, 0);
    /* A word to the NIC about new descriptors is not needed for each frame. */
    assert_in_range(nic_model->told, 4000 / RX_COUNT, 4 * 4000 / RX_COUNT + 2);
}

TEST_WITH(a_burst_fills_the_ring_and_no_more, with_device, power_off)
{
    u32 n = 0;
    while (receive_numbered(n))
        n++;
    assert_int_equal(n, RX_COUNT - 1);
    for (u32 i = 0; i < n; i++)
        assert_received(i);
    dev->ops->flush(dev);
    assert_true(receive_numbered(7));
    assert_received(7);
    nic_model->holds_tx = true;
    for (n = 0; transmit_numbered(n);)
        n++;
    assert_int_equal(n, TX_COUNT - 1);
    nic_model->holds_tx = false;
    dev->ops->flush(dev);
    model_send();
    assert_true(transmit_numbered(n));
    dev->ops->flush(dev);
    assert_sent(nic_model->frames_sent - 1, n);
}

TEST_WITH(stop_leaves_the_nic_silent, with_device, power_off)
{
    nic_model->holds_tx = true;
    transmit_numbered(0);
    receive_numbered(0);
    dev->ops->stop(dev);
    assert_false(nic_model->active);
    assert_true(nic_model->masked);
    assert_null(nic_model->shared);
    assert_no_packets_kept();
    assert_int_equal(nic_model->pci_command, PCI_COMMAND_NO_INTX);
}

TEST(packets_fit_the_length_field)
{
    const u32 sizes[][2] = {{60, 2048}, {2048, 2048}, {2049, 4096}, {8192, 8192}, {8193, 0}};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_int_equal(nic_packet_size(MODEL_BDF, sizes[i][0]), sizes[i][1]);
    assert_int_equal(try_open_sized(4096), OK);
    assert_int_equal(nic_model->shared->mtu, 9000);
}

TEST_WITH(checksums_that_the_nic_vouches_for, with_device, power_off)
{
    const u32 says[][3] = {
        {0, RX_L4_OK | RX_IP_OK, PKT_IP_CSUM_OK | PKT_L4_CSUM_OK},
        {0, RX_IP_OK, PKT_IP_CSUM_OK},
        {0, RX_L4_OK | RX_IP_OK | RX_FRAGMENT, 0},
        {RX_UNCHECKED, RX_L4_OK | RX_IP_OK, 0},
    };
    u8 frame[60] = {0};
    for (u32 i = 0; i < ARRAY_SIZE(says); i++) {
        model_receive(frame, sizeof(frame), RX_SOP | RX_EOP | says[i][0], says[i][1]);
        struct pkt *p = dev->ops->receive(dev);
        assert_int_equal(p->flags, says[i][2]);
        pkt_free(p);
    }
}

TEST_WITH(it_wakes_and_is_acknowledged, with_device, power_off)
{
    receive_numbered(1);
    assert_false(nic_model->asserted);
    assert_true(dev->wake.ready(dev));
    assert_false(dev->wake.enable(dev, true)); /* there is something to do */
    assert_received(1);
    assert_true(dev->wake.enable(dev, true));
    receive_numbered(2);
    assert_true(dev->wake.acknowledge(dev));
    assert_false(dev->wake.acknowledge(dev));
    assert_true(dev->wake.enable(dev, false));
    receive_numbered(3);
    assert_false(nic_model->asserted);
    assert_received(2);
    assert_received(3);
}

TEST_WITH(the_link_is_followed, with_device, power_off)
{
    assert_true(dev->wake.enable(dev, true));
    nic_model->link = false;
    model_event(EVENT_LINK);
    assert_true(dev->wake.acknowledge(dev));
    assert_false(dev->link_up);
    assert_int_equal(nic_model->shared->events, 0);
    nic_model->link = true;
    dev->ops->update(dev);
    assert_true(dev->link_up);
    assert_int_equal(dev->stats.link_changes, 2);
}

/* --- what an operating system finds ----------------------------------------------------------- */

static void paused(void)
{
    with_device();
    nic_model->holds_tx = true;
    transmit_numbered(0);
    dev->ops->flush(dev);
    receive_numbered(0);
    dev->ops->pause(dev, true);
    nic_model->holds_tx = false;
}

static void assert_goes_on(void)
{
    assert_false(dev->paused);
    assert_true(nic_model->active && nic_model->masked);
    assert_int_equal(nic_model->resets, 1);
    assert_true(receive_numbered(7));
    assert_received(7);
    assert_true(transmit_numbered(8));
    dev->ops->flush(dev);
    assert_sent(nic_model->frames_sent - 1, 8);
    assert_int_equal(dev->stats.tx_errors + dev->stats.rx_errors, 0);
}

TEST_WITH(a_pause_leaves_the_nic_silent, paused, power_off)
{
    assert_true(dev->paused && nic_model->masked);
    assert_false(nic_model->active);
    assert_no_packets_kept();
    assert_null(dev->ops->receive(dev)); /* what had come, too */
    assert_false(dev->wake.ready(dev));
    dev->ops->flush(dev);
    host_now += 5000;
    dev->ops->update(dev);
    assert_true(dev->paused && !nic_model->active && !receive_numbered(1));
    /* QEMU's writes there whenever its link changes. */
    assert_non_null(nic_model->shared);
    dev->ops->pause(dev, false);
    assert_goes_on();
}

TEST_WITH(an_interrupt_that_nobody_took_ends_with_the_pause, with_device, power_off)
{
    dev->wake.enable(dev, true);
    receive_numbered(1);
    dev->wake.enable(dev, false);
    assert_true(nic_model->asserted);
    dev->ops->pause(dev, true);
    assert_false(nic_model->asserted);
}

TEST_WITH(who_sends_ends_the_pause, paused, power_off)
{
    assert_true(transmit_numbered(1));
    dev->ops->flush(dev);
    assert_sent(0, 1);
    assert_goes_on();
}

TEST_WITH(who_waits_ends_the_pause, paused, power_off)
{
    assert_true(dev->wake.enable(dev, true));
    assert_true(receive_numbered(1));
    assert_true(dev->wake.acknowledge(dev));
    dev->wake.enable(dev, false);
    assert_received(1);
    assert_goes_on();
}

TEST_WITH(a_link_that_changes_in_a_pause_is_seen_after_it, paused, power_off)
{
    nic_model->link = false;
    model_event(EVENT_LINK);
    assert_false(nic_model->asserted);
    dev->ops->pause(dev, false);
    dev->ops->update(dev);
    assert_false(dev->link_up);
    assert_int_equal(dev->stats.link_changes, 1);
}

TEST_WITH(a_device_that_does_not_come_back_is_asked_again, paused, power_off)
{
    nic_model->refuses = true;
    assert_false(transmit_numbered(1));
    assert_true(dev->paused);
    dev->wake.enable(dev, true);
    dev->wake.enable(dev, false);
    assert_int_equal(rx_pool.available, RX_PKTS);
    nic_model->refuses = false;
    assert_true(transmit_numbered(1));
    assert_goes_on();
    dev->ops->pause(dev, true);
    dev->ops->stop(dev);
    assert_no_packets_kept();
}

static void assert_restarted(void)
{
    assert_int_equal(nic_model->resets, 2);
    assert_true(nic_model->active);
    assert_int_equal(rx_pool.available, RX_PKTS - RX_COUNT + 1);
    assert_int_equal(tx_pool.available, TX_PKTS);
    receive_numbered(7);
    assert_received(7);
    transmit_numbered(8);
    dev->ops->flush(dev);
    assert_sent(nic_model->frames_sent - 1, 8);
}

TEST_WITH(a_ring_that_hangs_is_restarted, with_device, power_off)
{
    nic_model->holds_tx = true;
    transmit_numbered(0);
    dev->ops->flush(dev);
    dev->ops->update(dev);
    host_now += 2500;
    dev->ops->update(dev);
    nic_model->holds_tx = false;
    assert_int_equal(dev->stats.tx_errors, 1);
    assert_restarted();
}

TEST_WITH(a_queue_that_the_nic_has_stopped_is_restarted, with_device, power_off)
{
    nic_model->rx_stopped = true;
    model_event(EVENT_QUEUE_ERRORS);
    dev->ops->update(dev);
    assert_restarted();
}

/* --- a device that lies ----------------------------------------------------------------------- */

TEST(a_device_that_does_not_go_along_is_dead)
{
    nic_model->refuses = true;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    assert_int_equal(rx_pool.available, RX_PKTS);
    model_power_on();
    nic_model->revisions = 6; /* not the first */
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on();
    nic_model->upt_revisions = 2;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on();
    nic_model->gone = true;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on();
    nic_model->bar_high = 1;
    assert_int_equal(try_open(), ERR_NIC_ABOVE_4G);
    model_power_on();
    memset(nic_model->mac, 0xff, 6);
    assert_int_equal(try_open(), ERR_NIC_EEPROM);
    assert_int_equal(nic_model->pci_command, PCI_COMMAND_NO_INTX);
}

TEST_WITH(frames_that_can_not_be_are_dropped, with_device, power_off)
{
    static u8 frame[60];
    const struct {
        u32 index, length;
    } wrong[] = {
        {RX_SOP | RX_EOP, 0},
        {RX_SOP | RX_EOP, PKT_SIZE + 1},
        {RX_SOP | RX_EOP, LENGTH_MASK},
        {RX_SOP | RX_EOP, 60 | RX_ERROR},
        {RX_EOP, 60}, /* without a start */
    };
    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
        model_receive(frame, 60, wrong[i].index, 0);
        struct vmxnet3_completion *c = (void *)(uintptr_t)model_queues()->rx.completions;
        c[i].length = wrong[i].length;
        assert_null(dev->ops->receive(dev));
        assert_int_equal(dev->stats.rx_errors, i + 1);
    }
    model_receive(frame, 60, RX_SOP, 0); /* over two descriptors */
    model_receive(frame, 60, RX_EOP, 0);
    assert_null(dev->ops->receive(dev));
    dev->ops->flush(dev);
    assert_int_equal(rx_pool.available, RX_PKTS - RX_COUNT + 1);
    receive_numbered(1);
    assert_received(1);
}

TEST(completions_of_what_was_never_given_reset_it)
{
    const u32 indices[] = {COMPLETION_INDEX, RX_COUNT, RX_COUNT - 1};
    for (u32 i = 0; i < ARRAY_SIZE(indices); i++) {
        with_device();
        model_complete_rx(indices[i] | RX_SOP | RX_EOP, 60, 0);
        assert_null(dev->ops->receive(dev));
        assert_false(dev->wake.ready(dev));
        dev->ops->update(dev);
        assert_restarted();
        with_device();
        model_complete_tx(indices[i]);
        dev->ops->flush(dev);
        dev->ops->update(dev);
        assert_restarted();
    }
}

TEST_WITH(a_device_that_vanishes_ends_in_no_hang, with_device, power_off)
{
    assert_no_hang_once(&nic_model->gone);
}

TEST(a_device_that_vanishes_during_open_ends_in_an_error)
{
    u32 n = 0;
    do {
        model_power_on();
        nic_model->vanishes = ++n;
        if (try_open() == OK)
            break;
        assert_int_equal(nic_model->pci_command, PCI_COMMAND_NO_INTX);
        assert_int_equal(rx_pool.available, RX_PKTS);
    } while (n < 100);
    assert_in_range(n, 5, 99);
    /* What is left to read then is the link. */
    assert_int_equal(dev->link_up, !nic_model->gone);
}
