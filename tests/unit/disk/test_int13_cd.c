/* INT 13h on a CD, and on the floppy or hard disk that is on it. */
#include "base/bda.h"
#include "base/bytes.h"
#include "disk/cache.h"
#include "disk/eltorito.h"
#include "disk/fake_cd.h"
#include "disk/fake_disk.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define PHYS_SIZE 0xa0000
#define SECTORS   2000 /* of the CD */
#define IMAGE     100
#define PACKET    0x10010

static u8 *mem;
static struct cd_boot boot;
static struct rm_regs regs;
static struct int13_chain chain;

static void setup(void)
{
    host_reset(0);
    mem = calloc(1, PHYS_SIZE);
    host_set_phys(mem, PHYS_SIZE);
    put_le16(mem + BDA_BASE_MEMORY, 635);
    put_le32(mem + 0x1e * 4, 0xf000efc7);
    mem[BDA_DISKS] = 2;
    fake_disk(SECTORS * 4, 128);
    fake.dev.read_only = true;
    cache_init(NULL, 0);
    fake_cd(0);
}

static void teardown(void)
{
    int13_stop();
    fake_disk_free();
    free(mem);
}

FIXTURE(setup, teardown);

/* Boot the CD by an image of this kind; gives its drive. */
static u8 attach(u8 media)
{
    struct int13_disk d = {
        .drive = 0x80, .dev = &fake.dev, .sectors = fake.dev.blocks, .sector_blocks = 1};
    fake_cd_entry(1, 0x88, media, 0x2000, 6, IMAGE);
    assert_int_equal(eltorito_load(&fake.dev, &boot), OK);
    eltorito_shape(&d, &boot, mem + 0x20000);
    return int13_add(&d);
}

static enum int13_action call(u16 ax, u8 drive)
{
    regs.eax = ax;
    set_low(&regs.edx, drive);
    return int13(&regs, &chain);
}

/* A call for our drive; AH. */
static u8 ask(u16 ax, u8 drive)
{
    assert_int_equal(call(ax, drive), INT13_DONE);
    assert_int_equal(!(regs.flags & FLAG_CF), !reg_high(regs.eax) || reg_high(regs.eax) == 1);
    return reg_high(regs.eax);
}

static u8 ask_failing(u16 ax, u8 drive)
{
    assert_int_equal(call(ax, drive), INT13_DONE);
    assert_true(regs.flags & FLAG_CF);
    return reg_high(regs.eax);
}

/* Registers whose DS:SI is PACKET. */
static void with_packet(void)
{
    regs = (struct rm_regs){.ds = 0x1000, .esi = PACKET & 0xffff};
}

static u8 lba_call(u8 function, u8 drive, u64 lba, u16 count, u16 segment)
{
    with_packet();
    memset(mem + PACKET, 0, 16);
    mem[PACKET] = 16;
    put_le16(mem + PACKET + 2, count);
    put_le16(mem + PACKET + 6, segment);
    put_le64(mem + PACKET + 8, lba);
    assert_int_equal(call((u16)(function << 8), drive), INT13_DONE);
    return reg_high(regs.eax);
}

TEST(a_cd_has_sectors_of_2048_bytes)
{
    assert_int_equal(attach(CD_NO_EMULATION), 0xe0);
    for (u32 lba = 0; lba < SECTORS; lba += 37) {
        u16 n = lba + 37 > SECTORS ? (u16)(SECTORS - lba) : 37;
        assert_int_equal(lba_call(0x42, 0xe0, lba, n, 0x3000), 0);
        assert_memory_equal(mem + 0x30000, fake_cd_sector(lba), n * 2048);
    }
    assert_int_equal(lba_call(0x42, 0xe0, SECTORS - 1, 1, 0x3000), 0);
    assert_int_equal(lba_call(0x42, 0xe0, SECTORS - 1, 2, 0x3000), 0x04);
    assert_int_equal(lba_call(0x42, 0xe0, 0x4000000000000000, 1, 0x3000), 0x04);
    assert_int_equal(lba_call(0x44, 0xe0, SECTORS - 1, 2, 0x3000), 0x04);
    assert_int_equal(lba_call(0x43, 0xe0, 5, 1, 0x3000), 0x03);
    /* The buffer ends where memory does. */
    assert_int_equal(lba_call(0x42, 0xe0, 0, 32, 0x9000), 0);
    assert_int_equal(lba_call(0x42, 0xe0, 0, 33, 0x9000), 0x01);
    with_packet();
    put_le16(mem + PACKET, 30);
    assert_int_equal(ask(0x4800, 0xe0), 0);
    assert_int_equal(get_le16(mem + PACKET + 2), 0x0005); /* removable, and no CHS */
    assert_int_equal(get_le64(mem + PACKET + 16), SECTORS);
    assert_int_equal(get_le16(mem + PACKET + 24), 2048);
}

