/* INT 13h: any registers, any disk address packets, on a disk that fails, is slow, or is called
 * again meanwhile; with blocks of 512, 2048 or 4096 bytes, or several blocks a sector, as on a CD;
 * alone, or beside a second drive that has the same blocks as a CD. Real-mode memory is poisoned
 * but for what the call asked for, which must be what its registers say; nothing changes but what
 * the function is to change; and each call returns. */
#include "base/arith.h"
#include "base/bda.h"
#include "base/bytes.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/drives.h"
#include "disk/fake_disk.h"
#include "disk/int13.h"
#include "disk/readahead.h"
#include "input.h"
#include "platform_host.h"
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#define CALLS      24
#define MEMORY     (0x110000 + 0x20000) /* all of real mode, and some more for flat addresses */
#define RM_END     0x10fff0
#define DISK       (256 * 512) /* bytes */
#define CD_BLOCKS  4           /* of 512 bytes that are a CD's sector */
#define PARTS      32          /* sectors that a disk's part may begin behind */
#define MAX_BLOCKS 16          /* in one request */
#define BDA_STATUS 0x474
#define BDA_DISKS  0x475
#define LINE       4096 /* of the cache */
#define AHEAD      32   /* chunks of read-ahead, at most */
#define RANGES     16
#define EDD_MAX    74
#define BUSY       0xaa

static u8 *memory, *original; /* what is there before a call */
static u8 *disk_original, *disk_before;
static bool disk_written;

/* What a call asks for, and what was there. */
static struct range {
    u32 at, len;
    u8 *before;
} ranges[RANGES];
static u32 range_count;

/* The call, as the registers have it. */
static struct call {
    u8 function, al;
    u16 count;
    u32 packet;     /* the address packet or EDD table; where it is, and of what length */
    u32 packet_len; /* 0: none */
    u32 buffer, buffer_len;
    u64 lba;
    bool reads, writes;
} call;

static u64 call_end; /* behind the last block of the call before */

static struct int13_disk disks[2];
static u32 disk_count;
static const struct int13_disk *called; /* NULL: none of them */
static u32 sector;                      /* bytes of one of its sectors */
static bool nest;                       /* an interrupt handler calls, too */

/* --- Memory --- */

static bool within(u32 at, u32 len, u32 from, u32 size)
{
    return at >= from && at - from <= size && len <= size - (at - from);
}

/* Bytes that can be touched, and what hides them again, with those that ASan cannot tell from them.
 * Only what a call is about: all of memory takes longer than the call. */
static void show(u32 at, u32 len)
{
    __asan_unpoison_memory_region(memory + at, len);
}

static void hide(u32 at, u32 len)
{
    u32 from = at & ~7u;
    __asan_poison_memory_region(memory + from, ((at + len + 7) & ~7u) - from);
}

/* Is this for the call to touch? */
static bool is_expected(u32 at, u32 len)
{
    return (len == 1 && (at == BDA_STATUS || at == BDA_DISKS)) ||
           within(at, len, call.packet, call.packet_len) ||
           within(at, len, call.buffer, call.buffer_len);
}

static void on_phys(u32 at, u32 len)
{
    CHECK(is_expected(at, len));
    show(at, len);
    for (u32 i = 0; i < range_count; i++)
        if (ranges[i].at == at && ranges[i].len >= len)
            return;
    CHECK(range_count < RANGES);
    ranges[range_count++] = (struct range){at, len, exact_copy(memory + at, len)};
}

/* In `before`, what may have changed becomes what is there now. */
static void allow(struct range *r, u32 at, u32 len)
{
    u32 from = max_u32(at, r->at), to = min_u32(at + len, r->at + r->len);
    if (from < to)
        memcpy(r->before + (from - r->at), memory + from, to - from);
}

