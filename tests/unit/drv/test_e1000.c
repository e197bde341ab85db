/* The e1000 driver against a model of the NIC: what it is, reset, link, interrupts, statistics. */
#include "drv/e1000_fixture.h"
#include "drv/pci.h"
#include "platform_host.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

FIXTURE(NULL, power_off);

static void assert_mac(const char *text)
{
    char got[18];
    snprintf(got, sizeof(got), "%02x:%02x:%02x:%02x:%02x:%02x", dev->mac[0], dev->mac[1],
             dev->mac[2], dev->mac[3], dev->mac[4], dev->mac[5]);
    assert_string_equal(got, text);
}

/* --- finding out what it is ------------------------------------------------------------------- */

/* The name that a device has in nics.def; "" where it is not there. */
static const char *model(u16 vendor, u16 device)
{
    for (u32 i = 0; i < nic_id_count; i++)
        if (nic_ids[i].vendor == vendor && nic_ids[i].device == device)
            return nic_ids[i].name;
    return "";
}

TEST(knows_its_models)
{
    model_power_on(0x100e);
    assert_true(nic_find(0) == MODEL_BDF);
    assert_string_equal(model(0x8086, 0x100e), "Intel 82540EM");
    assert_string_equal(model(0x8086, 0x1004), "Intel 82543GC");
    assert_string_equal(model(0x8086, 0x1008), "Intel 82544EI");
    assert_string_equal(model(0x8086, 0x100c), "Intel 82544GC");
    assert_string_equal(model(0x8086, 0x100f), "Intel 82545EM");
    assert_string_equal(model(0x8086, 0x107c), "Intel 82541PI");
    assert_string_equal(model(0x8086, 0x1079), "Intel 82546GB");
    assert_string_equal(model(0x8086, 0x1075), "Intel 82547GI");
    assert_string_equal(model(0x8086, 0x10d3), "Intel 82574L");
    /* 82542: other registers; 82576: igb. */
    const u16 others[] = {0x1000, 0x10c9};
    for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
        model_power_on(others[i]);
        assert_false(nic_find(0) == MODEL_BDF);
        assert_string_equal(model(0x8086, others[i]), "");
    }
    assert_string_equal(model(0x10ec, 0x100e), "");
}

TEST(each_device_is_named_once)
{
    for (u32 i = 0; i < nic_id_count; i++) {
        const struct nic_id *id = &nic_ids[i];
        assert_string_equal(model(id->vendor, id->device), id->name);
        assert_in_range(strnlen(id->name, sizeof(id->name)), 1, sizeof(id->name) - 1);
        for (u32 j = 0; j < i; j++)
            assert_true(nic_ids[j].vendor != id->vendor || nic_ids[j].device != id->device);
    }
}

TEST(packets_are_of_sizes_that_rctl_has)
{
    const u32 sizes[][2] = {{60, 2048},   {1514, 2048},   {1518, 2048}, {1519, 4096},
                            {2048, 4096}, {4096, 4096},   {4097, 8192}, {9014, 16384},
                            {0, 2048},    {16384, 16384}, {16385, 0}};
    model_power_on(0x100e);
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_int_equal(nic_packet_size(MODEL_BDF, sizes[i][0]), sizes[i][1]);
    model_power_on(0x109a); /* takes no longer ones */
    assert_int_equal(nic_packet_size(MODEL_BDF, 1518), 2048);
    assert_int_equal(nic_packet_size(MODEL_BDF, 1519), 0);
}

