/* A scripted iSCSI target for the initiator's tests. It stands in for net/tcp.h and net/dns.h: what
 * the initiator sends goes into the target, what the target says comes back in pieces of any size.
 *
 * Left alone it is a decent target with a disk in memory; its manners are the fields of `peer`, and
 * a hook may take any PDU over and answer it with the functions below. */
#ifndef ISCSI_PEER_H
#define ISCSI_PEER_H

#include "base/types.h"
#include "iscsi/chap.h"
#include "iscsi/conn.h"
#include "iscsi/login.h"
#include "iscsi/session.h"
#include "iscsi/task.h"

#define PEER_ADDR   0x0a000001 /* 10.0.0.1 */
#define PEER_PORT   3260
#define PEER_TARGET "iqn.2026-11.test:disk"
#define PEER_US     "iqn.2026-11.test:us"
#define PEER_BLOCKS 4096 /* of 512 bytes */

#define TOGETHER    8 /* commands of a probe that go out together */

struct peer_pdu {
    u8 bhs[BHS_SIZE];
    u8 data[70000];
    u32 len;
};

enum peer_portal { PORTAL_UP, PORTAL_REFUSES, PORTAL_DEAF };

struct peer_state {
    /* Manners. */
    u32 max_recv_data, max_burst, first_burst, max_r2t, initial_r2t, immediate;
    u32 data_in;           /* bytes in one Data-In PDU */
    bool status_separate;  /* a SCSI Response after the last Data-In, instead of its S bit */
    u32 window;            /* commands beyond ExpCmdSN that are allowed */
    u32 segment;           /* bytes in one receive(); 0: random */
    u32 send_space;        /* the initiator's send buffer */
    bool refuse, deaf;     /* connections: RST, or no answer */
    bool mute;             /* takes PDUs, and says nothing */
    bool no_abort;         /* task management is not supported */
    bool forgives;         /* Data-Out of a command that is over is dropped */
    bool long_lost;        /* tcp_shorten() finds long segments lost */
    const char *extra_key; /* sent along with the first operational answer, "key=value" */
    /* What it answers, and means, when we offer digests; NULL: None. */
    const char *header_digest, *data_digest;
    bool follows; /* has agreed to whatever we believe that it has */
    /* PDUs of this opcode whose header, or else data segment, has a wrong bit, which its digest
     * tells: so many, behind so many others. */
    struct {
        u8 opcode;
        bool header;
        u32 after, count;
    } damage;
    u32 login_pieces;              /* > 0: login answers come in pieces of so many bytes, with C */
    bool chap, mutual;             /* wants CHAP of user, secret; proves itself by reverse_* */
    enum chap_algorithm algorithm; /* the one that it knows */
    const char *user, *secret, *reverse_user, *reverse_secret;
    bool base64;
    /* Which portals there are; NULL: whatever is asked for is one. */
    enum peer_portal (*portal)(ip4 addr, u16 port);
    /* What SendTargets tells: whole pairs, each with its 0. */
    const char *targets;
    u32 targets_len;
    u64 blocks; /* what READ CAPACITY says, when not PEER_BLOCKS */
    u32 block_size;
    u8 physical;  /* READ CAPACITY(16): 2^n blocks are one of the medium, */
    u16 aligned;  /* and where such begin */
    u8 inquiry_0; /* qualifier and device type */
    /* VPD pages 80h and 83h, whole; NULL: it has none. */
    const u8 *serial_page, *designator_page;
    /* The next commands of this opcode end with this status and sense key, asc; count down. */
    struct {
        u8 opcode, status, key, asc, ascq;
        u32 count;
        bool descriptor;
    } fail;
    /* Every PDU; true: the hook has dealt with it. */
    bool (*hook)(const struct peer_pdu *p);
    /* Lose the connection after so many PDUs from the initiator; 0: never. */
    u32 lose_after;

    /* What was seen. */
    u32 connects, aborts, pdus, commands, writes, data_outs, logins, logouts, pings, nop_answers;
    u32 text_requests;
    u32 solicited, unsolicited, immediate_bytes; /* bytes */
    u32 in_flight_max;
    u32 tasks_aborted;      /* requests for that */
    u32 immediate_commands; /* SCSI commands with the I bit */
    u32 last_itt;           /* of the latest command, */
    u16 last_lun;           /* and its LUN, unless that is 0 */
    bool open;
    ip4 addr;
    u16 port;
    char keys[8192]; /* the text of the latest login request, 0 between pairs, 00 at the end */
    char dns_name[300];
    ip4 dns_answer; /* 0: not found */

    /* Its state. */
    u32 exp_cmd_sn, stat_sn;
    u8 disk[PEER_BLOCKS * 512];
};

extern struct peer_state peers[], *the_peer;
#define PEERS 2
#define peer  (*the_peer)

/* `peer`, and what the functions below and iscsi/session.h are about, is that of the first disk, or
 * of the next: each has one of its own, at whatever address. */
void peer_turn(u32 which);

/* A new, decent target; time 1000; a config that fits it. */
void peer_reset(void);
extern struct iscsi_config peer_config;

/* Run the initiator and the target for at most `ms` of virtual time, until the condition; NULL: for
 * all of it. */
bool peer_run(u32 ms, bool (*until)(void));
bool peer_ready(void);
bool peer_over(void); /* READY, FAILED or CLOSED */

/* iscsi_attach() and run until it is over: the state. */
enum iscsi_state peer_attach(void);

/* One request: run until done. */
enum error peer_io(enum block_op op, u64 lba, u32 count, u8 *data);

/* Answers. A header with opcode, flags, ITT and the numbers of now; a status PDU takes a StatSN. */
void peer_header(u8 bhs[BHS_SIZE], u8 opcode, u8 flags, u32 itt, bool takes_stat_sn);
void peer_nop_in(u8 bhs[BHS_SIZE], u32 ttt); /* the same, of a ping */
void peer_send(u8 bhs[BHS_SIZE], const void *data, u32 len);
void peer_send_raw(const void *bytes, u32 len);
/* The last so many bytes, and what is sent behind them, come no sooner than peer_hold(0). */
void peer_hold(u32 bytes);
void peer_status(u32 itt, u8 status, const void *sense, u32 len);
void peer_data_in(u32 itt, u32 data_sn, u32 offset, const void *data, u32 len, bool status);
void peer_r2t(u32 itt, u32 ttt, u32 r2t_sn, u32 offset, u32 len);
void peer_login_answer(const struct peer_pdu *p, u8 flags, u8 class, u8 detail, const char *text,
                       u32 len);

/* A hook: a login at PEER_ADDR is sent on to 10.0.0.7:3261. */
bool peer_redirects_once(const struct peer_pdu *p);
/* What a PDU of the initiator is. */
u8 peer_opcode(const struct peer_pdu *p);

/* The connection is gone. */
void peer_lose(enum error why);

/* The value of a key in the latest login request; NULL when it wasn't there. */
const char *peer_key(const char *key);

#endif
