/* The UNDI of an option ROM: finding it, loading it, what its loader says, and the memory that all
 * of this takes and gives back. ROM and loader are ours here, and lie. */
#include "base/bda.h"
#include "base/error.h"
#include "base/realmode.h"
#include "drv/nic.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define MEM_SIZE   0x110000
#define BASE_KIB   639
#define BASE       (BASE_KIB * 1024u)
#define AT_NIC     0x0018
#define ROM_AT     0xc8000u
#define ROM_BYTES  1024u
#define ID         0x40 /* in the ROM: the UNDI ROM ID structure, */
#define PCIR       0x60 /* the PCI data structure, */
#define LOADER     0x80 /* and the loader */
#define DATA_BYTES 0x1230u
#define CODE_BYTES 0x2001u
#define MEMORY     0x9c000u /* where its memory begins: a page, and 13 KiB fit behind it */
#define KIB_TAKEN  ((BASE - MEMORY + UNDI_BLOCK) / 1024)
#define ENTRY      0x0123 /* in the code */
#define CALLS_MOST 16

static u8 *mem;

/* ---- the ROM and its loader ------------------------------------------------------------------*/

static struct {
    u16 exit, status;  /* the loader's answers */
    u8 pxe[0x60];      /* !PXE as it makes it, where the checksum is made for pxe[4] bytes, */
    u8 wrong_sum;      /* but for so much */
    u32 pxe_at;        /* physical; 0: in UNDI's data */
    u16 entry_segment; /* of !PXE; 0: the code's */
    u16 data, code;    /* segments that it was given */
    u8 called[CALLS_MOST];
    u32 calls;
    u16 failing; /* a function of UNDI that fails, or 0xffff */
} undi;

static void fill_pxe(u8 *to)
{
    memcpy(to, undi.pxe, sizeof(undi.pxe));
    put_le16(to + 0x10, ENTRY);
    put_le16(to + 0x12, undi.entry_segment ? undi.entry_segment : undi.code);
    u8 sum = undi.wrong_sum;
    for (u32 i = 0; i < to[4]; i++)
        sum = (u8)(sum + to[i]);
    to[5] = (u8)-sum;
}

static void load(u8 *p)
{
    assert_int_equal(get_le16(p + START_AX), AT_NIC);
    undi.data = get_le16(p + LOADER_DATA);
    undi.code = get_le16(p + LOADER_CODE);
    u32 at = undi.pxe_at ? undi.pxe_at : rm_phys(undi.data, 0x20);
    fill_pxe(mem + at);
    put_le16(p + LOADER_PXE, (u16)(at & 15));
    put_le16(p + LOADER_PXE + 2, (u16)(at >> 4));
    put_le16(p, undi.status);
}

/* The loader finds its parameters on the stack, of which the stub pushes ES, DI, BX. */
static void call(const u8 *code, struct rm_regs *r)
{
    struct undi_block *block = (struct undi_block *)(mem + rm_phys(r->ds, 0));
    assert_ptr_equal(code, undi_stub + offsetof(struct undi_stub, code));
    if (block->stub.entry >= 0xc0000000) {
        assert_int_equal((u16)block->stub.entry, LOADER);
        assert_int_equal((u16)r->edi, r->ds);
        load(mem + rm_phys((u16)r->edi, (u16)r->ebx));
        r->eax = undi.exit;
        return;
    }
    assert_int_equal(block->stub.entry, (u32)undi.code << 16 | ENTRY);
    assert_true(undi.calls < CALLS_MOST);
    undi.called[undi.calls++] = (u8)r->ebx;
    r->eax = r->ebx == undi.failing;
}

static void put_rom(void)
{
    u8 *rom = mem + ROM_AT, *id = rom + ID, *pcir = rom + PCIR;
    put_le16(rom, 0xaa55);
    rom[2] = ROM_BYTES / 512;
    put_le16(rom + 0x16, ID);
    put_le16(rom + 0x18, PCIR);
    memcpy(id, "UNDI\x16", 5);
    put_le16(id + 10, LOADER);
    put_le16(id + 14, DATA_BYTES);
    put_le16(id + 16, CODE_BYTES);
    memcpy(pcir, "PCIR\xec\x10\x39\x81", 8);
}

static void sign(void)
{
    u8 *id = mem + ROM_AT + ID;
    id[5] = 0;
    for (u32 i = 0; i < id[4]; i++)
        id[5] = (u8)(id[5] - (i == 5 ? 0 : id[i]));
}

/* ---- the machine -----------------------------------------------------------------------------*/

static u32 device;

