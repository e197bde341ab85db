/* One iSCSI connection: PDUs over TCP, sequence numbers, and pings. What the PDUs mean is for the
 * tasks (commands) and the session (the rest), who call down to here. */
#ifndef LUNBOOT_ISCSI_CONN_H
#define LUNBOOT_ISCSI_CONN_H

#include "base/counters.h"
#include "base/types.h"
#include "iscsi/pdu.h"
#include "net/tcp.h"

/* Everything that a peer sent and that was not as it should be. */
#define ISCSI_STATS(X)                                                                             \
    X(bad_pdu)       /* PDUs that broke the protocol: the connection was given up */               \
    X(no_task)       /* PDUs for a task that isn't there */                                        \
    X(digest_header) /* headers that are not what their digests say: ... */                        \
    X(digest_data)   /* and data segments */                                                       \
    X(bad_stat_sn)   /* StatSN that is not the next one */                                         \
    X(unknown)       /* opcodes that an initiator does not get */                                  \
    X(rejects)       /* Reject PDUs */                                                             \
    X(ping_dropped)  /* pings that came faster than the answers went */                            \
    X(login_keys)    /* answers to our offers that we did not offer */                             \
    X(login_isid)    /* Login Responses with another ISID than the request's */                    \
    X(login_nochap)  /* logins of targets that chose CHAP, and left it out */                      \
    X(login_tsih)    /* logins without a session handle */                                         \
    X(login_room)    /* unknown keys that found no room to be answered */                          \
    X(connections)   /* that were opened */                                                        \
    X(retries)       /* commands sent again */

struct iscsi_stats {
    ISCSI_STATS(COUNTERS_FIELD)
};
extern struct iscsi_stats iscsi_stats;

/* What follows is about this disk (san/disks.h). */
void conn_select(u32 disk);

/* Once, before all else: what TCP may use for it. */
void conn_lend(const struct tcp_params *params);

/* Open a connection; an open one is aborted. The owner of `ops` is told what TCP tells, with `ctx`,
 * and gives what arrives to conn_take(). Where it is not the only way, one that gets nothing
 * through any more is given up sooner. */
void conn_open(ip4 addr, u16 port, const struct tcp_ops *ops, void *ctx, bool only_way,
               u32 give_up_ms, msec now);

bool conn_is_open(void);

/* Abort it. TCP tells nobody. */
void conn_drop(void);

/* FIN: the session is over in order. TCP tells nobody. */
void conn_close(msec now);

/* TCP has said that it is gone. */
void conn_gone(void);

/* The login is over: pings begin, data segments may be larger, and PDUs have the digests that it
 * has agreed on. */
void conn_full_feature(bool header_digest, bool data_digest);

/* ---- receiving ---- */

enum conn_step {
    CONN_MORE,    /* all input is taken, the PDU is not complete */
    CONN_HEADER,  /* conn_bhs() and conn_data_length() are there; now conn_place() may be called */
    CONN_PDU,     /* the PDU is complete: conn_data(), conn_data_damaged() */
    CONN_BROKEN,  /* more than a PDU may be: the connection is of no use */
    CONN_DAMAGED, /* the same, for a digest */
};

/* Something has arrived, at this time. */
void conn_heard(msec now);

/* Take input up to the next step. Call again, even with no input left, until it is CONN_MORE. The
 * numbers of every PDU, and pings, are dealt with here. */
enum conn_step conn_take(const u8 **data, u32 *len);

/* The header of the PDU under way, and the length of its data segment. */
const u8 *conn_bhs(void);
u32 conn_data_length(void);

/* The first `room` bytes of the data segment go there instead of to conn.c's own buffer, the rest
 * is skipped. */
void conn_place(u8 *to, u32 room);

/* What conn.c's buffer got of the data segment, *len bytes. */
const u8 *conn_data(u32 *len);

/* Is the data segment not what its digest says? Of a Data-In or SCSI Response it may be told: its
 * command can be done again. Any other PDU is CONN_DAMAGED. */
bool conn_data_damaged(void);

/* After conn_take(): let TCP put the rest of a data segment under way where it goes. */
void conn_expect(void);

/* The rest of a data segment under way no longer goes anywhere. */
void conn_skip_data(void);

/* A data segment under way that goes to some place in from .. from + len goes to the same place
 * from `to` on instead. Returns how many bytes of it have arrived. */
u32 conn_redirect_data(const u8 *from, u32 len, u8 *to);

/* ---- sending ---- */

/* How long a data segment a PDU could carry now; 0: none. */
u32 conn_room(void);
bool conn_can_send(u32 data_len);

/* Send one PDU, after conn_can_send(len) was true. Fills in lengths and ExpStatSN. */
void conn_send(u8 bhs[BHS_SIZE], const void *data, u32 len);

/* Answer the pings that have found no room so far. */
void conn_send_pings(void);

/* The CmdSN for the next command. A command that is not immediate takes it, when the window is
 * open. */
u32 conn_cmd_sn(void);
bool conn_window_open(void);
void conn_take_cmd_sn(void);

/* Pings of our own. False: the target is silent while we pay attention, and has been given up. */
bool conn_poll(msec now);
u32 conn_timeout(void);

#endif
