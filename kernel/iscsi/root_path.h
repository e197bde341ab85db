/* The iSCSI root path of RFC 4173: iscsi:<server>:<protocol>:<port>:<LUN>:<target>. */
#ifndef LUNBOOT_ISCSI_ROOT_PATH_H
#define LUNBOOT_ISCSI_ROOT_PATH_H

#include "base/error.h"
#include "base/types.h"
#include "iscsi/config.h"

/* Parse it. On failure *why (when not NULL) is a short text about the part that is wrong. */
enum error iscsi_parse_root_path(const char *text, struct iscsi_path *path, const char **why);

#endif
