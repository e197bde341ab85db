/* The e1000 as a device: finding out what it is, reset, link, interrupts, statistics. */
#include "drv/e1000.h"

#include "base/str.h"
#include "drv/e1000_internal.h"
#include "drv/e1000_regs.h"
#include "drv/pci.h"

#define VENDOR_INTEL   0x8086

#define QUIESCE_US     10000 /* for DMA under way to end, before a reset */
#define RESET_US       5000  /* for the EEPROM to be read again, after one */
#define RESET_82541_US 20000
#define RESET_POLLS    10
#define MDIC_POLL_US   10
#define MDIC_POLLS     64

#define WAKE           (INT_RXT0 | INT_RXO | INT_RXDMT0 | INT_LSC)

enum model {
    M82540EM,
    M82540EP,
    M82541EI,
    M82541ER,
    M82541GI,
    M82541PI,
    M82543GC,
    M82544EI,
    M82544GC,
    M82545EM,
    M82545GM,
    M82546EB,
    M82546GB,
    M82547EI,
    M82547GI,
};

/* In the order of enum model. */
static const struct {
    char name[14];
    u8 nvm;
    bool dual; /* two ports that share an EEPROM */
} models[] = {
    {"Intel 82540EM", NVM_EERD, false},       {"Intel 82540EP", NVM_EERD, false},
    {"Intel 82541EI", NVM_EERD_82541, false}, {"Intel 82541ER", NVM_EERD_82541, false},
    {"Intel 82541GI", NVM_EERD_82541, false}, {"Intel 82541PI", NVM_EERD_82541, false},
    {"Intel 82543GC", NVM_MICROWIRE, false},  {"Intel 82544EI", NVM_MICROWIRE, false},
    {"Intel 82544GC", NVM_MICROWIRE, false},  {"Intel 82545EM", NVM_EERD, false},
    {"Intel 82545GM", NVM_EERD, false},       {"Intel 82546EB", NVM_EERD, true},
    {"Intel 82546GB", NVM_EERD, true},        {"Intel 82547EI", NVM_EERD_82541, false},
    {"Intel 82547GI", NVM_EERD_82541, false},
};

static const struct id {
    u16 device;
    u8 model;
    bool fibre; /* the NIC's own transceiver (TBI or SerDes) instead of a PHY */
} ids[] = {
    {0x100e, M82540EM, false}, {0x1015, M82540EM, false}, {0x1016, M82540EP, false},
    {0x1017, M82540EP, false}, {0x101e, M82540EP, false}, {0x1013, M82541EI, false},
    {0x1018, M82541EI, false}, {0x1014, M82541ER, false}, {0x1078, M82541ER, false},
    {0x1076, M82541GI, false}, {0x1077, M82541GI, false}, {0x107c, M82541PI, false},
    {0x1001, M82543GC, true},  {0x1004, M82543GC, false}, {0x1008, M82544EI, false},
    {0x1009, M82544EI, true},  {0x1107, M82544EI, true},  {0x100c, M82544GC, false},
    {0x100d, M82544GC, false}, {0x100f, M82545EM, false}, {0x1011, M82545EM, true},
    {0x1026, M82545GM, false}, {0x1027, M82545GM, true},  {0x1028, M82545GM, true},
    {0x1010, M82546EB, false}, {0x1012, M82546EB, true},  {0x101d, M82546EB, false},
    {0x1079, M82546GB, false}, {0x107a, M82546GB, true},  {0x107b, M82546GB, true},
    {0x108a, M82546GB, false}, {0x1099, M82546GB, false}, {0x10b5, M82546GB, false},
    {0x1019, M82547EI, false}, {0x101a, M82547EI, false}, {0x1075, M82547GI, false},
};

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
static struct e1000_memory memory;
static const struct id *id;
static u32 counted[ARRAY_SIZE(counters)]; /* by registers that reading does not clear */
static u32 enabled;                       /* what IMS has */

static const struct id *find(u16 device)
{
    for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
        if (ids[i].device == device)
            return &ids[i];
    return NULL;
}

bool e1000_match(u16 vendor, u16 device)
{
    return vendor == VENDOR_INTEL && find(device);
}

const char *e1000_model(u16 device)
{
    const struct id *known = find(device);
    return known ? models[known->model].name : "";
}

