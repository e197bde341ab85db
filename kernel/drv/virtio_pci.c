/* A virtio device's registers: in memory, where its PCI capabilities say (4.1.4 of the
 * specification), or in I/O ports as before version 1 (4.1.4.10). */
#include "drv/pci.h"
#include "drv/virtio_internal.h"

#define RESET_POLL_US 100
#define RESET_POLLS   1000

/* A virtio capability (4.1.4), and the structures that it may be about. */
#define CAP_VENDOR    0x09
#define CAP_TYPE      3
#define CAP_BAR       4
#define CAP_OFFSET    8
#define CAP_LENGTH    12
#define CAP_NOTIFY    16 /* of TYPE_NOTIFY alone: the distance between queues */
enum { TYPE_COMMON = 1, TYPE_NOTIFY, TYPE_ISR, TYPE_DEVICE, TYPES };
static const u8 least[TYPES] = {
    [TYPE_COMMON] = 56, [TYPE_NOTIFY] = 2, [TYPE_ISR] = 1, [TYPE_DEVICE] = 8};

/* The common configuration (4.1.4.3). */
#define COMMON_DEVICE_SELECT 0
#define COMMON_DEVICE        4
#define COMMON_DRIVER_SELECT 8
#define COMMON_DRIVER        12
#define COMMON_STATUS        20
#define COMMON_SELECT        22
#define COMMON_SIZE          24
#define COMMON_ENABLE        28
#define COMMON_NOTIFY        30
#define COMMON_DESCRIPTORS   32
#define COMMON_AVAILABLE     40
#define COMMON_USED          48

/* The legacy ports. */
#define LEGACY_DEVICE        0
#define LEGACY_DRIVER        4
#define LEGACY_PAGE          8 /* of the queue's memory */
#define LEGACY_SIZE          12
#define LEGACY_SELECT        14
#define LEGACY_NOTIFY        16
#define LEGACY_STATUS        18
#define LEGACY_ISR           19
#define LEGACY_CONFIG        20
#define LEGACY_PAGE_SIZE     4096

static struct mmio *window[TYPES]; /* NULL: it has none */
static u32 notify_distance, notify_length;
static u32 notify_offset[2]; /* of each queue */
static u16 port;             /* 0: not the legacy interface */

/* The memory that a capability names; false when it names none that can be. */
static enum error take_capability(u16 bdf, u8 at)
{
    const u32 type = pci_read8(bdf, at + CAP_TYPE);
    const u32 offset = pci_read32(bdf, at + CAP_OFFSET), length = pci_read32(bdf, at + CAP_LENGTH);
    u32 bar;
    if (type < TYPE_COMMON || type >= TYPES || window[type] || length < least[type])
        return OK;
    enum error e = pci_bar(bdf, pci_read8(bdf, at + CAP_BAR), &bar);
    if (e || offset > UINT32_MAX - length || offset + length > UINT32_MAX - bar)
        return e;
    window[type] = platform_mmio(bar + offset);
    if (type == TYPE_NOTIFY) {
        notify_distance = pci_read32(bdf, at + CAP_NOTIFY);
        notify_length = length;
    }
    return OK;
}

enum error virtio_find(u16 bdf, u16 *found)
{
    enum error e = OK;
    for (u32 i = 0; i < TYPES; i++)
        window[i] = NULL;
    for (u8 at = 0; !e && (at = pci_capability(bdf, CAP_VENDOR, at)) != 0;)
        e = take_capability(bdf, at);
    bool modern =
        window[TYPE_COMMON] && window[TYPE_NOTIFY] && window[TYPE_ISR] && window[TYPE_DEVICE];
    port = modern ? 0 : pci_io_bar(bdf, 0);
    if (!modern && !port)
        return e ? e : ERR_NIC_DEAD;
    *found = pci_enable(bdf, port ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
    return OK;
}

bool virtio_is_legacy(void)
{
    return port;
}

u8 virtio_status(void)
{
    return (u8)(port ? io_read(port + LEGACY_STATUS, 1)
                     : mmio_read(window[TYPE_COMMON], COMMON_STATUS, 1));
}

static void write_status(u8 status)
{
    if (port)
        io_write(port + LEGACY_STATUS, 1, status);
    else
        mmio_write(window[TYPE_COMMON], COMMON_STATUS, 1, status);
}

void virtio_set_status(u8 bits)
{
    write_status(virtio_status() | bits);
}

bool virtio_reset(void)
{
    write_status(0);
    for (u32 i = 0; i < RESET_POLLS; i++) {
        if (!virtio_status())
            return true;
        platform_delay_us(RESET_POLL_US);
    }
    return false;
}

u32 virtio_features(u32 word)
{
    if (port)
        return word ? 0 : io_read(port + LEGACY_DEVICE, 4);
    mmio_write(window[TYPE_COMMON], COMMON_DEVICE_SELECT, 4, word);
    return mmio_read(window[TYPE_COMMON], COMMON_DEVICE, 4);
}

void virtio_take_features(u32 word, u32 features)
{
    if (port && !word)
        io_write(port + LEGACY_DRIVER, 4, features);
    if (port)
        return;
    mmio_write(window[TYPE_COMMON], COMMON_DRIVER_SELECT, 4, word);
    mmio_write(window[TYPE_COMMON], COMMON_DRIVER, 4, features);
}

u8 virtio_config(u32 offset)
{
    return (u8)(port ? io_read((u16)(port + LEGACY_CONFIG + offset), 1)
                     : mmio_read(window[TYPE_DEVICE], offset, 1));
}

u8 virtio_isr(void)
{
    return (u8)(port ? io_read(port + LEGACY_ISR, 1) : mmio_read(window[TYPE_ISR], 0, 1));
}

static void select(u16 queue)
{
    if (port)
        io_write(port + LEGACY_SELECT, 2, queue);
    else
        mmio_write(window[TYPE_COMMON], COMMON_SELECT, 2, queue);
}

u16 virtio_queue_size(u16 queue)
{
    select(queue);
    return (u16)(port ? io_read(port + LEGACY_SIZE, 2)
                      : mmio_read(window[TYPE_COMMON], COMMON_SIZE, 2));
}

static void write_address(u32 offset, volatile void *p)
{
    u64 address = dma_address(p);
    mmio_write(window[TYPE_COMMON], offset, 4, (u32)address);
    mmio_write(window[TYPE_COMMON], offset + 4, 4, (u32)(address >> 32));
}

bool virtio_queue_set(u16 queue, const struct virtio_area *area)
{
    select(queue);
    if (port) {
        io_write(port + LEGACY_PAGE, 4, (u32)(dma_address(area->descriptors) / LEGACY_PAGE_SIZE));
        return true;
    }
    mmio_write(window[TYPE_COMMON], COMMON_SIZE, 2, area->size);
    write_address(COMMON_DESCRIPTORS, area->descriptors);
    write_address(COMMON_AVAILABLE, area->available);
    write_address(COMMON_USED, area->used);
    /* 4.1.4.4.1 */
    u64 notify = (u64)mmio_read(window[TYPE_COMMON], COMMON_NOTIFY, 2) * notify_distance;
    if (notify > notify_length - least[TYPE_NOTIFY])
        return false;
    notify_offset[queue] = (u32)notify;
    mmio_write(window[TYPE_COMMON], COMMON_ENABLE, 2, 1);
    return true;
}

void virtio_notify(u16 queue)
{
    if (port)
        io_write(port + LEGACY_NOTIFY, 2, queue);
    else
        mmio_write(window[TYPE_NOTIFY], notify_offset[queue], 2, queue);
}
