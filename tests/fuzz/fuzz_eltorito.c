/* CDs: whatever boot record, catalogue and image say, what is loaded lies in conventional memory,
 * what a drive shows lies on the disk, and each call of INT 13h touches what it may and returns. */
#include "base/arith.h"
#include "base/bda.h"
#include "base/bytes.h"
#include "disk/cache.h"
#include "disk/eltorito.h"
#include "disk/fake_cd.h"
#include "disk/fake_disk.h"
#include "input.h"
#include "platform_host.h"
#include <stdlib.h>
#include <string.h>

#define MEMORY  0x110000
#define SECTORS 64 /* of the CD */
#define CALLS   8
#define PACKET  0x600
#define BUFFER  0x10000
#define LOWEST  0x500

static u8 *memory;
static u32 highest; /* where conventional memory ends */

/* A record of the catalogue: one that means something, or any bytes. */
static void put_record(u32 i)
{
    u8 how = in_u8();
    if (how < 0x20)
        in_bytes(fake_cd_record(i), 32);
    else if (how < 0x60)
        fake_cd_header(i, 0x90 | (how & 1), how & 2 ? 0 : in_u8(), in_u16());
    else
        fake_cd_entry(i, how & 3 ? 0x88 : in_u8(), in_u8() % 6, how & 4 ? 0 : in_u16(),
                      how & 8 ? in_u8() : in_u16(), how & 16 ? in_u8() % SECTORS : in_u32());
}

static void put_cd(void)
{
    u8 how = in_u8();
    memset(fake.bytes, 0, 22 * 2048);
    fake_cd(how & 1 ? 0 : in_u8());
    for (u32 i = 1, count = how >> 4; i <= count; i++)
        put_record(i);
    if (how & 2)
        put_le32(fake_cd_sector(17) + 0x47, in_u32());
    if (how & 4) /* any byte of either */
        fake_cd_sector(how & 8 ? 17 : CD_CATALOGUE)[in_u8()] = in_u8();
}

static void check_found(const struct cd_boot *boot, enum error e)
{
    static const struct cd_boot none;
    if (e) {
        CHECK(e == ERR_NO_BOOT_IMAGE || e == ERR_MEDIUM);
        CHECK(!memcmp(boot, &none, sizeof(none)));
        return;
    }
    u32 at = boot->segment * 16u, len = max_u32((boot->count + 3u) / 4, 1) * 2048;
    CHECK(at >= LOWEST && at + len <= highest && boot->media <= CD_HARD_DISK);
    CHECK(boot->image < SECTORS && len <= (SECTORS - boot->image) * 2048);
    CHECK(!memcmp(memory + at, fake_cd_sector(boot->image), len));
}

static void check_shape(const struct int13_disk *d)
{
    u64 blocks = d->sectors * d->sector_blocks;
    CHECK(d->first <= fake.dev.blocks && blocks <= fake.dev.blocks - d->first);
    CHECK(d->geometry.cylinders && d->geometry.heads && d->geometry.sectors <= 63);
    CHECK(!d->geometry.sectors == (d->drive == 0xe0));
}

/* A read of sectors: what is said to have been moved is there. */
static void check_sectors(const struct int13_disk *d, u64 lba, u32 done)
{
    u32 size = d->sector_blocks * 512;
    CHECK(lba < d->sectors && done <= d->sectors - lba);
    CHECK(!memcmp(memory + BUFFER, fake.bytes + d->first * 512 + lba * size, done * size));
}

static void one_call(const struct int13_disk *d)
{
    static const u8 functions[] = {0x42, 0x02, 0x08, 0x15, 0x48, 0x4b, 0x4d, 0x43, 0x03, 0x00};
    u8 *p = memory + PACKET, function = functions[in_below(ARRAY_SIZE(functions))];
    u8 count = in_u8();
    struct rm_regs r = {.edx = (u32)in_below(4) << 8 | d->drive, .es = BUFFER >> 4, .esi = PACKET};
    struct int13_chain chain;
    u64 lba = in_u8() & 1 ? in_u8() : (u64)in_u32() << in_below(33);
    r.eax = (u32)function << 8 | (function == 0x4b ? in_below(3) : function == 0x4d ? 0 : count);
    r.ecx = in_u16();
    memset(p, 0, 32);
    p[0] = function == 0x4d ? 8 : function == 0x48 ? 30 : 16;
    if (function == 0x4d) {
        p[1] = count;
        put_le16(p + 4, BUFFER >> 4);
        put_le16(p + 6, (u16)lba);
    } else if (function != 0x48) {
        put_le16(p + 2, count);
        put_le16(p + 6, BUFFER >> 4);
        put_le64(p + 8, lba);
    }
    enum int13_action action = int13(&r, &chain);
    if (action == INT13_CHAIN) { /* the emulation was ended */
        CHECK(d->drive != 0xe0);
        return;
    }
    bool failed = r.flags & FLAG_CF;
    CHECK(failed == (reg_high(r.eax) && function != 0x15));
    if (function == 0x42 && get_le16(p + 2))
        check_sectors(d, lba, get_le16(p + 2));
    CHECK(failed || (function != 0x43 && function != 0x03) || !count);
    if (function == 0x4b && !failed)
        CHECK(p[0] == 0x13 && p[1] == (d->drive == 0xe0 ? 0 : d->cd->media) && p[2] == d->drive);
}

void fuzz_one(void)
{
    static struct cd_boot boot;
    if (!memory) {
        memory = malloc(MEMORY);
        fake_disk(SECTORS * 4, 16);
    }
    host_reset(0);
    memset(memory, 0, MEMORY);
    host_set_phys(memory, MEMORY);
    fake.dev.read_only = true;
    fake.fail = OK;
    cache_init(NULL, 0);
    int13_stop();
    u8 how = in_u8();
    fake.bad_lba = how & 1 ? in_u8() : UINT64_MAX;
    highest = (how & 2 ? 640 : in_below(641)) * 1024;
    put_le16(memory + BDA_BASE_MEMORY, (u16)(highest / 1024));
    memory[BDA_DISKS] = in_u8();
    memory[BDA_EQUIPMENT] = in_u8();
    put_cd();
    enum error e = eltorito_load(&fake.dev, &boot);
    check_found(&boot, e);
    struct int13_disk d = {
        .drive = 0x80, .dev = &fake.dev, .sectors = fake.dev.blocks, .sector_blocks = 1};
    eltorito_shape(&d, &boot, memory + boot.segment * 16);
    check_shape(&d);
    d.drive = int13_add(&d);
    struct int13_disk whole = {.dev = &fake.dev};
    if (d.drive != 0xe0) {
        eltorito_whole(&whole, &boot);
        check_shape(&whole);
        CHECK(int13_add(&whole) == 0xe0);
    }
    for (u32 i = 0; i < CALLS && in_left(); i++)
        one_call(d.drive != 0xe0 && in_u8() & 1 ? &whole : &d);
    CHECK(!fake.writes);
    int13_stop();
}
