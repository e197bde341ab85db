/* El Torito: which image of a CD is booted, where it is put, and what drive it makes. */
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
#define EFI       0xef

static u8 *mem;
static struct cd_boot found;

static void setup(void)
{
    host_reset(0);
    mem = calloc(1, PHYS_SIZE);
    host_set_phys(mem, PHYS_SIZE);
    put_le16(mem + BDA_BASE_MEMORY, 635);
    fake_disk(SECTORS * 4, 128);
    cache_init(NULL, 0);
    fake_cd(0);
}

static void teardown(void)
{
    fake_disk_free();
    free(mem);
}

FIXTURE(setup, teardown);

static enum error load(void)
{
    memset(&found, 0xa5, sizeof(found));
    return eltorito_load(&fake.dev, &found);
}

static void expect_none(void)
{
    static const struct cd_boot none;
    assert_int_equal(load(), ERR_NO_BOOT_IMAGE);
    assert_memory_equal(&found, &none, sizeof(none));
}

static void expect_image(u32 image)
{
    assert_int_equal(load(), OK);
    assert_int_equal(found.image, image);
    assert_int_equal(found.catalogue, CD_CATALOGUE);
}

TEST(the_default_entry)
{
    fake_cd_entry(1, 0x88, CD_NO_EMULATION, 0, 4, IMAGE);
    expect_image(IMAGE);
    assert_int_equal(found.media, CD_NO_EMULATION);
    assert_int_equal(found.segment, 0x07c0);
    assert_int_equal(found.count, 4);
    assert_memory_equal(mem + 0x7c00, fake_cd_sector(IMAGE), 2048);
    assert_int_equal(mem[0x7bff] | mem[0x8400], 0);
}

TEST(the_image_for_a_pc_among_others)
{
    /* UEFI's first. */
    fake_cd(EFI);
    fake_cd_entry(1, 0x88, 0, 0, 1, 11);
    fake_cd_header(2, 0x90, EFI, 1);
    fake_cd_entry(3, 0x88, 0, 0, 1, 12);
    expect_none();
    fake_cd_header(4, 0x91, 0, 2);
    fake_cd_entry(5, 0x00, 0, 0, 4, 13); /* not bootable */
    fake_cd_entry(6, 0x88, CD_HARD_DISK, 0, 1, IMAGE);
    expect_image(IMAGE);
    assert_int_equal(found.media, CD_HARD_DISK);
    /* An extension, which is no entry, and a header that counts wrong. */
    fake_cd_header(4, 0x91, 0, 0);
    fake_cd_entry(5, 0x44, 0, 0, 4, 13);
    expect_image(IMAGE);
    /* The last record of the catalogue. */
    memset(fake_cd_record(4), 0, 3 * 32);
    fake_cd_header(62, 0x91, 0, 1);
    fake_cd_entry(63, 0x88, 0, 0, 4, IMAGE);
    expect_image(IMAGE);
}

TEST(the_default_entry_of_a_pc_comes_first)
{
    fake_cd_entry(1, 0x88, CD_FLOPPY_1440, 0, 1, IMAGE);
    fake_cd_header(2, 0x91, 0, 1);
    fake_cd_entry(3, 0x88, 0, 0, 4, 12);
    expect_image(IMAGE);
    /* With bits that have no meaning here: a driver of the image's own. */
    fake_cd_record(1)[1] |= 0xc0;
    expect_image(IMAGE);
    assert_int_equal(found.media, CD_FLOPPY_1440);
    /* Of a kind that nobody knows. */
    fake_cd_record(1)[1] = 5;
    expect_image(12);
}

TEST(what_is_no_catalogue)
{
    fake_cd_entry(1, 0x88, 0, 0, 4, IMAGE);
    static const struct {
        u32 sector, at;
    } bytes[] = {{17, 0},
                 {17, 1},
                 {17, 6},
                 {17, 7},
                 {17, 0x1c},
                 {17, 0x1d},
                 {CD_CATALOGUE, 0},
                 {CD_CATALOGUE, 30},
                 {CD_CATALOGUE, 31},
                 {CD_CATALOGUE, 32}};
    for (u32 i = 0; i < ARRAY_SIZE(bytes); i++) {
        u8 *byte = fake_cd_sector(bytes[i].sector) + bytes[i].at;
        *byte ^= 0x40;
        expect_none();
        *byte ^= 0x40;
    }
    /* BIOSes take one with a wrong sum. */
    fake_cd_record(0)[28]++;
    expect_image(IMAGE);
    /* Anywhere but on the CD. */
    static const u32 places[] = {SECTORS,    SECTORS + 1, 0x3fffffff,
                                 0x40000000, 0x7fffffff,  0xffffffff};
    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        put_le32(fake_cd_sector(17) + 0x47, places[i]);
        expect_none();
    }
}

TEST(a_disk_that_is_too_small_or_has_larger_blocks)
{
    fake_cd_entry(1, 0x88, 0, 0, 4, IMAGE);
    fake.dev.blocks = 17 * 4;
    expect_none();
    fake.dev.blocks = 0;
    expect_none();
    fake.dev.blocks = SECTORS * 4;
    fake.dev.block_size = 2048;
    u32 before = fake.requests;
    expect_none();
    assert_int_equal(fake.requests, before);
}