TEST(a_bad_sector_of_a_cd_costs_only_itself)
{
    attach(CD_NO_EMULATION);
    fake.bad_lba = 703 * 4 + 2;
    assert_int_equal(lba_call(0x42, 0xe0, 700, 10, 0x3000), 0x10);
    assert_int_equal(get_le16(mem + PACKET + 2), 3);
    assert_memory_equal(mem + 0x30000, fake_cd_sector(700), 3 * 2048);
}

TEST(a_cd_has_no_cylinders)
{
    attach(CD_NO_EMULATION);
    for (u8 function = 2; function <= 4; function++) {
        regs = (struct rm_regs){.ecx = 1, .es = 0x3000};
        assert_int_equal(ask_failing((u16)(function << 8 | 1), 0xe0), 0x04);
    }
    regs = (struct rm_regs){.ecx = 0x1234};
    assert_int_equal(ask_failing(0x0800, 0xe0), 0x01);
    assert_int_equal(regs.ecx, 0x1234);
    assert_int_equal(ask(0x1500, 0xe0), 1);
    assert_int_equal(ask(0x0000, 0xe0), 0);
}

TEST(other_drives_beside_a_cd)
{
    attach(CD_NO_EMULATION);
    assert_int_equal(mem[BDA_DISKS], 2);
    assert_int_equal(mem[BDA_EQUIPMENT], 0);
    static const u8 untouched[] = {0x00, 0x01, 0x80, 0x81, 0x8f, 0x9f, 0xdf, 0xf0};
    for (u32 i = 0; i < ARRAY_SIZE(untouched); i++) {
        regs = (struct rm_regs){.ecx = 1};
        assert_int_equal(call(0x0800, untouched[i]), INT13_CHAIN);
        assert_int_equal(reg_low(regs.edx), untouched[i]);
        assert_false(chain.set_dl);
    }
    /* Local CDs have moved up. */
    assert_int_equal(call(0x4b01, 0xe1), INT13_CHAIN);
    assert_int_equal(reg_low(regs.edx), 0xe0);
    assert_true(chain.set_dl);
    assert_int_equal(chain.dl, 0xe1);
    int13_stop();
    assert_int_equal(mem[BDA_DISKS], 2);
}

TEST(the_specification_packet)
{
    attach(CD_NO_EMULATION);
    static const u8 expected[20] = {0x13, 0, 0xe0, 0,    IMAGE, 0, 0, 0, 0, 0,
                                    0,    0, 0x00, 0x20, 6,     0, 0, 0, 0, 0xcc};
    for (u8 al = 0; al < 2; al++) {
        memset(mem + PACKET, 0xcc, 20);
        with_packet();
        assert_int_equal(ask((u16)(0x4b00 | al), 0xe0), 0);
        assert_memory_equal(mem + PACKET, expected, 20);
    }
    /* There was no emulation to end. */
    assert_int_equal(lba_call(0x42, 0xe0, 0, 1, 0x3000), 0);
    with_packet();
    assert_int_equal(ask_failing(0x4b02, 0xe0), 0x01);
    assert_int_equal(ask_failing(0x4a00, 0xe0), 0x01);
    assert_int_equal(ask_failing(0x4c00, 0xe0), 0x01);
    host_set_phys(mem, PACKET + 0x12);
    assert_int_equal(ask_failing(0x4b01, 0xe0), 0x01);
}

static u8 catalogue(u8 size, u8 count, u16 segment, u16 offset, u16 first)
{
    u8 *p = mem + PACKET;
    p[0] = size;
    p[1] = count;
    put_le16(p + 2, offset);
    put_le16(p + 4, segment);
    put_le16(p + 6, first);
    with_packet();
    assert_int_equal(call(0x4d00, 0xe0), INT13_DONE);
    return reg_high(regs.eax);
}

