/* The iBFT, read back by a parser of the test's own: offsets as the specification (1.03) gives
 * them, checks as Linux's iscsi_ibft makes them. */
#define _GNU_SOURCE /* memmem */
#include "iscsi/ibft.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define ROOM          1024

/* Flags of every structure, and CHAP types. */
#define VALID         1
#define BOOT          2
#define CHAP          1
#define MUTUAL_CHAP   2

#define ORIGIN_STATIC 1
#define ORIGIN_LEASE  3

static _Alignas(16) u8 table[ROOM];
static u32 length;

/* What a reader finds. */
static const u8 *control, *initiator, *nic, *target, *target_1;

static u32 le16(const u8 *p)
{
    return p[0] | (u32)p[1] << 8;
}

static u32 le32(const u8 *p)
{
    return le16(p) | le16(p + 2) << 16;
}

/* A structure as Linux checks it: id, version, exact length, and far enough from the end. */
static const u8 *structure(u32 offset, u32 id, u32 exact, u32 index)
{
    assert_int_equal(offset % 8, 0);
    assert_true(offset >= 48);
    assert_true(offset < length - 48);
    assert_true(offset + exact <= length);
    const u8 *p = table + offset;
    assert_int_equal(p[0], id);
    assert_int_equal(p[1], 1);
    assert_int_equal(le16(p + 2), exact);
    assert_int_equal(p[4], index); /* Linux names it so */
    return p;
}

static void parse(void)
{
    u8 sum = 0;
    assert_memory_equal(table, "iBFT", 4);
    assert_int_equal(le32(table + 4), length);
    assert_int_equal(table[8], 1);
    for (u32 i = 0; i < length; i++)
        sum = (u8)(sum + table[i]);
    assert_int_equal(sum, 0);
    assert_memory_equal(table + 10, "LUNBT ", 6);
    assert_memory_equal(table + 16, "LUNBOOT ", 8);

    control = structure(48, 1, 18, 0);
    initiator = structure(le16(control + 8), 2, 74, 0);
    nic = structure(le16(control + 10), 3, 102, 0);
    target = structure(le16(control + 12), 4, 54, 0);
    target_1 = le16(control + 16) ? structure(le16(control + 16), 4, 54, 1) : NULL;
    assert_int_equal(control[5], 0);
    assert_int_equal(le16(control + 6), 0);
    assert_int_equal(le16(control + 14), 0); /* no second NIC */
    assert_int_equal(initiator[5], VALID | BOOT);
    assert_int_equal(nic[5], VALID | BOOT);
    assert_int_equal(target[5], VALID | BOOT);
}

/* The string that a length and offset field names; NULL for none. */
static const char *string_at(const u8 *field)
{
    u32 len = le16(field), offset = le16(field + 2);
    if (!len) {
        assert_int_equal(offset, 0);
        return NULL;
    }
    const u8 *heap = (target_1 ? target_1 : target) + 54;
    assert_true(table + offset >= heap);
    assert_true(offset + len < length);
    assert_int_equal(table[offset + len], 0);
    const char *s = (const char *)table + offset;
    assert_int_equal(strlen(s), len);
    return s;
}

static void assert_address(const u8 *field, const char *bytes)
{
    const u8 mapped[12] = {[10] = 0xff, [11] = 0xff};
    assert_memory_equal(field, mapped, 12);
    assert_memory_equal(field + 12, bytes, 4);
}

static void assert_no_address(const u8 *field)
{
    const u8 zero[16] = {0};
    assert_memory_equal(field, zero, 16);
}

static struct ibft_info full_info(void)
{
    return (struct ibft_info){
        .initiator_name = "iqn.2026-11.net.example:host",
        .addr = 0xc0000203,
        .netmask = 0xffffff00,
        .gateway = 0xc0000201,
        .dns = {0xc0000235, 0xc0000236},
        .dhcp_server = 0xc0000202,
        .mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
        .bdf = 0x0118,
        .vlan = 0,
        .dhcp = true,
        .hostname = "host",
        .targets = {{0xc6336407,
                     3260,
                     {0, 1, 2, 3, 4, 5, 6, 7},
                     "iqn.2026-11.net.example:disk",
                     IBFT_CHAP_MUTUAL}},
        .target_count = 1,
        .chap_user = "user",
        .chap_secret = "twelve bytes",
        .reverse_user = "target",
        .reverse_secret = "another twelve",
    };
}

