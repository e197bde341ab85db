/* What a protocol owes to those above who want a disk by it. An image has one protocol, which
 * provides all of this (iscsi/san.c); nobody above spells its name. */
#ifndef LUNBOOT_SAN_H
#define LUNBOOT_SAN_H

#include "base/error.h"
#include "base/types.h"
#include "disk/block.h"
#include "disk/edd.h"
#include "san/disks.h"

struct tcp_params; /* net/tcp.h */

enum san_state {
    SAN_ATTACHING,
    SAN_READY,      /* the block device works */
    SAN_RECOVERING, /* the connection was lost, and is being made anew */
    SAN_FAILED,     /* attaching did not work: san_error() says why */
    SAN_CLOSED,     /* not begun, or left */
};

/* What follows is about this disk, of SAN_DISKS, until another is selected; but for san_publish(),
 * san_poll() and san_timeout(), which are about all of them. */
void san_select(u32 disk);

/* Once, before all else: what TCP may use for the way to the disk. */
void san_lend(const struct tcp_params *params);

/* Forget the paths that were added. */
void san_init(void);

/* One more way to the disk, a root path as the setting has it. On failure *why is a short text
 * about the part that is wrong. What is only doubtful of it is said on the screen. */
enum error san_add_path(const char *root_path, const char **why);

/* Begin to attach the disk by the first path that works, there is one at least; who we are and what
 * we know is in the settings. The state goes to SAN_READY or SAN_FAILED, within give_up_ms. Once
 * ready, a lost connection never fails: it is made anew for as long as it takes, by whatever path
 * leads to the same disk. */
void san_attach(u32 give_up_ms, msec now);

enum san_state san_state(void);

/* Why the state is SAN_FAILED, or why it is SAN_RECOVERING; also what a disk says that lets us wait
 * (not ready, busy). OK: nothing is known. */
enum error san_error(void);

/* Where that is ERR_LUN_RESERVED: by whom, fit for the screen; "" when it is not known. */
const char *san_holder(void);

/* How many tries have failed since the machine was started. */
u32 san_failures(void);

/* The disk, once SAN_READY has been reached (also while recovering). */
struct block_dev *san_disk(void);

/* Does it say that it is the same as one of those with lower numbers? */
bool san_is_twin(void);

/* For the screen, each of SAN_TEXT bytes with its terminator: path number i of those that were
 * added; what was used, or tried last; and its server alone (SAN_WHERE_TEXT bytes),
 * "192.0.2.1:3260". */
#define SAN_TEXT       320
#define SAN_WHERE_TEXT 22
u32 san_paths(void);
void san_path_text(u32 i, char text[SAN_TEXT]);
void san_tried_text(char text[SAN_TEXT]);
void san_where_text(char text[SAN_WHERE_TEXT]);

/* Is that another server than the only path names? */
bool san_is_elsewhere(void);

/* How the disk is connected, for a caller of INT 13h. */
void san_edd_path(struct edd_path *path);

/* Write down, in `size` bytes, all that an operating system will need to go on with the disk by
 * itself, the secrets among it, in the form that systems look for. False: it does not fit, and
 * nothing is there. */
bool san_publish(u8 *table, u32 size);

/* Leave in order; SAN_CLOSED follows. */
void san_leave(msec now);

/* Overwrite the secrets. The connection can't be made anew afterwards, so that this is for its end.
 */
void san_wipe(void);

/* A struct poller's functions. */
void san_poll(msec now);
u32 san_timeout(msec now);

#endif
