/* What an iSCSI session is started with. */
#ifndef LUNBOOT_ISCSI_CONFIG_H
#define LUNBOOT_ISCSI_CONFIG_H

#include "base/types.h"
#include "san/server.h"

#define ISCSI_NAME      224 /* bytes for an iSCSI name (223 at most, RFC 7143 4.2.7.1) and its 0 */
#define ISCSI_CHAP_TEXT 256 /* bytes for a CHAP name or secret and its terminator */
#define ISCSI_PORT      3260
#define ISCSI_PATHS     4 /* that can be set */

/* A way to the disk. */
struct iscsi_path {
    u8 lun[8]; /* as it was asked for: iscsi/lun.h has what goes on the wire */
    struct san_server server;
    char target[ISCSI_NAME];
};

/* How we like CRC32C digests, of headers and of data. */
enum iscsi_digest {
    DIGEST_ON_DEMAND, /* where the target wants them */
    DIGEST_NEVER,
    DIGEST_PREFERRED, /* where the target has them */
    DIGEST_REQUIRED,  /* both, or no login */
};

struct iscsi_config {
    u32 path_count; /* 1 or more */
    bool discover;  /* ask the target for more portals first */
    u32 retry_ms;   /* how long attaching goes on after failures that may heal, from its start on */
    u8 digest;      /* an enum iscsi_digest */
    u8 isid[6];     /* the same over reconnects, unless a target refuses it */
    u8 chap_weakest; /* the weakest algorithm that will do, an enum chap_algorithm; 0: any */
    bool chap_md5;   /* offer MD5 alone, where that will do */
    char initiator[ISCSI_NAME];
    /* CHAP: empty user name: none. */
    char user[ISCSI_CHAP_TEXT], secret[ISCSI_CHAP_TEXT];
    /* Mutual CHAP: empty: none. The target has to prove itself with these. */
    char reverse_user[ISCSI_CHAP_TEXT], reverse_secret[ISCSI_CHAP_TEXT];
    struct iscsi_path paths[ISCSI_PATHS]; /* to one and the same disk */
};

#endif
