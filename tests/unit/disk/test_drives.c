/* Drive numbers: several of ours, and local CDs that the BIOS does not count. */
#include "base/bda.h"
#include "disk/drives.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

static u8 *mem;

static void setup(void)
{
    host_reset(0);
    mem = calloc(1, 0x1000);
    host_set_phys(mem, 0x1000);
}

static u8 taken[8];
static u32 count;

/* With so many local hard disks, and CDs at these numbers. */
static void locals(u8 disks, u16 cds)
{
    while (count)
        drives_give_back(taken[--count]);
    mem[BDA_DISKS] = disks;
    drives_keep(cds);
}

static u8 take(u8 wanted)
{
    return taken[count++] = drives_take(wanted);
}

static void teardown(void)
{
    locals(0, 0);
    free(mem);
}

FIXTURE(setup, teardown);

/* What the BIOS is called with for a number. */
static u8 bios_number(u8 drive)
{
    struct int13_chain chain = {.dl = drive};
    struct rm_regs r = {.eax = 0x4200, .edx = 0xabcdef00u | drive};
    drives_chain(&r, &chain);
    assert_int_equal(r.edx >> 8, 0xabcdef);
    assert_int_equal(chain.set_dl, reg_low(r.edx) != drive);
    assert_int_equal(chain.dl, drive);
    return reg_low(r.edx);
}

static u8 disks_by_08h(u8 drive)
{
    struct int13_chain chain = {.dl = drive};
    struct rm_regs r = {.eax = 0x0800, .edx = drive};
    drives_chain(&r, &chain);
    assert_true(chain.set_dl);
    return chain.dl;
}

TEST(several_of_ours)
{
    locals(2, 0);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(take(0x81), 0x81);
    assert_int_equal(take(0x8f), 0x84);
    assert_int_equal(mem[BDA_DISKS], 5);
    assert_int_equal(bios_number(0x82), 0x80);
    assert_int_equal(bios_number(0x83), 0x81);
    assert_int_equal(bios_number(0x85), 0x85);
    assert_int_equal(disks_by_08h(0x82), 5);
    drives_give_back(taken[--count]);
    assert_int_equal(mem[BDA_DISKS], 4);
    assert_int_equal(bios_number(0x83), 0x81);
    assert_int_equal(bios_number(0x84), 0x84);
    locals(0, 0);
    /* The same number twice: the next one. */
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(take(0x80), 0x81);
    assert_int_equal(mem[BDA_DISKS], 2);
}

TEST(each_kind_has_its_own_numbers)
{
    locals(1, 0);
    mem[BDA_EQUIPMENT] = 0x41; /* two floppies */
    assert_int_equal(take(0x00), 0x00);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(take(0xe0), 0xe0);
    assert_int_equal(mem[BDA_EQUIPMENT], 0x81);
    assert_int_equal(mem[BDA_DISKS], 2);
    assert_int_equal(bios_number(0x02), 0x01);
    assert_int_equal(bios_number(0x81), 0x80);
    assert_int_equal(bios_number(0xef), 0xee);
    assert_int_equal(bios_number(0x9f), 0x9f);
}

TEST(a_cd_that_is_not_counted_keeps_its_number)
{
    /* Just behind the one local disk, which passes by it. */
    locals(1, 1 << 1);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(bios_number(0x81), 0x81);
    assert_int_equal(bios_number(0x82), 0x80);
    assert_int_equal(bios_number(0x83), 0x83);
    assert_int_equal(mem[BDA_DISKS], 3); /* up to the last disk */
    assert_int_equal(disks_by_08h(0x82), 3);
    drives_count();
    assert_int_equal(mem[BDA_DISKS], 3);
    locals(0, 0);
    assert_int_equal(mem[BDA_DISKS], 0);

    /* Ours last. */
    locals(1, 1 << 1);
    assert_int_equal(take(0x8f), 0x82);
    assert_int_equal(bios_number(0x80), 0x80);
    assert_int_equal(bios_number(0x81), 0x81);
    assert_int_equal(mem[BDA_DISKS], 3);

    /* Where it is in nobody's way, it counts for nothing. */
    locals(1, 1 << 5);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(bios_number(0x85), 0x85);
    assert_int_equal(bios_number(0x81), 0x80);
    assert_int_equal(mem[BDA_DISKS], 2);

    /* Two of them, and two of ours. */
    locals(2, 1 << 2 | 1 << 3);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(take(0x81), 0x81);
    assert_int_equal(bios_number(0x82), 0x82);
    assert_int_equal(bios_number(0x83), 0x83);
    assert_int_equal(bios_number(0x84), 0x80);
    assert_int_equal(bios_number(0x85), 0x81);
    assert_int_equal(mem[BDA_DISKS], 6);
}

TEST(a_bios_that_says_so_of_every_number)
{
    locals(0, 0xfffe);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(mem[BDA_DISKS], 1);
    locals(15, 0x8000);
    assert_int_equal(take(0x80), 0x80);
    assert_int_equal(mem[BDA_DISKS], 17);
    assert_int_equal(bios_number(0x8f), 0x8f);
    assert_int_equal(bios_number(0x8e), 0x8d);
    locals(1, 0xfffe);
    assert_int_equal(take(0x8f), 0x8f);
    assert_int_equal(bios_number(0x80), 0x80);
}
