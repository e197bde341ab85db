/* iSCSI as the protocol of this image. */
#include "san/san.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/inet.h"
#include "base/say.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/holder.h"
#include "iscsi/lun.h"
#include "iscsi/name.h"
#include "iscsi/probe.h"
#include "iscsi/root_path.h"
#include "iscsi/session.h"
#include "net/port.h"
#include "san/rounds.h"
#include "settings/settings.h"

static struct iscsi_config config; /* being put together */
static u32 selected;               /* by our callers; TCP and the disks select others */
static u32 used;                   /* disks that were attached once: the first ones */

void san_select(u32 disk)
{
    selected = disk;
}

static void select(void)
{
    iscsi_select(selected);
}

void san_lend(const struct tcp_params *params)
{
    select();
    conn_lend(params);
}

void san_init(void)
{
    memset(&config, 0, sizeof(config));
}

/* Some targets are content with any name, and who sets one that they refuse should read why. */
static void doubt(const char *what, const char *name)
{
    if (!iscsi_name_is_proper(name))
        say("Warning  %s %s is no iqn., eui. or naa. name; it is used as it is\n", what, name);
}

enum error san_add_path(const char *root_path, const char **why)
{
    *why = "there are too many";
    if (config.path_count == ISCSI_PATHS)
        return ERR_ROOT_PATH;
    enum error e = iscsi_parse_root_path(root_path, &config.paths[config.path_count], why);
    if (!e)
        doubt("target", config.paths[config.path_count++].target);
    return e;
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
    if (*setting_text(SET_INITIATOR_IQN)) {
        copy_setting(config.initiator, sizeof(config.initiator), SET_INITIATOR_IQN);
    } else {
        format_text(config.initiator, sizeof(config.initiator), "iqn.2026-11.org.lunboot:%s",
                    *host ? host : hex);
        iscsi_name_from_host(config.initiator); /* else SCST refuses it */
    }
    doubt(setting_name(SET_INITIATOR_IQN), config.initiator);
}

void san_attach(u32 give_up_ms, msec now)
{
    select();
    used = max_u32(used, selected + 1);
    const u8 *mac = net_device()->mac;
    name_ourselves(mac);
    /* OUI format (RFC 7143, 11.12.5): the same for this NIC at every boot. */
    memcpy(config.isid, mac, sizeof(config.isid));
    config.isid[0] &= 0x3f;
    config.isid[3] ^= (u8)(selected << 6); /* with one of another it would end that one's session */
    /* Who names several ways has named them all. */
    config.discover = config.path_count == 1;
    config.retry_ms = min_u32(setting_number(SET_RETRY), give_up_ms / 1000) * 1000;
    copy_setting(config.user, sizeof(config.user), SET_USERNAME);
    copy_setting(config.secret, sizeof(config.secret), SET_PASSWORD);
    config.digest = (u8)setting_number(SET_DIGEST);
    config.chap_weakest = (u8)setting_number(SET_CHAP);
    copy_setting(config.reverse_user, sizeof(config.reverse_user), SET_REVERSE_USERNAME);
    copy_setting(config.reverse_secret, sizeof(config.reverse_secret), SET_REVERSE_PASSWORD);
    iscsi_attach(&config, give_up_ms, now);
    wipe(&config, sizeof(config)); /* the session has its own */
}

enum san_state san_state(void)
{
    static const u8 states[] = {
        [ISCSI_IDLE] = SAN_CLOSED,     [ISCSI_CONNECTING] = SAN_ATTACHING,
        [ISCSI_LOGIN] = SAN_ATTACHING, [ISCSI_PROBING] = SAN_ATTACHING,
        [ISCSI_READY] = SAN_READY,     [ISCSI_RECOVERING] = SAN_RECOVERING,
        [ISCSI_FAILED] = SAN_FAILED,   [ISCSI_CLOSED] = SAN_CLOSED,
    };
    select();
    return (enum san_state)states[iscsi_state()];
}

enum error san_error(void)
{
    select();
    return iscsi_error();
}

u32 san_failures(void)
{
    return rounds_failures();
}

struct block_dev *san_disk(void)
{
    select();
    return iscsi_disk();
}

bool san_is_twin(void)
{
    select();
    return iscsi_is_twin();
}

u32 san_paths(void)
{
    select();
    return iscsi_config()->path_count;
}

static void path_text(const struct iscsi_path *p, char *text, u32 size)
{
    char lun[LUN_TEXT];
    lun_text(lun, p->lun);
    format_text(text, size, "%s at %s:%u, LUN %s", p->target, p->server.name, p->server.port, lun);
}

void san_path_text(u32 i, char text[SAN_TEXT])
{
    select();
    path_text(&iscsi_config()->paths[i], text, SAN_TEXT);
}

void san_tried_text(char text[SAN_TEXT])
{
    select();
    /* First who we are: it is what a target's access list has to hold, and may not be cut off. */
    format_text(text, SAN_TEXT, "as %s, ", iscsi_config()->initiator);
    u32 len = strlen(text);
    path_text(iscsi_used()->path, text + len, SAN_TEXT - len);
    char luns[PROBE_LUNS_TEXT];
    probe_luns_text(luns);
    len = strlen(text);
    if (iscsi_error() == ERR_LUN_NOT_FOUND && *luns)
        format_text(text + len, SAN_TEXT - len, " (%s)", luns);
}

const char *san_holder(void)
{
    select();
    return iscsi_error() == ERR_LUN_RESERVED ? holder_text() : "";
}

void san_where_text(char text[SAN_WHERE_TEXT])
{
    select();
    char addr[IP4_TEXT];
    format_text(text, SAN_WHERE_TEXT, "%s:%u", ip4_text(addr, iscsi_used()->addr),
                iscsi_used()->port);
}

bool san_is_elsewhere(void)
{
    char addr[IP4_TEXT];
    const struct san_server *named = &iscsi_config()->paths[0].server;
    return san_paths() > 1 || iscsi_used()->port != named->port ||
           !str_equal(ip4_text(addr, iscsi_used()->addr), named->name);
}

/* There is no iSCSI among the interface types. SCSI is what the LUN speaks, and what makes Linux's
 * edd.c read the device path as a target id, which is 0, and a LUN: the number that Linux makes of
 * its eight bytes. */
void san_edd_path(struct edd_path *path)
{
    select();
    u8 lun[LUN_SIZE];
    lun_form(lun, iscsi_used()->path->lun);
    *path = (struct edd_path){.bdf = net_device()->bdf, .device_short = lun[1]};
    memcpy(path->interface, "SCSI    ", sizeof(path->interface));
    for (u32 i = 0; i < 8; i += 2)
        put_le16(path->device + 2 + i, get_be16(lun + i));
}

void san_leave(msec now)
{
    select();
    iscsi_logout(now);
}

void san_wipe(void)
{
    select();
    iscsi_wipe();
}

void san_poll(msec now)
{
    for (u32 disk = 0; disk < used; disk++) {
        iscsi_select(disk);
        iscsi_poll(now);
    }
}

u32 san_timeout(msec now)
{
    u32 ms = TIMEOUT_NEVER;
    for (u32 disk = 0; disk < used; disk++) {
        iscsi_select(disk);
        ms = min_u32(ms, iscsi_timeout(now));
    }
    return ms;
}
