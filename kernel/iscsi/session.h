/* The iSCSI session (RFC 7143, ErrorRecoveryLevel 0, one connection) and the LUN behind it, as its
 * owner sees them. */
#ifndef LUNBOOT_ISCSI_SESSION_H
#define LUNBOOT_ISCSI_SESSION_H

#include "base/error.h"
#include "base/types.h"
#include "disk/block.h"
#include "iscsi/config.h"

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

/* What follows is about this disk, of SAN_DISKS, until another is selected: by this, or by what TCP
 * tells, and by requests to the other's block device. */
void iscsi_select(u32 disk);

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

/* Does the disk say that it is one of those before it? */
bool iscsi_is_twin(void);

/* What is really used, or was tried last, for the iBFT and the screen: the path, its portal after
 * redirects, and whether CHAP was used. */
struct iscsi_used {
    const struct iscsi_path *path;
    ip4 addr;
    u16 port;
    bool chap, mutual_chap;
};
const struct iscsi_used *iscsi_used(void);

/* What the session was started with. */
const struct iscsi_config *iscsi_config(void);

/* Log out in order; ISCSI_CLOSED follows. */
void iscsi_logout(msec now);

/* Forget the secrets. Reconnecting with CHAP is not possible afterwards, so main calls it only when
 * the session is over. */
void iscsi_wipe(void);

void iscsi_poll(msec now);
u32 iscsi_timeout(msec now);

#endif
