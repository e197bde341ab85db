/* Settings: forms, sources, the command line. */
#include "iscsi/config.h"
#include "platform_host.h"
#include "settings/command_line.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char complaints[4096]; /* name|value|code, one a line */

static void complain(const char *name, const char *value, enum error why)
{
    size_t len = strlen(complaints);
    snprintf(complaints + len, sizeof(complaints) - len, "%s|%s|%d\n", name, value, why);
}

static void fresh(void)
{
    settings_init();
    complaints[0] = 0;
}

FIXTURE(fresh);

static void parse(const char *line)
{
    complaints[0] = 0;
    command_line_parse(line, complain);
}

static bool set_from(enum setting_id id, const char *value, enum setting_source source)
{
    return setting_set(id, value, strlen(value), source) == OK;
}

static bool valid(enum setting_id id, const char *value)
{
    return set_from(id, value, FROM_COMMAND_LINE);
}

#define ALL_VALID(id, ...)                                                                         \
    do {                                                                                           \
        const char *list[] = {__VA_ARGS__};                                                        \
        for (size_t i = 0; i < ARRAY_SIZE(list); i++)                                              \
            if (!valid(id, list[i]))                                                               \
                fail_msg("%s=%s was refused", setting_name(id), list[i]);                          \
    } while (0)

#define NONE_VALID(id, ...)                                                                        \
    do {                                                                                           \
        const char *list[] = {__VA_ARGS__};                                                        \
        for (size_t i = 0; i < ARRAY_SIZE(list); i++)                                              \
            if (valid(id, list[i]))                                                                \
                fail_msg("%s=%s was taken", setting_name(id), list[i]);                            \
    } while (0)

TEST(nothing_set_means_defaults)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        assert_string_equal(setting_text(id), "");
        assert_int_equal(setting_source(id), FROM_DEFAULT);
    }
    assert_int_equal(setting_ip4(SET_IP), 0);
    assert_int_equal(setting_ip4(SET_NETMASK), 0);
    assert_int_equal(setting_number(SET_DRIVE), 0x80);
    assert_int_equal(setting_number(SET_MTU), 1500);
    assert_int_equal(setting_number(SET_VLAN), 0);
    assert_int_equal(setting_number(SET_CHAP), 0);
    assert_int_equal(setting_number(SET_DIGEST), DIGEST_ON_DEMAND);
    assert_int_equal(setting_number(SET_SECTOR), 512);
    assert_int_equal(setting_number(SET_BOOT), 0);
    assert_int_equal(setting_number(SET_TIMEOUT), 60);
    assert_int_equal(setting_number(SET_NIC), SETTING_NO_BDF);
    assert_false(setting_flag(SET_KEEP_SAN));
    assert_false(setting_flag(SET_SKIP_SAN_BOOT));
}

TEST(keep_san_is_a_flag_or_last)
{
    static const struct {
        const char *text;
        u32 number;
    } rows[] = {{"0", 0},
                {"no", 0},
                {"1", 1},
                {"Yes", 1},
                {"last", SETTING_KEEP_LAST},
                {"LAST ", SETTING_KEEP_LAST}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_true(valid(SET_KEEP_SAN, rows[i].text));
        assert_int_equal(setting_number(SET_KEEP_SAN), rows[i].number);
        assert_int_equal(setting_flag(SET_KEEP_SAN), rows[i].number != 0);
    }
    NONE_VALID(SET_KEEP_SAN, "", "2", "lastly", "las", "first");
    NONE_VALID(SET_SKIP_SAN_BOOT, "last");
}

