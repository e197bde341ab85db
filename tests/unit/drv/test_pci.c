/* PCI: finding functions behind bridges and on root buses, BARs, the command register. */
#include "base/bytes.h"
#include "drv/pci.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define NIC     0x100e8086u
#define OTHER   0x12378086u
#define BRIDGE  0x244e8086u
#define CHIPSET 0x70008086u

#define MULTI   0x80

struct function {
    u16 bdf;
    u32 id;
    u8 header;
    u8 subordinate;
};

static const struct function *machine;
static u32 machine_size;
static u32 functions_read;
static u32 bars[6];
static u16 command;

static u32 pci_read(u16 bdf, u8 offset)
{
    functions_read += offset == PCI_VENDOR_ID;
    for (u32 i = 0; i < machine_size; i++) {
        const struct function *f = &machine[i];
        if (f->bdf != bdf)
            continue;
        if (f->subordinate && offset == 0x18)
            return (u32)f->subordinate << 16 | 0x00ff00ff;
        switch (offset) {
        case PCI_VENDOR_ID:
            return f->id;
        case PCI_HEADER_TYPE & 0xfc:
            return (u32)f->header << 16;
        case PCI_COMMAND:
            return 0x02900000u | command;
        }
        if (offset >= PCI_BAR0 && offset < PCI_BAR0 + sizeof(bars))
            return bars[(offset - PCI_BAR0) / 4];
    }
    return UINT32_MAX;
}

static void pci_write(u16 bdf, u8 offset, u16 value)
{
    (void)bdf;
    assert_int_equal(offset, PCI_COMMAND);
    command = value;
}

static void power_on(const struct function *f, u32 count)
{
    host_reset(0);
    host_pci_read32 = pci_read;
    host_pci_write16 = pci_write;
    machine = f;
    machine_size = count;
    functions_read = 0;
}

static bool is_nic(u16 vendor, u16 device)
{
    return (vendor | (u32)device << 16) == NIC;
}

TEST(finds_all_on_bus_0_in_order)
{
    static const struct function f[] = {
        {0x0000, OTHER, 0, 0},   {0x0008, CHIPSET, MULTI, 0}, {0x0009, NIC, 0, 0},
        {0x0018, NIC, MULTI, 0}, {0x001b, NIC, 0, 0},
    };
    power_on(f, ARRAY_SIZE(f));
    assert_int_equal(pci_find(0, is_nic), 0x0009);
    assert_int_equal(pci_find(0x0009, is_nic), 0x0009);
    assert_int_equal(pci_find(0x000a, is_nic), 0x0018);
    assert_int_equal(pci_find(0x0019, is_nic), 0x001b);
    assert_int_equal(pci_find(0x001c, is_nic), PCI_BDF_END);
    assert_int_equal(pci_find(PCI_BDF_END, is_nic), PCI_BDF_END);
}

TEST(single_function_devices_are_asked_once)
{
    /* Such a device may answer for all its function numbers. */
    static const struct function f[] = {
        {0x0010, OTHER, 0, 0}, {0x0011, NIC, 0, 0}, {0x0018, NIC, 0, 0}};
    power_on(f, ARRAY_SIZE(f));
    assert_int_equal(pci_find(0, is_nic), 0x0018);
    assert_int_equal(functions_read, 4);
}

TEST(finds_what_is_behind_bridges)
{
    static const struct function f[] = {
        {0x0000, OTHER, 0, 0}, {0x0008, BRIDGE, 1, 2}, {0x0100, BRIDGE, MULTI | 1, 2},
        {0x0208, NIC, 0, 0},   {0x00f8, OTHER, 0, 0},
    };
    power_on(f, ARRAY_SIZE(f));
    assert_int_equal(pci_find(0, is_nic), 0x0208);
    assert_true(functions_read < 120);
    assert_int_equal(pci_find(0x0108, is_nic), 0x0208);
}

TEST(finds_what_is_on_other_root_buses)
{
    static const struct function f[] = {
        {0x0000, OTHER, 0, 0}, {0x8008, OTHER, MULTI, 0}, {0x800d, NIC, 0, 0}, {0xfff8, NIC, 0, 0}};
    power_on(f, ARRAY_SIZE(f));
    assert_int_equal(pci_find(0, is_nic), 0x800d);
    assert_int_equal(pci_find(0x800e, is_nic), 0xfff8);
    assert_int_equal(pci_find(0xfff9, is_nic), PCI_BDF_END);
}

TEST(an_empty_machine_has_none)
{
    power_on(NULL, 0);
    assert_int_equal(pci_find(0, is_nic), PCI_BDF_END);
    assert_true(functions_read <= 256 * 32);
}

