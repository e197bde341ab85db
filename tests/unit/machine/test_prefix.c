/* What our own boot media tell. */
#include "machine/prefix.h"

#include "base/bytes.h"
#include "machine/started.h"
#include "test.h"
#include <string.h>

#define PREFIX  0x9001 /* anywhere */
#define CMDLINE 0xa003
#define ACK     0xb001
#define REPLY   0xc002

static void put(u32 offset, u32 value)
{
    put_le32(mem + PREFIX + offset, value);
}

static void setup(void)
{
    started(0xa5);
    memset(mem + PREFIX, 0, sizeof(struct prefix_info));
    put(offsetof(struct prefix_info, magic), PREFIX_MAGIC);
    mem[PREFIX + offsetof(struct prefix_info, medium)] = BOOT_ROM;
    put_le16(mem + PREFIX + offsetof(struct prefix_info, bdf), 0x0018);
}

FIXTURE(setup, free_memory);

static bool parse(void)
{
    return prefix_parse(PREFIX_MAGIC, PREFIX, &info);
}

TEST(a_rom_tells_its_nic)
{
    assert_true(parse());
    assert_int_equal(info.medium, BOOT_ROM);
    assert_int_equal(info.bdf, 0x0018);
    assert_string_equal(info.command_line, "");
    assert_false(info.command_line_cut);
    assert_int_equal(info.dhcp_ack.len, 0);
    assert_int_equal(info.dhcp_reply.len, 0);
    assert_ptr_equal(info.map, &map);
    assert_int_equal(map.count, 0);
    assert_false(map.extended);
}

TEST(somebody_else_is_not_a_prefix)
{
    assert_false(prefix_parse(0x2badb002, PREFIX, &info));
    assert_false(prefix_parse(PREFIX_MAGIC, MEM_SIZE - 8, &info));
    put(offsetof(struct prefix_info, magic), 0);
    assert_false(parse());
}

TEST(the_command_line_is_copied)
{
    strcpy((char *)mem + CMDLINE, "ip=192.0.2.7 nic=00:03.0");
    put(offsetof(struct prefix_info, command_line), CMDLINE);
    assert_true(parse());
    memset(mem + CMDLINE, 0, 8);
    assert_string_equal(info.command_line, "ip=192.0.2.7 nic=00:03.0");
}

TEST(a_long_command_line_loses_whole_words)
{
    memset(mem + CMDLINE, 'x', 2000);
    mem[CMDLINE + 900] = ' ';
    mem[CMDLINE + 2000] = 0;
    put(offsetof(struct prefix_info, command_line), CMDLINE);
    assert_true(parse());
    assert_true(info.command_line_cut);
    assert_int_equal(strlen(info.command_line), 901);
}

TEST(a_command_line_ends_where_memory_does)
{
    memset(mem + MEM_SIZE - 4, 'x', 4);
    put(offsetof(struct prefix_info, command_line), MEM_SIZE - 4);
    assert_true(parse());
    assert_string_equal(info.command_line, "xxxx");
    put(offsetof(struct prefix_info, command_line), 0xfffffff0);
    assert_true(parse());
    assert_string_equal(info.command_line, "");
}

static void ack(u32 at, u32 len)
{
    put(offsetof(struct prefix_info, dhcp_ack), at);
    put(offsetof(struct prefix_info, dhcp_ack_len), len);
    assert_true(parse());
}

TEST(undi_is_told_with_its_segments)
{
    put(offsetof(struct prefix_info, undi_entry), 0x98001234);
    put(offsetof(struct prefix_info, undi_segments), 0x1f80u << 16 | 0x9a00);
    put(offsetof(struct prefix_info, undi_segments) + 4, 0x8000u << 16 | 0x9800);
    assert_true(parse());
    assert_int_equal(info.undi.entry, 0x98001234);
    assert_int_equal(info.undi.segments[0], 0x1f80u << 16 | 0x9a00);
    assert_int_equal(info.undi.segments[1], 0x8000u << 16 | 0x9800);
}

TEST(the_dhcp_answer_is_copied)
{
    for (u32 i = 0; i < BOOT_DHCP_MAX; i++)
        mem[ACK + i] = (u8)(i * 7);
    ack(ACK, BOOT_DHCP_MAX);
    assert_int_equal(info.dhcp_ack.len, BOOT_DHCP_MAX);
    for (u32 i = 0; i < BOOT_DHCP_MAX; i++)
        assert_int_equal(info.dhcp_ack.packet[i], (u8)(i * 7));
    /* It may hold secrets, which do not stay behind. */
    for (u32 i = 0; i < BOOT_DHCP_MAX; i++)
        assert_int_equal(mem[ACK + i], 0);
    assert_int_equal(info.dhcp_reply.len, 0);
}

TEST(the_other_servers_answer_is_copied_beside_it)
{
    for (u32 i = 0; i < BOOT_DHCP_MAX; i++)
        mem[REPLY + i] = (u8)(i * 5);
    put(offsetof(struct prefix_info, dhcp_reply), REPLY);
    put(offsetof(struct prefix_info, dhcp_reply_len), BOOT_DHCP_MAX);
    ack(ACK, 300);
    assert_int_equal(info.dhcp_ack.len, 300);
    assert_int_equal(info.dhcp_reply.len, BOOT_DHCP_MAX);
    for (u32 i = 0; i < BOOT_DHCP_MAX; i++) {
        assert_int_equal(info.dhcp_reply.packet[i], (u8)(i * 5));
        assert_int_equal(mem[REPLY + i], 0);
    }
    put(offsetof(struct prefix_info, dhcp_reply_len), BOOT_DHCP_MAX + 1);
    ack(ACK, 300);
    assert_int_equal(info.dhcp_ack.len, 300);
    assert_int_equal(info.dhcp_reply.len, 0);
}

TEST(a_dhcp_answer_that_can_be_none_is_left_out)
{
    ack(ACK, BOOT_DHCP_MAX + 1);
    assert_int_equal(info.dhcp_ack.len, 0);
    ack(ACK, 0xffffffff);
    assert_int_equal(info.dhcp_ack.len, 0);
    ack(MEM_SIZE - 100, 101);
    assert_int_equal(info.dhcp_ack.len, 0);
    ack(0, 300);
    assert_int_equal(info.dhcp_ack.len, 0);
    ack(MEM_SIZE - 100, 100);
    assert_int_equal(info.dhcp_ack.len, 100);
}
