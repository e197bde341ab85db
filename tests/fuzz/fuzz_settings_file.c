/* The settings file: one of any bytes, in pieces of any size. What pieces it comes in changes
 * nothing; what is shown is printable, few bytes, and no secret; what is needed before it can be
 * read is never set; and lines of other machines set nothing. */
#include "base/arith.h"
#include "input.h"
#include "settings/settings_file.h"
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 4096

static const u8 mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static u32 complaints, line;

static void complain(const char *name, const char *value, enum error why)
{
    CHECK(why == ERR_SETTING_UNKNOWN || why == ERR_SETTING_VALUE || why == ERR_SETTING_LATE ||
          (why == ERR_FILE_LINE && !*name && !*value));
    for (const char *s = name; *s; s++)
        CHECK(*s >= ' ' && *s <= '~');
    for (const char *s = value; *s; s++)
        CHECK(*s > ' ' && *s <= '~');
    CHECK(strcmp(name, "password") || !*value);
    CHECK(settings_file_line() > 1 && settings_file_line() >= line);
    line = settings_file_line();
    complaints++;
}

/* The file in pieces of so many bytes, the last of which ends at `end`. */
static enum error take_all(const u8 *bytes, u32 len, u32 size)
{
    enum error e = OK;
    settings_init();
    complaints = line = 0;
    settings_file_begin(mac, complain);
    for (u32 at = 0; at < len && !e; at += size) {
        u32 n = min_u32(size, len - at);
        u8 *piece = exact_copy(bytes + at, n);
        e = settings_file_take(piece, n);
        free(piece);
    }
    CHECK(e == OK || (e == ERR_FILE_NO_SETTINGS && !complaints));
    enum error end = settings_file_end(!e);
    CHECK(end == OK || end == ERR_FILE_NO_SETTINGS);
    return e ? e : end;
}

static void check_sources(void)
{
    static const enum setting_id early[] = {SET_IP,  SET_NETMASK, SET_GATEWAY,
                                            SET_NIC, SET_VLAN,    SET_CONFIG};
    for (u32 i = 0; i < ARRAY_SIZE(early); i++)
        CHECK(!*setting_text(early[i]));
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        enum setting_source s = setting_source(id);
        CHECK(*setting_text(id) ? s == FROM_FILE || s == FROM_OWN_SECTION : s == FROM_DEFAULT);
    }
}

void fuzz_one(void)
{
    static const char magic[] = "#!lunboot\n";
    static char texts[SETTING_COUNT][SETTING_TEXT];
    u8 bytes[FILE_MAX];
    u32 size = in_u8() + 1u, len = 0;
    if (in_u8() & 1) {
        len = sizeof(magic) - 1;
        memcpy(bytes, magic, len);
    }
    len += in_rest(bytes + len, sizeof(bytes) - len);
    enum error e = take_all(bytes, len, size);
    if (e) {
        const char *kind = settings_file_kind();
        CHECK(kind && *kind && len < FILE_MAX + 1);
        for (enum setting_id id = 0; id < SETTING_COUNT; id++)
            CHECK(!*setting_text(id));
        return;
    }
    check_sources();
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        strcpy(texts[id], setting_text(id));
    u32 before = complaints;
    CHECK(take_all(bytes, len, FILE_MAX) == OK && complaints == before);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        CHECK(!strcmp(texts[id], setting_text(id)));
    settings_forget(FROM_OWN_SECTION);
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        CHECK(!*setting_text(id));
}
