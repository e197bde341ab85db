/* What the BIOS says of its drives. */
#include "machine/bios_drives.h"

#include "base/bda.h"
#include "base/bytes.h"
#include "pc/resident.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define SEGMENT 0x9ec0

static u8 *mem;
static u16 sizes[16]; /* bytes of a sector of each drive from 80h on; 0: absent */
static u16 asked;     /* a bit each */
static bool vague;    /* says yes, and writes nothing */

static struct resident block = {.segment = SEGMENT, .base = SEGMENT * 16};

struct resident *resident_block(void)
{
    return &block;
}

u8 *resident_ibft(void)
{
    return mem + block.base + RESIDENT_IBFT;
}

void rm_interrupt(u8 vector, struct rm_regs *r)
{
    assert_int_equal(vector, 0x13);
    assert_int_equal((u16)r->eax, 0x4800);
    u8 drive = reg_low(r->edx), *table = mem + rm_phys(r->ds, (u16)r->esi);
    assert_in_range(drive, 0x81, 0x8f);
    assert_ptr_equal(table, resident_ibft());
    assert_int_equal(get_le16(table), 26);
    asked |= (u16)(1 << (drive - 0x80));
    if (vague)
        return;
    if (sizes[drive - 0x80])
        put_le16(table + 24, sizes[drive - 0x80]);
    else
        r->flags |= FLAG_CF;
}

static void setup(void)
{
    host_reset(0);
    mem = calloc(1, 0xa0000);
    host_set_phys(mem, 0xa0000);
    memset(sizes, 0, sizeof(sizes));
    vague = false;
    asked = 0;
}

static void teardown(void)
{
    free(mem);
}

FIXTURE(setup, teardown);

TEST(cds_that_the_bios_does_not_count)
{
    mem[BDA_DISKS] = 2;
    sizes[0] = sizes[1] = 512;
    sizes[2] = sizes[9] = 2048;
    sizes[3] = 512;  /* a stick */
    sizes[4] = 4096; /* another */
    assert_int_equal(bios_cds(), 1 << 2 | 1 << 9);
    assert_int_equal(asked, 0xfffc);
}

TEST(drive_80h_is_left_to_us)
{
    sizes[0] = sizes[1] = 2048;
    assert_int_equal(bios_cds(), 1 << 1);
    assert_int_equal(asked, 0xfffe);
}

TEST(a_bios_that_counts_too_many_is_not_asked)
{
    mem[BDA_DISKS] = 0xff;
    assert_int_equal(bios_cds(), 0);
    assert_int_equal(asked, 0);
}

TEST(a_bios_that_says_yes_to_all)
{
    vague = true;
    assert_int_equal(bios_cds(), 0);
}