TEST(a_whole_command_line)
{
    parse("/boot/lunboot.elf ip=192.0.2.10/25 gateway=192.0.2.1 dns=192.0.2.2 domain=example.com "
          "hostname=pc-1 root-path=iscsi:192.0.2.3::::iqn.2024-01.com.example:disk "
          "initiator-iqn=iqn.2024-01.com.example:pc-1 username=me password=secret1 "
          "reverse-username=you reverse-password=secret2 chap=sha256 keep-san=yes skip-san-boot=0 "
          "drive=0x81 digest=crc32c sector=native boot=cd "
          "nic=00:03.0 mtu=1400 vlan=20/5 timeout=5 retry=30");
    assert_string_equal(complaints, "");
    assert_int_equal(setting_ip4(SET_IP), 0xc000020a);
    assert_int_equal(setting_ip4(SET_NETMASK), 0xffffff80);
    assert_int_equal(setting_ip4(SET_GATEWAY), 0xc0000201);
    assert_int_equal(setting_ip4(SET_DNS), 0xc0000202);
    assert_string_equal(setting_text(SET_DOMAIN), "example.com");
    assert_string_equal(setting_text(SET_HOSTNAME), "pc-1");
    assert_string_equal(setting_text(SET_ROOT_PATH),
                        "iscsi:192.0.2.3::::iqn.2024-01.com.example:disk");
    assert_string_equal(setting_text(SET_INITIATOR_IQN), "iqn.2024-01.com.example:pc-1");
    assert_string_equal(setting_text(SET_USERNAME), "me");
    assert_string_equal(setting_text(SET_PASSWORD), "secret1");
    assert_string_equal(setting_text(SET_REVERSE_USERNAME), "you");
    assert_string_equal(setting_text(SET_REVERSE_PASSWORD), "secret2");
    assert_int_equal(setting_number(SET_CHAP), 7);
    assert_int_equal(setting_number(SET_DIGEST), DIGEST_PREFERRED);
    assert_true(setting_flag(SET_KEEP_SAN));
    assert_false(setting_flag(SET_SKIP_SAN_BOOT));
    assert_int_equal(setting_source(SET_SKIP_SAN_BOOT), FROM_COMMAND_LINE);
    assert_int_equal(setting_number(SET_DRIVE), 0x81);
    assert_int_equal(setting_number(SET_SECTOR), 4096);
    assert_int_equal(setting_number(SET_BOOT), SETTING_BOOT_CD);
    assert_int_equal(setting_number(SET_NIC), 0x0018);
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_int_equal(setting_number(SET_VLAN), 20 | 5 << 13);
    assert_int_equal(setting_number(SET_TIMEOUT), 5);
    assert_int_equal(setting_number(SET_RETRY), 30);
}

TEST(for_how_long_to_try_again)
{
    assert_int_equal(setting_number(SET_RETRY), SETTING_FOREVER);
    assert_string_equal(setting_text(SET_RETRY), "");
    parse("retry=0");
    assert_int_equal(setting_number(SET_RETRY), 0);
    parse("retry=forever");
    assert_int_equal(setting_number(SET_RETRY), SETTING_FOREVER);
    parse("retry=5 retry=ever retry=-1 retry=86401 retry=");
    assert_int_equal(setting_number(SET_RETRY), 5);
    assert_string_equal(complaints, "retry|ever|61\nretry|-1|61\nretry|86401|61\nretry||61\n");
}

TEST(one_source_is_forgotten_and_the_others_stay)
{
    parse("hostname=typed");
    assert_true(set_from(SET_HOSTNAME, "by-dhcp", FROM_DHCP));
    assert_true(set_from(SET_DOMAIN, "by.dhcp", FROM_DHCP));
    assert_true(set_from(SET_MTU, "9000", FROM_DHCP));
    settings_forget(FROM_DHCP);
    assert_string_equal(setting_text(SET_HOSTNAME), "typed");
    assert_string_equal(setting_text(SET_DOMAIN), "");
    assert_string_equal(setting_text(SET_MTU), "");
    assert_int_equal(setting_number(SET_MTU), 1500);
}

TEST(the_stronger_source_wins_and_within_one_the_later)
{
    assert_true(set_from(SET_HOSTNAME, "by-dhcp", FROM_DHCP));
    assert_true(set_from(SET_HOSTNAME, "by-dhcp-2", FROM_DHCP));
    assert_string_equal(setting_text(SET_HOSTNAME), "by-dhcp-2");
    parse("hostname=typed hostname=again");
    assert_string_equal(setting_text(SET_HOSTNAME), "again");
    assert_true(set_from(SET_HOSTNAME, "by-dhcp", FROM_DHCP));
    assert_string_equal(setting_text(SET_HOSTNAME), "again");
    assert_int_equal(setting_source(SET_HOSTNAME), FROM_COMMAND_LINE);
    /* A weaker source's bad value is still an error, and a bad later one leaves the earlier. */
    assert_false(set_from(SET_HOSTNAME, "", FROM_DHCP));
    parse("hostname=bad!");
    assert_string_equal(complaints, "hostname|bad!|61\n");
    assert_string_equal(setting_text(SET_HOSTNAME), "again");
}

