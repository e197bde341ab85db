/* Root paths (RFC 4173), and names. */
#include "iscsi/name.h"
#include "iscsi/root_path.h"
#include "test.h"
#include <string.h>

#define T "iqn.2026-11.test:disk"

static enum error parse(const char *text, struct iscsi_path *p, const char **why)
{
    return iscsi_parse_root_path(text, p, why);
}

TEST(a_full_path)
{
    struct iscsi_path p;
    const char *why;
    assert_int_equal(parse("iscsi:192.0.2.1:6:3261:1f:" T, &p, &why), OK);
    assert_string_equal(p.server.name, "192.0.2.1");
    assert_int_equal(p.server.port, 3261);
    assert_memory_equal(p.lun, "\0\x1f\0\0\0\0\0\0", 8);
    assert_string_equal(p.target, T);
    assert_string_equal(why, "");
}

TEST(defaults)
{
    struct iscsi_path p;
    assert_int_equal(parse("iscsi:san.example::::" T, &p, NULL), OK);
    assert_string_equal(p.server.name, "san.example");
    assert_int_equal(p.server.port, 3260);
    assert_memory_equal(p.lun, "\0\0\0\0\0\0\0\0", 8);
}

TEST(a_target_name_may_hold_colons)
{
    struct iscsi_path p;
    assert_int_equal(parse("iscsi:a:::0:iqn.2026-11.test:a:b:c", &p, NULL), OK);
    assert_string_equal(p.target, "iqn.2026-11.test:a:b:c");
    assert_int_equal(parse("iscsi:a::::eui.02004567A425678D", &p, NULL), OK);
    assert_int_equal(parse("iscsi:a::::naa.52004567BA64678D", &p, NULL), OK);
}

TEST(luns)
{
    static const struct {
        const char *text, *lun;
    } cases[] = {
        {"0", "\0\0\0\0\0\0\0\0"},        {"ff", "\0\xff\0\0\0\0\0\0"},
        {"100", "\1\0\0\0\0\0\0\0"},      {"0x12c", "\1\x2c\0\0\0\0\0\0"},
        {"4001", "\x40\x01\0\0\0\0\0\0"}, {"0001-0002-0003-0004", "\0\1\0\2\0\3\0\4"},
        {"1-2", "\0\1\0\2\0\0\0\0"},      {"0x1", "\0\1\0\0\0\0\0\0"},
        {"0X1f", "\0\x1f\0\0\0\0\0\0"},   {"0x0001-0002", "\0\1\0\2\0\0\0\0"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct iscsi_path p;
        char text[100];
        strcpy(text, "iscsi:a:::");
        strcat(strcat(strcat(text, cases[i].text), ":"), T);
        assert_int_equal(parse(text, &p, NULL), OK);
        assert_memory_equal(p.lun, cases[i].lun, 8);
    }
}

TEST(the_protocol_is_tcp_however_it_is_written)
{
    static const char *const words[] = {"", "6", "tcp", "TCP", "Tcp", "tcp (6)", "TCP (6)"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct iscsi_path p;
        char text[100] = "iscsi:a:";
        strcat(strcat(text, words[i]), ":3261:1:" T);
        assert_int_equal(parse(text, &p, NULL), OK);
        assert_int_equal(p.server.port, 3261);
    }
}

TEST(the_first_word_in_capitals)
{
    struct iscsi_path p;
    assert_int_equal(parse("iSCSI:a::::" T, &p, NULL), OK);
    assert_int_equal(parse("ISCSI:a::::" T, &p, NULL), OK);
}

/* tgtd and Microsoft's target take any. */
TEST(target_names_of_other_forms)
{
    static const char *const names[] = {"disk", "sheeva:disk1",          "example.org:disk",
                                        "iqn.", "IQN.2026-11.test:disk", "d\xc3\xafsk"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct iscsi_path p;
        char text[100] = "iscsi:a::::";
        assert_int_equal(parse(strcat(text, names[i]), &p, NULL), OK);
        assert_string_equal(p.target, names[i]);
    }
}

TEST(bad_paths_are_named)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "begin"},
        {"nfs:a::::" T, "begin"},
        {"iscsi:", "missing"},
        {"iscsi:a", "missing"},
        {"iscsi:a:", "missing"},
        {"iscsi:a::", "missing"},
        {"iscsi:a:::", "missing"},
        {"iscsi:a::::", "target"},
        {"iscsi:::::" T, "server"},
        {"iscsi:a b::::" T, "server"},
        {"iscsi:[fe80::1]::::" T, "IPv6"},
        {"iscsi:[fe80::1::::" T, "missing"},
        {"iscsi:a:17:::" T, "protocol 17"},
        {"iscsi:a:udp:::" T, "protocol udp"},
        {"iscsi:a:iser:::" T, "protocol iser"},
        {"iscsi:a:tcp6:::" T, "protocol tcp6"},
        {"iscsi:a:tcp (17):::" T, "protocol tcp (17)"},
        {"iscsi:a::0::" T, "port"},
        {"iscsi:a::65536::" T, "port"},
        {"iscsi:a::x::" T, "port"},
        {"iscsi:a:::g:" T, "LUN"},
        {"iscsi:a:::12345:" T, "LUN"},
        {"iscsi:a:::1-2-3-4-5:" T, "LUN"},
        {"iscsi:a:::1-:" T, "LUN"},
        {"iscsi:a:::-:" T, "LUN"},
        {"iscsi:a:::0x:" T, "LUN"},
        {"iscsi:a:::1-0x2:" T, "LUN"},
        {"iscsi:a::::iqn.2026 test", "target"},
        {"iscsi:a::::iqn.2026\x01", "target"},
        {"iscsi:a::::iqn.2026\x7f", "target"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct iscsi_path p;
        const char *why;
        assert_int_equal(parse(cases[i].text, &p, &why), ERR_ROOT_PATH);
        assert_non_null(strstr(why, cases[i].why));
    }
}

