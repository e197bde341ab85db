/* The e1000 as a device: finding out what it is, reset, link, interrupts, statistics. */
#include "drv/e1000.h"

#include "base/bytes.h"
#include "base/inet.h"
#include "drv/e1000_internal.h"
#include "drv/e1000_regs.h"
#include "drv/pci.h"

#define QUIESCE_US    10000 /* for DMA under way to end, before a reset */
#define RESET_US      5000  /* for the EEPROM to be read again, after one */
#define NVM_LEAST_US  100   /* no real one is read so soon */
#define SLOW_RESET_US 25000
#define RESET_POLLS   10
#define MDIC_POLL_US  10
#define MDIC_POLLS    64
#define GIO_POLL_US   100
#define GIO_POLLS     800 /* a completion may take up to 80 ms */
#define OWN_POLL_US   1000
#define OWN_POLLS     20

#define WAKE          (INT_RXT0 | INT_RXO | INT_RXDMT0 | INT_LSC)

/* Statistics registers, and the counters they are added to. */
static const struct {
    u16 reg;
    u16 counter; /* offset in struct netdev_stats */
} counters[] = {
    {CRCERRS, offsetof(struct netdev_stats, rx_errors)},
    {ALGNERRC, offsetof(struct netdev_stats, rx_errors)},
    {SYMERRS, offsetof(struct netdev_stats, rx_errors)},
    {RXERRC, offsetof(struct netdev_stats, rx_errors)},
    {RLEC, offsetof(struct netdev_stats, rx_errors)},
    {MPC, offsetof(struct netdev_stats, rx_missed)},
    {RNBC, offsetof(struct netdev_stats, rx_no_buffers)},
    {ECOL, offsetof(struct netdev_stats, tx_errors)},
    {LATECOL, offsetof(struct netdev_stats, tx_errors)},
};

static struct netdev nic;
static struct mmio *regs;
static struct nic_memory memory;
static u16 flags;                         /* E1000_FIBRE and so on */
static u32 counted[ARRAY_SIZE(counters)]; /* by registers that reading does not clear */
static u32 enabled;                       /* what IMS has */
static u16 found_command;                 /* PCI's, before us */

static u32 e1000_read(u32 reg)
{
    return mmio_read32(regs, reg);
}

static void e1000_write(u32 reg, u32 value)
{
    mmio_write32(regs, reg, value);
}

/* Have the PHY to ourselves, or give it back to the NIC's firmware, where there is one. False when
 * that does not let go. */
static bool phy_own(bool ours)
{
    const u32 reg = flags & E1000_EXTCNF ? EXTCNF_CTRL : SWSM;
    const u32 bit = flags & E1000_EXTCNF ? EXTCNF_MDIO_SW : SWSM_SWESMBI;
    if (!(flags & (E1000_EXTCNF | E1000_SWSM)))
        return true;
    for (u32 i = 0; ours && i < OWN_POLLS; i++) {
        e1000_write(reg, e1000_read(reg) | bit);
        if (e1000_read(reg) & bit)
            return true;
        platform_delay_us(OWN_POLL_US);
    }
    e1000_write(reg, e1000_read(reg) & ~(bit | (flags & E1000_SWSM ? SWSM_SMBI : 0)));
    return !ours;
}

/* One access to a PHY register through MDIC; UINT32_MAX on failure. */
static u32 phy_access(u32 op, u32 reg, u32 data)
{
    e1000_write(MDIC, op | MDIC_PHYADD_1 | reg << MDIC_REGADD | data);
    for (u32 i = 0; i < MDIC_POLLS; i++) {
        platform_delay_us(MDIC_POLL_US);
        u32 mdic = e1000_read(MDIC);
        if (mdic & MDIC_R)
            return mdic & MDIC_E ? UINT32_MAX : mdic & 0xffff;
    }
    return UINT32_MAX;
}

/* There was no link. A PHY that negotiates is left to it; one that was powered down or told not to
 * negotiate, by an operating system before us, is started. */
static void phy_wake(void)
{
    if (!phy_own(true))
        return;
    u32 pctrl = phy_access(MDIC_OP_READ, PHY_PCTRL, 0);
    if (pctrl != UINT32_MAX &&
        (!(pctrl & PHY_PCTRL_AN_ENABLE) || pctrl & (PHY_PCTRL_POWER_DOWN | PHY_PCTRL_ISOLATE)))
        phy_access(MDIC_OP_WRITE, PHY_PCTRL, PHY_PCTRL_AN_ENABLE | PHY_PCTRL_RESTART_AN);
    phy_own(false);
}