/* Nothing else has changed; and all is as it was again. */
static void check_memory(const struct rm_regs *r)
{
    u8 bda[2];
    show(BDA_STATUS, 2);
    show(call.packet, call.packet_len);
    for (u32 i = 0; i < range_count; i++)
        show(ranges[i].at, ranges[i].len);
    memcpy(bda, memory + BDA_STATUS, 2);
    for (u32 i = 0; i < range_count; i++) {
        struct range *range = &ranges[i];
        allow(range, BDA_STATUS, 2);
        if (call.reads) /* one that failed may have left anything in its buffer */
            allow(range, call.buffer, call.buffer_len);
        if (call.function == 0x48)
            allow(range, call.packet, call.packet_len);
        if ((call.function == 0x42 || call.function == 0x43) && (r->flags & FLAG_CF))
            allow(range, call.packet + 2, 2);
        CHECK(!memcmp(range->before, memory + range->at, range->len));
        free(range->before);
    }
    for (u32 i = 0; i < range_count; i++)
        memcpy(memory + ranges[i].at, original + ranges[i].at, ranges[i].len);
    memcpy(memory + call.packet, original + call.packet, call.packet_len);
    memcpy(memory + BDA_STATUS, bda, 2);
    for (u32 i = 0; i < range_count; i++)
        hide(ranges[i].at, ranges[i].len);
    hide(call.packet, call.packet_len);
    hide(BDA_STATUS, 2);
    range_count = 0;
}

/* --- Calls --- */

/* What real mode's registers can reach. */
static void set_buffer(u32 at, u32 len)
{
    if (at + len <= RM_END) {
        call.buffer = at;
        call.buffer_len = len;
    }
}

/* Mostly of so few bytes that a call takes little time. */
static u16 some_count(void)
{
    return in_u8() < 0xf8 ? (u16)(in_u8() * 512 / sector) : in_u16();
}

static u64 some_lba(void)
{
    u8 how = in_u8();
    if (how < 0x40) /* on from where the last call has ended */
        return call_end;
    if (how < 0xc0)
        return in_u16() % (DISK / sector + 8);
    if (how < 0xe0)
        return called->sectors - in_u8();
    return (u64)in_u32() << 32 | in_u32();
}

static void put_packet(u8 *p, u32 size)
{
    u16 count = some_count();
    u64 lba = some_lba();
    bool flat = in_u8() & 1;
    u64 address = in_u8() < 0xf0 ? in_u32() % MEMORY : (u64)in_u32() << 32 | in_u32();
    u8 bytes[24] = {(u8)size, in_u8()};
    put_le16(bytes + 2, count);
    put_le32(bytes + 4, flat ? UINT32_MAX : (u32)address);
    put_le64(bytes + 8, lba);
    put_le64(bytes + 16, address);
    memcpy(p, bytes, call.packet_len);
}

/* Where DS:SI points to; but not to where the call itself writes its status. */
static u32 packet_address(struct rm_regs *r)
{
    u32 at = rm_phys(r->ds, (u16)r->esi);
    if (at <= BDA_DISKS && at + EDD_MAX > BDA_STATUS)
        r->ds += 0x100;
    return rm_phys(r->ds, (u16)r->esi);
}

/* A call with an address packet at DS:SI. */
static void packet_call(struct rm_regs *r)
{
    u32 at = packet_address(r), size = in_u8() < 0xf0 ? 16 + in_u8() % 2 * 8 : in_u8();
    call.packet = at;
    call.packet_len = size >= 24 ? 24 : 16;
    show(at, call.packet_len);
    put_packet(memory + at, size);
    const u8 *p = memory + at;
    if (size < 16) { /* no packet at all */
        call.reads = call.writes = false;
        return;
    }
    call.count = get_le16(p + 2);
    call.lba = get_le64(p + 8);
    u16 offset = get_le16(p + 4), segment = get_le16(p + 6);
    if (offset == 0xffff && segment == 0xffff && size >= 24) {
        u64 flat = get_le64(p + 16);
        if (flat <= MEMORY && call.count * sector <= MEMORY - flat) {
            call.buffer = (u32)flat;
            call.buffer_len = call.count * sector;
        }
    } else {
        set_buffer(rm_phys(segment, offset), call.count * sector);
    }
}

