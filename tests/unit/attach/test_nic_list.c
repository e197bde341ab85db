/* Which NICs are tried, and how far PCI is searched for them. */
#include "attach/attach_internal.h"
#include "drv/pci.h"
#include "machine/arena.h"
#include "pc/wake.h"
#include "platform_host.h"
#include "settings/settings.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define MEMORY (2 << 20)
#define E1000  0x100e8086

static const u16 places[] = {0x0018, 0x0020, 0x4000}; /* the last is behind another root bus */
static u32 reads;
static u8 *memory;
static u16 list[NICS_MAX];

void wake_set_source(const struct wake_source *source)
{
    (void)source;
}

static u32 pci_read(u16 bdf, u8 offset)
{
    reads++;
    for (u32 i = 0; i < ARRAY_SIZE(places); i++)
        if (places[i] == bdf)
            return offset ? 0 : E1000;
    return UINT32_MAX;
}

/* As if started for the NIC at bdf. */
static u32 list_for(u16 bdf, const char *nic)
{
    static struct plan plan = {.rx_ring = 64, .tx_ring = 64, .rx_packets = 80, .tx_packets = 64};
    host_reset(1000);
    settings_init();
    if (nic)
        assert_int_equal(setting_set(SET_NIC, nic, strlen(nic), FROM_COMMAND_LINE), OK);
    host_pci_read32 = pci_read;
    arena_init(memory, MEMORY);
    reads = 0;
    attach_nic_init(&plan, bdf);
    return attach_nic_list(list);
}

static void setup(void)
{
    memory = aligned_alloc(16, MEMORY);
}

static void teardown(void)
{
    free(memory);
}

FIXTURE(setup, teardown);

TEST(all_of_them_in_order)
{
    assert_int_equal(list_for(BOOT_NO_BDF, NULL), 3);
    assert_in_range(reads, 1, 4 * 256 * 32);
    assert_memory_equal(list, places, sizeof(places));
}

TEST(the_one_that_we_were_started_for_and_no_look_behind_it)
{
    assert_int_equal(list_for(0x0020, NULL), 1);
    assert_int_equal(list[0], 0x0020);
    assert_in_range(reads, 1, 80);
}

TEST(the_one_of_the_settings)
{
    assert_int_equal(list_for(0x0020, "00:03.0"), 1);
    assert_int_equal(list[0], 0x0018);
    assert_in_range(reads, 1, 80);
    assert_int_equal(list_for(0x0020, "40:00.0"), 1);
    assert_int_equal(list[0], 0x4000);
    assert_int_equal(list_for(0x0020, "00:05.0"), 0);
}

TEST(a_firmware_that_names_no_nic)
{
    assert_int_equal(list_for(0x0100, NULL), 3);
}
