/* The door to the drivers, with two that are made up: which one gets a NIC, what it gets, and what
 * everybody else gets to see. */
#include "drv/nic.h"
#include "drv/pci.h"
#include "platform_host.h"
#include "test.h"

/* In place of nics.c: an image with a driver that has rings and one that has none. */

#define RINGS 0x1234
#define PLAIN 0x5678

enum { DRIVER_RINGS, DRIVER_PLAIN, DRIVER_LAST };

const struct nic_id nic_ids[] = {
    {RINGS, 0x0001, 7, DRIVER_RINGS, "Rings 1"},
    {RINGS, 0x0002, 0, DRIVER_RINGS, "Rings 2"},
    {PLAIN, 0x0001, 9, DRIVER_PLAIN, "A plain one 01"},
};
const u32 nic_id_count = ARRAY_SIZE(nic_ids);
const u32 nic_descriptor_bytes = 26, nic_more_bytes = 6;

/* ---- the drivers -----------------------------------------------------------------------------*/

static struct netdev rings, plain;
static struct {
    struct netdev *dev;
    u16 bdf;
    const struct nic_id *id;
    const struct nic_memory *memory;
    u8 power;
} opened;
static enum error answer;
static u8 power; /* 0 to 3, for D0 to D3, of the NIC */
static struct netdev *woken;

static bool ready(struct netdev *dev)
{
    woken = dev;
    return true;
}

static enum error open(struct netdev *dev, u16 bdf, const struct nic_id *id,
                       const struct nic_memory *lent, struct netdev **out)
{
    opened.dev = dev;
    opened.bdf = bdf;
    opened.id = id;
    opened.memory = lent;
    opened.power = power;
    if (answer)
        return answer;
    *dev = (struct netdev){.mtu = 1500, .wake.ready = ready};
    *out = dev;
    return OK;
}

static enum error rings_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                             struct netdev **dev)
{
    return open(&rings, bdf, id, lent, dev);
}

static enum error plain_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                             struct netdev **dev)
{
    return open(&plain, bdf, id, lent, dev);
}

static u32 rings_packet_size(const struct nic_id *id, u32 frame)
{
    assert_ptr_equal(id, &nic_ids[1]);
    return frame <= PKT_SIZE ? PKT_SIZE : 2 * PKT_SIZE;
}

static u32 plain_packet_size(const struct nic_id *id, u32 frame)
{
    assert_ptr_equal(id, &nic_ids[2]);
    return frame <= 1514 ? PKT_SIZE : 0;
}

static const struct nic_driver rings_driver = {rings_packet_size, rings_open};
static const struct nic_driver plain_driver = {plain_packet_size, plain_open};

static u32 last_packet_size(const struct nic_id *id, u32 frame)
{
    (void)frame;
    assert_ptr_equal(id, &nic_last.id);
    return PKT_SIZE;
}

static enum error last_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                            struct netdev **dev)
{
    return open(&plain, bdf, id, lent, dev);
}

static const struct nic_driver last_driver = {last_packet_size, last_open};

static u32 claimed;
static bool loads;

static u32 last_claim(const struct boot_info *boot, bool only, u32 *bdf)
{
    assert_false(only);
    *bdf = boot->bdf;
    return claimed;
}

static bool last_load(void)
{
    return loads;
}

const struct nic_last nic_last = {{0, 0, 0, DRIVER_LAST, "The last"}, last_claim, last_load, NULL};

const struct nic_driver *const nic_drivers[] = {
    [DRIVER_RINGS] = &rings_driver,
    [DRIVER_PLAIN] = &plain_driver,
    [DRIVER_LAST] = &last_driver,
};

/* ---- the machine -----------------------------------------------------------------------------*/

#define AT_RINGS 0x0018
#define AT_OTHER 0x0020
#define AT_PLAIN 0x0028
#define AT_EMPTY 0x0030
#define POWER    0x40 /* the only capability */

static u8 irq_line;

static u32 pci_read(u16 bdf, u8 offset)
{
    static const struct {
        u16 bdf;
        u32 id;
    } functions[] = {
        {AT_RINGS, RINGS | 2u << 16},
        {AT_OTHER, RINGS | 3u << 16},
        {AT_PLAIN, PLAIN | 1u << 16},
    };
    for (u32 i = 0; i < ARRAY_SIZE(functions); i++) {
        if (functions[i].bdf != bdf)
            continue;
        switch (offset) {
        case PCI_VENDOR_ID:
            return functions[i].id;
        case PCI_COMMAND:
            return PCI_STATUS_CAPABILITIES << 16;
        case PCI_CAPABILITIES:
            return POWER;
        case POWER:
            return PCI_CAP_POWER;
        case POWER + PCI_POWER_CONTROL:
            return power;
        case PCI_INTERRUPT_LINE:
            return 0xabcdef00u | irq_line;
        }
        return 0;
    }
    return UINT32_MAX;
}

static void pci_write(u16 bdf, u8 offset, u16 value)
{
    (void)bdf;
    if (offset == POWER + PCI_POWER_CONTROL)
        power = (u8)value;
}

static void with_two_nics(void)
{
    host_reset(0);
    host_pci_read32 = pci_read;
    host_pci_write16 = pci_write;
    irq_line = 11;
    power = 0;
    answer = OK;
    woken = NULL;
    opened.dev = NULL;
}

FIXTURE(with_two_nics);

TEST(finds_the_nics_of_all_drivers)
{
    assert_int_equal(nic_find(0), AT_RINGS);
    assert_int_equal(nic_find(AT_RINGS), AT_RINGS);
    assert_int_equal(nic_find(AT_RINGS + 1), AT_PLAIN);
    assert_int_equal(nic_find(AT_PLAIN + 1), PCI_BDF_END);
}