/* No DMA may be under way when a NIC on PCI Express is reset: let it begin none, and wait for what
 * there is ("GIO Master Disable"). */
static void pcie_quiesce(void)
{
    e1000_write(CTRL, e1000_read(CTRL) | CTRL_GIO_DISABLE);
    for (u32 i = 0; i < GIO_POLLS && e1000_read(STATUS) & STATUS_GIO_ENABLED; i++)
        platform_delay_us(GIO_POLL_US);
}

/* Stop whatever the NIC does, and reset all of it but the PHY (chapter 14 of the manual). The
 * CTRL.RST of some emulators does nothing, so nothing is taken to have its reset value. False when
 * the NIC is not there. */
static bool e1000_reset(void)
{
    bool running = (e1000_read(RCTL) | e1000_read(TCTL)) & RCTL_EN;
    e1000_write(IMC, UINT32_MAX);
    /* A receiver without a ring may go on; see e1000_ring_start(). */
    if (e1000_read(RDLEN))
        e1000_write(RCTL, 0);
    e1000_write(TCTL, 0);
    u32 ctrl = e1000_read(CTRL);
    if (ctrl == UINT32_MAX)
        return false;
    if (flags & E1000_PCIE)
        pcie_quiesce();
    else if (running)
        platform_delay_us(QUIESCE_US);
    e1000_write(CTRL, (ctrl | CTRL_RST) & ~CTRL_PHY_RST);
    platform_delay_us(NVM_LEAST_US);
    if (!(flags & E1000_PCIE && e1000_read(EECD) & EECD_AUTO_RD)) /* an emulator has none */
        platform_delay_us(flags & E1000_SLOW_RESET ? SLOW_RESET_US : RESET_US);
    for (u32 i = 0; i < RESET_POLLS && e1000_read(CTRL) & CTRL_RST; i++)
        platform_delay_us(RESET_US);
    if (flags & E1000_EE_RST) {
        e1000_write(CTRL_EXT, e1000_read(CTRL_EXT) | CTRL_EXT_EE_RST);
        platform_delay_us(RESET_US);
    }
    e1000_write(IMC, UINT32_MAX);
    e1000_read(ICR);
    return e1000_read(STATUS) != UINT32_MAX;
}

static void e1000_read_link(void)
{
    u32 status = e1000_read(STATUS);
    if (status == UINT32_MAX)
        status = 0;
    bool up = status & STATUS_LU;
    nic.stats.link_changes += up != nic.link_up;
    nic.link_up = up;
    nic.full_duplex = up && status & STATUS_FD;
    u16 mbps = 10;
    if (flags & E1000_FIBRE || status & STATUS_SPEED_1000)
        mbps = 1000;
    else if (status & STATUS_SPEED_100)
        mbps = 100;
    nic.link_mbps = up ? mbps : 0;
}

static void e1000_filter(const u8 mac[6])
{
    for (u32 i = 0; i < MTA_COUNT; i++)
        e1000_write(MTA + 4 * i, 0);
    for (u32 i = 1; i < RA_COUNT; i++)
        e1000_write(RAH + 8 * i, 0);
    e1000_write(RAL, get_le32(mac));
    e1000_write(RAH, get_le16(mac + 4) | RAH_AV);
}

/* Everything after a reset, when the MAC address is known. */
static void e1000_start(void)
{
    u32 ctrl = e1000_read(CTRL);
    ctrl &= ~(CTRL_GIO_DISABLE | CTRL_LRST | CTRL_ILOS | CTRL_FRCSPD | CTRL_FRCDPLX | CTRL_RST |
              CTRL_RFCE | CTRL_TFCE | CTRL_VME | CTRL_PHY_RST);
    if (flags & E1000_FIBRE)
        e1000_write(TXCW, TXCW_ANE | TXCW_FD);
    e1000_write(CTRL, ctrl | CTRL_SLU | (flags & E1000_PCIE ? 0 : CTRL_ASDE));
    e1000_write(WUC, 0);
    e1000_write(WUFC, 0);
    e1000_write(ITR, 0);
    if (!(flags & E1000_NO_MANC))
        e1000_write(MANC, e1000_read(MANC) & ~MANC_ARP_EN);
    e1000_filter(nic.mac);
    e1000_ring_start(regs, flags, &memory);
}