/* A call with a cylinder, a head and a sector. */
static void chs_call(struct rm_regs *r)
{
    u32 cylinder = reg_high(r->ecx) | (u32)(reg_low(r->ecx) & 0xc0) << 2;
    u32 number = reg_low(r->ecx) & 0x3f, head = reg_high(r->edx);
    call.count = call.al;
    call.lba =
        ((u64)cylinder * called->geometry.heads + head) * called->geometry.sectors + number - 1;
    set_buffer(rm_phys(r->es, (u16)r->ebx), call.count * sector);
}

static void edd_call(struct rm_regs *r)
{
    u32 at = packet_address(r);
    u16 size = in_u8() < 0xf0 ? in_u8() : in_u16();
    show(at, 2);
    put_le16(memory + at, size);
    hide(at, 2);
    call.packet = at;
    call.packet_len = max_u32(2, min_u32(size, EDD_MAX));
}

static void make_call(struct rm_regs *r)
{
    static const u8 functions[] = {0x42, 0x42, 0x43, 0x02, 0x03, 0x48, 0x08, 0x41,
                                   0x44, 0x47, 0x04, 0x0c, 0x00, 0x15, 0x01, 0x4e};
    u32 i = in_below(2 * ARRAY_SIZE(functions));
    u8 function = i < ARRAY_SIZE(functions) ? functions[i] : in_u8();
    memset(r, 0xa5, sizeof(*r));
    set_word(&r->eax, (u16)(function << 8 | in_u8()));
    set_word(&r->ebx, in_u8() & 1 ? 0x55aa : in_u16());
    set_word(&r->ecx, in_u16());
    set_word(&r->edx,
             (u16)(in_u8() << 8 | (in_u8() < 0xf0 ? disks[in_below(disk_count)].drive : in_u8())));
    set_word(&r->esi, in_u16());
    r->ds = in_u16();
    r->es = in_u16();
    r->flags = in_u16();
    called = NULL;
    for (u32 k = 0; k < disk_count; k++)
        if (disks[k].drive == reg_low(r->edx))
            called = &disks[k];
    sector = called ? fake.dev.block_size * called->sector_blocks : 512;
    if (function == 0x02 || function == 0x03)
        set_low(&r->eax, (u8)some_count());
    call = (struct call){.function = function, .al = reg_low(r->eax)};
    call.reads = function == 0x02 || function == 0x42;
    call.writes = function == 0x03 || function == 0x43;
    if (!called)
        call.reads = call.writes = false;
    else if (function == 0x42 || function == 0x43 || function == 0x44 || function == 0x47)
        packet_call(r);
    else if (function == 0x02 || function == 0x03)
        chs_call(r);
    else if (function == 0x48)
        edd_call(r);
    hide(call.packet, call.packet_len);
    if (in_u8() > 0xf0) {
        show(BDA_DISKS, 1);
        memory[BDA_DISKS] = in_u8(); /* a BIOS that counts again */
        hide(BDA_DISKS, 1);
    }
}

/* While the disk is waited for. */
static void on_wait(u32 ms)
{
    struct rm_regs r = {.eax = 0x0201, .edx = disks[0].drive, .ebx = 0x1000, .ecx = 1}, before = r;
    struct int13_chain chain;
    if (nest) {
        CHECK(int13(&r, &chain) == INT13_DONE);
        CHECK(reg_high(r.eax) == BUSY && (r.flags & FLAG_CF));
        r.eax = before.eax;
        r.flags = before.flags;
        CHECK(!memcmp(&r, &before, sizeof(r)));
    }
    fake_complete_one(ms);
}

