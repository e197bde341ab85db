/* The model of VMXNET3. */
#include "drv/vmxnet3_model.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "drv/nic_fixture.h"
#include "drv/pci.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define FAST 0xfeb00000u /* BAR 0 */
#define SLOW 0xfeb01000u /* BAR 1 */

struct vmxnet3_model *nic_model;

struct vmxnet3_queues *model_queues(void)
{
    return (void *)(uintptr_t)nic_model->shared->queues;
}

static void check_ring(u64 address, u32 size)
{
    assert_int_equal(address % RING_ALIGN, 0);
    assert_true(size && size <= RING_MOST);
    assert_int_equal(size % RING_MULTIPLE, 0);
}

/* What QEMU's device would end the machine for, and what VMware's documents ask for. */
static void check_shared(void)
{
    struct vmxnet3_shared *s = nic_model->shared;
    struct vmxnet3_queues *q = model_queues();
    assert_int_equal(s->magic, SHARED_MAGIC);
    assert_int_equal(s->queues % 128, 0);
    assert_int_equal(s->queues_length, sizeof(*q));
    assert_true(s->mtu >= 60 && s->mtu <= 9000);
    assert_int_equal(s->tx_queues, 1);
    assert_int_equal(s->rx_queues, 1);
    assert_int_equal(s->interrupts, 1);
    assert_int_equal(s->event_interrupt | q->tx.interrupt | q->rx.interrupt, 0);
    check_ring(q->tx.ring, q->tx.ring_size);
    check_ring(q->tx.completions, q->tx.completions_size);
    check_ring(q->rx.ring[0], q->rx.ring_size[0]);
    check_ring(q->rx.completions, q->rx.completions_size);
    assert_true(q->rx.completions_size >= q->rx.ring_size[0]);
    assert_int_equal(q->rx.ring_size[1], 0);
}

static void activate(void)
{
    struct vmxnet3_model *m = nic_model;
    if (m->refuses || m->active)
        return; /* QEMU's takes no second one */
    assert_non_null(m->shared);
    assert_int_equal(m->revision, REVISION_1);
    assert_int_equal(m->upt_revision, REVISION_1);
    assert_int_equal(m->shared->revision, REVISION_1);
    assert_int_equal(m->shared->upt_version, REVISION_1);
    check_shared();
    m->rx_stopped = false;
    m->rx_next = m->rx_done = m->tx_next = m->tx_done = 0;
    m->rx_generation = m->rx_done_generation = m->tx_generation = m->tx_done_generation = 1;
    m->active = true;
}

static void take_command(u32 what)
{
    struct vmxnet3_model *m = nic_model;
    m->last_command = what;
    switch (what) {
    case CMD_ACTIVATE:
        activate();
        return;
    case CMD_RESET:
        m->resets++;
        m->masked = true;
        /* fall through */
    case CMD_QUIESCE:
        m->active = false;
        return;
    case CMD_QUEUE_STATUS:
        model_queues()->rx.stopped = m->rx_stopped;
        return;
    case CMD_LINK:
    case CMD_PERM_MAC_LOW:
    case CMD_PERM_MAC_HIGH:
        return;
    }
    fail_msg("command %x", what);
}

static u32 command_result(void)
{
    struct vmxnet3_model *m = nic_model;
    switch (m->last_command) {
    case CMD_ACTIVATE:
        return !m->active;
    case CMD_LINK:
        return m->link ? 10000u << 16 | 1 : 0;
    case CMD_PERM_MAC_LOW:
        return get_le32(m->mac);
    case CMD_PERM_MAC_HIGH:
        return get_le16(m->mac + 4);
    }
    return 0;
}

static u32 slow_read(u32 offset)
{
    struct vmxnet3_model *m = nic_model;
    bool asserted = m->asserted;
    switch (offset) {
    case VRRS:
        return m->revisions;
    case UVRS:
        return m->upt_revisions;
    case CMD:
        return command_result();
    case ICR:
        m->asserted = false;
        return asserted;
    }
    fail_msg("read of %x", offset);
    return 0;
}

static void slow_write(u32 offset, u32 value)
{
    struct vmxnet3_model *m = nic_model;
    switch (offset) {
    case VRRS:
        m->revision = value;
        return;
    case UVRS:
        m->upt_revision = value;
        return;
    case DSAL:
        m->address_low = value;
        return;
    case DSAH:
        m->shared = (void *)(uintptr_t)((u64)value << 32 | m->address_low);
        return;
    case CMD:
        take_command(value);
        return;
    case MACL:
        assert_int_equal(value, get_le32(m->mac));
        return;
    case MACH:
        assert_int_equal(value, get_le16(m->mac + 4));
        return;
    case ECR:
        m->shared->events &= ~value;
        return;
    }
    fail_msg("write of %x", offset);
}

static void fast_write(u32 offset, u32 value)
{
    if (!nic_model->active)
        return;
    switch (offset) {
    case IMR:
        nic_model->masked = value;
        return;
    case TXPROD:
        model_send();
        return;
    case RXPROD:
        assert_true(value < model_queues()->rx.ring_size[0]);
        nic_model->told++;
        return;
    }
    fail_msg("write of %x", offset);
}

