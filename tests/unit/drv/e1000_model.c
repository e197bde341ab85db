/* The model of an 8254x. */
#include "drv/e1000_model.h"

#include "base/arith.h"
#include "drv/pci.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define MODEL_BAR     0xfeb00000u
#define MODEL_EXPRESS 0xe0 /* its PCI Express capability */

struct e1000_model *nic_model;

u32 model_reg(u32 offset)
{
    return nic_model->reg[offset / 4];
}

void model_set(u32 offset, u32 value)
{
    nic_model->reg[offset / 4] = value;
}

static void model_rdt_seen(void)
{
    if (nic_model->rdt_held) {
        model_set(RDT, nic_model->rdt_held_at);
        nic_model->rdt_held = false;
    }
}

void model_send(void)
{
    struct e1000_model *m = nic_model;
    struct e1000_tx_desc *ring =
        (void *)(uintptr_t)(model_reg(TDBAL) | (u64)model_reg(TDBAH) << 32);
    u32 size = model_reg(TDLEN) / sizeof(*ring);
    if (!(model_reg(TCTL) & TCTL_EN) || m->holds_tx)
        return;
    while (model_reg(TDH) != model_reg(TDT)) {
        struct e1000_tx_desc *d = &ring[model_reg(TDH)];
        assert_true(d->cmd & TXD_CMD_EOP);
        assert_true(d->cmd & TXD_CMD_IFCS);
        assert_false(d->status & TXD_STATUS_DD);
        u32 slot = m->frames_sent++ % MODEL_SENT;
        assert_true(d->length <= sizeof(m->sent[slot].data));
        memcpy(m->sent[slot].data, (void *)(uintptr_t)d->address, d->length);
        m->sent[slot].len = d->length;
        m->sent[slot].cmd = d->cmd;
        if (d->cmd & TXD_CMD_RS)
            d->status |= TXD_STATUS_DD;
        model_set(TDH, (model_reg(TDH) + 1) % size);
    }
    model_set(ICR, model_reg(ICR) | INT_TXDW);
}

static bool model_is_82541(void)
{
    u16 d = nic_model->device;
    return d == 0x1013 || d == 0x1076 || d == 0x1019 || d == 0x1075;
}

static bool model_is_82571(void)
{
    return nic_model->device == 0x105e;
}

/* The 82574 and its kin. */
static bool model_has_extcnf(void)
{
    u16 d = nic_model->device;
    return d == 0x10d3 || d == 0x109a || d == 0x150c;
}

static bool model_is_pcie(void)
{
    return model_is_82571() || model_has_extcnf();
}

/* Registers that firmware shares with us: it holds on to them, or takes them when we write that. */
static u32 model_shared(u32 value, u32 bit)
{
    return nic_model->keeps_phy ? value & ~bit : value;
}

static bool model_phy_is_ours(void)
{
    return (!model_has_extcnf() || model_reg(EXTCNF_CTRL) & EXTCNF_MDIO_SW) &&
           (!model_is_82571() || model_reg(SWSM) & SWSM_SWESMBI);
}

static void model_registers_to_default(void)
{
    memset(nic_model->reg, 0, sizeof(nic_model->reg));
    model_set(MANC, MANC_ARP_EN);
    model_set(STATUS, model_is_pcie() ? STATUS_GIO_ENABLED : 0);
    u8 *e = (u8 *)nic_model->eeprom;
    model_set(RAL, e[0] | e[1] << 8 | e[2] << 16 | (u32)e[3] << 24);
    model_set(RAH, e[4] | e[5] << 8 | RAH_AV);
    model_set(CTRL, CTRL_LRST | CTRL_ILOS);
}

static void model_wire(u32 value)
{
    struct e1000_model *m = nic_model;
    u32 bits = m->big_eeprom ? 8 : 6;
    u32 changed = m->eecd ^ value;
    m->eecd = value & (EECD_SK | EECD_CS | EECD_DI | EECD_FWE);
    if (!(value & EECD_CS))
        return;
    if (changed & EECD_CS)
        m->wire_in = m->wire_bits = 0;
    if (!(changed & EECD_SK) || !(value & EECD_SK))
        return;
    m->wire_in = m->wire_in << 1 | (value & EECD_DI ? 1 : 0);
    m->wire_bits++;
    if (m->wire_bits > 3 + bits) {
        m->wire_out <<= 1;
    } else if (m->wire_bits == 3 + bits) {
        assert_int_equal(m->wire_in >> bits, 6);
        m->wire_out = m->eeprom[m->wire_in & (EEPROM_WORDS - 1)];
    }
}

