/* The iSCSI session (RFC 7143, ErrorRecoveryLevel 0, one connection) and the LUN behind it, as main
 * and the block floor see them. */
#ifndef LUNBOOT_ISCSI_SESSION_H
#define LUNBOOT_ISCSI_SESSION_H

#include "base/error.h"
#include "base/types.h"
#include "disk/block.h"
#include "net/dns.h"

#define ISCSI_NAME                                                                                 \
    224 /* bytes for an iSCSI name (223 at most, RFC 7143 4.2.7.1) and its terminator */
#define ISCSI_CHAP_TEXT 256 /* bytes for a CHAP name or secret and its terminator */
#define ISCSI_PORT      3260
#define ISCSI_PATHS     4 /* that can be set */

/* A way to the disk. */
struct iscsi_path {
    char server[DNS_NAME]; /* a name or a dotted address */
    ip4 addr;              /* what that was when last looked up, by the session; 0: not known */
    u16 port;
    u8 lun[8]; /* as on the wire (SAM flat or peripheral addressing) */
    char target[ISCSI_NAME];
};

struct iscsi_config {
    struct iscsi_path paths[ISCSI_PATHS]; /* to one and the same disk */
    u32 path_count;                       /* 1 or more */
    bool discover;                        /* ask the target for more portals first */
    u8 isid[6];                           /* the same over all reconnects */
    char initiator[ISCSI_NAME];
    /* CHAP: empty user name: none. */
    char user[ISCSI_CHAP_TEXT], secret[ISCSI_CHAP_TEXT];
    /* Mutual CHAP: empty: none. The target has to prove itself with these. */
    char reverse_user[ISCSI_CHAP_TEXT], reverse_secret[ISCSI_CHAP_TEXT];
};

enum iscsi_state {
    ISCSI_IDLE,
    ISCSI_CONNECTING, /* TCP handshake */
    ISCSI_LOGIN,
    ISCSI_PROBING,    /* REPORT LUNS, INQUIRY, TEST UNIT READY, READ CAPACITY */
    ISCSI_READY,      /* the block device works */
    ISCSI_RECOVERING, /* the connection was lost: connecting again, then replaying */
    ISCSI_FAILED,     /* attaching did not work: iscsi_error() says why */
    ISCSI_CLOSED,     /* logged out */
};

/* Begin to attach the LUN by the first path that works; config is copied. The state goes to
 * ISCSI_READY or ISCSI_FAILED, within give_up_ms. Once ready, a lost connection never fails the
 * session: it recovers for as long as it takes, by whatever path leads to the same disk. */
void iscsi_attach(const struct iscsi_config *config, u32 give_up_ms, msec now);

enum iscsi_state iscsi_state(void);

/* Why the state is ISCSI_FAILED, or why it is ISCSI_RECOVERING; also what a LUN says that lets us
 * wait (not ready, busy). */
enum error iscsi_error(void);

/* The disk, once ISCSI_READY has been reached (also while recovering). */
struct block_dev *iscsi_disk(void);

/* What is really used, or was tried last, for the iBFT and the screen: the path, its portal after
 * redirects, and whether CHAP was used. */
struct iscsi_used {
    const struct iscsi_path *path;
    ip4 addr;
    u16 port;
    bool chap, mutual_chap;
};
const struct iscsi_used *iscsi_used(void);

/* Log out in order; ISCSI_CLOSED follows. */
void iscsi_logout(msec now);

/* Forget the secrets. Reconnecting with CHAP is not possible afterwards, so main calls it only when
 * the session is over. */
void iscsi_wipe(void);

void iscsi_poll(msec now);
u32 iscsi_timeout(msec now);

#endif