static u32 read(u32 reg)
{
    return mmio_read32(regs, reg);
}

static void write(u32 reg, u32 value)
{
    mmio_write32(regs, reg, value);
}

/* One access to a PHY register through MDIC; UINT32_MAX on failure. */
static u32 phy(u32 op, u32 reg, u32 data)
{
    write(MDIC, op | MDIC_PHYADD_1 | reg << MDIC_REGADD | data);
    for (u32 i = 0; i < MDIC_POLLS; i++) {
        platform_delay_us(MDIC_POLL_US);
        u32 mdic = read(MDIC);
        if (mdic & MDIC_R)
            return mdic & MDIC_E ? UINT32_MAX : mdic & 0xffff;
    }
    return UINT32_MAX;
}

/* There was no link. A PHY that negotiates is left to it; one that was powered down or told not to
 * negotiate, by an operating system before us, is started. */
static void phy_wake(void)
{
    u32 pctrl = phy(MDIC_OP_READ, PHY_PCTRL, 0);
    if (pctrl == UINT32_MAX)
        return;
    if (!(pctrl & PHY_PCTRL_AN_ENABLE) || pctrl & (PHY_PCTRL_POWER_DOWN | PHY_PCTRL_ISOLATE))
        phy(MDIC_OP_WRITE, PHY_PCTRL, PHY_PCTRL_AN_ENABLE | PHY_PCTRL_RESTART_AN);
}

/* Stop whatever the NIC does, and reset all of it but the PHY (chapter 14 of the manual). The
 * CTRL.RST of some emulators does nothing, so nothing is taken to have its reset value. False when
 * the NIC is not there. */
static bool reset(void)
{
    enum e1000_nvm nvm = models[id->model].nvm;
    bool running = (read(RCTL) | read(TCTL)) & RCTL_EN;
    write(IMC, UINT32_MAX);
    /* A receiver without a ring may go on; see e1000_ring_start(). */
    if (read(RDLEN))
        write(RCTL, 0);
    write(TCTL, 0);
    u32 ctrl = read(CTRL);
    if (ctrl == UINT32_MAX)
        return false;
    if (running)
        platform_delay_us(QUIESCE_US);
    write(CTRL, (ctrl | CTRL_RST) & ~CTRL_PHY_RST);
    platform_delay_us(nvm == NVM_EERD_82541 ? RESET_82541_US : RESET_US);
    for (u32 i = 0; i < RESET_POLLS && read(CTRL) & CTRL_RST; i++)
        platform_delay_us(RESET_US);
    if (nvm == NVM_MICROWIRE) {
        write(CTRL_EXT, read(CTRL_EXT) | CTRL_EXT_EE_RST);
        platform_delay_us(RESET_US);
    }
    write(IMC, UINT32_MAX);
    read(ICR);
    return read(STATUS) != UINT32_MAX;
}

static void link_look(void)
{
    u32 status = read(STATUS);
    if (status == UINT32_MAX)
        status = 0;
    bool up = status & STATUS_LU;
    nic.stats.link_changes += up != nic.link_up;
    nic.link_up = up;
    nic.full_duplex = up && status & STATUS_FD;
    u16 mbps = 10;
    if (id->fibre || status & STATUS_SPEED_1000)
        mbps = 1000;
    else if (status & STATUS_SPEED_100)
        mbps = 100;
    nic.link_mbps = up ? mbps : 0;
}

static void filter(const u8 mac[6])
{
    for (u32 i = 0; i < MTA_COUNT; i++)
        write(MTA + 4 * i, 0);
    for (u32 i = 1; i < RA_COUNT; i++)
        write(RAH + 8 * i, 0);
    write(RAL, mac[0] | (u32)mac[1] << 8 | (u32)mac[2] << 16 | (u32)mac[3] << 24);
    write(RAH, mac[4] | (u32)mac[5] << 8 | RAH_AV);
}