static u32 model_eerd(void)
{
    bool late = model_is_82541() || model_is_pcie();
    u32 v = model_reg(EERD);
    if (!(v & EERD_START) || nic_model->eerd_dead)
        return v;
    u32 word = late ? v >> EERD_ADDR_82541 & 0x3fff : v >> EERD_ADDR & 0xff;
    assert_true(word < EEPROM_WORDS);
    return (u32)nic_model->eeprom[word] << EERD_DATA | (v & 0xffec) |
           (late ? EERD_DONE_82541 : EERD_DONE);
}

u32 model_read(u32 offset)
{
    struct e1000_model *m = nic_model;
    if (m->gone)
        return UINT32_MAX;
    model_rdt_seen();
    u32 v = model_reg(offset);
    switch (offset) {
    case STATUS:
        return (m->link ? STATUS_LU | m->link_bits : 0) | (m->port_b ? STATUS_FUNC_1 : 0) |
               (v & STATUS_GIO_ENABLED);
    case ICR:
        model_set(ICR, 0);
        return v;
    case EERD:
        return model_eerd();
    case EECD:
        return m->eecd | (m->big_eeprom ? EECD_SIZE : 0) | (m->auto_read ? EECD_AUTO_RD : 0) |
               (m->wire_out & 0x10000 ? EECD_DO : 0);
    }
    if (offset >= CRCERRS && offset < RXCSUM && !m->keeps_stats)
        model_set(offset, 0);
    return v;
}

static void model_mdic(u32 v)
{
    struct e1000_model *m = nic_model;
    u32 reg = v >> MDIC_REGADD & 31;
    assert_true(model_phy_is_ours());
    assert_int_equal(v & 0x03e00000, MDIC_PHYADD_1);
    assert_int_equal(reg, PHY_PCTRL);
    if (v & MDIC_OP_READ) {
        v = (v & 0xffff0000) | m->phy_pctrl;
    } else {
        m->phy_pctrl = v & 0xffff;
        m->phy_writes++;
    }
    model_set(MDIC, v | MDIC_R);
}

static void model_write(u32 offset, u32 value)
{
    struct e1000_model *m = nic_model;
    assert_true(offset % 4 == 0 && offset / 4 < 0x8000);
    if (m->gone)
        return;
    if (offset == RDT) {
        u32 count = model_reg(RDLEN) / sizeof(struct e1000_rx_desc);
        assert_true(count == 0 || value < count);
        m->rdt_writes++;
        m->rdt_held_at = value;
        m->rdt_held = true;
        if (!m->holds_rdt)
            model_rdt_seen();
        return;
    }
    if (offset == IMC || offset == IMS || offset == TDT || offset == TCTL || offset == MDIC)
        model_rdt_seen();
    if (offset == IMS && m->before_ims)
        m->before_ims();
    switch (offset) {
    case CTRL:
        assert_false(value & CTRL_PHY_RST);
        if (value & CTRL_GIO_DISABLE)
            model_set(STATUS, 0);
        if (value & CTRL_RST) {
            assert_true(!model_is_pcie() || !(model_reg(STATUS) & STATUS_GIO_ENABLED));
            m->resets++;
            if (!m->rst_sticks)
                value &= ~(u32)CTRL_RST;
            if (!m->rst_ignored && !m->rst_sticks) {
                model_registers_to_default();
                return;
            }
        }
        break;
    case EXTCNF_CTRL:
        value = model_shared(value, EXTCNF_MDIO_SW);
        break;
    case SWSM:
        value = model_shared(value, SWSM_SWESMBI);
        break;
    case EECD:
        model_wire(value);
        return;
    case MDIC:
        model_mdic(value);
        return;
    case IMS:
        model_set(IMS, model_reg(IMS) | value);
        if (m->after_ims)
            m->after_ims();
        return;
    case IMC:
        model_set(IMS, model_reg(IMS) & ~value);
        return;
    case RCTL:
        m->rctl_writes++;
        break;
    case RDBAL:
        /* A receiver that is on may have no descriptors meanwhile. */
        assert_true(!(model_reg(RCTL) & RCTL_EN) || model_reg(RDH) == model_reg(RDT));
        /* fall through */
    case TDBAL:
        assert_int_equal(value % 16, 0);
        break;
    case RDLEN:
    case TDLEN:
        assert_int_equal(value % 128, 0);
        break;
    case TDT:
        m->tdt_writes++;
        break;
    }
    model_set(offset, value);
    if (offset == TDT || offset == TCTL)
        model_send();
}

