/* INT 15h: what callers are told, compared with what the BIOS said before. */
#include "machine/int15.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

#define SMAP   0x534d4150u
#define MIB    0x100000u
#define HIDDEN (120 * MIB)
#define BUFFER 0x10ffd0 /* FFFF:FFE0, the last byte of an entry that real mode can name */

static struct memmap map;
static u8 phys[0x110000];
static struct int15_state bios;
static struct rm_regs r;

/* 128 MiB, the top 8 of them ours. */
static void machine_128_mib(void)
{
    host_reset(0);
    memset(phys, 0xaa, sizeof(phys));
    host_set_phys(phys, sizeof(phys));
    map = (struct memmap){.count = 2, .extended = true};
    map.entry[0] = (struct memmap_entry){0, 0x9fc00, MEMMAP_USABLE, 1};
    map.entry[1] = (struct memmap_entry){MIB, 127 * MIB, MEMMAP_USABLE, 0x80000009};
    memmap_reserve(&map, HIDDEN, 8 * MIB);
    bios = (struct int15_state){&map, HIDDEN, 0x3c00, 112 * 16, 0xfc00, 127 * 1024};
    int15_init(&bios);
}

FIXTURE(machine_128_mib);

static bool call(u32 eax)
{
    r.eax = eax;
    r.flags = 0x0203; /* CF set before */
    return int15(&r);
}

static bool carry(void)
{
    return r.flags & FLAG_CF;
}

static u32 get32(u32 at)
{
    u32 v;
    memcpy(&v, phys + at, sizeof(v));
    return v;
}

static u64 get64(u32 at)
{
    u64 v;
    memcpy(&v, phys + at, sizeof(v));
    return v;
}

static bool ask_e820(u32 ebx, u32 ecx)
{
    r = (struct rm_regs){.ebx = ebx, .ecx = ecx, .edx = SMAP, .es = 0xffff, .edi = 0x1234ffe0};
    return call(0xe820);
}

TEST(e820_walks_the_map)
{
    u32 ebx = 0, n = 0;
    do {
        assert_true(ask_e820(ebx, 20));
        assert_false(carry());
        assert_int_equal(r.flags, 0x0202);
        assert_int_equal(r.eax, SMAP);
        assert_int_equal(r.ecx, 20);
        assert_int_equal(r.edi, 0x1234ffe0);
        assert_true(get64(BUFFER) == map.entry[n].base);
        assert_true(get64(BUFFER + 8) == map.entry[n].length);
        assert_int_equal(get32(BUFFER + 16), map.entry[n].type);
        assert_int_equal(get32(BUFFER + 20), 0xaaaaaaaa);
        ebx = r.ebx;
        n++;
    } while (ebx);
    assert_int_equal(n, 3);
    assert_int_equal(map.entry[2].type, MEMMAP_RESERVED);
    assert_true(map.entry[2].base == HIDDEN);
}

TEST(e820_keeps_the_attributes)
{
    const u32 sizes[] = {24, 25, 512, UINT32_MAX};
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        memset(phys + BUFFER, 0xaa, 32);
        assert_true(ask_e820(1, sizes[i]));
        assert_false(carry());
        assert_int_equal(r.ecx, 24);
        assert_int_equal(get32(BUFFER + 20), 0x80000009);
        assert_int_equal(get32(BUFFER + 24), 0xaaaaaaaa);
    }
    /* 23 bytes are not enough for them. */
    assert_true(ask_e820(1, 23));
    assert_int_equal(r.ecx, 20);
}

TEST(e820_gives_no_more_than_the_bios_did)
{
    map.extended = false;
    assert_true(ask_e820(1, 24));
    assert_int_equal(r.ecx, 20);
    assert_int_equal(get32(BUFFER + 20), 0xaaaaaaaa);
}

static void assert_refused(void)
{
    assert_true(carry());
    assert_int_equal(reg_high(r.eax), 0x86);
    for (u32 i = 0; i < 32; i++)
        assert_int_equal(phys[BUFFER + i], 0xaa);
}

TEST(e820_refuses_what_it_cannot_answer)
{
    assert_true(ask_e820(0, 19));
    assert_refused();
    assert_true(ask_e820(0, 0));
    assert_refused();
    assert_true(ask_e820(3, 20));
    assert_refused();
    assert_true(ask_e820(UINT32_MAX, 20));
    assert_refused();
    r = (struct rm_regs){.ecx = 20, .edx = 0x50414d53, .es = 0xffff, .edi = 0xffe0};
    assert_true(call(0xe820));
    assert_refused();
    /* The buffer would end above what real mode reaches. */
    host_set_phys(phys, BUFFER + 19);
    assert_true(ask_e820(0, 20));
    assert_refused();
}

