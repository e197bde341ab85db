/* What a person or an administrator can set: the command line first, then a settings file, DHCP,
 * and the defaults. */
#ifndef LUNBOOT_SETTINGS_H
#define LUNBOOT_SETTINGS_H

#include "base/error.h"
#include "base/types.h"
#include "settings/forms.h"

#define SETTING_NAME 17 /* bytes for a name and its terminator */

enum setting_id {
    SET_IP, /* ip=192.0.2.10 or 192.0.2.10/24: static address, no DHCP */
    SET_NETMASK,
    SET_GATEWAY,
    SET_DNS,
    SET_DOMAIN,
    SET_HOSTNAME,
    SET_ROOT_PATH, /* here any printable text; root_path.c knows its form */
    SET_DISK_2,    /* the same, of a second disk, ... */
    SET_DISK_3,
    SET_DISK_4,
    SET_INITIATOR_IQN,
    SET_USERNAME,
    SET_PASSWORD,
    SET_REVERSE_USERNAME,
    SET_REVERSE_PASSWORD,
    SET_CHAP,     /* the weakest algorithm that will do: md5 (default), sha1, sha256, sha3-256 */
    SET_DIGEST,   /* CRC32C: auto (default: where the target wants it), none, crc32c, require */
    SET_KEEP_SAN, /* 0 or 1, also no/yes and false/true; or last: 1, behind the local disks */
    SET_SKIP_SAN_BOOT, /* 0 or 1 */
    SET_DRIVE,         /* hexadecimal INT 13h drive number, 80 (default) to 8f */
    SET_SECTOR,        /* 512 (default) or native: bytes of a sector as INT 13h shows it, at most */
    SET_BOOT,          /* disk, cd or auto (default): whether El Torito's boot image is taken */
    SET_NIC,           /* PCI address (00:03.0) or MAC of the NIC to use */
    SET_MTU,           /* 576..9000 */
    SET_VLAN,          /* 1..4094, or with a priority 20/5: none (default), or the 802.1Q tag */
    SET_TIMEOUT, /* seconds that attaching may take before the BIOS's next device, default 60 */
    SET_RETRY,   /* seconds that failed attaching begins anew, or forever; default: see below */
    SET_CONFIG,  /* where the settings file is; attach/file.c knows its form */
    SETTING_COUNT
};

/* Forget everything. */
void settings_init(void);

/* Forget what came from there, or from what is weaker, as it may say something else by now. */
void settings_forget(enum setting_source source);

/* Set one; a weaker source never replaces a stronger one's value, and within one source the later
 * value wins. The value is checked here, completely; an invalid one changes nothing, and is
 * ERR_SETTING_VALUE. ERR_SETTING_LATE: it is needed before a settings file can be read, and can't
 * stand in one. */
enum error setting_set(enum setting_id id, const char *value, size_t len,
                       enum setting_source source);

/* The value as text, "" when it isn't set. SET_NIC's has the form of pci_bdf_text() or mac_text().
 */
const char *setting_text(enum setting_id id);
enum setting_source setting_source(enum setting_id id);

/* A parsed form of the simple ones. */
ip4 setting_ip4(enum setting_id id);    /* 0 when not set; see below for SET_NETMASK */
u32 setting_number(enum setting_id id); /* the default when not set */
bool setting_flag(enum setting_id id);

/* setting_ip4(SET_NETMASK) is the netmask that goes with setting_ip4(SET_IP): SET_NETMASK when it
 * was set by the same or a stronger source than the address; else the address's own /prefix; else
 * SET_NETMASK of any source; else that of the address's class. 0 without any of them. */

/* setting_number(SET_NIC) is the PCI address (bus << 8 | device << 3 | function), or this when the
 * NIC is not set or is given by its MAC. */
#define SETTING_NO_BDF    FORM_NO_BDF

/* setting_number(SET_KEEP_SAN) is this for `last`. */
#define SETTING_KEEP_LAST FORM_KEEP_LAST

/* setting_number(SET_CHAP) is the algorithm's CHAP_A (RFC 7143, 12.1.3), 0 when it is not set. */

/* setting_number(SET_DIGEST) is an enum iscsi_digest (iscsi/config.h). */

/* setting_number(SET_BOOT) is one of these, or 0. */
#define SETTING_BOOT_DISK FORM_BOOT_DISK
#define SETTING_BOOT_CD   FORM_BOOT_CD

/* setting_number(SET_RETRY) is this for `forever`, and also when it is not set. */
#define SETTING_FOREVER   FORM_FOREVER

const char *setting_name(enum setting_id id);

/* Must its value not be shown? */
bool setting_is_secret(enum setting_id id);

/* Overwrite the secrets: they are not set afterwards. */
void settings_wipe(void);

#endif
