/* The paths to the disk: those that were set, in their order, and behind them the portals that the
 * target has told of. Whose turn it is: san/rounds.h. */
#ifndef LUNBOOT_ISCSI_PATH_H
#define LUNBOOT_ISCSI_PATH_H

#include "base/error.h"
#include "iscsi/config.h"

/* What follows is about this disk (san/disks.h). */
void path_select(u32 disk);

/* Begin anew, with these (copied). */
void path_init(const struct iscsi_path *paths, u32 count);

/* The one whose turn it is. */
struct iscsi_path *path_current(void);

/* It has failed, and it is the next one's turn: in so many milliseconds; TIMEOUT_NEVER when every
 * path has failed so that it will do so again, unless for_ever. */
u32 path_failed(enum error why, bool for_ever);

/* Give a path the server and the port of a TargetAddress (RFC 7143, 13.8):
 * <name or address>[:<port>][,<portal group tag>]. False, and nothing has changed: it is none that
 * we could use. */
bool path_set_portal(struct iscsi_path *path, const char *address);

/* Keep it when it is new and there is room. */
void path_learn(const struct iscsi_path *path);

#endif