TEST(each_driver_has_its_own_packet_sizes)
{
    assert_int_equal(nic_packet_size(AT_RINGS, 1514), PKT_SIZE);
    assert_int_equal(nic_packet_size(AT_RINGS, 4000), 2 * PKT_SIZE);
    assert_int_equal(nic_packet_size(AT_PLAIN, 1514), PKT_SIZE);
    assert_int_equal(nic_packet_size(AT_PLAIN, 1515), 0);
    assert_int_equal(nic_packet_size(AT_OTHER, 1514), 0);
    assert_int_equal(nic_packet_size(AT_EMPTY, 1514), 0);
}

TEST(memory_is_enough_for_any_driver)
{
    assert_int_equal(nic_memory_bytes(0), 16);
    assert_int_equal(nic_memory_bytes(16), 16 * 26 + 16);
    assert_int_equal(nic_memory_bytes(17), 448);
}

TEST(the_driver_of_its_line_opens_a_nic)
{
    static const struct nic_memory memory;
    static const struct {
        u16 bdf;
        struct netdev *dev;
        u32 line;
    } nics[] = {{AT_RINGS, &rings, 1}, {AT_PLAIN, &plain, 2}, {AT_RINGS, &rings, 1}};
    for (u32 i = 0; i < ARRAY_SIZE(nics); i++) {
        const struct nic_id *line = &nic_ids[nics[i].line];
        struct netdev *dev = NULL;
        assert_int_equal(nic_open(nics[i].bdf, &memory, &dev), OK);
        assert_ptr_equal(dev, nics[i].dev);
        assert_ptr_equal(opened.dev, dev);
        assert_int_equal(opened.bdf, nics[i].bdf);
        assert_ptr_equal(opened.id, line);
        assert_ptr_equal(opened.memory, &memory);
        assert_string_equal(dev->model, line->name);
        assert_int_equal(dev->bdf, nics[i].bdf);
        assert_int_equal(dev->vendor_id, line->vendor);
        assert_int_equal(dev->device_id, line->device);
        assert_int_equal(dev->mtu, 1500);
    }
}

TEST(a_nic_that_sleeps_is_woken_for_its_driver)
{
    static const struct nic_memory memory;
    struct netdev *dev;
    power = opened.power = 3;
    assert_int_equal(nic_open(AT_PLAIN, &memory, &dev), OK);
    assert_int_equal(opened.power, 0);
}

TEST(the_wake_source_is_the_device_s)
{
    static const struct nic_memory memory;
    const u8 lines[][2] = {{11, 11}, {0, 0}, {15, 15}, {16, 0xff}, {0xff, 0xff}};
    for (u32 i = 0; i < ARRAY_SIZE(lines); i++) {
        struct netdev *dev;
        irq_line = lines[i][0];
        assert_int_equal(nic_open(AT_PLAIN, &memory, &dev), OK);
        assert_int_equal(dev->wake.irq, lines[i][1]);
        assert_true(dev->wake.ready(dev->wake.device));
        assert_ptr_equal(woken, dev);
    }
}

TEST(what_a_driver_says_is_wrong_is_passed_on)
{
    static const struct nic_memory memory;
    struct netdev *dev = NULL;
    answer = ERR_NIC_EEPROM;
    assert_int_equal(nic_open(AT_PLAIN, &memory, &dev), ERR_NIC_EEPROM);
    assert_null(dev);
    opened.dev = NULL;
    assert_int_equal(nic_open(AT_OTHER, &memory, &dev), ERR_NIC_DEAD);
    assert_int_equal(nic_open(AT_EMPTY, &memory, &dev), ERR_NIC_DEAD);
    assert_null(dev);
    assert_null(opened.dev);
}

/* ---- the driver for a NIC that no line is for ------------------------------------------------*/

static void claim(u16 bdf)
{
    const struct boot_info boot = {.bdf = bdf};
    claimed = 0x9f000;
    assert_int_equal(nic_claim(&boot), claimed);
}

TEST(what_was_claimed_is_a_nic_like_others)
{
    static const struct nic_memory memory;
    struct netdev *dev;
    claim(AT_OTHER);
    loads = true;
    assert_true(nic_load());
    assert_int_equal(nic_find(0), AT_RINGS);
    assert_int_equal(nic_find(AT_RINGS + 1), AT_OTHER);
    assert_int_equal(nic_find(AT_OTHER + 1), AT_PLAIN);
    assert_int_equal(nic_packet_size(AT_OTHER, 1514), PKT_SIZE);
    assert_int_equal(nic_open(AT_OTHER, &memory, &dev), OK);
    assert_string_equal(dev->model, "The last");
    assert_int_equal(dev->vendor_id, RINGS);
    assert_int_equal(dev->device_id, 3);
}

TEST(what_was_claimed_has_no_other_driver_as_long_as_it_loads)
{
    static const struct nic_memory memory;
    struct netdev *dev;
    for (u32 i = 2; i--;) {
        claim(AT_PLAIN);
        loads = i;
        assert_int_equal(nic_load(), loads);
        assert_int_equal(nic_find(AT_RINGS + 1), AT_PLAIN);
        assert_int_equal(nic_open(AT_PLAIN, &memory, &dev), OK);
        assert_string_equal(dev->model, i ? "The last" : "A plain one 01");
    }
}

TEST(what_does_not_load_is_no_nic)
{
    claim(AT_OTHER);
    loads = false;
    assert_false(nic_load());
    assert_int_equal(nic_find(AT_RINGS + 1), AT_PLAIN);
}