/* Everything after a reset, when the MAC address is known. */
static void start(void)
{
    u32 ctrl = read(CTRL);
    ctrl &= ~(CTRL_LRST | CTRL_ILOS | CTRL_FRCSPD | CTRL_FRCDPLX | CTRL_RST | CTRL_RFCE |
              CTRL_TFCE | CTRL_VME | CTRL_PHY_RST);
    if (id->fibre)
        write(TXCW, TXCW_ANE | TXCW_FD);
    write(CTRL, ctrl | CTRL_SLU | CTRL_ASDE);
    write(WUC, 0);
    write(WUFC, 0);
    write(ITR, 0);
    if (models[id->model].nvm != NVM_MICROWIRE)
        write(MANC, read(MANC) & ~MANC_ARP_EN);
    filter(nic.mac);
    e1000_ring_start(regs, &memory);
}

/* Read the cause of interrupts, which clears it, and act on a link change. */
static u32 cause(void)
{
    u32 icr = read(ICR);
    if (icr == UINT32_MAX)
        return 0;
    if (icr & INT_LSC)
        link_look();
    return icr;
}

static bool interrupt(struct netdev *dev, bool on)
{
    if (!on) {
        enabled = 0;
        write(IMC, UINT32_MAX);
        return true;
    }
    u32 icr = cause();
    /* A sent frame is worth an interrupt only to a stack that waits for room. */
    bool tx_full = e1000_tx_full(dev);
    enabled = tx_full ? WAKE | INT_TXDW : WAKE;
    write(IMS, enabled);
    bool sent = e1000_tx_reclaim(dev);
    return !(e1000_rx_ready(dev) || (tx_full && sent) || icr & INT_LSC);
}

static bool acknowledge(struct netdev *dev)
{
    (void)dev;
    return cause() & enabled;
}

/* What a statistics register has counted since it was last asked. Reading clears it, but QEMU's
 * stays. */
static u32 count(u32 i)
{
    u32 value = read(counters[i].reg);
    if (!value || value == UINT32_MAX)
        return 0;
    u32 again = read(counters[i].reg);
    if (again < value)
        return value + again;
    u32 before = counted[i];
    counted[i] = again;
    return again - before;
}

static void update(struct netdev *dev)
{
    link_look();
    for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
        u32 *counter = (u32 *)((u8 *)&dev->stats + counters[i].counter);
        *counter += count(i);
    }
    if (e1000_tx_stuck(dev)) {
        dev->stats.tx_errors++;
        if (reset()) {
            e1000_ring_drop();
            start();
            write(IMS, enabled);
        }
    }
}

static void stop(struct netdev *dev)
{
    (void)dev;
    enabled = 0;
    reset();
    e1000_ring_drop();
}

static const struct netdev_ops ops = {
    .transmit = e1000_transmit,
    .receive = e1000_receive,
    .flush = e1000_flush,
    .ready = e1000_rx_ready,
    .interrupt = interrupt,
    .acknowledge = acknowledge,
    .update = update,
    .stop = stop,
};

enum error e1000_open(u16 bdf, const struct e1000_memory *lent, struct netdev **dev)
{
    u16 device = pci_read16(bdf, PCI_DEVICE_ID);
    u32 bar = pci_bar(bdf, 0);
    id = find(device);
    if (!id || !bar)
        return ERR_NIC_DEAD;
    memory = *lent;
    enabled = 0;
    pci_enable(bdf);
    regs = platform_mmio(bar);

    u8 irq = pci_read8(bdf, PCI_INTERRUPT_LINE);
    nic = (struct netdev){
        .ops = &ops,
        .model = models[id->model].name,
        .bdf = bdf,
        .vendor_id = VENDOR_INTEL,
        .device_id = device,
        .irq = irq < 16 ? irq : 0xff,
        .mtu = 1500,
        .rx_ring = (u16)(memory.rx_count - memory.rx_count / 4),
        .tx_pool = memory.tx_pool,
    };

    u32 status = read(STATUS);
    if (status == UINT32_MAX || !reset())
        return ERR_NIC_DEAD;
    bool port_b = models[id->model].dual && status & STATUS_FUNC_1;
    if (!e1000_read_mac(regs, models[id->model].nvm, port_b, nic.mac))
        return ERR_NIC_EEPROM;
    start();
    if (!(status & STATUS_LU) && !id->fibre && id->model != M82543GC)
        phy_wake();

    for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
        counted[i] = 0;
        count(i);
    }
    link_look();
    nic.stats = (struct netdev_stats){0};
    *dev = &nic;
    return OK;
}