static u32 bus_read(bool io, u32 address, u32 size)
{
    assert_true(!io && size == 4);
    if (nic_model->vanishes && !--nic_model->vanishes)
        nic_model->gone = true;
    return nic_model->gone ? UINT32_MAX : slow_read(address - SLOW);
}

static void bus_write(bool io, u32 address, u32 size, u32 value)
{
    assert_true(!io && size == 4);
    if (nic_model->gone)
        return;
    if (address >= SLOW)
        slow_write(address - SLOW, value);
    else
        fast_write(address - FAST, value);
}

static u32 pci_read(u16 bdf, u8 offset)
{
    struct vmxnet3_model *m = nic_model;
    if (bdf != MODEL_BDF)
        return UINT32_MAX;
    switch (offset) {
    case PCI_VENDOR_ID:
        return 0x07b015ad;
    case PCI_COMMAND:
        return m->pci_command;
    case PCI_BAR0:
        return FAST | (m->bar_high ? 4 : 0);
    case PCI_BAR0 + 4:
        return m->bar_high ? m->bar_high : SLOW;
    case PCI_INTERRUPT_LINE:
        return 11;
    }
    return 0;
}

static void pci_write(u16 bdf, u8 offset, u16 value)
{
    assert_int_equal(bdf, MODEL_BDF);
    assert_int_equal(offset, PCI_COMMAND);
    nic_model->pci_command = value;
}

void model_power_on(void)
{
    static const u8 mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    free(nic_model);
    nic_model = calloc(1, sizeof(*nic_model));
    host_reset(1000);
    host_bus_read = bus_read;
    host_bus_write = bus_write;
    host_pci_read32 = pci_read;
    host_pci_write16 = pci_write;
    nic_model->link = nic_model->masked = true;
    nic_model->revisions = 7; /* up to the third */
    nic_model->upt_revisions = 1;
    nic_model->pci_command = PCI_COMMAND_NO_INTX;
    memcpy(nic_model->mac, mac, sizeof(mac));
}

/* ---- the rings ---- */

static void interrupt(void)
{
    if (!nic_model->masked && !(nic_model->shared->interrupt_control & INTERRUPTS_OFF)) {
        nic_model->asserted = true;
        nic_model->masked = nic_model->shared->automask;
    }
}

void model_event(u32 events)
{
    nic_model->shared->events |= events;
    interrupt();
}

static void complete(u64 ring, u32 size, u32 *at, u32 *generation,
                     const struct vmxnet3_completion *c)
{
    struct vmxnet3_completion *to = (struct vmxnet3_completion *)(uintptr_t)ring + *at;
    *to = *c;
    to->flags |= *generation ? COMPLETION_NEW : 0;
    if (++*at == size) {
        *at = 0;
        *generation ^= 1;
    }
}

void model_complete_tx(u32 index)
{
    struct vmxnet3_tx_queue *q = &model_queues()->tx;
    struct vmxnet3_completion c = {.index = index};
    complete(q->completions, q->completions_size, &nic_model->tx_done,
             &nic_model->tx_done_generation, &c);
}

void model_complete_rx(u32 index, u32 length, u32 flags)
{
    struct vmxnet3_rx_queue *q = &model_queues()->rx;
    struct vmxnet3_completion c = {.index = index, .length = length, .flags = flags};
    complete(q->completions, q->completions_size, &nic_model->rx_done,
             &nic_model->rx_done_generation, &c);
    interrupt();
}

void model_send(void)
{
    struct vmxnet3_model *m = nic_model;
    struct vmxnet3_tx_queue *q = &model_queues()->tx;
    struct vmxnet3_desc *ring = (void *)(uintptr_t)q->ring;
    while (!m->holds_tx && !!(ring[m->tx_next].length & TX_GENERATION) == m->tx_generation) {
        struct vmxnet3_desc *d = &ring[m->tx_next];
        u32 slot = m->frames_sent++ % MODEL_SENT, len = d->length & LENGTH_MASK;
        assert_int_equal(d->flags, TX_EOP | TX_COMPLETE);
        assert_true(len <= sizeof(m->sent[slot].data));
        memcpy(m->sent[slot].data, (void *)(uintptr_t)d->address, len);
        m->sent[slot].len = len;
        model_complete_tx(m->tx_next);
        if (++m->tx_next == q->ring_size) {
            m->tx_next = 0;
            m->tx_generation ^= 1;
        }
    }
}

bool model_receive(const void *data, u32 len, u32 index_flags, u32 flags)
{
    struct vmxnet3_model *m = nic_model;
    struct vmxnet3_rx_queue *q = &model_queues()->rx;
    struct vmxnet3_desc *ring = (void *)(uintptr_t)q->ring[0], *d = &ring[m->rx_next];
    if (!m->active || !!(d->length & RX_GENERATION) != m->rx_generation)
        return false;
    memcpy((void *)(uintptr_t)d->address, data, min_u32(len, d->length & LENGTH_MASK));
    u32 index = m->rx_next;
    if (++m->rx_next == q->ring_size[0]) {
        m->rx_next = 0;
        m->rx_generation ^= 1;
    }
    model_complete_rx(index | index_flags, len, flags);
    return true;
}