TEST(memory_bars)
{
    static const struct function f[] = {{0x0018, NIC, 0, 0}};
    power_on(f, 1);
    bars[0] = 0xfeb00000;
    bars[1] = 0xc001;     /* I/O */
    bars[2] = 0xfea0000c; /* 64 bits, prefetchable, below 4 GiB */
    bars[3] = 0;
    bars[4] = 0xfe900004;     /* 64 bits, above */
    bars[5] = 1u << 31 | 0x4; /* 64 bits without room for the rest */
    u32 address;
    assert_int_equal(pci_bar(0x0018, 0, &address), OK);
    assert_int_equal(address, 0xfeb00000);
    assert_int_equal(pci_bar(0x0018, 1, &address), ERR_NIC_DEAD);
    assert_int_equal(pci_bar(0x0018, 2, &address), OK);
    assert_int_equal(address, 0xfea00000);
    assert_int_equal(pci_bar(0x0018, 3, &address), ERR_NIC_DEAD);
    assert_int_equal(pci_bar(0x0018, 4, &address), ERR_NIC_ABOVE_4G);
    assert_int_equal(pci_bar(0x0018, 5, &address), ERR_NIC_DEAD);
    assert_int_equal(pci_bar(0x0020, 0, &address), ERR_NIC_DEAD); /* nobody there */
}

TEST(enabling_keeps_the_other_bits)
{
    static const struct function f[] = {{0x0018, NIC, 0, 0}};
    power_on(f, 1);
    command = PCI_COMMAND_NO_INTX | 0x0140;
    assert_int_equal(pci_enable(0x0018, PCI_COMMAND_MEMORY), PCI_COMMAND_NO_INTX | 0x0140);
    assert_int_equal(command, 0x0140 | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_enable(0x0018, PCI_COMMAND_IO);
    assert_int_equal(command, 0x0140 | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* One function whose whole configuration space is there. */

static u8 space[256];
static bool forgets; /* its header, as it wakes */

static u32 space_read(u16 bdf, u8 offset)
{
    return bdf == 0x0018 ? get_le32(space + offset) : UINT32_MAX;
}

static void space_write(u16 bdf, u8 offset, u16 value)
{
    assert_int_equal(bdf, 0x0018);
    put_le16(space + offset, value);
    if (forgets && offset == 0xc8 + PCI_POWER_CONTROL)
        memset(space + 0x0c, 0, 0x34);
}

static void with_space(void)
{
    host_reset(0);
    host_pci_read32 = space_read;
    host_pci_write16 = space_write;
    forgets = false;
    memset(space, 0, sizeof(space));
    space[PCI_STATUS] = PCI_STATUS_CAPABILITIES;
    space[PCI_CAPABILITIES] = 0xc9; /* the two lowest bits mean nothing */
    space[0xc8] = PCI_CAP_POWER;
    space[0xc9] = 0x40;
    space[0x40] = 9;
    space[0x41] = 0x60;
    space[0x60] = 9;
}

TEST_WITH(capabilities_are_a_list, with_space)
{
    assert_int_equal(pci_capability(0x0018, PCI_CAP_POWER, 0), 0xc8);
    assert_int_equal(pci_capability(0x0018, 9, 0), 0x40);
    assert_int_equal(pci_capability(0x0018, 9, 0x40), 0x60);
    assert_int_equal(pci_capability(0x0018, 9, 0x60), 0);
    assert_int_equal(pci_capability(0x0018, PCI_CAP_EXPRESS, 0), 0);
    space[PCI_STATUS] = 0;
    assert_int_equal(pci_capability(0x0018, PCI_CAP_POWER, 0), 0);
    assert_int_equal(pci_capability(0x0020, PCI_CAP_POWER, 0), 0); /* nobody there */
}

TEST_WITH(a_list_that_does_not_end_is_left, with_space)
{
    space[0x61] = 0xc8;
    assert_int_equal(pci_capability(0x0018, PCI_CAP_EXPRESS, 0), 0);
    space[0x61] = 0x04; /* into the header */
    assert_int_equal(pci_capability(0x0018, 0, 0), 0);
}

TEST_WITH(a_function_that_sleeps_is_woken_and_keeps_its_bars, with_space)
{
    u8 before[0x40];
    forgets = true;
    put_le32(space + PCI_BAR0, 0xfeb00000);
    put_le32(space + PCI_INTERRUPT_LINE, 0x0000010b);
    memcpy(before, space, sizeof(before));
    space[0xc8 + PCI_POWER_CONTROL] = 3;
    pci_wake(0x0018);
    assert_int_equal(space[0xc8 + PCI_POWER_CONTROL], 0);
    assert_memory_equal(space, before, sizeof(before));
    assert_true(host_now >= 10);
    host_pci_write16 = NULL;
    pci_wake(0x0018); /* it is awake */
    space[0xc8] = 0;
    pci_wake(0x0018);
}

TEST(addresses_as_text)
{
    char t[PCI_BDF_TEXT];
    assert_string_equal(pci_bdf_text(t, 0x0018), "00:03.0");
    assert_string_equal(pci_bdf_text(t, 0xffff), "ff:1f.7");
}