/* Read the cause of interrupts, which clears it, and act on a link change. */
static u32 e1000_cause(void)
{
    u32 icr = e1000_read(ICR);
    if (icr == UINT32_MAX)
        return 0;
    if (icr & INT_LSC)
        e1000_read_link();
    return icr;
}

static bool e1000_interrupt(struct netdev *dev, bool on)
{
    if (!on) {
        enabled = 0;
        e1000_write(IMC, UINT32_MAX);
        return true;
    }
    u32 icr = e1000_cause();
    /* A sent frame is worth an interrupt only to a stack that waits for room. */
    bool tx_full = e1000_tx_full(dev);
    enabled = tx_full ? WAKE | INT_TXDW : WAKE;
    e1000_write(IMS, enabled);
    bool sent = e1000_tx_reclaim(dev);
    return !(e1000_rx_ready(dev) || (tx_full && sent) || icr & INT_LSC);
}

static bool e1000_acknowledge(struct netdev *dev)
{
    (void)dev;
    return e1000_cause() & enabled;
}

/* What a statistics register has counted since it was last asked. Reading clears it, but QEMU's
 * stays. */
static u32 e1000_count(u32 i)
{
    u32 value = e1000_read(counters[i].reg);
    if (!value || value == UINT32_MAX)
        return 0;
    u32 again = e1000_read(counters[i].reg);
    if (again < value)
        return value + again;
    u32 before = counted[i];
    counted[i] = again;
    return again - before;
}

static void e1000_update(struct netdev *dev)
{
    e1000_read_link();
    for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
        u32 *counter = (u32 *)((u8 *)&dev->stats + counters[i].counter);
        *counter += e1000_count(i);
    }
    if (e1000_tx_stuck(dev)) {
        dev->stats.tx_errors++;
        if (e1000_reset()) {
            e1000_ring_drop();
            e1000_start();
            e1000_write(IMS, enabled);
        }
    }
}

static void e1000_stop(struct netdev *dev)
{
    (void)dev;
    enabled = 0;
    e1000_reset();
    e1000_ring_drop();
    pci_write16(nic.bdf, PCI_COMMAND, found_command);
}

/* The 82573, 82574 and 82583 hang when their link saves power (their specification updates: ASPM).
 */
static void pcie_keep_link_awake(u16 bdf)
{
    u8 express = pci_capability(bdf, PCI_CAP_EXPRESS, 0);
    if (!express)
        return;
    u16 control = pci_read16(bdf, express + PCI_LINK_CONTROL);
    pci_write16(bdf, express + PCI_LINK_CONTROL, control & (u16)~PCI_LINK_ASPM);
}

static const struct netdev_ops ops = {
    .transmit = e1000_transmit,
    .receive = e1000_receive,
    .flush = e1000_flush,
    .update = e1000_update,
    .stop = e1000_stop,
};

static enum error e1000_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                             struct netdev **dev)
{
    u32 bar;
    enum error e = pci_bar(bdf, 0, &bar);
    if (e)
        return e;
    memory = *lent;
    flags = id->flags;
    enabled = 0;
    found_command = pci_enable(bdf, PCI_COMMAND_MEMORY);
    if (flags & E1000_EXTCNF)
        pcie_keep_link_awake(bdf);
    regs = platform_mmio(bar);
    nic = (struct netdev){
        .ops = &ops,
        .wake = {.ready = e1000_rx_ready,
                 .enable = e1000_interrupt,
                 .acknowledge = e1000_acknowledge},
        .mtu = MTU_ETHERNET,
        .rx_ring = (u16)(memory.rx_count - memory.rx_count / 4),
        .tx_pool = memory.tx_pool,
    };

    u32 status = e1000_read(STATUS);
    if (status == UINT32_MAX || !e1000_reset())
        return ERR_NIC_DEAD;
    bool port_b = flags & E1000_DUAL && status & STATUS_FUNC_1;
    if (!e1000_read_mac(regs, flags, port_b, nic.mac))
        return ERR_NIC_EEPROM;
    e1000_start();
    if (!(status & STATUS_LU) && !(flags & (E1000_FIBRE | E1000_NO_MDIC)))
        phy_wake();

    for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
        counted[i] = 0;
        e1000_count(i);
    }
    e1000_read_link();
    nic.stats = (struct netdev_stats){0};
    *dev = &nic;
    return OK;
}

const struct nic_driver e1000_driver = {.packet_size = e1000_packet_size, .open = e1000_open};