TEST(the_netmask_that_goes_with_the_address)
{
    static const struct {
        const char *line;
        ip4 mask;
    } cases[] = {
        {"ip=10.1.2.3", 0xff000000},
        {"ip=172.16.0.5", 0xffff0000},
        {"ip=192.168.1.1", 0xffffff00},
        {"ip=10.1.2.2/30", 0xfffffffc},
        {"ip=10.1.2.2/31", 0xfffffffe},
        {"ip=10.1.2.3/32", 0xffffffff},
        {"ip=128.0.0.1/1", 0x80000000},
        {"ip=10.1.2.3/24 netmask=255.255.0.0", 0xffff0000},
        {"netmask=255.255.0.0 ip=10.1.2.3/24", 0xffff0000},
        {"ip=10.1.2.3/24 ip=10.1.2.3/16", 0xffff0000},
        {"ip=10.1.2.3/24 ip=10.1.2.3", 0xff000000},
        {"netmask=255.255.255.0", 0xffffff00},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        settings_init();
        parse(cases[i].line);
        assert_string_equal(complaints, "");
        if (setting_ip4(SET_NETMASK) != cases[i].mask)
            fail_msg("%s gives %08x", cases[i].line, setting_ip4(SET_NETMASK));
    }
    /* A weaker netmask goes behind the prefix, but before the class. */
    settings_init();
    assert_true(set_from(SET_NETMASK, "255.255.255.0", FROM_DHCP));
    parse("ip=10.1.2.3/16");
    assert_int_equal(setting_ip4(SET_NETMASK), 0xffff0000);
    parse("ip=10.1.2.3");
    assert_int_equal(setting_ip4(SET_NETMASK), 0xffffff00);
}

TEST(addresses_that_no_machine_can_have)
{
    ALL_VALID(SET_IP, "1.0.0.1", "223.255.255.254", "10.0.0.0", "10.0.0.1/8");
    NONE_VALID(SET_IP, "", "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255",
               "240.0.0.1", "10.0.0.1/", "10.0.0.1/0", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8/8",
               " 10.0.0.1", "10.0.0", "10.0.0.256", "/24", "10.0.0.0/24", "10.0.0.255/24",
               "192.0.2.3/30", "example.com");
    NONE_VALID(SET_GATEWAY, "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.0.1/24");
    NONE_VALID(SET_DNS, "0.0.0.0", "10.0.0.1,10.0.0.2", "name");
    ALL_VALID(SET_NETMASK, "128.0.0.0", "255.0.0.0", "255.255.255.255", "255.255.255.252");
    NONE_VALID(SET_NETMASK, "", "0.0.0.0", "255.0.255.0", "0.0.0.255", "255.255.255.253", "24",
               "0.255.255.0", "127.255.255.255");
}

/* Whatever can be sent is taken: what it looks like is worth a warning (iscsi/name.c). */
TEST(initiator_names)
{
    char longest[256];
    memset(longest, 'a', sizeof(longest));
    longest[223] = 0;
    ALL_VALID(SET_INITIATOR_IQN, "iqn.1994-05.com.RedHat:my_host", "iqn.GAMER79", "pc7", "a/b",
              "p\xc3\xa4", longest);
    strcpy(longest + 223, "a");
    NONE_VALID(SET_INITIATOR_IQN, "", "iqn.2024-01.a b", "a\tb", "a\x7f", longest);
}

