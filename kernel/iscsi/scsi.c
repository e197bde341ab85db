/* CDBs, status and sense. */
#include "iscsi/scsi.h"

#include "base/bytes.h"
#include "base/str.h"

#define ANY 0xff

struct rule {
    u8 key, asc, ascq; /* ANY fits all */
    u8 error, retry;
};

/* The first that fits says what a CHECK CONDITION means (SPC-4, 4.5.6 and annex D). */
static const struct rule rules[] = {
    {0x0, ANY, ANY, OK, SCSI_FINAL},
    {0x1, ANY, ANY, OK, SCSI_FINAL}, /* recovered error */
    {0x2, 0x3a, ANY, ERR_LUN_EMPTY, SCSI_FINAL},
    {0x2, 0x04, 0x0b, ERR_LUN_STANDBY, SCSI_ELSEWHERE}, /* ALUA (SPC-4, 5.16.2): standby, */
    {0x2, 0x04, 0x0c, ERR_LUN_STANDBY, SCSI_ELSEWHERE}, /* unavailable */
    {0x2, ANY, ANY, ERR_LUN_NOT_READY, SCSI_LATER},
    {0x3, ANY, ANY, ERR_MEDIUM, SCSI_FINAL},
    {0x4, ANY, ANY, ERR_MEDIUM, SCSI_FINAL}, /* hardware error */
    {0x5, 0x21, ANY, ERR_OUT_OF_RANGE, SCSI_FINAL},
    {0x5, 0x25, ANY, ERR_LUN_NOT_FOUND, SCSI_FINAL},
    {0x5, ANY, ANY, ERR_BAD_REQUEST, SCSI_FINAL},  /* illegal request */
    {0x6, 0x29, ANY, ERR_LUN_RESET, SCSI_CLEARED}, /* power on, reset */
    {0x6, 0x2f, ANY, ERR_LUN_RESET, SCSI_CLEARED}, /* commands cleared by another initiator */
    {0x6, ANY, ANY, ERR_SCSI, SCSI_AGAIN},         /* unit attention */
    {0x7, 0x27, 0x07, ERR_LUN_FULL, SCSI_FINAL},   /* thin provisioning (SBC-3, 4.7.3.6) */
    {0x7, ANY, ANY, ERR_LUN_PROTECTED, SCSI_FINAL},
    {0xb, ANY, ANY, ERR_SCSI, SCSI_AGAIN}, /* aborted command */
    {ANY, ANY, ANY, ERR_SCSI, SCSI_FINAL},
};

static bool fits(u8 rule, u8 value)
{
    return rule == ANY || rule == value;
}

static struct scsi_verdict judge_sense(const u8 *sense, u32 len)
{
    /* Fixed format (70h, 71h) or descriptor format (72h, 73h). What is missing counts as 0, but
     * without any sense data at all nobody knows what happened. */
    u8 at[3] = {2, 12, 13}, field[3] = {0, 0, 0};
    u8 format = len ? sense[0] & 0x7f : 0;
    if (format == 0x72 || format == 0x73) {
        at[0] = 1;
        at[1] = 2;
        at[2] = 3;
    } else if (format != 0x70 && format != 0x71) {
        return (struct scsi_verdict){ERR_SCSI, SCSI_AGAIN};
    }
    for (u32 i = 0; i < 3; i++)
        if (at[i] < len)
            field[i] = sense[at[i]];
    const struct rule *r = rules;
    while (!fits(r->key, field[0] & 0x0f) || !fits(r->asc, field[1]) || !fits(r->ascq, field[2]))
        r++;
    return (struct scsi_verdict){r->error, r->retry};
}

struct scsi_verdict scsi_judge(u8 status, const u8 *sense, u32 len)
{
    switch (status) {
    case SCSI_GOOD:
        return (struct scsi_verdict){OK, SCSI_FINAL};
    case SCSI_CHECK_CONDITION:
        return judge_sense(sense, len);
    case SCSI_STATUS_BUSY:
    case SCSI_TASK_SET_FULL:
        return (struct scsi_verdict){ERR_SCSI_BUSY, SCSI_LATER};
    case SCSI_RESERVED:
        return (struct scsi_verdict){ERR_LUN_RESERVED, SCSI_HELD};
    case SCSI_TASK_ABORTED:
        return (struct scsi_verdict){ERR_LUN_RESET, SCSI_RESET};
    default:
        return (struct scsi_verdict){ERR_SCSI, SCSI_AGAIN};
    }
}

void scsi_block_cdb(u8 cdb[SCSI_CDB], enum block_op op, u64 lba, u32 count)
{
    static const u8 opcode[][2] = {
        [BLOCK_READ] = {SCSI_READ_10, SCSI_READ_16},
        [BLOCK_WRITE] = {SCSI_WRITE_10, SCSI_WRITE_16},
        [BLOCK_FLUSH] = {SCSI_SYNC_CACHE_10, 0},
    };
    bool wide = op != BLOCK_FLUSH && (lba >> 32 || count > 0xffff);
    memset(cdb, 0, SCSI_CDB);
    cdb[0] = opcode[op][wide];
    if (wide) {
        put_be64(cdb + 2, lba);
        put_be32(cdb + 10, count);
    } else if (op != BLOCK_FLUSH) {
        put_be32(cdb + 2, (u32)lba);
        put_be16(cdb + 7, (u16)count);
    }
}