static u32 pci_read(u16 bdf, u8 offset)
{
    return bdf != AT_NIC ? UINT32_MAX : offset == PCI_VENDOR_ID ? device : 0;
}

static void power_on(void)
{
    host_reset(0);
    host_pci_read32 = pci_read;
    device = 0x813910ec;
    host_call_real = call;
    mem = calloc(1, MEM_SIZE);
    host_set_phys(mem, MEM_SIZE);
    bda_put16(BDA_BASE_MEMORY, BASE_KIB);
    bda_put16(BDA_EBDA, BASE / 16);
    memset(&undi, 0, sizeof(undi));
    memcpy(undi.pxe, "!PXE\x58", 5);
    undi.failing = 0xffff;
    put_rom();
    sign();
}

/* The kernel's variables are as they were when it started; what is in memory stays. */
static void start_again(void)
{
    undi_block_set(0);
    nic_load();
    undi.calls = 0;
}

static void power_off(void)
{
    start_again();
    free(mem);
}

FIXTURE(power_on, power_off);

static u32 claim(const char *command_line)
{
    struct boot_info boot = {.bdf = BOOT_NO_BDF};
    strcpy(boot.command_line, command_line);
    return nic_claim(&boot);
}

static void loads(void)
{
    assert_int_equal(claim(""), BASE);
    assert_true(nic_load());
}

static u32 taken(void)
{
    return BASE_KIB - bda_get16(BDA_BASE_MEMORY);
}

static void expect_calls(const u8 *functions, u32 count)
{
    assert_int_equal(undi.calls, count);
    assert_memory_equal(undi.called, functions, count);
}

/* ---- a ROM as it should be -------------------------------------------------------------------*/

TEST(a_rom_is_found_loaded_and_started)
{
    static const u8 started[] = {UNDI_START};
    loads();
    assert_int_equal(taken(), KIB_TAKEN);
    assert_int_equal(rm_phys(undi.data, 0), MEMORY);
    assert_int_equal(undi.code, undi.data + 0x123);
    assert_true(rm_phys(undi.code, CODE_BYTES) <= BASE);
    expect_calls(started, sizeof(started));
    assert_int_equal(nic_find(0), AT_NIC);
    assert_string_equal(host_console(), "");
}

TEST(a_longer_pxe_structure_is_one)
{
    undi.pxe[4] = 0x60;
    loads();
}

/* ---- ROMs that are none ----------------------------------------------------------------------*/

static void expect_no_rom(void)
{
    assert_int_equal(claim(""), 0);
    assert_false(nic_load());
    assert_int_equal(taken(), 0);
    assert_int_equal(nic_find(0), PCI_BDF_END);
    assert_int_equal(undi.calls, 0);
    assert_string_equal(host_console(), "");
}

TEST(a_rom_that_lies_is_none)
{
    static const struct {
        u16 at, value; /* in the ROM */
    } lies[] = {
        {0x00, 0x55aa},         /* no ROM */
        {0x16, 0},              /* no UNDI */
        {0x16, ROM_BYTES - 21}, /* its structure ends behind the ROM */
        {0x16, 0xffff},         /* .. */
        {0x18, 0},              /* no PCI */
        {0x18, ROM_BYTES - 23}, /* .. */
        {0x18, 0xfff0},         /* .. */
        {ID, 0x4e56},           /* the signature */
        {PCIR + 2, 0x5242},     /* .. */
        {PCIR + 4, 0x8086},     /* another's ROM */
        {PCIR + 6, 0x8138},     /* .. */
        {ID + 10, 0},           /* the loader */
        {ID + 10, ROM_BYTES},   /* .. */
        {ID + 10, 0xffff},      /* .. */
        {ID + 16, 0},           /* no code */
    };
    for (u32 i = 0; i < ARRAY_SIZE(lies); i++) {
        put_rom();
        put_le16(mem + ROM_AT + lies[i].at, lies[i].value);
        sign();
        expect_no_rom();
    }
}

TEST(the_rom_id_structure_has_a_length_and_a_sum)
{
    u8 *id = mem + ROM_AT + ID;
    static const u8 lengths[] = {0, 0x15};
    for (u32 i = 0; i < sizeof(lengths); i++) {
        id[4] = lengths[i];
        sign();
        expect_no_rom();
    }
    put_rom();
    sign();
    id[5]++;
    expect_no_rom();
}

TEST(the_rom_id_structure_ends_in_the_rom)
{
    u8 *rom = mem + ROM_AT, *id = rom + ROM_BYTES - 22;
    put_le16(rom + 0x16, ROM_BYTES - 22);
    memcpy(id, rom + ID, 22);
    id[4] = 23;
    id[5] = (u8)(id[5] - 1);
    expect_no_rom();
    id[4] = 22;
    id[5]++;
    loads();
}