TEST_WITH(open_tells_about_the_device, with_82540em, power_off)
{
    assert_string_equal(dev->model, "Intel 82540EM");
    assert_int_equal(dev->vendor_id, 0x8086);
    assert_int_equal(dev->device_id, 0x100e);
    assert_int_equal(dev->bdf, MODEL_BDF);
    assert_int_equal(dev->wake.irq, 11);
    assert_int_equal(dev->mtu, 1500);
    assert_ptr_equal(dev->tx_pool, &tx_pool);
    assert_true(dev->link_up);
    assert_true(dev->full_duplex);
    assert_int_equal(dev->link_mbps, 1000);
    assert_int_equal(nic_model->pci_command, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_int_equal(model_reg(IMS), 0);
    struct netdev_stats none = {0};
    assert_memory_equal(&dev->stats, &none, sizeof(none));
}

TEST(an_irq_beyond_the_pic_is_none)
{
    model_power_on(0x100e);
    nic_model->irq_line = 0xff;
    assert_int_equal(try_open(), OK);
    assert_int_equal(dev->wake.irq, 0xff);
    dev->ops->stop(dev);
    nic_model->irq_line = 16;
    assert_int_equal(try_open(), OK);
    assert_int_equal(dev->wake.irq, 0xff);
}

TEST(filters_are_set_even_when_reset_does_nothing)
{
    model_power_on(0x100e);
    nic_model->rst_ignored = true;
    /* What somebody before us may have left. */
    for (u32 i = 0; i < MTA_COUNT; i++)
        model_set(MTA + 4 * i, UINT32_MAX);
    for (u32 i = 1; i < RA_COUNT; i++)
        model_set(RAH + 8 * i, RAH_AV | 0x1234);
    model_set(RCTL, RCTL_EN | 0x18);
    model_set(TCTL, TCTL_EN);
    model_set(RDLEN, 1024);
    model_set(RDH, 7);
    model_set(RDT, 9);
    model_set(TDH, 3);
    model_set(TDT, 3);
    model_set(RDTR, 100);
    model_set(RADV, 100);
    model_set(ITR, 1000);
    model_set(WUC, 1);
    model_set(WUFC, 0xff);
    model_set(IMS, 0xff);
    model_set(CTRL, CTRL_VME | CTRL_RFCE | CTRL_TFCE | CTRL_FRCSPD | CTRL_FRCDPLX);
    assert_int_equal(try_open(), OK);
    for (u32 i = 0; i < MTA_COUNT; i++)
        assert_int_equal(model_reg(MTA + 4 * i), 0);
    for (u32 i = 1; i < RA_COUNT; i++)
        assert_false(model_reg(RAH + 8 * i) & RAH_AV);
    assert_int_equal(model_reg(RAL), 0x12005452);
    assert_int_equal(model_reg(RAH), RAH_AV | 0x5634);
    assert_int_equal(model_reg(RCTL), RCTL_EN | RCTL_BAM | RCTL_SECRC);
    assert_int_equal(model_reg(TCTL) & (TCTL_EN | TCTL_PSP), TCTL_EN | TCTL_PSP);
    assert_int_equal(model_reg(CTRL), CTRL_SLU | CTRL_ASDE);
    assert_int_equal(model_reg(RDTR) | model_reg(RADV) | model_reg(ITR), 0);
    assert_int_equal(model_reg(WUC) | model_reg(WUFC), 0);
    assert_int_equal(model_reg(MANC), 0);
    assert_int_equal(model_reg(IMS), 0);
    assert_int_equal(model_reg(RXCSUM), RXCSUM_IPOFLD | RXCSUM_TUOFLD);
    assert_int_equal(model_reg(RDH), 0);
    assert_int_equal(model_reg(TDH), 0);
    receive_numbered(1);
    assert_received(1);
}

TEST(a_receiver_that_the_rom_has_started_goes_on)
{
    model_power_on(0x100e);
    nic_model->rst_ignored = true;
    model_set(RCTL, RCTL_START);
    assert_int_equal(try_open(), OK);
    assert_int_equal(nic_model->rctl_writes, 0);
    receive_numbered(1);
    assert_received(1);
    dev->ops->stop(dev);
    assert_int_equal(model_reg(RCTL), 0);
    /* Another size of packets, or bits of somebody else's, need another RCTL. */
    model_power_on(0x100e);
    nic_model->rst_ignored = true;
    model_set(RCTL, RCTL_START | 0x18);
    assert_int_equal(try_open(), OK);
    assert_int_equal(model_reg(RCTL), RCTL_START);
    /* Where a reset is one, it is written as ever. */
    model_power_on(0x100e);
    model_set(RCTL, RCTL_START);
    assert_int_equal(try_open(), OK);
    assert_int_equal(model_reg(RCTL), RCTL_START);
    assert_int_equal(nic_model->rctl_writes, 1);
}

TEST(fibre_models_start_their_own_negotiation)
{
    model_power_on(0x1011);
    nic_model->link_bits = STATUS_FD;
    assert_int_equal(try_open(), OK);
    assert_int_equal(model_reg(TXCW), TXCW_ANE | TXCW_FD);
    assert_false(model_reg(CTRL) & CTRL_LRST);
    assert_int_equal(dev->link_mbps, 1000);
}

/* --- reset and PHY ---------------------------------------------------------------------------- */

TEST_WITH(reset_leaves_a_link_that_is_up_alone, with_82540em, power_off)
{
    assert_int_equal(nic_model->resets, 1);
    assert_int_equal(nic_model->phy_writes, 0);
    assert_int_equal(nic_model->phy_pctrl, PHY_PCTRL_DEFAULT);
    assert_true(host_now - 1000 < 100);
}

TEST(a_reset_that_does_not_end_is_not_waited_for)
{
    model_power_on(0x100e);
    nic_model->rst_sticks = true;
    assert_int_equal(try_open(), OK);
    assert_true(host_now - 1000 < 200);
}

/* A speed forced by somebody is as good a link as any. */
TEST(a_forced_link_that_is_up_is_left_alone)
{
    model_power_on(0x100e);
    nic_model->phy_pctrl = 0x0140;
    assert_int_equal(try_open(), OK);
    assert_int_equal(nic_model->phy_pctrl, 0x0140);
    assert_true(dev->link_up);
}

TEST(a_phy_that_negotiates_is_left_to_it)
{
    model_power_on(0x100e);
    nic_model->link = false;
    assert_int_equal(try_open(), OK);
    assert_int_equal(nic_model->phy_writes, 0);
    assert_false(dev->link_up);
    assert_int_equal(dev->link_mbps, 0);
    nic_model->link = true;
    dev->ops->update(dev);
    assert_true(dev->link_up);
    assert_int_equal(dev->stats.link_changes, 1);
}

TEST(a_phy_powered_down_is_woken)
{
    const u32 asleep[] = {0x1940, 0x1540, 0x0140};
    for (u32 i = 0; i < ARRAY_SIZE(asleep); i++) {
        model_power_on(0x100e);
        nic_model->link = false;
        nic_model->phy_pctrl = asleep[i];
        assert_int_equal(try_open(), OK);
        assert_int_equal(nic_model->phy_pctrl, PHY_PCTRL_AN_ENABLE | PHY_PCTRL_RESTART_AN);
    }
}

/* --- PCI Express ------------------------------------------------------------------------------ */

static const u16 pcie_devices[] = {0x105e, 0x10d3, 0x150c};

TEST(one_on_pci_express_is_reset_without_dma_under_way)
{
    for (u32 i = 0; i < ARRAY_SIZE(pcie_devices); i++) {
        open_device(pcie_devices[i]);
        assert_int_equal(nic_model->resets, 1); /* and the model has looked */
        assert_false(model_reg(CTRL) & CTRL_GIO_DISABLE);
        assert_int_equal(model_reg(TXDCTL), TXDCTL_PCIE);
        assert_int_equal(model_reg(CTRL), CTRL_SLU);
        receive_numbered(1);
        assert_received(1);
        transmit_numbered(2);
        dev->ops->flush(dev);
        assert_sent(0, 2);
    }
}

/* By the virtual clock. */
TEST(an_emulators_eeprom_is_not_waited_for)
{
    for (u32 i = 0; i < ARRAY_SIZE(pcie_devices); i++)
        for (u32 at_once = 0; at_once <= 1; at_once++) {
            model_power_on(pcie_devices[i]);
            nic_model->auto_read = at_once;
            msec before = host_now;
            assert_int_equal(try_open(), OK);
            assert_int_equal(host_now - before < 25, at_once);
        }
}

TEST(a_phy_that_is_shared_is_woken_when_it_is_ours)
{
    for (u32 i = 0; i < ARRAY_SIZE(pcie_devices); i++)
        for (u32 kept = 0; kept <= 1; kept++) {
            model_power_on(pcie_devices[i]);
            nic_model->link = false;
            nic_model->phy_pctrl = 0x1940;
            nic_model->keeps_phy = kept;
            assert_int_equal(try_open(), OK);
            assert_int_equal(nic_model->phy_writes, !kept);
            assert_false(model_reg(EXTCNF_CTRL) & EXTCNF_MDIO_SW);
            assert_false(model_reg(SWSM) & (SWSM_SMBI | SWSM_SWESMBI));
            assert_true(host_now - 1000 < 200);
        }
}

TEST(a_link_that_must_not_sleep_is_kept_awake)
{
    open_device(0x10d3);
    assert_int_equal(nic_model->link_control, 0x0140);
    open_device(0x105e);
    assert_int_equal(nic_model->link_control, 0x0143);
}

TEST_WITH(what_pci_was_told_is_given_back, with_82540em, power_off)
{
    dev->ops->stop(dev);
    assert_int_equal(nic_model->pci_command, PCI_COMMAND_NO_INTX);
}

/* --- MAC address ------------------------------------------------------------------------------ */

TEST(mac_comes_from_the_eeprom)
{
    const u16 devices[] = {0x100e, 0x1008, 0x1004, 0x1013, 0x1075, 0x1079, 0x105e, 0x10d3};
    for (u32 i = 0; i < ARRAY_SIZE(devices); i++) {
        model_power_on(devices[i]);
        nic_model->rst_ignored = true;
        model_set(RAL, 0x44332202);
        assert_int_equal(try_open(), OK);
        assert_mac("52:54:00:12:34:56");
    }
}

TEST(mac_comes_through_a_long_microwire)
{
    model_power_on(0x1008);
    nic_model->big_eeprom = true;
    nic_model->rst_ignored = true;
    model_set(RAH, 0);
    assert_int_equal(try_open(), OK);
    assert_mac("52:54:00:12:34:56");
}

TEST(a_wrong_sum_makes_ral_and_rah_better)
{
    model_power_on(0x100e);
    nic_model->rst_ignored = true;
    nic_model->eeprom[40] ^= 1;
    model_set(RAL, 0x44332202);
    model_set(RAH, RAH_AV | 0x6655);
    assert_int_equal(try_open(), OK);
    assert_mac("02:22:33:44:55:66");
}

TEST(a_wrong_sum_is_better_than_nothing)
{
    model_power_on(0x100e);
    nic_model->rst_ignored = true;
    nic_model->eeprom[40] ^= 1;
    model_set(RAH, 0);
    assert_int_equal(try_open(), OK);
    assert_mac("52:54:00:12:34:56");
}

TEST(without_eeprom_ral_and_rah_serve)
{
    model_power_on(0x100e);
    nic_model->eerd_dead = true;
    assert_int_equal(try_open(), OK);
    assert_mac("52:54:00:12:34:56");
    assert_true(host_now - 1000 < 1000);
}

TEST(no_valid_mac_is_an_error)
{
    const u8 bad[][6] = {{0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 2, 3, 4, 5, 6}};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        model_power_on(0x100e);
        model_eeprom_mac(bad[i]);
        assert_int_equal(try_open(), ERR_NIC_EEPROM);
        assert_null(dev);
        model_power_on(0x1008);
        model_eeprom_mac(bad[i]);
        assert_int_equal(try_open(), ERR_NIC_EEPROM);
    }
}