TEST(white_space_at_the_end_is_cut_off)
{
    ALL_VALID(SET_ROOT_PATH, "iscsi:a::::b \r\n");
    assert_string_equal(setting_text(SET_ROOT_PATH), "iscsi:a::::b");
    ALL_VALID(SET_INITIATOR_IQN, "iqn.2024-01.a\n");
    assert_string_equal(setting_text(SET_INITIATOR_IQN), "iqn.2024-01.a");
    ALL_VALID(SET_GATEWAY, "10.0.0.1 ");
    assert_int_equal(setting_ip4(SET_GATEWAY), 0x0a000001);
    ALL_VALID(SET_PASSWORD, "it ends in a blank ");
    assert_string_equal(setting_text(SET_PASSWORD), "it ends in a blank ");
    NONE_VALID(SET_ROOT_PATH, " \n");
}

TEST(names_texts_and_secrets)
{
    char text[300];
    memset(text, 'x', sizeof(text));
    text[64] = 0;
    NONE_VALID(SET_HOSTNAME, text);
    text[63] = 0;
    ALL_VALID(SET_HOSTNAME, text, "a", "a.b", "my-pc_1.example.com");
    NONE_VALID(SET_HOSTNAME, "", ".", "a..b", ".a", "a b", "a/b", "a..", "\xc3\xa4");
    ALL_VALID(SET_DOMAIN, "example.com.");
    assert_string_equal(setting_text(SET_DOMAIN), "example.com");
    memset(text, 'x', sizeof(text));
    for (size_t i = 9; i < 254; i += 10)
        text[i] = '.';
    text[253] = 0;
    ALL_VALID(SET_DOMAIN, text);
    strcpy(text + 253, "x");
    NONE_VALID(SET_DOMAIN, text);

    memset(text, 'x', sizeof(text));
    text[255] = 0;
    ALL_VALID(SET_ROOT_PATH, text, "anything, for now");
    ALL_VALID(SET_PASSWORD, text, "\x01\xff", " ");
    ALL_VALID(SET_USERNAME, text, "J\xc3\xbcrgen");
    strcpy(text + 255, "x");
    NONE_VALID(SET_ROOT_PATH, text, "", "a\nb", "a\x7f");
    NONE_VALID(SET_PASSWORD, text, "");
    NONE_VALID(SET_USERNAME, text, "", "a\x1b[2J");
    assert_int_equal(setting_set(SET_PASSWORD, "a\0b", 3, FROM_COMMAND_LINE), ERR_SETTING_VALUE);
    assert_int_equal(setting_set(SET_HOSTNAME, "abcdef", 3, FROM_COMMAND_LINE), OK);
    assert_string_equal(setting_text(SET_HOSTNAME), "abc");
}

TEST(flags_and_numbers)
{
    const char *on[] = {"1", "yes", "true", "Yes"}, *off[] = {"0", "no", "false", "NO"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(valid(SET_KEEP_SAN, on[i]));
        assert_true(setting_flag(SET_KEEP_SAN));
        assert_true(valid(SET_KEEP_SAN, off[i]));
        assert_false(setting_flag(SET_KEEP_SAN));
    }
    NONE_VALID(SET_KEEP_SAN, "", "2", "on", "01", "tru", "truely");
    ALL_VALID(SET_DRIVE, "80", "8f", "8F", "0x80");
    NONE_VALID(SET_DRIVE, "", "7f", "90", "0", "0x", "x80", "128", "080h", "0x0x80");
    ALL_VALID(SET_MTU, "576", "1500", "1501", "9000");
    ALL_VALID(SET_VLAN, "1", "20", "4094", "20/0", "20/7", "20 ");
    NONE_VALID(SET_VLAN, "", "0", "4095", "0/5", "20/", "20/8", "/5", "20/5/1", "-1", "0x14",
               "99999999999");
    NONE_VALID(SET_MTU, "", "575", "9001", "65535", "0x240", "-1", "99999999999");
    ALL_VALID(SET_TIMEOUT, "1", "86400");
    NONE_VALID(SET_TIMEOUT, "", "0", "86401", "1s", "4294967297");
}

TEST(algorithms_for_chap)
{
    static const struct {
        const char *words[4];
        u32 number;
    } rows[] = {{{"md5", "MD5", "md-5", "md5 "}, 5},
                {{"sha1", "SHA-1", "sha-1", "Sha1"}, 6},
                {{"sha256", "sha-256", "SHA-256", "SHA256"}, 7},
                {{"sha3-256", "SHA3-256", "sha3256", "SHA-3-256"}, 8}};
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
        for (u32 k = 0; k < 4; k++) {
            assert_true(valid(SET_CHAP, rows[i].words[k]));
            assert_int_equal(setting_number(SET_CHAP), rows[i].number);
        }
    NONE_VALID(SET_CHAP, "", "-", "5", "md", "md55", "sha", "sha2", "sha512", "sha3-512", "none",
               "sha3-2567", "sha 1", "sha\x13-256", "md5,sha1");
}