TEST(the_catalogue)
{
    attach(CD_NO_EMULATION);
    assert_int_equal(catalogue(8, 2, 0x3000, 0x10, 0), 0);
    assert_memory_equal(mem + 0x30010, fake_cd_sector(CD_CATALOGUE), 4096);
    assert_int_equal(catalogue(8, 1, 0x3000, 0, 3), 0);
    assert_memory_equal(mem + 0x30000, fake_cd_sector(CD_CATALOGUE + 3), 2048);
    assert_int_equal(catalogue(7, 1, 0x3000, 0, 0), 0x01);
    assert_int_equal(catalogue(8, 2, 0x9ff0, 0, 0), 0x01);
    assert_int_equal(catalogue(8, 1, 0x3000, 0, SECTORS), 0x04);
    assert_int_equal(catalogue(8, 1, 0x3000, 0, 0xffff), 0x04);
}

TEST(a_floppy_of_each_size)
{
    static const u8 tracks[] = {0, 15, 18, 36};
    for (u8 media = CD_FLOPPY_1200; media <= CD_FLOPPY_2880; media++) {
        u32 spt = tracks[media];
        mem[BDA_EQUIPMENT] = 0x26;
        assert_int_equal(attach(media), 0x00);
        assert_int_equal(mem[BDA_EQUIPMENT], 0x27); /* one */
        assert_int_equal(mem[BDA_DISKS], 2);
        regs = (struct rm_regs){0};
        assert_int_equal(ask(0x0800, 0), 0);
        assert_int_equal(regs.ebx, 2 * media);
        assert_int_equal(regs.ecx, 79 << 8 | spt);
        assert_int_equal(regs.edx, 1 << 8 | 1);
        assert_int_equal(regs.es, 0xf000);
        assert_int_equal(regs.edi, 0xefc7);
        for (u32 lba = 0; lba < 160 * spt; lba += 7) {
            regs = (struct rm_regs){.ecx = lba / spt / 2 << 8 | (lba % spt + 1),
                                    .edx = lba / spt % 2 << 8,
                                    .es = 0x3000};
            assert_int_equal(ask(0x0201, 0), 0);
            assert_memory_equal(mem + 0x30000, fake.bytes + IMAGE * 2048 + lba * 512, 512);
        }
        regs = (struct rm_regs){.ecx = 80 << 8 | 1, .es = 0x3000};
        assert_int_equal(ask_failing(0x0201, 0), 0x04);
        assert_int_equal(mem[BDA_FLOPPY_STATUS], 0x04);
        regs = (struct rm_regs){.ecx = 1, .es = 0x3000};
        assert_int_equal(ask_failing(0x0301, 0), 0x03);
        assert_int_equal(lba_call(0x42, 0, 160 * spt - 1, 1, 0x3000), 0);
        assert_int_equal(lba_call(0x42, 0, 160 * spt - 1, 2, 0x3000), 0x04);
        assert_int_equal(ask(0x1500, 0), 1);
        int13_stop();
        assert_int_equal(mem[BDA_EQUIPMENT], 0x26);
    }
    assert_int_equal(mem[BDA_DISK_STATUS], 0);
}

TEST(local_floppies_move_up)
{
    mem[BDA_EQUIPMENT] = 0x01; /* one */
    attach(CD_FLOPPY_1440);
    assert_int_equal(mem[BDA_EQUIPMENT], 0x41);
    regs = (struct rm_regs){0};
    assert_int_equal(call(0x0201, 1), INT13_CHAIN);
    assert_int_equal(reg_low(regs.edx), 0);
    assert_true(chain.set_dl);
    assert_int_equal(chain.dl, 1);
    assert_int_equal(call(0x1500, 1), INT13_CHAIN); /* its answer has no DX */
    assert_true(chain.set_dl);
    assert_int_equal(call(0x0800, 1), INT13_CHAIN);
    assert_int_equal(chain.dl, 2);
    assert_int_equal(call(0x0201, 2), INT13_CHAIN);
    assert_int_equal(reg_low(regs.edx), 2);
    assert_false(chain.set_dl);
    /* Hard disks and CDs don't. */
    assert_int_equal(call(0x0800, 0x80), INT13_CHAIN);
    assert_false(chain.set_dl);
    assert_int_equal(call(0x4b01, 0xe0), INT13_CHAIN);
    /* There are four at most. */
    int13_stop();
    mem[BDA_EQUIPMENT] = 0xc1;
    attach(CD_FLOPPY_1440);
    assert_int_equal(mem[BDA_EQUIPMENT], 0xc1);
    int13_stop();
    assert_int_equal(mem[BDA_EQUIPMENT], 0xc1);
}

