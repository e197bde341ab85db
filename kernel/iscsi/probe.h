/* What the LUN is, once a login is done: REPORT LUNS, INQUIRY, TEST UNIT READY, READ CAPACITY and
 * MODE SENSE, all sent together. */
#ifndef LUNBOOT_ISCSI_PROBE_H
#define LUNBOOT_ISCSI_PROBE_H

#include "base/types.h"
#include "disk/block.h"

/* Begin, for this LUN. session_probed() follows, unless the connection is lost before. */
void probe_start(const u8 lun[8]);

/* All is known. disk (its sizes, names and read_only) is valid when e is OK. The session's. */
void session_probed(enum error e, const struct block_dev *disk, msec now);

/* Which disk it is, valid when session_probed() is called: the same for all paths to one logical
 * unit, by its designators (VPD page 83h), in whatever order a port tells them, else by its unit
 * serial number (80h); 0 when it has neither. */
u32 probe_identity(void);

#endif