static void build(const struct ibft_info *info)
{
    memset(table, 0xee, sizeof(table));
    length = ibft_build(table, sizeof(table), info);
    assert_true(length > 0 && length <= sizeof(table));
    for (u32 i = length; i < sizeof(table); i++)
        assert_int_equal(table[i], 0);
    parse();
}

TEST(everything_is_found_again)
{
    struct ibft_info info = full_info();
    build(&info);
    for (u32 i = 6; i < 70; i++)
        assert_int_equal(initiator[i], 0); /* SNS, SLP, Radius servers */
    assert_string_equal(string_at(initiator + 70), info.initiator_name);

    assert_address(nic + 6, "\xc0\x00\x02\x03");
    assert_int_equal(nic[22], 24);
    assert_int_equal(nic[23], ORIGIN_LEASE);
    assert_address(nic + 24, "\xc0\x00\x02\x01");
    assert_address(nic + 40, "\xc0\x00\x02\x35");
    assert_address(nic + 56, "\xc0\x00\x02\x36");
    assert_address(nic + 72, "\xc0\x00\x02\x02");
    assert_int_equal(le16(nic + 88), 0);
    assert_memory_equal(nic + 90, info.mac, 6);
    assert_int_equal(le16(nic + 96), 0x0118);
    assert_string_equal(string_at(nic + 98), "host");

    assert_address(target + 6, "\xc6\x33\x64\x07");
    assert_int_equal(le16(target + 22), 3260);
    assert_memory_equal(target + 24, info.targets[0].lun, 8);
    assert_int_equal(target[32], MUTUAL_CHAP);
    assert_int_equal(target[33], 0); /* of NIC 0 */
    assert_string_equal(string_at(target + 34), info.targets[0].name);
    assert_null(target_1);
    assert_string_equal(string_at(target + 38), "user");
    assert_string_equal(string_at(target + 42), "twelve bytes");
    assert_string_equal(string_at(target + 46), "target");
    assert_string_equal(string_at(target + 50), "another twelve");
}

TEST(what_is_absent_is_zero)
{
    struct ibft_info info = {
        .initiator_name = "iqn.2026-11.net.example:host",
        .addr = 0x0a000002,
        .netmask = 0xff000000,
        .vlan = 0x123,
        .hostname = NULL,
        .targets = {{.addr = 0x0a000001, .port = 3261, .name = "iqn.2026-11.net.example:disk"}},
        .target_count = 1,
        .chap_user = "not he",
        .chap_secret = "not to be published",
        .reverse_user = "neither",
        .reverse_secret = "nor this",
    };
    build(&info);
    assert_int_equal(nic[22], 8);
    assert_int_equal(nic[23], ORIGIN_STATIC);
    assert_no_address(nic + 24);
    assert_no_address(nic + 40);
    assert_no_address(nic + 56);
    assert_no_address(nic + 72);
    assert_int_equal(le16(nic + 88), 0x123);
    assert_null(string_at(nic + 98));
    assert_int_equal(target[32], 0);
    for (u32 field = 38; field < 54; field += 4)
        assert_null(string_at(target + field));
    assert_null(memmem(table, sizeof(table), "not", 3));
    assert_null(memmem(table, sizeof(table), "nei", 3));
}

TEST(a_second_target)
{
    struct ibft_info info = full_info();
    build(&info);
    u32 alone = length;
    info.targets[1] = (struct ibft_target){
        0xc6336408, 3261, {0, 7}, "iqn.2026-11.net.example:two", IBFT_CHAP_MUTUAL};
    info.target_count = 2;
    build(&info);
    assert_int_equal(length, alone + 56 + sizeof("iqn.2026-11.net.example:two"));
    assert_int_equal(target_1[5], VALID | BOOT);
    assert_address(target + 6, "\xc6\x33\x64\x07");
    assert_address(target_1 + 6, "\xc6\x33\x64\x08");
    assert_int_equal(le16(target_1 + 22), 3261);
    assert_memory_equal(target_1 + 24, info.targets[1].lun, 8);
    assert_int_equal(target_1[32], MUTUAL_CHAP);
    assert_int_equal(target_1[33], 0); /* of NIC 0, too */
    assert_string_equal(string_at(target_1 + 34), "iqn.2026-11.net.example:two");
    for (u32 field = 38; field < 54; field += 4)
        assert_ptr_equal(string_at(target_1 + field), string_at(target + field));
}

