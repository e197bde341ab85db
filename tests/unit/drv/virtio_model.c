/* The model of a virtio network device. */
#include "drv/virtio_model.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "drv/nic_fixture.h"
#include "drv/pci.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define BAR         0xfea00000u
#define PORT        0xc000u
#define WINDOW      0x1000u /* bytes of each structure: common, ISR, device, notify */
#define NOTIFY_STEP 4u
#define FIRST_CAP   0x40

enum { COMMON, ISR, DEVICE, NOTIFY };

struct virtio_model *nic_model;

static u8 device_config(u32 offset)
{
    if (offset < 6)
        return nic_model->mac[offset];
    return offset == 6 ? nic_model->link : 0;
}

static void device_reset(void)
{
    struct virtio_model *m = nic_model;
    m->resets++;
    if (m->reset_sticks)
        return;
    m->status = m->isr = 0;
    m->taken[0] = m->taken[1] = 0;
    memset(m->queue, 0, sizeof(m->queue));
}

static void set_status(u8 status)
{
    struct virtio_model *m = nic_model;
    if (!status) {
        device_reset();
        return;
    }
    assert_int_equal(status & m->status, m->status); /* bits are added */
    if (m->refuses)
        status &= (u8)~VIRTIO_FEATURES_OK;
    if (status & VIRTIO_DRIVER_OK)
        assert_true(m->queue[0].enabled && m->queue[1].enabled);
    m->status = status;
}

static void take(u32 word, u32 features)
{
    assert_int_equal(features & ~nic_model->offered[word], 0);
    assert_false(nic_model->status & VIRTIO_FEATURES_OK);
    nic_model->taken[word] = features;
}

static void notify(u16 queue)
{
    struct virtio_model *m = nic_model;
    assert_true(queue < 2 && m->queue[queue].enabled && (m->status & VIRTIO_DRIVER_OK));
    m->notified[queue]++;
    if (queue == VIRTIO_TX)
        model_send();
}

static void queue_memory(u16 queue, u8 *desc, u8 *available, u8 *used, u16 size)
{
    nic_model->queue[queue].size = size;
    nic_model->queue[queue].desc = (void *)desc;
    nic_model->queue[queue].available = (void *)available;
    nic_model->queue[queue].used = (void *)used;
    nic_model->queue[queue].enabled = true;
}

/* ---- its own interface ---- */

static u32 selected_features, selected_driver;
static u16 selected;
static u16 common_size[2];
static u64 common_address[2][3];

static u32 common_read(u32 offset)
{
    struct virtio_model *m = nic_model;
    switch (offset) {
    case 4:
        return selected_features < 2 ? m->offered[selected_features] : 0;
    case 20:
        return m->status;
    case 24:
        return selected < 2 ? m->queue_size : 0;
    case 30:
        return selected * (u32)nic_model->notify_apart;
    }
    fail_msg("common configuration: read of %u", offset);
    return 0;
}

static void common_write(u32 offset, u32 value)
{
    if (offset >= 32 && offset < 56) {
        u64 *a = &common_address[selected][(offset - 32) / 8];
        *a = offset % 8 ? (*a & UINT32_MAX) | (u64)value << 32 : (*a & ~(u64)UINT32_MAX) | value;
        return;
    }
    switch (offset) {
    case 0:
        selected_features = value;
        return;
    case 8:
        selected_driver = value;
        return;
    case 12:
        take(selected_driver, value);
        return;
    case 20:
        set_status((u8)value);
        return;
    case 22:
        selected = (u16)value;
        return;
    case 24:
        assert_true(value && !(value & (value - 1)) && value <= nic_model->queue_size);
        common_size[selected] = (u16)value;
        return;
    case 28: {
        u64 *a = common_address[selected];
        assert_int_equal(value, 1);
        assert_int_equal(a[0] % 16 | a[1] % 2 | a[2] % 4, 0);
        queue_memory(selected, (u8 *)(uintptr_t)a[0], (u8 *)(uintptr_t)a[1], (u8 *)(uintptr_t)a[2],
                     common_size[selected]);
        return;
    }
    }
    fail_msg("common configuration: write of %u", offset);
}

static u32 memory_read(u32 offset)
{
    u8 isr = nic_model->isr;
    switch (offset / WINDOW) {
    case COMMON:
        return common_read(offset);
    case ISR:
        nic_model->isr = 0;
        return isr;
    case DEVICE:
        return device_config(offset % WINDOW);
    }
    fail_msg("read of %x", offset);
    return 0;
}

static void memory_write(u32 offset, u32 value)
{
    if (offset / WINDOW == COMMON) {
        common_write(offset, value);
        return;
    }
    assert_int_equal(offset / WINDOW, NOTIFY);
    assert_int_equal(offset % WINDOW, value * nic_model->notify_apart * NOTIFY_STEP);
    notify((u16)value);
}

