/* The settings file: lines, sections, and what is none. */
#include "platform_host.h"
#include "settings/settings_file.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const u8 mac[6] = {0x52, 0x54, 0, 0xab, 0x34, 0x56};

static char complaints[4096]; /* line:name|value|code, one a line */

static void complain(const char *name, const char *value, enum error why)
{
    size_t len = strlen(complaints);
    snprintf(complaints + len, sizeof(complaints) - len, "%u:%s|%s|%d\n", settings_file_line(),
             name, value, why);
}

static void fresh(void)
{
    settings_init();
    complaints[0] = 0;
    settings_file_begin(mac, complain);
}

FIXTURE(fresh);

/* From memory of exactly its length, so that ASan sees what is read behind it. */
static enum error take(const char *text, size_t len)
{
    u8 *copy = malloc(len);
    memcpy(copy, text, len);
    enum error e = settings_file_take(copy, (u32)len);
    free(copy);
    return e;
}

static enum error read_bytes(const char *text, size_t len)
{
    fresh();
    enum error e = len ? take(text, len) : OK;
    return e ? e : settings_file_end(true);
}

static void assert_reads(const char *text)
{
    assert_int_equal(read_bytes(text, strlen(text)), OK);
}

/* A file of our own that begins as it has to. */
#define READ(text) assert_reads("#!lunboot\n" text)

static void assert_is(const char *text, size_t len, const char *kind)
{
    assert_int_equal(read_bytes(text, len), ERR_FILE_NO_SETTINGS);
    assert_string_equal(settings_file_kind(), kind);
    assert_string_equal(complaints, "");
}

#define ASSERT_IS(text, kind) assert_is(text, sizeof(text) - 1, kind)

TEST(a_line_is_a_setting)
{
    READ("# for all\n\nroot-path=\"iscsi:192.0.2.1::::iqn.2026-01.a.b:x "
         "iscsi:192.0.2.2::::iqn.2026-01.a.b:x\"\n"
         "  \t timeout = 5   # seconds\n"
         "username=me password=\"a b\"\n"
         "hostname=pc1");
    assert_string_equal(complaints, "");
    assert_string_equal(
        setting_text(SET_ROOT_PATH),
        "iscsi:192.0.2.1::::iqn.2026-01.a.b:x iscsi:192.0.2.2::::iqn.2026-01.a.b:x");
    assert_int_equal(setting_number(SET_TIMEOUT), 5);
    assert_string_equal(setting_text(SET_PASSWORD), "a b");
    assert_string_equal(setting_text(SET_HOSTNAME), "pc1");
    assert_int_equal(setting_source(SET_HOSTNAME), FROM_FILE);
}

TEST(files_of_windows)
{
    assert_reads(
        "\xef\xbb\xbf#!lunboot\r\n\r\nhostname=pc1\r\n[52-54-00-AB-34-56]\r\ntimeout=5\r\n");
    assert_string_equal(complaints, "");
    assert_string_equal(setting_text(SET_HOSTNAME), "pc1");
    assert_int_equal(setting_number(SET_TIMEOUT), 5);
}

TEST(nothing_but_the_first_line)
{
    assert_reads("#!lunboot");
    assert_reads("#!lunboot \t\r\n");
}

TEST(pieces_of_any_size)
{
    static const char text[] =
        "#!lunboot\nhostname=all\nbad\n[52:54:00:ab:34:56]\nhostname=me\n[x\n"
        "hostname=none";
    for (size_t first = 0; first <= strlen(text); first++)
        for (size_t size = 1; size < 8; size++) {
            fresh();
            if (first)
                assert_int_equal(take(text, first), OK);
            for (size_t at = first; at < strlen(text); at += size)
                assert_int_equal(
                    take(text + at, at + size < strlen(text) ? size : strlen(text) - at), OK);
            assert_int_equal(settings_file_end(true), OK);
            assert_string_equal(setting_text(SET_HOSTNAME), "me");
            assert_string_equal(complaints, "3:bad||60\n6:||67\n");
        }
}

TEST(a_section_is_for_the_machines_it_names)
{
    static const char *ours[] = {"52:54:00:ab:34:56",
                                 "52:54:00:AB:34:56",
                                 "52-54-00-ab-34-56",
                                 "525400ab3456",
                                 "5254.00ab.3456",
                                 " 52:54:00:ab:34:56 ",
                                 "52:54:00:ab:34:57, 52:54:00:ab:34:56",
                                 "52:54:00:ab:34:56,52:54:00:ab:34:57",
                                 "52:54:00:ab:34:57 52:54:00:ab:34:56\t52:54:00:ab:34:58"};
    for (u32 i = 0; i < ARRAY_SIZE(ours); i++) {
        char text[300];
        sprintf(text,
                "#!lunboot\nmtu=1400\n [%s] # ours\nmtu=1300\n[52:54:00:ab:34:57]\nmtu=1200\n",
                ours[i]);
        assert_reads(text);
        assert_string_equal(complaints, "");
        if (setting_number(SET_MTU) != 1300)
            fail_msg("[%s] gives %u", ours[i], setting_number(SET_MTU));
    }
    READ("mtu=1400\n[52:54:00:ab:34:57]\nmtu=1200\nnonsense\n");
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_string_equal(complaints, "");
}

TEST(of_the_choices_the_first_holds)
{
    READ("mtu=1400\n[Debian 12-5]\nmtu=1300\n[Windows]\nmtu=1200\nhostname=w\n");
    assert_int_equal(setting_number(SET_MTU), 1300);
    assert_string_equal(setting_text(SET_HOSTNAME), "");
    assert_string_equal(complaints, "");
}