static u32 model_pci_read(u16 bdf, u8 offset)
{
    struct e1000_model *m = nic_model;
    if (bdf != MODEL_BDF)
        return UINT32_MAX;
    switch (offset) {
    case PCI_VENDOR_ID:
        return 0x8086 | (u32)m->device << 16;
    case PCI_COMMAND:
        return m->pci_command | (model_is_pcie() ? PCI_STATUS_CAPABILITIES << 16 : 0);
    case PCI_CAPABILITIES:
        return MODEL_EXPRESS;
    case MODEL_EXPRESS:
        return PCI_CAP_EXPRESS;
    case MODEL_EXPRESS + PCI_LINK_CONTROL:
        return m->link_control;
    case PCI_BAR0:
        return m->bar0;
    case PCI_BAR0 + 4:
        return m->bar1;
    case PCI_INTERRUPT_LINE:
        return m->irq_line;
    }
    return 0;
}

static void model_pci_write(u16 bdf, u8 offset, u16 value)
{
    assert_int_equal(bdf, MODEL_BDF);
    if (offset == MODEL_EXPRESS + PCI_LINK_CONTROL) {
        nic_model->link_control = value;
        return;
    }
    assert_int_equal(offset, PCI_COMMAND);
    nic_model->pci_command = value;
}

/* The checksum word that makes the EEPROM valid. */
static void model_eeprom_sum(void)
{
    u16 sum = 0;
    for (u32 i = 0; i < EEPROM_WORDS - 1; i++)
        sum = (u16)(sum + nic_model->eeprom[i]);
    nic_model->eeprom[EEPROM_WORDS - 1] = (u16)(EEPROM_SUM - sum);
}

void model_eeprom_mac(const u8 mac[6])
{
    for (u32 i = 0; i < 3; i++)
        nic_model->eeprom[i] = (u16)(mac[2 * i] | mac[2 * i + 1] << 8);
    model_eeprom_sum();
}

void model_power_on(u16 device)
{
    static const u8 mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    free(nic_model);
    nic_model = calloc(1, sizeof(*nic_model));
    host_reset(1000);
    host_mmio_read = model_read;
    host_mmio_write = model_write;
    host_pci_read32 = model_pci_read;
    host_pci_write16 = model_pci_write;
    nic_model->device = device;
    nic_model->bar0 = MODEL_BAR;
    nic_model->irq_line = 11;
    nic_model->link_control = 0x0143;
    nic_model->pci_command = PCI_COMMAND_NO_INTX;
    nic_model->link = true;
    nic_model->link_bits = STATUS_FD | STATUS_SPEED_1000;
    nic_model->phy_pctrl = PHY_PCTRL_DEFAULT;
    for (u32 i = 3; i < EEPROM_WORDS; i++)
        nic_model->eeprom[i] = (u16)(i * 0x1357);
    model_eeprom_mac(mac);
    model_registers_to_default();
}

u32 model_rx_free(void)
{
    u32 size = model_reg(RDLEN) / sizeof(struct e1000_rx_desc);
    return (model_reg(RDT) + size - model_reg(RDH)) % size;
}

/* What RCTL says of the receive buffers (13.4.22). */
static u32 model_rx_size(void)
{
    static const u32 sizes[] = {2048, 1024, 512, 256}, extended[] = {0, 16384, 8192, 4096};
    u32 rctl = model_reg(RCTL), bsize = rctl >> 16 & 3;
    return rctl & 0x02000000 ? extended[bsize] : sizes[bsize];
}

bool model_receive(const void *data, u32 len, u8 status, u8 errors)
{
    struct e1000_rx_desc *ring =
        (void *)(uintptr_t)(model_reg(RDBAL) | (u64)model_reg(RDBAH) << 32);
    u32 size = model_reg(RDLEN) / sizeof(*ring);
    if (!(model_reg(RCTL) & RCTL_EN))
        return false;
    if (model_reg(RDH) == model_reg(RDT)) {
        model_set(MPC, model_reg(MPC) + 1);
        model_set(RNBC, model_reg(RNBC) + 1);
        model_set(ICR, model_reg(ICR) | INT_RXO);
        return false;
    }
    struct e1000_rx_desc *d = &ring[model_reg(RDH)];
    assert_int_equal(d->status, 0);
    assert_int_equal(d->address % 16, 0);
    memcpy((void *)(uintptr_t)d->address, data, min_u32(len, model_rx_size()));
    d->length = (u16)len;
    d->errors = errors;
    d->status = (u8)(status | RXD_STATUS_DD);
    model_set(RDH, (model_reg(RDH) + 1) % size);
    model_set(ICR, model_reg(ICR) | INT_RXT0);
    return true;
}

bool model_receive_frame(const u8 *data, u32 len)
{
    if (len + 4 > (model_reg(RCTL) & 0x20 ? 16384 : 1522)) {
        model_set(RLEC, model_reg(RLEC) + 1);
        return false;
    }
    u32 size = model_rx_size();
    for (; len > size; data += size, len -= size)
        if (!model_receive(data, size, RXD_STATUS_IXSM, 0))
            return false;
    return model_receive(data, len, RXD_STATUS_EOP | RXD_STATUS_IXSM, 0);
}