TEST(an_emulation_ends)
{
    mem[BDA_EQUIPMENT] = 0x01;
    attach(CD_FLOPPY_1440);
    with_packet();
    assert_int_equal(ask(0x4b01, 0), 0);
    assert_memory_equal(mem + PACKET,
                        "\x13\x02\x00\x00\x64\0\0\0\0\0\0\0\x00\x20\x06\x00\x4f\x12\x01", 0x13);
    assert_int_equal(ask(0x4b00, 0), 0);
    assert_int_equal(mem[BDA_EQUIPMENT], 0x01);
    assert_int_equal(call(0x0201, 0), INT13_CHAIN);
    assert_int_equal(reg_low(regs.edx), 0);
    assert_false(chain.set_dl);
}

/* ELTORITO.SYS looks from drive FFh down for one whose packet has its number and no emulation. */
static void check_cd_beside(void)
{
    with_packet();
    assert_int_equal(ask(0x4b01, 0xe0), 0);
    assert_int_equal(mem[PACKET + 1], CD_NO_EMULATION);
    assert_int_equal(mem[PACKET + 2], 0xe0);
    assert_int_equal(lba_call(0x42, 0xe0, 16, 3, 0x3000), 0);
    assert_memory_equal(mem + 0x30000, fake_cd_sector(16), 3 * 2048);
    assert_int_equal(lba_call(0x42, 0xe0, SECTORS, 1, 0x3000), 0x04);
}

TEST(the_cd_is_there_beside_its_floppy)
{
    mem[BDA_EQUIPMENT] = 0x01;
    attach(CD_FLOPPY_1440);
    struct int13_disk whole = {.dev = &fake.dev};
    eltorito_whole(&whole, &boot);
    assert_int_equal(int13_add(&whole), 0xe0);
    check_cd_beside();
    /* Each has its last status. */
    assert_int_equal(lba_call(0x42, 0, 0, 1, 0x3000), 0);
    assert_int_equal(ask_failing(0x0100, 0xe0), 0x04);
    assert_int_equal(ask(0x0100, 0), 0);
    with_packet();
    assert_int_equal(ask(0x4b01, 0), 0);
    assert_int_equal(mem[PACKET + 1], CD_FLOPPY_1440);
    assert_int_equal(ask(0x4b00, 0), 0);
    assert_int_equal(call(0x0201, 0), INT13_CHAIN);
    assert_int_equal(mem[BDA_EQUIPMENT], 0x01);
    check_cd_beside();
    int13_stop();
    assert_int_equal(call(0x4b01, 0xe0), INT13_CHAIN);
}

TEST(a_hard_disk_among_local_ones)
{
    assert_int_equal(attach(CD_HARD_DISK), 0x80);
    assert_int_equal(mem[BDA_DISKS], 3);
    assert_int_equal(lba_call(0x42, 0x80, 9, 100, 0x3000), 0);
    assert_memory_equal(mem + 0x30000, fake.bytes + IMAGE * 2048 + 9 * 512, 100 * 512);
    assert_int_equal(lba_call(0x42, 0x80, (SECTORS - IMAGE) * 4 - 1, 2, 0x3000), 0x04);
    assert_int_equal(lba_call(0x43, 0x80, 9, 1, 0x3000), 0x03);
    assert_int_equal(call(0x0201, 0x81), INT13_CHAIN);
    assert_int_equal(reg_low(regs.edx), 0x80);
    with_packet();
    assert_int_equal(ask(0x4b00, 0x80), 0);
    assert_int_equal(mem[PACKET + 2], 0x80);
    assert_int_equal(mem[BDA_DISKS], 2);
}