TEST(names_of_all_lengths)
{
    for (u32 n = 5; n < 600; n++) {
        char text[700] = "iscsi:a::::iqn.";
        struct iscsi_path p;
        memset(text + 15, 'x', n - 4);
        assert_int_equal(parse(text, &p, NULL), n < ISCSI_NAME ? OK : ERR_ROOT_PATH);
        char host[700] = "iscsi:";
        memset(host + 6, 'h', n);
        strcpy(host + 6 + n, "::::" T);
        assert_int_equal(parse(host, &p, NULL), n < DNS_NAME ? OK : ERR_ROOT_PATH);
    }
}

TEST(proper_names)
{
    static const char *const proper[] = {
        T,
        "iqn.1992-08.com.example:storage.disk-1",
        "iqn.2001-12.org.x",
        "iqn.1994-05.com.RedHat:my_host",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
        "naa.62004567BA64678D0123456789ABCDEF",
    };
    static const char *const others[] = {
        "iqn",
        "iqn.",
        "iqn.GAMER79",
        "iqn.2024-01",
        "iqn.2024-01.",
        "iqn.24-01.com",
        "iqn.2024-1.com.x",
        "iqn.2024/01.com",
        "iqn.2024-01.a/b",
        "iqn.2024-01.a,b",
        "iqn.2024-01.a\xc3\xa4",
        "iqn.2024-01..a",
        "IQN.2024-01.com",
        "eui.02004567A425678",
        "eui.02004567A425678DA",
        "eui.02004567A425678G",
        "eui.62004567BA64678D0123456789ABCDEF",
        "naa.52004567BA64678",
        "naa.52004567BA64678D0",
        "naa.x2004567BA64678D",
        "sheeva:disk1",
        "",
    };
    for (size_t i = 0; i < ARRAY_SIZE(proper); i++)
        assert_true(iscsi_name_is_proper(proper[i]));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_false(iscsi_name_is_proper(others[i]));
}
