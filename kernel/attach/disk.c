/* The disk: its paths, logging in, and what it is. */
#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/loop.h"
#include "base/print.h"
#include "base/say.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/readahead.h"
#include "machine/arena.h"
#include "net/arp.h"
#include "san/san.h"
#include "settings/settings.h"

#define LOGOUT_WAIT_MS 1000
#define SECTOR         512 /* bytes that INT 13h shows of a block, unless the user wants all */

static const struct plan *plan;
static u8 *cache_memory, *readahead_memory;

void attach_disk_init(const struct plan *machine_plan)
{
    plan = machine_plan;
    cache_memory = arena_take(plan->cache);
    readahead_memory = arena_take(plan->readahead);
}

/* The end of a path in the list: a space, but not that of "tcp (6)". */
static bool ends(const char *s)
{
    return !*s || (*s == ' ' && s[1] != '(');
}

static void try_sources(void)
{
    const char *file = setting_text(SET_CONFIG);
    if (*file)
        step_try("the command line, %s, DHCP", file);
    else
        attach_try_lease("");
}

/* A disk's list of root paths; one that is not valid is reported, and left out. */
static enum error parse_paths(enum setting_id id)
{
    const char *list = setting_text(id);
    u32 len, good = 0;
    san_init();
    for (; *list; list += len + (list[len] == ' ')) {
        char text[SETTING_TEXT];
        const char *why;
        for (len = 0; !ends(list + len); len++)
            text[len] = list[len];
        text[len] = 0;
        if (!len)
            continue;
        if (!san_add_path(text, &why)) {
            good++;
            continue;
        }
        step_try("%s=%s: %s", setting_name(id), text, why);
        say("E%u      %s\n", ERR_ROOT_PATH, step_tried());
    }
    return good ? OK : ERR_ROOT_PATH;
}

static bool settled(void)
{
    return san_state() == SAN_READY || san_state() == SAN_FAILED;
}

static void say_holder(void)
{
    const char *holder = san_holder();
    if (*holder)
        say("Held     by %s\n", holder);
}

static enum error reason(u32 *tries)
{
    if (*san_holder())
        say_in_place("");
    say_holder();
    *tries = san_failures();
    return san_error();
}

/* What the screen's lines about a disk have behind their first word. */
static const char *mark(enum setting_id id)
{
    return id == SET_ROOT_PATH ? " " : setting_name(id) + sizeof("disk") - 1;
}

static void try_disk(enum setting_id id)
{
    char text[SAN_TEXT];
    san_tried_text(text);
    if (id == SET_ROOT_PATH)
        step_try("%s", text);
    else
        step_try("%s: %s", setting_name(id), text);
}

static enum error log_in(enum setting_id id)
{
    char text[SAN_TEXT];
    u32 give_up = step_limit();
    san_attach(give_up, loop_now());
    for (u32 i = 0; i < san_paths(); i++) {
        san_path_text(i, text);
        if (i)
            say("      or %s\n", text);
        else
            say("Target %s %s\n", mark(id), text);
    }
    step_wait_why(settled, give_up + 1000, "the target", reason);
    say_holder();
    try_disk(id);
    if (san_state() == SAN_READY)
        return OK;
    u8 mac[6];
    return arp_conflict(mac) ? ERR_ADDRESS_IN_USE : san_error() ? san_error() : ERR_LOGIN_TIMEOUT;
}

static void say_disk(enum setting_id id, const struct block_dev *disk)
{
    char where[SAN_WHERE_TEXT];
    san_where_text(where);
    if (san_is_elsewhere())
        print("         connected to %s\n", where);
    static const char units[][4] = {"MiB", "GiB", "TiB", "PiB", "EiB", "ZiB"};
    u64 size = (disk->blocks >> 10) * (disk->block_size >> 9) >> 1;
    u32 unit = 0, block = disk->block_size * disk->grain;
    /* Four digits that say something, or fewer when they say all. */
    for (; unit < ARRAY_SIZE(units) - 1 && size >= (size & 1023 ? 10240 : 1024); unit++)
        size >>= 10;
    print("%s %s   %s %s, %u %s", disk->cd ? "CD  " : "Disk", mark(id), disk->vendor, disk->product,
          (u32)size, units[unit]);
    if (block > SECTOR && !disk->cd)
        print(", blocks of %u bytes%s", block, disk->grain > 1 ? " shown as sectors of 512" : "");
    print("%s\n", disk->read_only && !disk->cd ? ", read only" : "");
}

static enum error attach_one(enum setting_id id)
{
    enum error e;
    if ((e = parse_paths(id)) || (e = log_in(id)))
        return e;
    struct block_dev *disk = san_disk();
    bool as_cd = disk->cd || (id == SET_ROOT_PATH && setting_number(SET_BOOT) == SETTING_BOOT_CD);
    bool all = block_split(disk, as_cd ? SECTOR : setting_number(SET_SECTOR));
    say_disk(id, disk);
    if (!all)
        say("Warning  its end is out of reach, sectors of 512 bytes are too many to count\n");
    /* That can be said of two targets that give no names of their own. */
    if (san_is_twin())
        say("Warning  it has the name of a disk before it; two drives for one disk lose data\n");
    return OK;
}

/* One after the other. All or none: without one of them the drives behind it would have the numbers
 * of others. */
enum error attach_disk(void)
{
    enum error e = *setting_text(SET_ROOT_PATH) ? OK : ERR_DHCP_NO_ROOT_PATH;
    try_sources();
    for (enum setting_id id = SET_ROOT_PATH; id <= SET_DISK_4 && !e; id++) {
        if (!*setting_text(id))
            continue;
        u32 disk = id - SET_ROOT_PATH;
        san_select(disk);
        e = disk < plan->disks ? attach_one(id) : ERR_NO_MEMORY;
    }
    if (e)
        return e;
    san_select(0);
    cache_init(cache_memory, plan->cache);
    readahead_init(readahead_memory, plan->readahead);
    return OK;
}

static bool left(void)
{
    bool all = true;
    for (u32 disk = 0; disk < SAN_DISKS; disk++) {
        san_select(disk);
        all &= san_state() == SAN_CLOSED;
    }
    return all;
}

void attach_disk_end(void)
{
    bool ready = false;
    for (u32 disk = 0; disk < SAN_DISKS; disk++) {
        san_select(disk);
        ready |= san_state() == SAN_READY;
        san_leave(loop_now());
    }
    if (ready)
        step_wait(left, LOGOUT_WAIT_MS, "the logout");
    /* Another try brings the secrets again. */
    for (u32 disk = 0; disk < SAN_DISKS; disk++) {
        san_select(disk);
        san_wipe();
    }
    san_select(0);
}