/* ---- the legacy interface ---- */

static u32 port_read(u32 offset)
{
    u8 isr = nic_model->isr;
    switch (offset) {
    case 0:
        return nic_model->offered[0];
    case 12:
        return selected < 2 ? nic_model->queue_size : 0;
    case 18:
        return nic_model->status;
    case 19:
        nic_model->isr = 0;
        return isr;
    }
    assert_true(offset >= 20);
    return device_config(offset - 20);
}

static void port_write(u32 offset, u32 value)
{
    struct virtio_model *m = nic_model;
    switch (offset) {
    case 4:
        take(0, value);
        return;
    case 8: {
        u8 *p = (u8 *)(uintptr_t)((u64)value * 4096);
        u8 *available = p + 16 * m->queue_size;
        u64 used = (uintptr_t)available + 6 + 2 * m->queue_size;
        queue_memory(selected, p, available, (u8 *)(uintptr_t)((used + 4095) & ~4095ull),
                     m->queue_size);
        return;
    }
    case 14:
        selected = (u16)value;
        return;
    case 16:
        notify((u16)value);
        return;
    case 18:
        set_status((u8)value);
        return;
    }
    fail_msg("write of port %u", offset);
}

static u32 bus_read(bool io, u32 address, u32 size)
{
    assert_true(size == 1 || size == 2 || size == 4);
    if (nic_model->vanishes && !--nic_model->vanishes)
        nic_model->gone = true;
    if (nic_model->gone)
        return UINT32_MAX;
    assert_true(io ? nic_model->legacy : nic_model->modern);
    return io ? port_read(address - PORT) : memory_read(address - BAR);
}

static void bus_write(bool io, u32 address, u32 size, u32 value)
{
    (void)size;
    if (nic_model->gone)
        return;
    assert_true(io ? nic_model->legacy : nic_model->modern);
    if (io)
        port_write(address - PORT, value);
    else
        memory_write(address - BAR, value);
}

/* ---- PCI ---- */

