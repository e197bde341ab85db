/* Root paths (RFC 4173). */
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
        {"100", "\x41\0\0\0\0\0\0\0"}, /* flat space addressing */
        {"4001", "\x40\x01\0\0\0\0\0\0"}, {"0001-0002-0003-0004", "\0\1\0\2\0\3\0\4"},
        {"1-2", "\0\1\0\2\0\0\0\0"},
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
        {"iscsi:a:17:::" T, "protocol"},
        {"iscsi:a:tcp:::" T, "protocol"},
        {"iscsi:a::0::" T, "port"},
        {"iscsi:a::65536::" T, "port"},
        {"iscsi:a::x::" T, "port"},
        {"iscsi:a:::g:" T, "LUN"},
        {"iscsi:a:::12345:" T, "LUN"},
        {"iscsi:a:::1-2-3-4-5:" T, "LUN"},
        {"iscsi:a:::1-:" T, "LUN"},
        {"iscsi:a:::-:" T, "LUN"},
        {"iscsi:a::::disk", "target"},
        {"iscsi:a::::iqn.", "target"},
        {"iscsi:a::::iqn.2026 test", "target"},
        {"iscsi:a::::iqn.2026\x01", "target"},
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
