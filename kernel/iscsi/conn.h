/* One iSCSI connection in full: TCP below, PDUs in and out, sequence numbers, and pings. What the
 * PDUs mean is for the tasks (commands) and the session (the rest). */
#ifndef LUNBOOT_ISCSI_CONN_H
#define LUNBOOT_ISCSI_CONN_H

#include "base/error.h"
#include "base/types.h"
#include "iscsi/pdu.h"

/* Everything that a peer sent and that was not as it should be. */
struct iscsi_stats {
    u32 bad_pdu;      /* PDUs that broke the protocol: the connection was given up */
    u32 no_task;      /* PDUs for a task that isn't there */
    u32 bad_stat_sn;  /* StatSN that is not the next one */
    u32 unknown;      /* opcodes that an initiator does not get */
    u32 rejects;      /* Reject PDUs */
    u32 ping_dropped; /* pings that came faster than the answers went */
    u32 connections;  /* that were opened */
    u32 retries;      /* commands sent again */
};
extern struct iscsi_stats iscsi_stats;

/* Open a connection; an open one is aborted. */
void conn_open(ip4 addr, u16 port, u32 give_up_ms, msec now);

/* Abort it, without an upward call. */
void conn_drop(void);

/* FIN: the session is over in order. No upward call follows. */
void conn_close(msec now);

/* The rest of a data segment under way no longer goes anywhere. */
void conn_skip_data(void);

/* A data segment under way that goes to some place in from .. from + len goes to the same place
 * from `to` on instead. Returns how many bytes of it have arrived. */
u32 conn_redirect_data(const u8 *from, u32 len, u8 *to);

/* The login is over: pings begin, and data segments may be larger. */
void conn_full_feature(void);

/* How long a data segment a PDU could carry now; 0: none. */
u32 conn_room(void);
bool conn_can_send(u32 data_len);

/* Send one PDU, after conn_can_send(len) was true. Fills in lengths and ExpStatSN. */
void conn_send(u8 bhs[BHS_SIZE], const void *data, u32 len);

/* The CmdSN for the next command. A command that is not immediate takes it, when the window is
 * open. */
u32 conn_cmd_sn(void);
bool conn_window_open(void);
void conn_take_cmd_sn(void);

/* Pings, and giving up on a target that is silent while we pay attention. */
void conn_poll(msec now);
u32 conn_timeout(void);

/* Upward calls, which the session provides. */
void session_connected(msec now);
/* The connection is gone, or has to go: it has been aborted already. */
void session_lost(enum error why, msec now);
/* A header is there. *to and *room say where the first bytes of its data segment of len bytes go:
 * conn.c's own buffer, unless changed. False: it breaks the protocol. */
bool session_place(const u8 bhs[BHS_SIZE], u32 len, u8 **to, u32 *room, msec now);
/* A PDU is complete. data, len: what conn.c's buffer got. False: it breaks the protocol. */
bool session_pdu(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, msec now);
/* Input was taken in which a PDU began or ended, or there is room to send. */
void session_pump(msec now);

#endif