TEST(the_second_port_has_the_next_mac)
{
    model_power_on(0x1079);
    nic_model->port_b = true;
    assert_int_equal(try_open(), OK);
    assert_mac("52:54:00:12:34:57");
    model_power_on(0x100e);
    nic_model->port_b = true;
    assert_int_equal(try_open(), OK);
    assert_mac("52:54:00:12:34:56");
}

TEST_WITH(a_stuck_ring_is_counted_and_restarted, with_82540em, power_off)
{
    dev->wake.enable(dev, true);
    nic_model->holds_tx = true;
    for (u32 i = 0; i < 5; i++)
        transmit_numbered(i);
    dev->ops->flush(dev);
    for (u32 i = 0; i < 19; i++) {
        dev->ops->update(dev);
        host_now += 100;
    }
    dev->ops->update(dev);
    assert_int_equal(nic_model->resets, 1);
    host_now += 200;
    dev->ops->update(dev);
    assert_int_equal(nic_model->resets, 2);
    assert_int_equal(dev->stats.tx_errors, 1);
    assert_int_equal(tx_pool.available, TX_PKTS);
    assert_true(model_reg(IMS) & INT_RXT0);
    assert_mac("52:54:00:12:34:56");
    nic_model->holds_tx = false;
    assert_true(transmit_numbered(9));
    dev->ops->flush(dev);
    assert_sent(0, 9);
    for (u32 i = 0; i < 3 * RX_COUNT; i++) {
        assert_true(receive_numbered(i));
        assert_received(i);
    }
    for (u32 i = 0; i < 5; i++) {
        host_now += 5000;
        dev->ops->update(dev);
    }
    assert_int_equal(nic_model->resets, 2);
}