TEST(a_rom_that_is_too_large_for_the_memory_is_none)
{
    u8 *id = mem + ROM_AT + ID;
    put_le16(id + 14, 0xffff);
    put_le16(id + 16, 0xffff);
    sign();
    bda_put16(BDA_BASE_MEMORY, 64 + 127);
    assert_int_equal(claim(""), 0);
    assert_int_equal(bda_get16(BDA_BASE_MEMORY), 64 + 127);
    bda_put16(BDA_BASE_MEMORY, 64 + 128);
    assert_int_equal(claim(""), (64 + 128) * 1024);
    assert_int_equal(bda_get16(BDA_BASE_MEMORY), 64 - UNDI_BLOCK / 1024);
}

TEST(a_rom_that_says_it_is_longer_than_memory_is_none)
{
    u8 *rom = mem + 0xef800;
    memcpy(rom, mem + ROM_AT, ROM_BYTES);
    put_le16(mem + ROM_AT, 0);
    rom[2] = 0xff;
    loads(); /* the area of ROMs is not the end of memory */
}

TEST(behind_a_rom_that_lies_there_may_be_another)
{
    memcpy(mem + ROM_AT - 0x800, mem + ROM_AT, ROM_BYTES);
    mem[ROM_AT - 0x800 + ID + 5]++;
    loads();
}

/* ---- loaders that lie ------------------------------------------------------------------------*/

/* It is said, nothing is called of it, and the memory is back. */
static void expect_refused(void)
{
    assert_int_equal(claim(""), BASE);
    assert_false(nic_load());
    assert_string_equal(host_console(), "E15      no PXE ROM has a driver (UNDI) that works\n");
    assert_int_equal(nic_find(0), PCI_BDF_END);
    nic_leave();
    assert_int_equal(taken(), 0);
}

TEST(a_loader_that_fails_is_believed)
{
    undi.exit = 1;
    expect_refused();
    assert_int_equal(undi.calls, 0);
}

TEST(a_status_of_failure_is_one)
{
    undi.status = 0x61;
    expect_refused();
    assert_int_equal(undi.calls, 0);
}

TEST(a_pxe_structure_that_lies_is_none)
{
    static const struct {
        u8 at, value;
    } lies[] = {{0, '?'}, {3, 'F'}, {4, 0x57}, {4, 0}};
    for (u32 i = 0; i < ARRAY_SIZE(lies); i++) {
        memcpy(undi.pxe, "!PXE\x58", 5);
        undi.pxe[lies[i].at] = lies[i].value;
        host_reset(0);
        host_pci_read32 = pci_read;
        host_call_real = call;
        host_set_phys(mem, MEM_SIZE);
        expect_refused();
    }
    assert_int_equal(undi.calls, 0);
}

TEST(a_pxe_structure_has_a_sum)
{
    undi.wrong_sum = 1;
    expect_refused();
}

TEST(a_pxe_structure_lies_in_the_memory_that_was_given)
{
    undi.pxe_at = MEMORY - 1;
    expect_refused();
}

TEST(a_pxe_structure_does_not_end_behind_that)
{
    undi.pxe_at = BASE - 0x57;
    expect_refused();
}

TEST(nor_when_it_says_so)
{
    undi.pxe_at = BASE - 0x5f;
    undi.pxe[4] = 0x60;
    expect_refused();
}

TEST(the_entry_lies_in_the_memory_that_was_given)
{
    undi.entry_segment = 0xc800;
    expect_refused();
}

TEST(an_undi_that_does_not_start_is_refused)
{
    static const u8 tried[] = {UNDI_START};
    undi.failing = UNDI_START;
    expect_refused();
    expect_calls(tried, sizeof(tried));
}

/* ---- nic=undi --------------------------------------------------------------------------------*/

TEST(who_asks_for_one_is_told_that_there_is_none)
{
    put_le16(mem + ROM_AT, 0);
    assert_int_equal(claim("timeout=5 nic=undi"), 0);
    assert_false(nic_load());
    assert_string_equal(host_console(),
                        "E15      nic=undi: no PXE ROM has a driver (UNDI) that works\n");
}

/* ---- leaving ---------------------------------------------------------------------------------*/

TEST(left_it_goes_through_its_states_and_gives_its_memory_back)
{
    static const u8 states[] = {UNDI_START, UNDI_CLEANUP, UNDI_STOP};
    loads();
    nic_leave();
    expect_calls(states, sizeof(states));
    assert_int_equal(taken(), 0);
    nic_leave(); /* there is nothing left to leave */
    assert_int_equal(undi.calls, sizeof(states));
}