TEST(images_that_are_not_on_the_disk)
{
    static const u32 images[] = {SECTORS, SECTORS - 1, 0x40000000, 0xffffffff};
    for (u32 i = 0; i < ARRAY_SIZE(images); i++) {
        fake_cd_entry(1, 0x88, CD_HARD_DISK, 0, 5, images[i]);
        expect_none();
    }
    fake_cd_entry(1, 0x88, CD_HARD_DISK, 0, 4, SECTORS - 1);
    expect_image(SECTORS - 1);
}

TEST(how_much_goes_where)
{
    static const struct {
        u16 segment, count;
        u32 at, len; /* 0: it does not fit */
    } cases[] = {
        {0, 0, 0x7c00, 2048},
        {0, 1, 0x7c00, 2048},
        {0, 5, 0x7c00, 4096},
        {0x07c0, 4, 0x7c00, 2048},
        {0x1000, 8, 0x10000, 4096},
        {0x0050, 4, 0x500, 2048},
        {0x004f, 4, 0, 0},
        {1, 4, 0, 0},
        {0xffff, 4, 0, 0},
        {0x9ec0 - 0x80, 4, 0x9e400, 2048}, /* to the end of what is free */
        {0x9ec0 - 0x7f, 4, 0, 0},
        {0, 0xffff, 0, 0},
        {0, 1208, 0x7c00, 1208 * 512},
        {0, 1209, 0, 0},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        memset(mem + 0x500, 0, PHYS_SIZE - 0x500);
        fake_cd_entry(1, 0x88, 0, cases[i].segment, cases[i].count, IMAGE);
        if (!cases[i].len) {
            expect_none();
            continue;
        }
        expect_image(IMAGE);
        assert_int_equal(found.count, cases[i].count);
        assert_memory_equal(mem + cases[i].at, fake_cd_sector(IMAGE), cases[i].len);
        assert_int_equal(mem[cases[i].at + cases[i].len], 0);
    }
}

TEST(a_disk_that_fails_is_not_one_without_an_image)
{
    fake_cd_entry(1, 0x88, 0, 0, 4, IMAGE);
    static const u32 sectors[] = {17, CD_CATALOGUE, IMAGE};
    for (u32 i = 0; i < ARRAY_SIZE(sectors); i++) {
        fake.bad_lba = sectors[i] * 4 + 1;
        assert_int_equal(load(), ERR_MEDIUM);
    }
}

static struct int13_disk shape(u8 media, u32 image)
{
    struct int13_disk d = {
        .drive = 0x81, .dev = &fake.dev, .sectors = fake.dev.blocks, .sector_blocks = 1};
    fake_cd_entry(1, 0x88, media, 0, 1, image);
    expect_image(image);
    eltorito_shape(&d, &found, mem + 0x7c00);
    assert_ptr_equal(d.cd, &found);
    return d;
}

TEST(drives_of_each_kind)
{
    static const u8 tracks[] = {0, 15, 18, 36};
    struct int13_disk d = shape(CD_NO_EMULATION, IMAGE);
    assert_int_equal(d.drive, 0xe0);
    assert_int_equal(d.first, 0);
    assert_int_equal(d.sector_blocks, 4);
    assert_int_equal(d.sectors, SECTORS);
    assert_int_equal(d.geometry.sectors, 0);
    for (u8 media = CD_FLOPPY_1200; media <= CD_FLOPPY_2880; media++) {
        d = shape(media, IMAGE);
        assert_int_equal(d.drive, 0);
        assert_int_equal(d.first, IMAGE * 4);
        assert_int_equal(d.sector_blocks, 1);
        assert_int_equal(d.geometry.cylinders, 80);
        assert_int_equal(d.geometry.heads, 2);
        assert_int_equal(d.geometry.sectors, tracks[media]);
        assert_int_equal(d.sectors, 160 * tracks[media]);
    }
    /* The CD ends before the floppy does. */
    d = shape(CD_FLOPPY_1440, SECTORS - 10);
    assert_int_equal(d.sectors, 40);
}

TEST(a_hard_disk_has_the_geometry_of_its_partitions)
{
    u8 *mbr = fake_cd_sector(IMAGE);
    memset(mbr, 0, 512);
    put_le16(mbr + 510, 0xaa55);
    memcpy(mbr + 446, "\x80\x01\x01\x00\x06\x0f\x11\x09", 8); /* to 9/15/17 */
    put_le32(mbr + 446 + 8, 17);
    put_le32(mbr + 446 + 12, 10 * 16 * 17 - 17);
    struct int13_disk d = shape(CD_HARD_DISK, IMAGE);
    assert_int_equal(d.drive, 0x81); /* the one that was asked for */
    assert_int_equal(d.first, IMAGE * 4);
    assert_int_equal(d.sectors, (SECTORS - IMAGE) * 4);
    assert_int_equal(d.geometry.heads, 16);
    assert_int_equal(d.geometry.sectors, 17);
    assert_int_equal(d.geometry.cylinders, (SECTORS - IMAGE) * 4 / (16 * 17));
}