TEST_WITH(a_ring_that_moves_is_not_stuck, with_82540em, power_off)
{
    for (u32 i = 0; i < 20; i++) {
        nic_model->holds_tx = true;
        transmit_numbered(i);
        dev->ops->flush(dev);
        dev->ops->update(dev);
        host_now += 1900;
        dev->ops->update(dev);
        nic_model->holds_tx = false;
        model_send();
        dev->ops->flush(dev);
    }
    /* Without a link nothing can move. */
    nic_model->link = false;
    nic_model->holds_tx = true;
    transmit_numbered(20);
    dev->ops->flush(dev);
    for (u32 i = 0; i < 5; i++) {
        host_now += 5000;
        dev->ops->update(dev);
    }
    nic_model->link = true;
    dev->ops->update(dev);
    assert_int_equal(nic_model->resets, 1);
    assert_int_equal(dev->stats.tx_errors, 0);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void frame_arrives(void)
{
    receive_numbered(1);
}

TEST_WITH(interrupts_are_on_only_when_asked, with_82540em, power_off)
{
    receive_numbered(0);
    assert_received(0);
    assert_true(dev->wake.enable(dev, true));
    assert_int_equal(model_reg(ICR), 0);
    assert_int_equal(model_reg(IMS), INT_RXT0 | INT_RXO | INT_RXDMT0 | INT_LSC);
    assert_false(dev->wake.acknowledge(dev));
    receive_numbered(1);
    assert_true(dev->wake.acknowledge(dev));
    assert_false(dev->wake.acknowledge(dev));
    dev->wake.enable(dev, false);
    assert_int_equal(model_reg(IMS), 0);
    receive_numbered(2);
    assert_false(dev->wake.acknowledge(dev));
}

TEST_WITH(nobody_sleeps_over_a_frame, with_82540em, power_off)
{
    /* There already. */
    receive_numbered(1);
    assert_false(dev->wake.enable(dev, true));
    dev->wake.enable(dev, false);
    assert_received(1);
    /* Between the read of ICR and the write of IMS. */
    nic_model->before_ims = frame_arrives;
    assert_false(dev->wake.enable(dev, true));
    dev->wake.enable(dev, false);
    assert_received(1);
    nic_model->before_ims = NULL;
    /* Behind the write of IMS: an interrupt comes, too. */
    nic_model->after_ims = frame_arrives;
    assert_false(dev->wake.enable(dev, true));
    assert_true(model_reg(ICR) & model_reg(IMS) & INT_RXT0);
    nic_model->after_ims = NULL;
    assert_received(1);
    assert_true(dev->wake.enable(dev, true));
}

/* VMware's 82545EM: the descriptor is done, ICR says nothing. */
TEST_WITH(a_frame_without_a_cause_is_found, with_82540em, power_off)
{
    receive_numbered(4);
    model_set(ICR, 0);
    assert_false(dev->wake.enable(dev, true));
    assert_received(4);
}

TEST_WITH(sent_frames_wake_only_who_waits_for_room, with_82540em, power_off)
{
    nic_model->holds_tx = true;
    u32 n = 0;
    while (transmit_numbered(n))
        n++;
    dev->ops->flush(dev);
    assert_true(dev->wake.enable(dev, true));
    assert_true(model_reg(IMS) & INT_TXDW);
    dev->wake.enable(dev, false);
    nic_model->holds_tx = false;
    nic_model->before_ims = model_send;
    assert_false(dev->wake.enable(dev, true));
    dev->wake.enable(dev, false);
    assert_true(dev->wake.enable(dev, true));
    assert_false(model_reg(IMS) & INT_TXDW);
    model_set(ICR, INT_TXDW);
    assert_false(dev->wake.acknowledge(dev));
}

TEST_WITH(a_link_change_wakes_and_is_seen, with_82540em, power_off)
{
    dev->wake.enable(dev, true);
    nic_model->link = false;
    model_set(ICR, INT_LSC);
    assert_true(dev->wake.acknowledge(dev));
    assert_false(dev->link_up);
    nic_model->link = true;
    nic_model->link_bits = STATUS_SPEED_100;
    model_set(ICR, INT_LSC);
    assert_false(dev->wake.enable(dev, true));
    assert_true(dev->link_up);
    assert_int_equal(dev->link_mbps, 100);
    assert_false(dev->full_duplex);
    assert_int_equal(dev->stats.link_changes, 2);
    nic_model->link_bits = STATUS_FD;
    dev->ops->update(dev);
    assert_int_equal(dev->link_mbps, 10);
    assert_true(dev->full_duplex);
    assert_int_equal(dev->stats.link_changes, 2);
}

/* --- statistics, the end ---------------------------------------------------------------------- */

TEST(statistics_add_up)
{
    for (u32 kind = 0; kind < 2; kind++) {
        model_power_on(0x100e);
        nic_model->keeps_stats = kind;
        nic_model->rst_ignored = kind;
        model_set(MPC, 1000); /* before our time */
        assert_int_equal(try_open(), OK);
        const u32 regs[] = {CRCERRS, RXERRC, MPC, RNBC, LATECOL};
        for (u32 i = 0; i < ARRAY_SIZE(regs); i++)
            model_set(regs[i], model_reg(regs[i]) + i + 1);
        dev->ops->update(dev);
        dev->ops->update(dev);
        assert_int_equal(dev->stats.rx_errors, 3);
        assert_int_equal(dev->stats.rx_missed, 3);
        assert_int_equal(dev->stats.rx_no_buffers, 4);
        assert_int_equal(dev->stats.tx_errors, 5);
        model_set(MPC, model_reg(MPC) + 10);
        dev->ops->update(dev);
        dev->ops->update(dev);
        assert_int_equal(dev->stats.rx_missed, 13);
    }
}

TEST_WITH(stop_leaves_the_nic_silent, with_82540em, power_off)
{
    for (u32 kind = 0; kind < 2; kind++) {
        open_device(0x100e);
        nic_model->rst_ignored = kind;
        dev->wake.enable(dev, true);
        nic_model->holds_tx = true;
        transmit_numbered(0);
        dev->ops->flush(dev);
        receive_numbered(0);
        /* The first part of a frame whose rest never comes. */
        model_receive(&kind, sizeof(kind), RXD_STATUS_IXSM, 0);
        assert_received(0);
        assert_null(dev->ops->receive(dev));
        dev->ops->stop(dev);
        assert_false(model_reg(RCTL) & RCTL_EN);
        assert_false(model_reg(TCTL) & TCTL_EN);
        assert_int_equal(model_reg(IMS), 0);
        assert_int_equal(nic_model->resets, 2);
        assert_int_equal(rx_pool.available, RX_PKTS);
        assert_int_equal(tx_pool.available, TX_PKTS);
        assert_null(dev->ops->receive(dev));
        nic_model->holds_tx = false;
        assert_int_equal(try_open(), OK);
        receive_numbered(1);
        assert_received(1);
        assert_true(transmit_numbered(2));
        dev->ops->flush(dev);
        assert_sent(nic_model->frames_sent - 1, 2);
    }
}

TEST(a_nic_that_is_not_there_is_dead)
{
    model_power_on(0x100e);
    nic_model->gone = true;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on(0x100e);
    nic_model->bar0 = 0;
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on(0x10c9);
    assert_int_equal(try_open(), ERR_NIC_DEAD);
    model_power_on(0x100e);
    nic_model->bar0 |= 4;
    nic_model->bar1 = 1;
    assert_int_equal(try_open(), ERR_NIC_ABOVE_4G);
}

TEST_WITH(a_nic_that_vanishes_ends_in_no_hang, with_82540em, power_off)
{
    transmit_numbered(0);
    nic_model->gone = true;
    dev->ops->flush(dev);
    for (u32 i = 0; i < 10 * TX_COUNT; i++)
        transmit_numbered(i);
    assert_null(dev->ops->receive(dev));
    dev->wake.enable(dev, true);
    assert_false(dev->wake.acknowledge(dev));
    for (u32 i = 0; i < 5; i++) {
        host_now += 5000;
        dev->ops->update(dev);
    }
    assert_false(dev->link_up);
    assert_int_equal(dev->link_mbps, 0);
    assert_int_equal(dev->stats.rx_errors, 0);
    assert_int_equal(dev->stats.rx_missed, 0);
    dev->wake.enable(dev, false);
    msec before = host_now;
    dev->ops->stop(dev);
    assert_true(host_now - before < 1000);
}

/* The EEPROM goes away in the middle of being read. */
static u32 reads_left;

static u32 vanishing_read(u32 offset)
{
    if (!reads_left)
        nic_model->gone = true;
    else
        reads_left--;
    return model_read(offset);
}

TEST(a_nic_that_vanishes_during_open_ends_in_an_error)
{
    const u16 devices[] = {0x100e, 0x1008};
    for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
        for (u32 n = 0; n < 60; n++) {
            model_power_on(devices[i]);
            host_mmio_read = vanishing_read;
            reads_left = n;
            enum error e = try_open();
            assert_true(e == ERR_NIC_DEAD || e == ERR_NIC_EEPROM);
        }
}