static u32 pci_read(u16 bdf, u8 offset)
{
    struct virtio_model *m = nic_model;
    u32 cap = (offset - FIRST_CAP) / 20u;
    if (bdf != MODEL_BDF)
        return UINT32_MAX;
    if (offset >= FIRST_CAP)
        return cap < m->capabilities ? get_le32(m->capability[cap] + (offset - FIRST_CAP) % 20) : 0;
    switch (offset) {
    case PCI_VENDOR_ID:
        return 0x1af4 | (m->legacy ? 0x1000u : 0x1041u) << 16;
    case PCI_COMMAND:
        return m->pci_command | PCI_STATUS_CAPABILITIES << 16;
    case PCI_BAR0:
        return m->legacy ? PORT | 1 : 0;
    case PCI_BAR0 + 16:
        return m->modern ? BAR | 0x0c : 0;
    case PCI_BAR0 + 20:
        return m->bar_high;
    case PCI_CAPABILITIES:
        return m->capabilities ? FIRST_CAP : 0;
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

static void add_capability(u8 type, u32 window)
{
    u8 *c = nic_model->capability[nic_model->capabilities++];
    c[0] = 9;
    c[1] = (u8)(FIRST_CAP + 20 * nic_model->capabilities);
    c[2] = 20;
    c[3] = type;
    c[4] = 4;
    put_le32(c + 8, window * WINDOW);
    put_le32(c + 12, WINDOW);
    put_le32(c + 16, NOTIFY_STEP);
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
    nic_model->legacy = nic_model->modern = nic_model->link = true;
    nic_model->offered[0] = MODEL_FEATURES | 1u << 10 | 1u << 28; /* and some that we leave */
    nic_model->offered[1] = VIRTIO_VERSION_1 | VIRTIO_ACCESS_PLATFORM;
    nic_model->queue_size = 128;
    nic_model->notify_apart = 3;
    nic_model->pci_command = PCI_COMMAND_NO_INTX;
    memcpy(nic_model->mac, mac, sizeof(mac));
    add_capability(5, 0); /* the window of PCI configuration space */
    add_capability(1, COMMON);
    add_capability(3, ISR);
    add_capability(4, DEVICE);
    add_capability(2, NOTIFY);
    nic_model->capability[nic_model->capabilities - 1][1] = 0;
}

/* ---- the queues ---- */

static u16 mask(u16 queue)
{
    return nic_model->queue[queue].size - 1;
}

/* Its event index is behind the ring: how far it has seen, so that the next one is worth a word. */
static void ask_for_word(u16 queue)
{
    u16 size = nic_model->queue[queue].size;
    nic_model->queue[queue].used[2 + 4 * size] = nic_model->queue[queue].next;
}

void model_use(u16 queue, u32 id, u32 len)
{
    volatile u32 *ring = (volatile u32 *)(nic_model->queue[queue].used + 2);
    u16 at = nic_model->queue[queue].done & mask(queue);
    ring[2 * at] = id;
    ring[2 * at + 1] = len;
    nic_model->queue[queue].used[1] = ++nic_model->queue[queue].done;
}

bool model_interrupts(u16 queue)
{
    volatile u16 *available = nic_model->queue[queue].available;
    u16 done = nic_model->queue[queue].done;
    if (nic_model->taken[0] & VIRTIO_EVENT_IDX)
        return available[2 + nic_model->queue[queue].size] == (u16)(done - 1);
    return !(available[0] & 1);
}

static u16 header_length(void)
{
    return nic_model->taken[1] & VIRTIO_VERSION_1 || nic_model->taken[0] & VIRTIO_NET_MRG_RXBUF
               ? 12
               : 10;
}

/* The next chain that is available; UINT32_MAX: none. */
static u32 next_chain(u16 queue)
{
    volatile u16 *available = nic_model->queue[queue].available;
    u16 at = nic_model->queue[queue].next;
    if (!nic_model->queue[queue].enabled || at == available[1])
        return UINT32_MAX;
    assert_true((u16)(available[1] - at) <= nic_model->queue[queue].size);
    nic_model->queue[queue].next++;
    return available[2 + (at & mask(queue))];
}

void model_send(void)
{
    struct virtio_model *m = nic_model;
    u32 head;
    if (m->holds_tx)
        return;
    while ((head = next_chain(VIRTIO_TX)) != UINT32_MAX) {
        struct model_descriptor *d = &m->queue[VIRTIO_TX].desc[head];
        u8 zeros[12] = {0};
        assert_int_equal(d->flags, 1);
        assert_int_equal(d->len, header_length());
        assert_memory_equal((void *)(uintptr_t)d->address, zeros, d->len);
        d = &m->queue[VIRTIO_TX].desc[d->next];
        assert_int_equal(d->flags, 0);
        u32 slot = m->frames_sent++ % MODEL_SENT;
        assert_true(d->len <= sizeof(m->sent[slot].data));
        memcpy(m->sent[slot].data, (void *)(uintptr_t)d->address, d->len);
        m->sent[slot].len = d->len;
        model_use(VIRTIO_TX, head, 0);
    }
    ask_for_word(VIRTIO_TX);
}

u32 model_rx_free(void)
{
    return (u16)(nic_model->queue[VIRTIO_RX].available[1] - nic_model->queue[VIRTIO_RX].next);
}

/* Bytes that the next buffer takes, behind so many of header; UINT32_MAX: there is none. */
static u32 fill_next(u32 header, const u8 *data, u32 len, u8 **to)
{
    u32 head = next_chain(VIRTIO_RX);
    if (head == UINT32_MAX)
        return head;
    struct model_descriptor *d = &nic_model->queue[VIRTIO_RX].desc[head];
    u32 n = min_u32(len, d->len - header);
    assert_int_equal(d->flags, 2);
    *to = (u8 *)(uintptr_t)d->address;
    memset(*to, 0, header);
    memcpy(*to + header, data, n);
    model_use(VIRTIO_RX, head, header + n);
    return n;
}

u32 model_receive_long(const u8 *data, u32 len, u8 flags, u8 gso)
{
    u8 *header, *to;
    u32 buffers = 1, at = fill_next(12, data, len, &header);
    assert_int_equal(header_length(), 12);
    for (; at < len; buffers++) {
        u32 n = fill_next(0, data + at, len - at, &to);
        if (n == UINT32_MAX)
            return 0;
        at += n;
    }
    header[0] = flags;
    header[1] = gso;
    put_le16(header + 10, (u16)buffers);
    return buffers;
}

bool model_receive(const void *data, u32 len, u8 flags, u16 buffers)
{
    u32 head = next_chain(VIRTIO_RX);
    if (head == UINT32_MAX) {
        ask_for_word(VIRTIO_RX);
        return false;
    }
    struct model_descriptor *d = &nic_model->queue[VIRTIO_RX].desc[head];
    assert_int_equal(d->flags, 2);
    u8 *to = (u8 *)(uintptr_t)d->address;
    u16 header = header_length();
    memset(to, 0, header);
    to[0] = flags;
    if (header == 12)
        put_le16(to + 10, buffers);
    memcpy(to + header, data, min_u32(len, d->len - header));
    model_use(VIRTIO_RX, head, header + len);
    return true;
}
