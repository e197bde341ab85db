/* The iSCSI PDU on the wire (RFC 7143, 11): names for the offsets of the basic header segment, and
 * the framing that finds PDUs in a byte stream, with the digests that both sides have agreed on. */
#ifndef LUNBOOT_ISCSI_PDU_H
#define LUNBOOT_ISCSI_PDU_H

#include "base/types.h"

#define BHS_SIZE              48
#define ISCSI_NO_TAG          0xffffffffu

/* Task tags that none of our commands has. */
#define TAG_PING              0xfffffff0u
#define TAG_LOGOUT            0xfffffff1u
#define TAG_TEXT              0xfffffff2u
#define TAG_ABORT             0xfffffff3u

/* Fields that all PDUs have, or nearly all. */
#define BHS_OPCODE            0
#define BHS_FLAGS             1
#define BHS_AHS_LENGTH        4 /* in words of 4 bytes */
#define BHS_DATA_LENGTH       5 /* 24 bits */
#define BHS_LUN               8
#define BHS_ITT               16
#define BHS_TTT               20
#define BHS_CMD_SN            24 /* initiator's */
#define BHS_EXP_STAT_SN       28
#define BHS_STAT_SN           24 /* target's */
#define BHS_EXP_CMD_SN        28
#define BHS_MAX_CMD_SN        32
#define BHS_DATA_SN           36 /* Data-In, Data-Out; R2TSN of an R2T */
#define BHS_BUFFER_OFFSET     40 /* Data-In, Data-Out, R2T */
#define BHS_RESIDUAL          44 /* SCSI Response, Data-In */

#define SCSI_CMD_LENGTH       20 /* Expected Data Transfer Length */
#define SCSI_CMD_CDB          32
#define SCSI_RSP_RESPONSE     2
#define SCSI_RSP_STATUS       3 /* Data-In too */
#define R2T_LENGTH            44
#define LOGIN_ISID            8
#define LOGIN_TSIH            14
#define LOGIN_STATUS          36 /* class, detail */
#define LOGOUT_RSP_RESPONSE   2
#define ASYNC_EVENT           36
#define ASYNC_PARAMETER2      40
#define TASK_REQ_TAG          20 /* of the task that it is about, and that task's CmdSN */
#define TASK_REQ_CMD_SN       32
#define TASK_RSP_RESPONSE     2
#define REJECT_REASON         2
#define REJECT_DATA_DIGEST    2

#define REJECT_IMMEDIATE      0x06 /* too many immediate commands */

#define OPCODE_MASK           0x3f
#define OPCODE_IMMEDIATE      0x40
#define OPCODE_NOP_OUT        0x00
#define OPCODE_SCSI_CMD       0x01
#define OPCODE_TASK_REQ       0x02
#define OPCODE_LOGIN_REQ      0x03
#define OPCODE_TEXT_REQ       0x04
#define OPCODE_DATA_OUT       0x05
#define OPCODE_LOGOUT_REQ     0x06
#define OPCODE_NOP_IN         0x20
#define OPCODE_SCSI_RSP       0x21
#define OPCODE_TASK_RSP       0x22
#define OPCODE_LOGIN_RSP      0x23
#define OPCODE_TEXT_RSP       0x24
#define OPCODE_DATA_IN        0x25
#define OPCODE_LOGOUT_RSP     0x26
#define OPCODE_R2T            0x31
#define OPCODE_ASYNC          0x32
#define OPCODE_REJECT         0x3f

#define FLAG_FINAL            0x80
#define SCSI_CMD_READ         0x40
#define SCSI_CMD_WRITE        0x20
#define SCSI_CMD_SIMPLE       0x01
#define FLAG_OVERFLOW         0x04
#define FLAG_UNDERFLOW        0x02
#define DATA_IN_STATUS        0x01
#define LOGIN_TRANSIT         0x80
#define LOGIN_CONTINUE        0x40

#define TASK_ABORT            1 /* its function, and the two answers after which it is no more */
#define TASK_RSP_DONE         0
#define TASK_RSP_NO_TASK      1

#define ASYNC_SCSI            0
#define ASYNC_LOGOUT          1
#define ASYNC_DROP_CONNECTION 2
#define ASYNC_DROP_SESSION    3
#define ASYNC_RENEGOTIATE     4

/* What this side takes in one data segment: declared at login, and the RFC's default that holds
 * until then. */
#define PDU_MAX_DATA          262144
#define PDU_MAX_LOGIN_DATA    8192

/* One direction's framing. `to` and `room` are set by the caller at PDU_HEADER: the first `room`
 * bytes of the data segment are stored there, the rest is skipped. */
struct pdu_rx {
    bool header_digest, data_digest; /* are there any? The caller's, to set between two PDUs */
    bool damaged;                    /* at PDU_DONE: the data segment is not what its digest says */
    u8 bhs[BHS_SIZE];
    u32 have;   /* bytes of bhs that are there; BHS_SIZE and more: see pdu.c */
    u32 rest;   /* bytes of additional headers and the header digest still to skip */
    u32 data;   /* bytes of the data segment still to come */
    u32 tail;   /* and of its padding and digest */
    u32 length; /* of the data segment */
    u32 stored; /* bytes that went to `to` */
    u32 room;
    u8 *to;
    u32 crc; /* of the header, and then of the data segment */
};

enum pdu_step {
    PDU_MORE,    /* all input is taken, the PDU is not complete */
    PDU_HEADER,  /* bhs and length are there */
    PDU_DONE,    /* the PDU is complete */
    PDU_DAMAGED, /* the header is not what its digest says: nobody knows where the PDU ends */
};

void pdu_rx_init(struct pdu_rx *rx);

/* Take input up to the next step. Call again, even with no input left, until it is PDU_MORE. */
enum pdu_step pdu_take(struct pdu_rx *rx, const u8 **data, u32 *len);

/* Is the data segment of a PDU under way, for which `to` and `room` have been set? */
bool pdu_in_data(const struct pdu_rx *rx);

/* Serial number arithmetic (RFC 1982): is a after b? */
static inline bool serial_after(u32 a, u32 b)
{
    return (s32)(a - b) > 0;
}

/* Bytes of padding behind a segment of this length. */
static inline u32 pdu_padding(u32 len)
{
    return (0 - len) & 3;
}

#endif