/* Our block is ours whatever UNDI does. */
TEST(one_that_does_not_stop_keeps_its_memory)
{
    loads();
    undi.failing = UNDI_STOP;
    nic_leave();
    assert_int_equal(taken(), KIB_TAKEN - UNDI_BLOCK / 1024);
}

TEST(one_that_an_interrupt_leads_to_keeps_its_memory)
{
    loads();
    put_le16(mem + 4 * 0x1a, 0x10);
    put_le16(mem + 4 * 0x1a + 2, undi.code);
    nic_leave();
    assert_int_equal(taken(), KIB_TAKEN - UNDI_BLOCK / 1024);
}

TEST(memory_that_somebody_has_taken_below_stays_theirs)
{
    loads();
    u16 theirs = (u16)(bda_get16(BDA_BASE_MEMORY) - 4);
    bda_put16(BDA_BASE_MEMORY, theirs);
    nic_leave();
    assert_int_equal(bda_get16(BDA_BASE_MEMORY), theirs);
}

/* ---- PXE's own -------------------------------------------------------------------------------*/

#define PXE_KIB 600

/* With these segments, sizes << 16. */
static void started_by_pxe(u32 data, u32 code)
{
    const struct boot_info boot = {.bdf = AT_NIC, .undi = {0x96000000u | ENTRY, {data, code}}};
    bda_put16(BDA_BASE_MEMORY, PXE_KIB);
    undi.code = 0x9600;
    nic_claim(&boot);
    assert_true(nic_load());
    assert_int_equal(undi.calls, 0); /* it runs */
}

static void expect_left(u32 kib)
{
    static const u8 states[] = {UNDI_CLEANUP, UNDI_STOP};
    nic_leave();
    expect_calls(states, sizeof(states));
    assert_int_equal(bda_get16(BDA_BASE_MEMORY), kib);
    undi.calls = 0;
}

TEST(pxes_own_is_left_the_same_way)
{
    static const struct {
        u32 data, code;
    } cases[] = {{0x1c01u << 16 | 0x9a00, 0x4000u << 16 | 0x9600},
                 {0x5c01u << 16 | 0x9600, 0},
                 {0, 0x5c01u << 16 | 0x9600},
                 {0x1c01u << 16 | 0x9a00, 0x3c01u << 16 | 0x9600}, /* less than a KiB is no hole */
                 {0x5c01u << 16 | 0x9600, 0x400u << 16 | 0x9600}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        started_by_pxe(cases[i].data, cases[i].code);
        expect_left(0x9c000 / 1024);
    }
}

TEST(pxes_own_keeps_what_is_not_its_own_alone)
{
    static const struct {
        u32 data, code;
    } cases[] = {{0x1c01u << 16 | 0x9a00, 0x3c00u << 16 | 0x9600}, /* there is a hole in it, */
                 {0x3c00u << 16 | 0x9600, 0x1c01u << 16 | 0x9a00},
                 {0x5c01u << 16 | 0x9640, 0},  /* or below it, */
                 {0x9c01u << 16 | 0x9600, 0},  /* or the BIOS's data area is in it, */
                 {0xa001u << 16 | 0x9600, 0}}; /* or it ends where no memory is */
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        started_by_pxe(cases[i].data, cases[i].code);
        expect_left(PXE_KIB);
    }
}

/* ---- a former lunboot's ----------------------------------------------------------------------*/

static const u8 taken_over[] = {UNDI_CLOSE, UNDI_SHUTDOWN};

TEST(a_formers_is_taken_over_with_its_memory)
{
    loads();
    u32 before = taken();
    start_again();
    assert_int_equal(claim(""), BASE);
    assert_true(nic_load());
    assert_int_equal(taken(), before);
    expect_calls(taken_over, sizeof(taken_over));
    assert_int_equal(nic_find(0), AT_NIC);
    nic_leave();
    assert_int_equal(taken(), 0);
}

/* And when it is not wanted, it ends. */
TEST(a_formers_is_ended_where_another_driver_is_there)
{
    static const u8 ended[] = {UNDI_CLOSE, UNDI_SHUTDOWN, UNDI_CLEANUP, UNDI_STOP};
    loads();
    start_again();
    device = 0x100e8086;
    assert_int_equal(claim(""), BASE);
    assert_false(nic_load());
    nic_leave();
    expect_calls(ended, sizeof(ended));
    assert_int_equal(taken(), 0);
    assert_int_equal(nic_find(0), AT_NIC); /* by its own driver */
    assert_string_equal(host_console(), "");
}