TEST(digests)
{
    static const char *const words[][3] = {[DIGEST_ON_DEMAND] = {"auto", "Auto", "auto "},
                                           [DIGEST_NEVER] = {"none", "None", "NONE"},
                                           [DIGEST_PREFERRED] = {"crc32c", "CRC32C", "CRC-32C"},
                                           [DIGEST_REQUIRED] = {"require", "Require", "REQUIRE"}};
    for (u32 wish = 0; wish < ARRAY_SIZE(words); wish++)
        for (u32 k = 0; k < 3; k++) {
            assert_true(valid(SET_DIGEST, words[wish][k]));
            assert_int_equal(setting_number(SET_DIGEST), wish);
        }
    NONE_VALID(SET_DIGEST, "", "-", "crc32", "crc32cc", "yes", "1", "none,crc32c", "required");
}

TEST(sectors)
{
    static const char *const natives[] = {"native", "Native", "4096", "4k", "4K"};
    for (u32 i = 0; i < ARRAY_SIZE(natives); i++) {
        assert_true(valid(SET_SECTOR, natives[i]));
        assert_int_equal(setting_number(SET_SECTOR), 4096);
        assert_true(valid(SET_SECTOR, "512"));
        assert_int_equal(setting_number(SET_SECTOR), 512);
    }
    NONE_VALID(SET_SECTOR, "", "-", "0", "1024", "2048", "5120", "51", "8192", "natively", "yes");
}

TEST(what_to_boot)
{
    static const char *words[] = {"auto", "disk", "cd"};
    for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
        assert_true(valid(SET_BOOT, words[i]));
        assert_int_equal(setting_number(SET_BOOT), i);
    }
    assert_true(valid(SET_BOOT, "CD"));
    assert_int_equal(setting_number(SET_BOOT), SETTING_BOOT_CD);
    NONE_VALID(SET_BOOT, "", "-", "0", "c", "cds", "floppy", "hd");
}

TEST(nics_by_place_and_by_mac)
{
    assert_true(valid(SET_NIC, "0000:1A:1f.7"));
    assert_int_equal(setting_number(SET_NIC), 0x1aff);
    assert_string_equal(setting_text(SET_NIC), "1a:1f.7");
    assert_true(valid(SET_NIC, "52:54:00:AB:cd:0E"));
    assert_int_equal(setting_number(SET_NIC), SETTING_NO_BDF);
    assert_string_equal(setting_text(SET_NIC), "52:54:00:ab:cd:0e");
    NONE_VALID(SET_NIC, "", "0", "00:20.0", "00:03.8", "00:03", "00-03.0", "00:03:0",
               "0001:00:03.0", "0000:", "0000:00:03", "00:03.00", "100:03.0", "52:54:00:ab:cd",
               "52:54:00:ab:cd:0g", "52-54-00-ab-cd-0e", "52:54:00:ab:cd:0e:", "525400abcd0e",
               "00:0 .0", " 0:03.0");
    assert_string_equal(setting_text(SET_NIC), "52:54:00:ab:cd:0e");
}

/* What drives the NIC was decided by the command line before there were settings; it names none. */
TEST(undi_is_no_nic_and_no_other_source_may_ask_for_it)
{
    assert_int_equal(setting_set(SET_NIC, "undi", 4, FROM_DHCP), ERR_SETTING_VALUE);
    assert_int_equal(setting_set(SET_NIC, "undi", 4, FROM_COMMAND_LINE), OK);
    assert_string_equal(setting_text(SET_NIC), "");
    assert_int_equal(setting_source(SET_NIC), FROM_DEFAULT);
    assert_int_equal(setting_number(SET_NIC), SETTING_NO_BDF);
}

