/* The iSCSI root path of RFC 4173: iscsi:<server>:<protocol>:<port>:<LUN>:<target>. */
#ifndef LUNBOOT_ISCSI_ROOT_PATH_H
#define LUNBOOT_ISCSI_ROOT_PATH_H

#include "error.h"
#include "iscsi/session.h"
#include "net/dns.h"
#include "types.h"

struct iscsi_root_path {
    char server[DNS_NAME]; /* a name or a dotted address; never empty */
    u16 port;
    u8 lun[8];
    char target[ISCSI_NAME];
};

/* Parse it. On failure *why (when not NULL) is a short text about the part that is wrong. */
enum error iscsi_parse_root_path(const char *text, struct iscsi_root_path *path, const char **why);

#endif
