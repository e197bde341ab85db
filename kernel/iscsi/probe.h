/* What the LUN is, once a login is done: REPORT LUNS, INQUIRY, TEST UNIT READY, READ CAPACITY and
 * MODE SENSE, all sent together. */
#ifndef LUNBOOT_ISCSI_PROBE_H
#define LUNBOOT_ISCSI_PROBE_H

#include "block.h"
#include "types.h"

/* Begin, for this LUN. session_probed() follows, unless the connection is lost before. */
void probe_start(const u8 lun[8]);

/* All is known. disk (its sizes, names and read_only) is valid when e is OK. session.c's. */
void session_probed(enum error e, const struct block_dev *disk, msec now);

#endif
