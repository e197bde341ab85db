/* The login phase (RFC 7143, 6 and 11.12): what goes into Login Requests, and what the answers say.
 * No TCP here; conn.c carries the PDUs.
 *
 * Without CHAP it begins in the operational stage, asking for full feature phase at once: one
 * exchange when the target agrees. With CHAP, or on demand, the security stage comes first. */
#ifndef LUNBOOT_ISCSI_LOGIN_H
#define LUNBOOT_ISCSI_LOGIN_H

#include "base/error.h"
#include "base/types.h"
#include "iscsi/config.h"
#include "iscsi/pdu.h"

/* What was negotiated: the keys of RFC 7143, 13, that matter later. */
struct iscsi_params {
    u32 max_send_data; /* the target's MaxRecvDataSegmentLength */
    u32 max_burst;     /* MaxBurstLength */
    u32 first_burst;   /* FirstBurstLength, never above max_burst */
    u32 max_r2t;       /* MaxOutstandingR2T */
    u32 initial_r2t;   /* InitialR2T: 1 forbids unsolicited Data-Out */
    u32 immediate;     /* ImmediateData: 1 allows data in the command PDU */
    u32 header_digest; /* HeaderDigest: 1 is CRC32C, */
    u32 data_digest;   /* and so with DataDigest */
};

/* What we offer. */
#define LOGIN_MAX_BURST   1048576
#define LOGIN_FIRST_BURST 262144
#define LOGIN_MAX_R2T     4

#define LOGIN_ADDRESS     264 /* bytes for a TargetAddress: a name, a port, and a 0 */

enum login_result {
    LOGIN_MORE,     /* login_request() has the next one */
    LOGIN_DONE,     /* full feature phase */
    LOGIN_REDIRECT, /* login_redirect() says where to */
    LOGIN_FAILED,   /* *why is set */
};

/* What follows is about this disk (san/disks.h). */
void login_select(u32 disk);

/* Begin. config and target stay the caller's, and valid. target NULL: a discovery session.
 * with_security: not without a security stage. */
void login_start(const struct iscsi_config *config, const char *target, bool with_security);

/* The next request: fills bhs but for CmdSN, ExpStatSN and length. *data is valid until the next
 * call. Returns the data's length. */
u32 login_request(u8 bhs[BHS_SIZE], const char **data);

/* A Login Response, len bytes of its data segment. */
enum login_result login_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, enum error *why);

/* After LOGIN_DONE. */
const struct iscsi_params *login_params(void);

/* Did the target check us, and did we check it? */
bool login_used_chap(void);

/* After LOGIN_FAILED: may the reason be the list of CHAP algorithms, and what its numbers mean, and
 * not who we are? */
bool login_chap_in_doubt(enum error why);

/* After LOGIN_REDIRECT: <name or address>[:<port>][,<tag>], cleaned of nothing. */
const char *login_redirect(void);

/* Overwrite what could give secrets away. */
void login_wipe(void);

#endif
