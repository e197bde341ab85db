/* Settings by DHCP: which option is which, and the forms that their values may have. */
#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/bytes.h"
#include "base/say.h"
#include "net/dhcp_server.h"
#include "net/net_no_tcp.h"
#include "settings/settings.h"
#include "test.h"
#include <string.h>

static u8 inside[256]; /* of option 175 */
static u32 inside_len;

static void begin(void)
{
    wire_reset(0);
    host_reset(0);
    say_begin();
    settings_init();
    begin_ack();
    inside_len = 0;
}

FIXTURE(begin);

static void add_ipxe(u8 number, const void *value, u32 len)
{
    inside[inside_len++] = number;
    inside[inside_len++] = (u8)len;
    memcpy(inside + inside_len, value, len);
    inside_len += len;
}

static void take(void)
{
    if (inside_len)
        add(OPT_IPXE, inside, inside_len);
    assert_true(parse());
    attach_take_lease(&lease);
}

TEST(every_option_is_its_setting)
{
    static const struct {
        u8 option; /* 0: number, inside option 175 */
        u8 number, setting;
        const char *text;
    } rows[] = {
        {OPT_DOMAIN, 0, SET_DOMAIN, "example.org"},
        {OPT_HOSTNAME, 0, SET_HOSTNAME, "pc7"},
        {OPT_ROOT_PATH, 0, SET_ROOT_PATH, "iscsi:192.0.2.20::::iqn.t"},
        {OPT_INITIATOR_IQN, 0, SET_INITIATOR_IQN, "iqn.2026-01.org.example:pc7"},
        {0, 8, SET_KEEP_SAN, "last"},
        {0, 9, SET_SKIP_SAN_BOOT, "1"},
        {0, 189, SET_DRIVE, "81"},
        {0, 190, SET_USERNAME, "me"},
        {0, 191, SET_PASSWORD, "secret"},
        {0, 192, SET_REVERSE_USERNAME, "you"},
        {0, 193, SET_REVERSE_PASSWORD, "rs"},
        {0, 224, SET_TIMEOUT, "20"},
        {0, 225, SET_NIC, "00:04.0"},
        {0, 226, SET_RETRY, "forever"},
        {0, 227, SET_VLAN, "20/5"},
        {0, 228, SET_CONFIG, "lunboot.conf"},
        {0, 229, SET_CHAP, "sha3-256"},
        {0, 230, SET_DIGEST, "require"},
        {0, 231, SET_SECTOR, "native"},
        {0, 232, SET_BOOT, "cd"},
        {0, 233, SET_DISK_2, "iscsi:192.0.2.21::::iqn.t"},
        {0, 234, SET_DISK_3, "iscsi:192.0.2.22::::iqn.t"},
        {0, 235, SET_DISK_4, "iscsi:192.0.2.23::::iqn.t"},
    };
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].option)
            add_text(rows[i].option, rows[i].text);
        else
            add_ipxe(rows[i].number, rows[i].text, (u32)strlen(rows[i].text));
    add(OPT_MTU, "\x05\x78", 2);
    take();
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_string_equal(setting_text(rows[i].setting), rows[i].text);
        assert_int_equal(setting_source(rows[i].setting), FROM_DHCP);
    }
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_int_equal(setting_number(SET_DRIVE), 0x81);
    assert_int_equal(setting_number(SET_TIMEOUT), 20);
    assert_string_equal(host_console(), "");
}

TEST(the_secrets_are_gone_from_the_lease)
{
    static const u8 nothing[DHCP_IPXE];
    add_ipxe(191, "secret", 6);
    take();
    assert_string_equal(setting_text(SET_PASSWORD), "secret");
    assert_memory_equal(lease.ipxe, nothing, DHCP_IPXE);
}