/* Which registers a function may change besides AX and CF: masks of EBX, ECX, EDX. */
static void check_registers(const struct rm_regs *before, const struct rm_regs *after)
{
    struct rm_regs r = *after;
    bool answers = call.function == 0x08 || call.function == 0x15 || call.function == 0x41;
    u32 word = answers ? 0xffff : 0;
    CHECK(!((r.eax ^ before->eax) & 0xffff0000));
    CHECK(!((r.ebx ^ before->ebx) & ~word) && !((r.ecx ^ before->ecx) & ~word));
    CHECK(!((r.edx ^ before->edx) & ~word) && !((r.flags ^ before->flags) & ~FLAG_CF));
    r.eax = before->eax;
    r.ebx = before->ebx;
    r.ecx = before->ecx;
    r.edx = before->edx;
    r.flags = before->flags;
    CHECK(!memcmp(&r, before, sizeof(r)));
}

/* Sectors that the call says it has moved. */
static u32 moved(const struct rm_regs *r)
{
    if (!call.reads && !call.writes)
        return 0;
    if (call.function < 0x40)
        return reg_low(r->eax);
    if (!(r->flags & FLAG_CF))
        return call.count;
    show(call.packet, 16);
    return get_le16(memory + call.packet + 2);
}

/* Where a sector of the drive that is called lies on the disk. */
static u64 place(u64 lba)
{
    return called->first * fake.dev.block_size + lba * sector;
}

/* Memory and disk have the same bytes there, but for what the call wrote at its end. */
static void check_data(u32 done)
{
    u8 *copy;
    u32 len = done * sector;
    CHECK(done <= call.count);
    if (!done)
        return;
    CHECK(call.buffer_len >= len && call.lba < DISK && place(call.lba) + len <= DISK);
    show(call.buffer, len);
    show(BDA_STATUS, 2);
    show(call.packet, call.packet_len);
    copy = exact_copy(fake.bytes + place(call.lba), len);
    struct range data = {call.buffer, len, copy};
    allow(&data, BDA_STATUS, 2);
    if (call.packet_len)
        allow(&data, call.packet + 2, 2);
    CHECK(!memcmp(copy, memory + call.buffer, len));
    free(copy);
    if (call.writes)
        memcpy(disk_before + place(call.lba), fake.bytes + place(call.lba), len);
}

static void one_call(void)
{
    struct rm_regs r, before;
    struct int13_chain chain;
    make_call(&r);
    before = r;
    enum int13_action action = int13(&r, &chain);
    disk_written |= call.writes;
    call_end = call.lba + call.count;
    CHECK((action == INT13_DONE) == (called != NULL));
    if (called) {
        u8 ah = reg_high(r.eax);
        bool failed = r.flags & FLAG_CF;
        CHECK(failed ? ah != 0 : ah == 0 || call.function == 0x15 || call.function == 0x41);
        check_registers(&before, &r);
        u32 done = moved(&r);
        CHECK(failed || done == call.count || (!call.reads && !call.writes));
        check_data(done);
        /* A write that failed may have written any of its sectors, and nothing else. */
        if (call.writes && failed && call.lba < DISK && place(call.lba) < DISK) {
            u32 at = (u32)place(call.lba), len = min_u32(call.count * sector, DISK - at);
            memcpy(disk_before + at, fake.bytes + at, len);
        }
        check_memory(&r);
    } else {
        CHECK(!((r.edx ^ before.edx) & 0xf0)); /* of the same kind */
        set_low(&r.edx, reg_low(before.edx));
        CHECK(!memcmp(&r, &before, sizeof(r)));
        check_memory(&r);
    }
    if (call.writes)
        CHECK(!memcmp(disk_before, fake.bytes, DISK));
}

/* --- Machine --- */

