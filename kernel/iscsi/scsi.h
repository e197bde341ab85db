/* SCSI as a disk needs it: CDBs (SPC-4, SBC-3), and what status and sense mean for us. */
#ifndef LUNBOOT_ISCSI_SCSI_H
#define LUNBOOT_ISCSI_SCSI_H

#include "base/types.h"
#include "disk/block.h"

#define SCSI_CDB                   16

/* Status (SAM-5, 5.3.1). */
#define SCSI_GOOD                  0x00
#define SCSI_CHECK_CONDITION       0x02
#define SCSI_STATUS_BUSY           0x08
#define SCSI_RESERVED              0x18
#define SCSI_TASK_SET_FULL         0x28
#define SCSI_TASK_ABORTED          0x40

#define SCSI_TEST_UNIT_READY       0x00
#define SCSI_INQUIRY               0x12
#define SCSI_MODE_SENSE_6          0x1a
#define SCSI_READ_CAPACITY_10      0x25
#define SCSI_READ_10               0x28
#define SCSI_WRITE_10              0x2a
#define SCSI_SYNC_CACHE_10         0x35
#define SCSI_PERSISTENT_RESERVE_IN 0x5e
#define READ_RESERVATION           0x01 /* its service actions */
#define READ_FULL_STATUS           0x03
#define SCSI_READ_16               0x88
#define SCSI_WRITE_16              0x8a
#define SCSI_SERVICE_IN_16         0x9e
#define SCSI_READ_CAPACITY_16      0x10 /* service action */
#define SCSI_REPORT_LUNS           0xa0
#define SCSI_MAINTENANCE_IN        0xa3
#define SCSI_REPORT_GROUPS         0x0a /* service action: of target ports */

/* The CDB of a read, write or flush of blocks. */
void scsi_block_cdb(u8 cdb[SCSI_CDB], enum block_op op, u64 lba, u32 count);

enum scsi_retry {
    SCSI_FINAL,
    SCSI_AGAIN,     /* send it again at once, a few times */
    SCSI_RESET,     /* another initiator has ended it: the same, while anything gets through */
    SCSI_CLEARED,   /* the same, and all that came before it may never be answered */
    SCSI_LATER,     /* wait, and send it again */
    SCSI_HELD,      /* the same, but no longer than someone wants to wait who is to write */
    SCSI_ELSEWHERE, /* this target port will not do it: by another way */
};

struct scsi_verdict {
    enum error error; /* OK: the command has done its work */
    enum scsi_retry retry;
};

/* What a status and its sense data (any length, also none) mean. */
struct scsi_verdict scsi_judge(u8 status, const u8 *sense, u32 len);

#endif