TEST(a_flag_is_a_number_or_a_word)
{
    static const struct {
        const char *value;
        u32 len;
        bool flag;
    } cases[] = {
        {"\1", 1, true},  {"\xff", 1, true},      {"\0\0\0\1", 4, true}, {"\1\0\0\0\0", 5, true},
        {"1", 1, true},   {"1\0", 2, true},       {"yes", 3, true},      {"true", 4, true},
        {"\0", 1, false}, {"\0\0\0\0", 4, false}, {"0", 1, false},       {"0\0", 2, false},
        {"no", 2, false}, {"false", 5, false},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        add_ipxe(8, cases[i].value, cases[i].len);
        take();
        assert_int_equal(setting_flag(SET_KEEP_SAN), cases[i].flag);
        assert_int_equal(setting_source(SET_KEEP_SAN), FROM_DHCP);
        assert_string_equal(host_console(), "");
    }
}

TEST(a_drive_is_a_byte_as_ipxe_has_it_or_a_text)
{
    static const struct {
        const char *value;
        u32 len, drive;
    } cases[] = {{"\x81", 1, 0x81}, {"\0\0\0\x82", 4, 0x82}, {"83", 2, 0x83}, {"0x84\0", 5, 0x84}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        add_ipxe(189, cases[i].value, cases[i].len);
        take();
        assert_int_equal(setting_number(SET_DRIVE), cases[i].drive);
    }
}

TEST(a_number_without_quotes_is_a_number)
{
    static const struct {
        const char *value;
        u32 len, seconds;
    } cases[] = {{"\x14", 1, 20}, {"\1\x2c", 2, 300}, {"\0\0\0\x3c", 4, 60}, {"90", 2, 90}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        add_ipxe(224, cases[i].value, cases[i].len);
        take();
        assert_int_equal(setting_number(SET_TIMEOUT), cases[i].seconds);
    }
}

TEST(a_mac_address_without_quotes_is_one)
{
    add_ipxe(225, "RT\0\x12\x34\x56", 6);
    take();
    assert_string_equal(setting_text(SET_NIC), "52:54:00:12:34:56");
}

TEST(a_bad_value_is_named_and_left_out)
{
    char longest[254];
    memset(longest, 'x', sizeof(longest));
    add_ipxe(189, "\x70", 1); /* 'p' */
    add_ipxe(225, "eth0", 4);
    add_ipxe(224, "\0", 1);
    take();
    assert_non_null(strstr(host_console(), "DHCP: drive: "));
    assert_non_null(strstr(host_console(), "DHCP: nic: "));
    assert_non_null(strstr(host_console(), "DHCP: timeout: "));
    assert_int_equal(setting_number(SET_DRIVE), 0x80);
    assert_string_equal(setting_text(SET_NIC), "");
    begin();
    add_ipxe(189, "\1", 1);
    take();
    assert_non_null(strstr(host_console(), "DHCP: drive: "));
    begin();
    for (u32 i = 0; i < 2; i++) { /* 256 bytes: one too many */
        add(OPT_IPXE, "\xbf\x80", 2);
        add(OPT_IPXE, longest, 128);
    }
    take();
    assert_non_null(strstr(host_console(), "DHCP: password: "));
    assert_string_equal(setting_text(SET_PASSWORD), "");
}

TEST(the_command_line_wins)
{
    setting_set(SET_TIMEOUT, "7", 1, FROM_COMMAND_LINE);
    add_ipxe(224, "20", 2);
    take();
    assert_int_equal(setting_number(SET_TIMEOUT), 7);
}

/* ---- when there is no root path ---- */

static void adopt(void)
{
    assert_true(dhcp_adopt("", false, answer, answer_len, NULL, 0, host_now));
    attach_try_lease("");
}

TEST(what_was_tried_names_the_file_that_is_offered)
{
    dhcp_stop();
    attach_try_lease("");
    assert_string_equal(step_tried(), "the command line");
    adopt();
    assert_string_equal(step_tried(), "the command line and DHCP server 192.0.2.20");
    memcpy(answer + DHCP_FILE, "boot\33.ipxe", 10);
    put_be32(answer + DHCP_SIADDR, SERVER2);
    adopt();
    assert_string_equal(step_tried(),
                        "DHCP server 192.0.2.20, which offers the file \"boot?.ipxe\" "
                        "on 192.0.2.21, but no root path (option 17)");
    attach_try_lease("an iPXE script");
    assert_string_equal(step_tried(),
                        "DHCP server 192.0.2.20, which offers the file \"boot?.ipxe\" "
                        "on 192.0.2.21: an iPXE script, but no root path (option 17)");
}
