/* Settings: a command line of any bytes, and values of any bytes from every source. What is taken
 * is whole, terminated and in its range; a refused value changes nothing; a secret is never shown;
 * and a root path that is taken can be parsed, or refused, without reading beyond it. */
#include "input.h"
#include "iscsi/root_path.h"
#include "settings/command_line.h"
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 2048

static const char secret[] = "s3cr3t";

static bool is_secret(enum setting_id id)
{
    return id == SET_PASSWORD || id == SET_REVERSE_PASSWORD;
}

static void check_printable(const char *s)
{
    for (; *s; s++)
        CHECK(*s >= ' ' && *s <= '~');
}

static void complain(const char *name, const char *value, enum error why)
{
    CHECK(why == ERR_SETTING_UNKNOWN || why == ERR_SETTING_VALUE);
    check_printable(name);
    check_printable(value);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        if (is_secret(id) && !strcmp(name, setting_name(id)))
            CHECK(!*value);
    CHECK(why == ERR_SETTING_VALUE || !*value);
}

static void check_netmask(ip4 mask)
{
    CHECK(mask && !((~mask + 1) & ~mask));
}

static void check_root_path(const char *text)
{
    char *copy = exact_copy(text, (u32)strlen(text) + 1);
    struct iscsi_path *path = malloc(sizeof(*path));
    const char *why = NULL;
    enum error e = iscsi_parse_root_path(copy, path, &why);
    CHECK(why && (e == OK) == !*why);
    if (e == OK) {
        CHECK(*path->server.name && memchr(path->server.name, 0, sizeof(path->server.name)));
        CHECK(path->server.port);
        CHECK(memchr(path->target, 0, sizeof(path->target)) && *path->target);
        check_printable(path->server.name);
        /* Its last part is the target, as it stands. */
        CHECK(!strcmp(copy + strlen(copy) - strlen(path->target), path->target));
    }
    free(path);
    free(copy);
}

static void check_value(enum setting_id id)
{
    const char *text = setting_text(id);
    u32 n = setting_number(id);
    CHECK(memchr(text, 0, SETTING_TEXT));
    CHECK(*text ? setting_source(id) != FROM_DEFAULT : setting_source(id) == FROM_DEFAULT);
    switch (id) {
    case SET_DRIVE:
        CHECK(n >= 0x80 && n <= 0x8f);
        break;
    case SET_MTU:
        CHECK(n >= 576 && n <= 9000);
        break;
    case SET_VLAN:
        CHECK(*text ? (n & 0xfff) && (n & 0xfff) < 4095 && n >> 13 < 8 && !(n & 0x1000) : !n);
        break;
    case SET_TIMEOUT:
        CHECK(n >= 1 && n <= 86400);
        break;
    case SET_NIC:
        CHECK(n <= 0xffff && (strlen(text) == 17 || strlen(text) == 7 || !*text));
        break;
    case SET_KEEP_SAN:
        CHECK(n <= SETTING_KEEP_LAST);
        break;
    case SET_SKIP_SAN_BOOT:
        CHECK(n <= 1);
        break;
    case SET_IP:
        CHECK(!*text == !setting_ip4(SET_IP));
        if (*text)
            check_netmask(setting_ip4(SET_NETMASK));
        break;
    case SET_ROOT_PATH:
        check_root_path(text);
        break;
    default:;
    }
    if (!is_secret(id))
        for (const char *s = text; *s; s++)
            CHECK((u8)*s >= ' ' && *s != 0x7f);
}

static void check_all(void)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        check_value(id);
}

/* A valid value, given again, is taken and stays what it is. */
static void check_again(enum setting_id id)
{
    char before[SETTING_TEXT];
    strcpy(before, setting_text(id));
    u32 number = setting_number(id);
    if (!*before)
        return;
    CHECK(setting_set(id, before, strlen(before), FROM_COMMAND_LINE) == OK);
    CHECK(!strcmp(before, setting_text(id)) && number == setting_number(id));
}

static void set_one(void)
{
    char bytes[SETTING_TEXT + 16], before[SETTING_TEXT];
    enum setting_id id = (enum setting_id)in_below(SETTING_COUNT);
    enum setting_source source = in_u8() & 1 ? FROM_DHCP : FROM_COMMAND_LINE, old;
    u32 len = in_bytes(bytes, sizeof(bytes));
    char *value = exact_copy(bytes, len);
    old = setting_source(id);
    strcpy(before, setting_text(id));
    enum error e = setting_set(id, value, len, source);
    CHECK(e == OK || e == ERR_SETTING_VALUE);
    if (e || (*before && old > source))
        CHECK(!strcmp(before, setting_text(id)) && setting_source(id) == old);
    else if (*setting_text(id))
        CHECK(setting_source(id) == source);
    else
        CHECK(id == SET_NIC && !strncmp(value, "undi", 4) && setting_source(id) == FROM_DEFAULT);
    free(value);
}

static void parse_line(void)
{
    char bytes[LINE_MAX + 1];
    u32 len = in_bytes(bytes, LINE_MAX);
    bytes[len] = 0;
    char *line = exact_copy(bytes, (u32)strlen(bytes) + 1);
    command_line_parse(line, complain);
    free(line);
}

void fuzz_one(void)
{
    settings_init();
    check_all();
    while (in_left()) {
        if (in_u8() & 1)
            set_one();
        else
            parse_line();
        check_all();
    }
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        check_again(id);
    command_line_parse("password=s3cr3t reverse-password=s3cr3t", complain);
    CHECK(!strcmp(setting_text(SET_PASSWORD), secret));
    settings_wipe();
    CHECK(!*setting_text(SET_PASSWORD) && !*setting_text(SET_REVERSE_PASSWORD));
}