TEST(e820_takes_eax_with_a_dirty_upper_half)
{
    r = (struct rm_regs){.ecx = 20, .edx = SMAP, .es = 0xffff, .edi = 0xffe0};
    assert_true(call(0x5555e820));
    assert_false(carry());
}

TEST(e801_is_cut_off_where_we_begin)
{
    r = (struct rm_regs){.ebx = 0x11110000, .ecx = 0x22220000, .edx = 0x33330000};
    assert_true(call(0x4444e801));
    assert_false(carry());
    assert_int_equal(r.eax, 0x44443c00);
    assert_int_equal(r.ecx, 0x22223c00);
    assert_int_equal(r.ebx, 0x11110000 | 104 * 16);
    assert_int_equal(r.edx, 0x33330000 | 104 * 16);
    assert_true(call(0xe881));
    assert_int_equal(r.eax, 0x3c00);
    assert_int_equal(r.ecx, 0x3c00);
    assert_int_equal(r.ebx, 104 * 16);
    assert_int_equal(r.edx, 104 * 16);
    assert_false(carry());
}

TEST(what_does_not_show_us_is_left_to_the_bios)
{
    /* 88h ends at 64 MiB. */
    r = (struct rm_regs){0};
    assert_false(call(0x8800));
    assert_int_equal(r.eax, 0x8800);
    assert_true(carry());
    /* E801h of a BIOS that says no more than what lies below us. */
    bios.e801_blocks = 104 * 16;
    int15_init(&bios);
    assert_false(call(0xe801));
    bios.e801_blocks++;
    int15_init(&bios);
    assert_true(call(0xe801));
    assert_int_equal((u16)r.ebx, 104 * 16);
    bios.ext_kib = 119 * 1024 % 0x10000;
    bios.hidden_base = MIB + bios.ext_kib * 1024u;
    int15_init(&bios);
    assert_false(call(0x8800));
    bios.ext_kib++;
    int15_init(&bios);
    assert_true(call(0x8800));
    assert_int_equal((u16)r.eax, bios.ext_kib - 1);
    /* And of one that has no answers. */
    bios.e801_kib = bios.e801_blocks = bios.ext_kib = 0;
    bios.big_kib = 0;
    int15_init(&bios);
    assert_false(call(0xe801));
    assert_false(call(0xe881));
    assert_false(call(0x88aa));
    assert_false(call(0x8a00));
}

TEST(small_machines)
{
    bios = (struct int15_state){&map, 12 * MIB, 0x3c00, 0, 0x3c00, 15 * 1024};
    int15_init(&bios);
    r = (struct rm_regs){0};
    assert_true(call(0xe801));
    assert_int_equal(r.eax, 11 * 1024);
    assert_int_equal(r.ebx, 0);
    r = (struct rm_regs){0};
    assert_true(call(0x77778842));
    assert_int_equal(r.eax, 0x77770000 | 11 * 1024);
    assert_false(carry());
    /* A page beyond a whole KiB count, and within a block of 64 KiB. */
    bios = (struct int15_state){&map, 32 * MIB - 0x1000, 0x3c00, 256, 31 * 1024, 31 * 1024};
    int15_init(&bios);
    assert_true(call(0xe801));
    assert_int_equal((u16)r.ebx, 255);
    assert_true(call(0x8800));
    assert_int_equal((u16)r.eax, 31 * 1024 - 4);
}

TEST(function_8a_counts_in_32_bits)
{
    r = (struct rm_regs){.edx = 0x12345678};
    assert_true(call(0x8a00));
    assert_false(carry());
    assert_int_equal((u16)r.eax, (119 * 1024) & 0xffff);
    assert_int_equal(r.edx, 0x12340000 | (119 * 1024) >> 16);
}

TEST(other_functions_are_not_ours)
{
    const u16 other[] = {0xe802, 0xe8ff, 0x8700, 0x8900, 0xc000, 0x2401, 0x5300, 0x0000};
    for (u32 i = 0; i < ARRAY_SIZE(other); i++) {
        r = (struct rm_regs){.ebx = 1, .ecx = 2, .edx = 3};
        struct rm_regs before = r;
        assert_false(call(other[i]));
        before.eax = other[i];
        before.flags = 0x0203;
        assert_memory_equal(&r, &before, sizeof(r));
    }
}