TEST(bad_words_are_named_and_the_rest_is_used)
{
    parse("mtu=9001 foo=bar timeout drive=99 =x mtu2=1 hostname=ok quiet");
    assert_string_equal(complaints, "mtu|9001|61\nfoo||60\ntimeout||61\ndrive|99|61\n||60\n"
                                    "mtu2||60\nquiet||60\n");
    assert_string_equal(setting_text(SET_HOSTNAME), "ok");
    assert_int_equal(setting_number(SET_MTU), 1500);
}

TEST(what_is_shown_cannot_steer_a_terminal)
{
    parse("hostname=a\x1b[2Jb \x9b"
          "31m=1 root-path=\x7f");
    assert_string_equal(complaints, "hostname|a?[2Jb|61\n?31m||60\nroot-path|?|61\n");
}

TEST(secrets_are_never_shown)
{
    char line[700];
    memset(line, 's', sizeof(line));
    memcpy(line, "password=", 9);
    line[sizeof(line) - 1] = 0;
    parse(line);
    assert_string_equal(complaints, "password||61\n");
    /* A misspelt name, a quote never closed, a quote closed too late. */
    parse("pasword=hunter2 username=\"me password=hunter2");
    assert_null(strstr(complaints, "hunter2"));
    assert_string_equal(complaints, "pasword||60\nusername||61\n");
    parse("\"ip=10.0.0.1/24 password=hunter2\" gateway=1.2.3.4\" password=hunter2\"");
    assert_string_equal(complaints, "ip|10.0.0.1/24|61\ngateway|1.2.3.4|61\n");
    assert_string_equal(setting_text(SET_PASSWORD), "");
}

TEST(quotes_as_people_and_grub_write_them)
{
    parse(
        "root-path=\"a b\"  \t password=\"\" \"username=x y\" reverse-password=a\\\"b\\\\c\\'d\\e");
    assert_string_equal(complaints, "password||61\n");
    assert_string_equal(setting_text(SET_ROOT_PATH), "a b");
    assert_string_equal(setting_text(SET_USERNAME), "x y");
    assert_string_equal(setting_text(SET_REVERSE_PASSWORD), "a\"b\\c'd\\e");
    parse("hostname=a\"b\"c password=x=y=z");
    assert_string_equal(setting_text(SET_HOSTNAME), "abc");
    assert_string_equal(setting_text(SET_PASSWORD), "x=y=z");
    parse("mtu=1400 hostname=\"unterminated mtu=1300");
    assert_string_equal(complaints, "hostname||61\n");
    assert_int_equal(setting_number(SET_MTU), 1400);
    parse("hostname=end\\");
    assert_string_equal(complaints, "hostname|end\\|61\n");
}

TEST(spaces_around_the_equals_sign)
{
    parse("hostname = pc1 mtu =1400 timeout= 5 root-path  =  \"a b\"");
    assert_string_equal(complaints, "timeout||61\n5||60\n");
    assert_string_equal(setting_text(SET_HOSTNAME), "pc1");
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_string_equal(setting_text(SET_ROOT_PATH), "a b");
    parse("password = hunter2 username = \"b");
    assert_string_equal(complaints, "username||61\n");
    assert_string_equal(setting_text(SET_PASSWORD), "hunter2");
    parse("mtu=1300 =x domain =");
    assert_string_equal(complaints, "||60\ndomain||61\n");
}

TEST(a_comment_ends_the_line)
{
    parse("hostname=a#b # mtu=1400 password=x");
    assert_string_equal(complaints, "hostname|a#b|61\n");
    assert_int_equal(setting_number(SET_MTU), 1500);
    parse("\"#\"=1 #");
    assert_string_equal(complaints, "#||60\n");
}

TEST(the_kernels_own_path_is_skipped)
{
    const char *lines[] = {"/boot/lunboot.elf mtu=1400",
                           "(hd0,msdos1)/lunboot.elf mtu=1400",
                           "build/lunboot.elf mtu=1400",
                           "lunboot.elf mtu=1400",
                           "/a=b/lunboot.elf mtu=1400",
                           "  mtu=1400  ",
                           "mtu=1400"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        settings_init();
        parse(lines[i]);
        assert_string_equal(complaints, "");
        assert_int_equal(setting_number(SET_MTU), 1400);
    }
    parse("mtu=1300 /boot/lunboot.elf");
    assert_string_equal(complaints, "/boot/lunboot.elf||60\n");
    parse("root-path=iscsi:10.0.0.1::::iqn.2024-01.a.b:/x");
    assert_string_equal(complaints, "");
    parse("");
    parse("   ");
    assert_string_equal(complaints, "");
}