TEST(our_own_section_beats_the_rest_wherever_it_stands)
{
    READ("[52:54:00:ab:34:56]\nmtu=1300\n[52:54:00:ab:34:56]\ntimeout=7\n[choice]\nmtu="
         "1200\ntimeout=8\n"
         "hostname=c\n");
    assert_int_equal(setting_number(SET_MTU), 1300);
    assert_int_equal(setting_number(SET_TIMEOUT), 7);
    assert_string_equal(setting_text(SET_HOSTNAME), "c");
}

TEST(between_dhcp_and_command_line)
{
    fresh();
    command_line_parse("mtu=1400", complain);
    assert_int_equal(setting_set(SET_TIMEOUT, "9", 1, FROM_DHCP), OK);
    static const char text[] = "#!lunboot\nmtu=1300\ntimeout=8\n[52:54:00:ab:34:56]\nmtu=1200\n";
    assert_int_equal(take(text, strlen(text)), OK);
    assert_int_equal(settings_file_end(true), OK);
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_int_equal(setting_number(SET_TIMEOUT), 8);
    assert_string_equal(complaints, "");
}

/* One machine's disk must not become everybody's by a slip of the finger. */
TEST(a_section_that_nobody_can_tell_holds_for_nobody)
{
    static const char *odd[] = {"[52:54:00:ab:34:5]",
                                "[52:54:00:ab:34:567]",
                                "[52:54:00:ab:34:5g]",
                                "[52-54-00-ab-34-5]",
                                "[52-54-00-ab-34-5o]",
                                "[525400ab345]",
                                "[5254.00ab.345]",
                                "[52:54:00:ab:34:56 Windows]",
                                "[Windows, 52:54:00:ab:34:56]",
                                "[Windows:11]",
                                "[52:54:00:ab:34:56",
                                "[52:54:00:ab:34:56] hostname=x",
                                "[]",
                                "[ , ]",
                                "["};
    for (u32 i = 0; i < ARRAY_SIZE(odd); i++) {
        char text[200];
        sprintf(text, "#!lunboot\nmtu=1400\n%s\nmtu=1300\nbad\n[Linux]\nmtu=1200\n", odd[i]);
        assert_reads(text);
        if (setting_number(SET_MTU) != 1200 || strcmp(complaints, "3:||67\n"))
            fail_msg("%s gives %u, %s", odd[i], setting_number(SET_MTU), complaints);
    }
}

TEST(what_is_wrong_is_told_with_its_line)
{
    READ("hostname=bad!\nfoo=bar\n\nip=192.0.2.7\nnic=00:03.0\nconfig=x\npassword=\npasword="
         "hunter2\n"
         "mtu=1400");
    assert_string_equal(complaints,
                        "2:hostname|bad!|61\n3:foo||60\n5:ip|192.0.2.7|66\n"
                        "6:nic|00:03.0|66\n7:config|x|66\n8:password||61\n9:pasword||60\n");
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_int_equal(setting_ip4(SET_IP), 0);
}

TEST(lines_that_are_too_long_are_left_out)
{
    static char text[6000];
    /* As long as a line can be, then one more, then a section. */
    static const size_t spaces[] = {1023 - 8, 1024 - 8, 3000};
    for (u32 i = 0; i < ARRAY_SIZE(spaces); i++) {
        size_t n = (size_t)sprintf(text, "#!lunboot\n%*smtu=1400\ntimeout=5\n", (int)spaces[i], "");
        assert_int_equal(read_bytes(text, n), OK);
        assert_int_equal(setting_number(SET_MTU), i ? 1500 : 1400);
        assert_int_equal(setting_number(SET_TIMEOUT), 5);
        assert_string_equal(complaints, i ? "2:||67\n" : "");
    }
    size_t n = (size_t)sprintf(
        text, "#!lunboot\n[Linux]\nmtu=1400\n[52:54:00:ab:34:57%*s]\nmtu=1300\n", 2000, "");
    assert_int_equal(read_bytes(text, n), OK);
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_string_equal(complaints, "4:||67\n");
}

TEST(lines_with_a_zero_are_left_out)
{
    static const char text[] = "#!lunboot\nmtu=1400\0\nmtu=1300\n";
    assert_int_equal(read_bytes(text, sizeof(text) - 1), OK);
    assert_int_equal(setting_number(SET_MTU), 1300);
    assert_string_equal(complaints, "2:||67\n");
}

TEST(a_file_that_breaks_off)
{
    fresh();
    static const char text[] = "#!lunboot\nmtu=1400\ntimeout=5";
    assert_int_equal(take(text, strlen(text)), OK);
    assert_int_equal(settings_file_end(false), OK);
    assert_int_equal(setting_number(SET_TIMEOUT), 60);
}

TEST(what_is_no_settings_file)
{
    ASSERT_IS("", "it is empty");
    ASSERT_IS("#!ipxe\nset root-path\n", "an iPXE script");
    ASSERT_IS("DEFAULT linux\n", "its first line is not #!lunboot");
    ASSERT_IS("#!lunboots\nmtu=1400\n", "its first line is not #!lunboot");
    ASSERT_IS("# !lunboot", "its first line is not #!lunboot");
    ASSERT_IS("\nmtu=1400", "its first line is not #!lunboot");
    ASSERT_IS("\xfa\xeb\x3c\0\0\0\x90\nmtu=1400\n", "a program");
    ASSERT_IS("\xeb\n\0\0", "a program");
    ASSERT_IS("\xff\xfe#\0!\0l\0u\0n\0", "a program");
    assert_int_equal(setting_number(SET_MTU), 1500);
    static char text[4000];
    memset(text, 'x', sizeof(text));
    fresh();
    assert_int_equal(take(text, 1023), OK); /* its end may still come */
    assert_int_equal(take(text, 1), ERR_FILE_NO_SETTINGS);
}