TEST(each_target_has_its_own_chap)
{
    struct ibft_info info = full_info();
    info.targets[1] = info.targets[0];
    info.target_count = 2;
    info.targets[0].chap = IBFT_CHAP_NONE;
    build(&info);
    assert_int_equal(target[32], 0);
    for (u32 field = 38; field < 54; field += 4)
        assert_null(string_at(target + field));
    assert_int_equal(target_1[32], MUTUAL_CHAP);
    assert_string_equal(string_at(target_1 + 50), "another twelve");
    info.targets[0].chap = IBFT_CHAP_MUTUAL;
    info.targets[1].chap = IBFT_CHAP_ONE_WAY;
    build(&info);
    assert_int_equal(target[32], MUTUAL_CHAP);
    assert_int_equal(target_1[32], CHAP);
    assert_string_equal(string_at(target_1 + 42), "twelve bytes");
    assert_null(string_at(target_1 + 46));
}

TEST(one_way_chap)
{
    struct ibft_info info = full_info();
    info.targets[0].chap = IBFT_CHAP_ONE_WAY;
    build(&info);
    assert_int_equal(target[32], CHAP);
    assert_string_equal(string_at(target + 42), "twelve bytes");
    assert_null(string_at(target + 46));
    assert_null(string_at(target + 50));
}

TEST(equal_strings_are_stored_once)
{
    struct ibft_info info = full_info();
    build(&info);
    u32 different = length;
    info.chap_user = info.initiator_name;
    info.reverse_user = info.targets[0].name;
    info.reverse_secret = info.chap_secret;
    build(&info);
    assert_ptr_equal(string_at(target + 38), string_at(initiator + 70));
    assert_ptr_equal(string_at(target + 46), string_at(target + 34));
    assert_ptr_equal(string_at(target + 50), string_at(target + 42));
    assert_int_equal(length,
                     different - sizeof("user") - sizeof("target") - sizeof("another twelve"));
    /* A part of another string is not equal to it. */
    info.hostname = "iqn.2026-11";
    build(&info);
    assert_ptr_not_equal(string_at(nic + 98), string_at(initiator + 70));
}

TEST(prefix_lengths)
{
    const struct {
        u32 mask;
        u8 prefix;
    } cases[] = {{0, 0}, {0x80000000, 1}, {0xfffff800, 21}, {0xfffffffe, 31}, {0xffffffff, 32}};
    struct ibft_info info = full_info();
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        info.netmask = cases[i].mask;
        build(&info);
        assert_int_equal(nic[22], cases[i].prefix);
    }
}

/* Every size that is too small, in memory that ends there. */
TEST(a_table_that_does_not_fit_is_not_there)
{
    struct ibft_info info = full_info();
    info.targets[1] = info.targets[0];
    info.target_count = 2;
    build(&info);
    u32 needed = length;
    for (u32 size = 0; size <= needed; size++) {
        u8 *memory = malloc(size ? size : 1);
        memset(memory, 0xee, size);
        u32 got = ibft_build(memory, size, &info);
        assert_int_equal(got, size < needed ? 0 : needed);
        for (u32 i = 0; size < needed && i < size; i++)
            assert_int_equal(memory[i], 0);
        free(memory);
    }
}

TEST(strings_of_any_length_stay_inside)
{
    static char name[0x12000];
    memset(name, 'x', sizeof(name) - 1);
    struct ibft_info info = full_info();
    info.initiator_name = name;
    u8 *memory = malloc(0x20000);
    assert_int_equal(ibft_build(memory, 0x20000, &info), 0); /* offsets have 16 bits */
    name[60000] = 0;
    assert_int_not_equal(ibft_build(memory, 0x20000, &info), 0);
    free(memory);
}
