/* From a cold machine to a working disk. */
#include "attach/attach.h"

#include "attach/attach_internal.h"
#include "base/format.h"
#include "base/inet.h"
#include "base/loop.h"
#include "base/print.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/readahead.h"
#include "iscsi/root_path.h"
#include "net/arp.h"
#include "settings/settings.h"

#define LOGOUT_WAIT_MS 1000
#define PATIENCE_MS    2000 /* after so long in one step a line says what is waited for */

char tried[TRIED_TEXT];

static const struct plan *plan;
static u8 *cache_memory, *readahead_memory;
static struct boot_info *boot;
static struct iscsi_config config;

const char *attach_tried(void)
{
    return tried;
}

const struct iscsi_config *attach_config(void)
{
    return &config;
}

void attach_init(struct machine *machine)
{
    boot = &machine->boot;
    plan = machine->plan;
    nic_init(plan, boot->bdf);
    address_init(boot);
    cache_memory = arena_take(plan->cache);
    readahead_memory = arena_take(plan->readahead);
}

void attach_wipe(void)
{
    wipe(&config, sizeof(config));
    wipe(&boot->dhcp_ack, sizeof(boot->dhcp_ack));
    wipe(&boot->dhcp_reply, sizeof(boot->dhcp_reply));
}

bool wait_for(bool (*done)(void), u32 ms, const char *what)
{
    loop_poll(NULL);
    msec start = loop_now();
    bool said = false;
    while (!done()) {
        u32 waited = loop_now() - start;
        if (waited >= ms)
            return false;
        if (!said && waited >= PATIENCE_MS) {
            print("         waiting for %s ...\n", what);
            said = true;
        }
        loop_once(NULL);
    }
    return true;
}

static void copy_setting(char *to, size_t size, enum setting_id id)
{
    const char *text = setting_text(id);
    str_put(to, size, text, strlen(text));
}

static void name_ourselves(const u8 *mac)
{
    const char *host = setting_text(SET_HOSTNAME);
    char hex[13];
    format_text(hex, sizeof(hex), "%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
    if (*setting_text(SET_INITIATOR_IQN))
        copy_setting(config.initiator, sizeof(config.initiator), SET_INITIATOR_IQN);
    else
        format_text(config.initiator, sizeof(config.initiator), "iqn.2026-11.org.lunboot:%s",
                    *host ? host : hex);
}

/* The list of root paths; one that is not valid is reported, and left out. */
static enum error parse_paths(void)
{
    const char *list = setting_text(SET_ROOT_PATH);
    u32 len;
    TRY("the command line and DHCP");
    if (!*list)
        return ERR_DHCP_NO_ROOT_PATH;
    for (; *list; list += len + (list[len] == ' ')) {
        char text[SETTING_TEXT];
        const char *why = "there are too many";
        for (len = 0; list[len] && list[len] != ' '; len++)
            text[len] = list[len];
        text[len] = 0;
        if (!len)
            continue;
        if (config.path_count == ISCSI_PATHS ||
            iscsi_parse_root_path(text, &config.paths[config.path_count], &why)) {
            TRY("%s: %s", text, why);
            print("E%u      root-path=%s\n", ERR_ROOT_PATH, tried);
        } else {
            config.path_count++;
        }
    }
    /* Who names several ways has named them all. */
    config.discover = config.path_count == 1;
    return config.path_count ? OK : ERR_ROOT_PATH;
}

static enum error parse_target(void)
{
    const u8 *mac = attach_netdev()->mac;
    memset(&config, 0, sizeof(config));
    enum error e = parse_paths();
    if (e)
        return e;
    name_ourselves(mac);
    /* OUI format (RFC 7143, 11.12.5): the same for this NIC at every boot. */
    memcpy(config.isid, mac, sizeof(config.isid));
    config.isid[0] &= 0x3f;
    copy_setting(config.user, sizeof(config.user), SET_USERNAME);
    copy_setting(config.secret, sizeof(config.secret), SET_PASSWORD);
    copy_setting(config.reverse_user, sizeof(config.reverse_user), SET_REVERSE_USERNAME);
    copy_setting(config.reverse_secret, sizeof(config.reverse_secret), SET_REVERSE_PASSWORD);
    return OK;
}

static bool attach_settled(void)
{
    enum iscsi_state s = iscsi_state();
    return s == ISCSI_READY || s == ISCSI_FAILED;
}

/* The LUN as a person writes it: its first two bytes in SAM's peripheral or flat form, hexadecimal.
 */
static u32 lun_number(const struct iscsi_path *path)
{
    return (path->lun[0] & 0x3fu) << 8 | path->lun[1];
}

static enum error log_in(void)
{
    for (u32 i = 0; i < config.path_count; i++) {
        const struct iscsi_path *p = &config.paths[i];
        print("%s %s at %s:%u, LUN %x\n", i ? "      or" : "Target  ", p->target, p->server.name,
              p->server.port, lun_number(p));
    }
    u32 give_up = setting_number(SET_TIMEOUT) * 1000;
    iscsi_attach(&config, give_up, loop_now());
    wait_for(attach_settled, give_up + 1000, "the target");
    const struct iscsi_path *p = iscsi_used()->path;
    TRY("%s at %s:%u, LUN %x, as %s", p->target, p->server.name, p->server.port, lun_number(p),
        config.initiator);
    if (iscsi_state() == ISCSI_READY)
        return OK;
    u8 mac[6];
    return arp_conflict(mac) ? ERR_ADDRESS_IN_USE
           : iscsi_error()   ? iscsi_error()
                             : ERR_LOGIN_TIMEOUT;
}

static bool logged_out(void)
{
    return iscsi_state() == ISCSI_CLOSED;
}

void attach_end(void)
{
    bool ready = iscsi_state() == ISCSI_READY;
    iscsi_logout(loop_now());
    if (ready)
        wait_for(logged_out, LOGOUT_WAIT_MS, "the logout");
    nic_close();
    /* The session is over; another try brings the secrets again. */
    iscsi_wipe();
}

static void say_disk(const struct block_dev *disk)
{
    char addr[IP4_TEXT];
    const struct iscsi_used *used = iscsi_used();
    ip4_text(addr, used->addr);
    if (config.path_count > 1 || !str_equal(addr, config.paths->server.name) ||
        used->port != config.paths->server.port)
        print("         connected to %s:%u\n", addr, used->port);
    u32 mib = (u32)(disk->blocks >> 11);
    print("Disk     %s %s, ", disk->vendor, disk->product);
    if (mib >= 10240)
        print("%u GiB%s\n", mib >> 10, disk->read_only ? ", read only" : "");
    else
        print("%u MiB%s\n", mib, disk->read_only ? ", read only" : "");
}

enum error attach(void)
{
    enum error e;
    if ((e = nic_open()) || (e = address_get()) || (e = parse_target()) || (e = log_in()))
        return e;
    say_disk(iscsi_disk());
    cache_init(iscsi_disk(), cache_memory, plan->cache);
    readahead_init(iscsi_disk(), readahead_memory, plan->readahead);
    return OK;
}