static void machine(void)
{
    if (!memory) {
        memory = malloc(MEMORY);
        original = malloc(MEMORY);
        for (u32 i = 0; i < MEMORY; i++)
            original[i] = (u8)(i * 13 + i / 512 * 5);
        memcpy(memory, original, MEMORY);
        fake_disk(DISK / 512, MAX_BLOCKS);
        disk_original = exact_copy(fake.bytes, DISK);
        disk_before = exact_copy(fake.bytes, DISK);
    }
    if (disk_written) {
        memcpy(fake.bytes, disk_original, DISK);
        memcpy(disk_before, disk_original, DISK);
        disk_written = false;
    }
    host_reset(1000);
    host_set_phys(memory, MEMORY);
    host_on_wait = on_wait;
    u8 *bytes = fake.bytes;
    struct block_dev dev = fake.dev;
    memset(&fake, 0, sizeof(fake));
    fake.dev = dev;
    fake.bytes = bytes;
    fake.bad_lba = UINT64_MAX;
    __asan_unpoison_memory_region(memory, MEMORY);
    int13_stop();
    disk_count = 0;
    range_count = 0;
    call_end = 0;
}

/* A drive: the disk from this block on. */
static void add_drive(u8 drive, u64 first, u32 sector_blocks)
{
    struct int13_disk *d = &disks[disk_count++];
    *d = (struct int13_disk){.drive = drive,
                             .dev = &fake.dev,
                             .first = first,
                             .sectors = (fake.dev.blocks - first) / sector_blocks,
                             .sector_blocks = sector_blocks,
                             .path = {.bdf = in_u16(), .device_short = in_u8()}};
    if (!drive_is_cd(drive))
        d->geometry = (struct geometry){1 + in_below(1024), 1 + in_below(255), 1 + in_below(63)};
    d->drive = int13_add(d);
    CHECK((d->drive & 0xf0) == (drive & 0xf0));
}

static void add_drives(u8 numbers)
{
    u8 how = in_u8();
    u32 sector_blocks = fake.dev.block_size == 512 ? CD_BLOCKS : 1;
    u64 first = how & 1 ? in_below(PARTS) : 0;
    memory[BDA_DISKS] = in_u8();
    drives_keep(how & 2 ? in_u16() & 0xfffe : 0);
    if (!(how & 4) || !(how & 8))
        add_drive(FIRST_DISK + numbers, first <= fake.dev.blocks ? first : 0, 1);
    if (how & 4)
        add_drive(FIRST_CD, 0, sector_blocks);
}

void fuzz_one(void)
{
    static const u16 block_sizes[] = {512, 512, 2048, 4096};
    machine();
    fake.dev.block_size = block_sizes[in_below(4)];
    u32 grain = fake.dev.block_size == 512 ? 1u << in_below(4) : 1;
    u32 cache_size = (in_below(8) + (grain > 1)) * LINE + in_below(LINE);
    u8 *cache = malloc(cache_size);
    u32 ahead_size = in_below(AHEAD) * LINE;
    u8 *ahead = malloc(ahead_size);
    u8 how = in_u8();
    fake.blocks = DISK / fake.dev.block_size;
    fake.later = how & 1;
    nest = how & 2;
    fake.dev.read_only = how & 4;
    fake.dev.grain = fake.dev.physical = grain;
    fake.dev.max_blocks = (1 + in_below(MAX_BLOCKS / grain)) * grain;
    cache_init(cache, cache_size);
    readahead_init(ahead, ahead_size);
    fake.dev.blocks = how & 8 ? fake.blocks : block_grain(&fake.dev, (u64)in_u32() << in_below(33));
    add_drives(how >> 4);
    __asan_poison_memory_region(memory, MEMORY);
    host_on_phys = on_phys;
    for (u32 i = 0; i < CALLS && in_left(); i++) {
        u8 trouble = in_u8();
        fake.bad_lba = trouble & 1 ? in_u16() % fake.blocks : UINT64_MAX;
        fake.fail = trouble & 2 ? ERR_SCSI : OK;
        one_call();
    }
    CHECK(!memcmp(disk_before, fake.bytes, DISK));
    host_on_phys = NULL;
    __asan_unpoison_memory_region(memory, MEMORY);
    memcpy(memory, original, 0x500);
    while (fake.queued)
        fake_complete_one(0);
    cache_init(NULL, 0);
    readahead_init(NULL, 0);
    free(ahead);
    free(cache);
}