TEST(another_try_begins_without_what_the_network_said)
{
    parse("hostname=typed mtu=1400");
    assert_true(set_from(SET_ROOT_PATH, "by dhcp", FROM_DHCP));
    assert_true(set_from(SET_TIMEOUT, "5", FROM_FILE));
    assert_true(set_from(SET_USERNAME, "me", FROM_FILE));
    assert_true(set_from(SET_PASSWORD, "secret", FROM_OWN_SECTION));
    assert_true(set_from(SET_HOSTNAME, "by-dhcp", FROM_DHCP));
    settings_forget(FROM_OWN_SECTION);
    assert_string_equal(setting_text(SET_HOSTNAME), "typed");
    assert_int_equal(setting_number(SET_MTU), 1400);
    assert_int_equal(setting_number(SET_TIMEOUT), 60);
    assert_int_equal(setting_number(SET_DRIVE), 0x80);
    static const enum setting_id gone[] = {SET_ROOT_PATH, SET_TIMEOUT, SET_USERNAME, SET_PASSWORD};
    for (u32 i = 0; i < ARRAY_SIZE(gone); i++) {
        assert_string_equal(setting_text(gone[i]), "");
        assert_int_equal(setting_source(gone[i]), FROM_DEFAULT);
    }
}

TEST(a_file_cannot_set_what_is_needed_to_read_it)
{
    static const struct {
        enum setting_id id;
        const char *value;
    } early[] = {{SET_IP, "192.0.2.10"},     {SET_NETMASK, "255.255.255.0"},
                 {SET_GATEWAY, "192.0.2.1"}, {SET_NIC, "00:03.0"},
                 {SET_VLAN, "20"},           {SET_CONFIG, "lunboot.conf"}};
    for (u32 i = 0; i < ARRAY_SIZE(early); i++) {
        const char *value = early[i].value;
        for (enum setting_source s = FROM_FILE; s <= FROM_OWN_SECTION; s++)
            assert_int_equal(setting_set(early[i].id, value, strlen(value), s), ERR_SETTING_LATE);
        assert_string_equal(setting_text(early[i].id), "");
        assert_true(set_from(early[i].id, value, FROM_DHCP));
    }
}

TEST(wiping_leaves_no_secret)
{
    parse("password=first-secret-of-all reverse-password=second username=me");
    parse("password=short");
    settings_wipe();
    const char *p = setting_text(SET_PASSWORD), *r = setting_text(SET_REVERSE_PASSWORD);
    for (size_t i = 0; i < SETTING_TEXT; i++) {
        assert_int_equal(p[i], 0);
        assert_int_equal(r[i], 0);
    }
    assert_string_equal(setting_text(SET_USERNAME), "me");
}

TEST(random_lines_never_break_it)
{
    static const char *parts[] = {
        "ip=",       "10.0.0.1",       "/24",      " ",     "\"", "\\",   "netmask=",
        "password=", "nic=",           "=",        "0000:", ".",  "iqn.", "2024-01.",
        "\x1b",      "initiator-iqn=", "drive=0x", "80",    ":",  "\t",   "mtu="};
    host_reset(0);
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char *line = malloc(1024);
        size_t len = 0;
        for (int n = rand() % 40; n; n--) {
            const char *part = parts[rand() % ARRAY_SIZE(parts)];
            if (rand() % 8 == 0)
                line[len++] = (char)(rand() % 255 + 1);
            else
                len += (size_t)sprintf(line + len, "%s", part);
        }
        line[len++] = 0;
        line = realloc(line, len); /* so that ASan sees a read beyond the end */
        parse(line);
        free(line);
        for (enum setting_id id = 0; id < SETTING_COUNT; id++)
            assert_true(strlen(setting_text(id)) < SETTING_TEXT);
    }
}
