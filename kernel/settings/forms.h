/* The forms that the values of settings have. */
#ifndef LUNBOOT_FORMS_H
#define LUNBOOT_FORMS_H

#include "base/types.h"

#define SETTING_TEXT 256 /* bytes for a text setting and its terminator */

enum form {
    FORM_ADDRESS, /* SET_IP */
    FORM_NETMASK,
    FORM_HOST, /* the address of some machine */
    FORM_NAME, /* DNS name */
    FORM_TEXT,
    FORM_SECRET,
    FORM_IQN,    /* what can be sent as an iSCSI name; iscsi/name.h knows what is one */
    FORM_CHAP,   /* its number is the algorithm's in CHAP_A */
    FORM_DIGEST, /* its number is the word's in iscsi/config.h */
    FORM_FLAG,
    FORM_KEEP, /* a flag, or `last` */
    FORM_DRIVE,
    FORM_SECTOR, /* its number: 512, or 4096 for `native` */
    FORM_BOOT,   /* its number is one of those below */
    FORM_NIC,    /* or `undi` on the command line, which is obeyed by then: "" */
    FORM_MTU,
    FORM_VLAN, /* its number is the tag: priority << 13 | id */
    FORM_SECONDS,
    FORM_RETRY, /* seconds, 0 among them, or `forever` */
};

/* Where a value came from, the stronger later. FROM_OWN_SECTION is what a settings file holds for
 * this machine alone. */
enum setting_source { FROM_DEFAULT, FROM_DHCP, FROM_FILE, FROM_OWN_SECTION, FROM_COMMAND_LINE };

struct setting_value {
    u32 number;              /* parsed form: address, number, flag, PCI address */
    ip4 prefix;              /* SET_IP: the netmask that was given with it, or 0 */
    u8 source;               /* enum setting_source, for form_check(), too */
    char text[SETTING_TEXT]; /* "": not set */
};

#define FORM_NO_BDF    0xffffu /* FORM_NIC's number when the text is a MAC address */

#define FORM_KEEP_LAST 2 /* FORM_KEEP's number for that word */
#define FORM_BOOT_DISK 1 /* FORM_BOOT's numbers; 0: as the disk is */
#define FORM_BOOT_CD   2

#define FORM_FOREVER   UINT32_MAX /* FORM_RETRY's number for that word */

/* Is v->text of this form? v->number and v->prefix get what it means; some texts are brought into
 * one form. White space at the end is cut off, but for FORM_SECRET. */
bool form_check(enum form form, struct setting_value *v);

#endif
