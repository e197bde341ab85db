/* The full feature phase: requests from above, and a target that answers them decently, wrongly, or
 * with bytes that are no PDU at all, in segments of any size, with time between. A request's buffer
 * is its own to the byte, is nobody's as soon as it is done, and then the next one's; reads that
 * succeed hold the disk's bytes; data that goes out is the request's own, and only what was asked
 * for. With a decent target every request ends. Digests may be on, and then the target's be wrong.
 */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/loop.h"
#include "input.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/scsi.h"
#include "platform_host.h"
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#define STEPS      64
#define MINUTES    5 /* that one input may last */
#define LAST_MS    1200000
#define COUNT_MAX  128
#define SLOTS      8
#define SLOT_LBAS  COUNT_MAX /* each slot has blocks of its own: requests never overlap */
#define PLACES     (SLOTS + 1)
#define PLACE_SIZE (COUNT_MAX * 512)
#define COMMANDS   64
#define R2TS       16
#define DATA_MAX   20000
#define PIECE_MIN  256 /* bytes in a Data-In of the decent target */
#define SEGMENTS   60  /* that so much data comes in, at most: more would only take time */

/* The memory of requests. What is given back is what the next one gets, as it is with the few
 * buffers of the cache: ASan's heap would keep it back for long. */
static struct place {
    u8 *bytes; /* PLACE_SIZE */
    bool lent;
} places[PLACES];

/* A request from above. */
static struct slot {
    struct block_req *req; /* NULL: free */
    u32 number;            /* of the request */
    u8 seed;               /* of the data to write */
    bool good;             /* the target has said that it has succeeded */
} slots[SLOTS];
static struct block_req requests[SLOTS];

/* A command of this connection, as the target sees it. */
static struct command {
    u32 itt, lba, len;
    u8 opcode, seed;
    bool waiting; /* not answered yet */
    struct slot *slot;
    u32 number;    /* of the request in the slot */
    u32 moved, sn; /* Data-In sent; the next DataSN or R2TSN */
    u32 got;       /* Data-Out received, and immediate data */
    struct r2t {
        u32 ttt, offset, left;
    } r2t[R2TS];
    u32 r2ts;
} commands[COMMANDS];
static u32 command_count; /* all so far on this connection */
static u32 connects;
static u32 max_cmd_sn; /* the latest that was offered */
static u32 submitted;
static bool decent; /* the target is, from now on */
static bool mute;   /* no answers to pings */
static bool raw;    /* bytes of no meaning were sent: they may have been a PDU like any other */
static u32 ms_left;

/* The data to write. */
static const u8 *pattern(u8 seed, u32 at)
{
    static u8 bytes[UINT8_MAX + COUNT_MAX * 512];
    for (u32 i = sizeof(bytes); !bytes[1] && i--;)
        bytes[i] = (u8)(i * 7 + i / 256 * 3);
    return bytes + seed + at;
}

/* --- Above --- */

static u8 *borrow(u32 len)
{
    struct place *p = places;
    while (p->lent)
        p++;
    if (!p->bytes) {
        p->bytes = malloc(PLACE_SIZE);
        ASAN_POISON_MEMORY_REGION(p->bytes, PLACE_SIZE);
    }
    p->lent = true;
    ASAN_UNPOISON_MEMORY_REGION(p->bytes, len);
    return p->bytes;
}

static void give_back(const u8 *bytes)
{
    for (struct place *p = places; p < places + PLACES; p++)
        if (p->bytes == bytes && p->lent) {
            p->lent = false;
            ASAN_POISON_MEMORY_REGION(p->bytes, PLACE_SIZE);
        }
}

static void submit(void)
{
    struct slot *s = &slots[in_below(SLOTS)];
    u8 how = in_u8();
    struct block_dev *dev = iscsi_disk();
    u32 count = 1 + in_below(min_u32(COUNT_MAX, dev->max_blocks));
    if (s->req)
        return;
    struct block_req *req = &requests[s - slots];
    ASAN_UNPOISON_MEMORY_REGION(req, sizeof(*req));
    memset(req, 0, sizeof(*req));
    req->op = how % 8 == 0 ? BLOCK_FLUSH : how & 1 ? BLOCK_READ : BLOCK_WRITE;
    req->lba = (u32)(s - slots) * SLOT_LBAS;
    if (req->op != BLOCK_FLUSH) {
        req->count = count;
        req->data = borrow(count * 512);
    }
    *s = (struct slot){.req = req, .number = ++submitted, .seed = how};
    if (req->op == BLOCK_WRITE)
        memcpy(req->data, pattern(how, 0), count * 512);
    dev->ops->submit(dev, req);
}

/* A read's data is to go elsewhere from now on: its old buffer is gone. */
static void redirect(void)
{
    struct slot *s = &slots[in_below(SLOTS)];
    struct block_dev *dev = iscsi_disk();
    if (!s->req || s->req->op != BLOCK_READ)
        return;
    u8 *old = s->req->data, *data = borrow(s->req->count * 512);
    dev->ops->redirect(dev, s->req, data);
    CHECK(s->req->data == data);
    give_back(old);
}

/* What can't be is refused at once. */
static void submit_nonsense(void)
{
    struct block_dev *dev = iscsi_disk();
    struct block_req req = {.op = in_u8() & 1 ? BLOCK_READ : BLOCK_WRITE,
                            .lba = (u64)in_u32() << 8 | in_u8(),
                            .count = in_u32()};
    if (req.lba < dev->blocks && req.count <= dev->blocks - req.lba)
        req.count = 0;
    dev->ops->submit(dev, &req);
    CHECK(req.done && req.status);
}

static void reap(void)
{
    for (struct slot *s = slots; s < slots + SLOTS; s++) {
        struct block_req *req = s->req;
        if (!req || !req->done)
            continue;
        if (req->status == OK && !raw) {
            CHECK(s->good || decent || req->op == BLOCK_FLUSH);
            if (req->op == BLOCK_READ)
                CHECK(!memcmp(req->data, peer.disk + req->lba * 512, req->count * 512));
        }
        if (req->data)
            give_back(req->data);
        ASAN_POISON_MEMORY_REGION(req, sizeof(*req));
        s->req = NULL;
    }
}

static void run(u32 ms)
{
    peer_run(ms, NULL);
    reap();
}

static bool all_done(void)
{
    reap();
    for (u32 i = 0; i < SLOTS; i++)
        if (slots[i].req)
            return false;
    return true;
}

/* --- What the initiator sends --- */

static struct command *find(u32 itt)
{
    for (u32 i = 0; i < COMMANDS && i < command_count; i++)
        if (commands[i].itt == itt)
            return &commands[i];
    return NULL;
}

static void check_bytes(const struct command *c, u32 at, const u8 *data, u32 len)
{
    CHECK(at <= c->len && len <= c->len - at);
    CHECK(!memcmp(data, pattern(c->seed, at), len));
}

static bool take_command(const struct peer_pdu *p)
{
    const u8 *cdb = p->bhs + SCSI_CMD_CDB;
    u8 opcode = cdb[0], flags = p->bhs[BHS_FLAGS];
    /* An immediate command needs no window, and takes no number. */
    if (p->bhs[BHS_OPCODE] & OPCODE_IMMEDIATE)
        CHECK(get_be32(p->bhs + BHS_CMD_SN) == peer.exp_cmd_sn);
    else
        CHECK(raw || !serial_after(get_be32(p->bhs + BHS_CMD_SN), max_cmd_sn));
    if (opcode != SCSI_READ_10 && opcode != SCSI_WRITE_10 && opcode != SCSI_SYNC_CACHE_10)
        return false; /* the probe's */
    struct command *c = find(get_be32(p->bhs + BHS_ITT));
    CHECK(!c || !c->waiting);
    c = &commands[command_count++ % COMMANDS];
    *c = (struct command){.itt = get_be32(p->bhs + BHS_ITT),
                          .lba = get_be32(cdb + 2),
                          .len = get_be32(p->bhs + SCSI_CMD_LENGTH),
                          .opcode = opcode,
                          .waiting = true,
                          .got = p->len};
    CHECK(c->itt != ISCSI_NO_TAG && !memcmp(p->bhs + BHS_LUN, peer_config.paths[0].lun, 8));
    CHECK(c->len == (opcode == SCSI_SYNC_CACHE_10 ? 0 : get_be16(cdb + 7) * 512u));
    CHECK(!(flags & SCSI_CMD_READ) == (opcode != SCSI_READ_10));
    CHECK(!(flags & SCSI_CMD_WRITE) == (opcode != SCSI_WRITE_10));
    if (opcode == SCSI_SYNC_CACHE_10)
        return true;
    c->slot = &slots[c->lba / SLOT_LBAS];
    CHECK(c->slot->req && c->slot->req->count * 512 == c->len);
    c->seed = c->slot->seed;
    c->number = c->slot->number;
    CHECK(!p->len || (opcode == SCSI_WRITE_10 && peer.immediate &&
                      p->len <= min_u32(peer.max_recv_data, peer.first_burst)));
    check_bytes(c, 0, p->data, p->len);
    return true;
}

static void take_data_out(const struct peer_pdu *p)
{
    u32 at = get_be32(p->bhs + BHS_BUFFER_OFFSET), ttt = get_be32(p->bhs + BHS_TTT);
    struct command *c = find(get_be32(p->bhs + BHS_ITT));
    if (!c && command_count > COMMANDS)
        return; /* forgotten */
    CHECK(c && c->opcode == SCSI_WRITE_10 && p->len && p->len <= peer.max_recv_data);
    check_bytes(c, at, p->data, p->len);
    c->got += p->len;
    if (ttt == ISCSI_NO_TAG) {
        CHECK(!peer.initial_r2t && at + p->len <= peer.first_burst);
        return;
    }
    for (u32 i = 0; i < c->r2ts && i < R2TS; i++) {
        struct r2t *r = &c->r2t[i];
        if (r->ttt == ttt && r->offset == at && r->left >= p->len) {
            r->offset += p->len;
            r->left -= p->len;
            CHECK(!(p->bhs[BHS_FLAGS] & FLAG_FINAL) == (r->left != 0));
            return;
        }
    }
    CHECK(raw || c->r2ts > R2TS);
}

/* A MaxCmdSN that the target has told; one that makes no sense beside ExpCmdSN is none. */
static void offer(u32 exp, u32 max)
{
    if (!serial_after(exp - 1, max) && serial_after(max, max_cmd_sn))
        max_cmd_sn = max;
}

/* Who holds a reservation may be told by any bytes. */
static bool tell_holder(const struct peer_pdu *p)
{
    u8 data[200];
    if (p->bhs[SCSI_CMD_CDB] != SCSI_PERSISTENT_RESERVE_IN || !in_left())
        return false;
    u32 len = in_bytes(data, sizeof(data));
    if (len > 8 + 24) {
        put_be32(data + 4, len - 8);
        data[8 + 12] |= 1;
        data[8 + 24] = (data[8 + 24] & 0xc0) | 5;
    }
    peer_data_in(get_be32(p->bhs + BHS_ITT), 0, 0, data, len, true);
    return true;
}

/* Logging in and probing are the decent target's. */
static bool hook(const struct peer_pdu *p)
{
    if (connects != peer.connects) {
        connects = peer.connects;
        command_count = 0;
        max_cmd_sn = peer.exp_cmd_sn + peer.window - 1;
    }
    switch (p->bhs[BHS_OPCODE] & OPCODE_MASK) {
    case OPCODE_SCSI_CMD:
        if (take_command(p))
            return true;
        break;
    case OPCODE_DATA_OUT:
        take_data_out(p);
        return true;
    case OPCODE_NOP_OUT:
        CHECK(!p->len);
        if (mute)
            return true;
    }
    offer(peer.exp_cmd_sn, peer.exp_cmd_sn + peer.window - 1); /* what follows is an answer */
    return peer_opcode(p) == OPCODE_SCSI_CMD && tell_holder(p);
}

/* --- What the target sends --- */

static void send(u8 bhs[BHS_SIZE], const void *data, u32 len)
{
    offer(get_be32(bhs + BHS_EXP_CMD_SN), get_be32(bhs + BHS_MAX_CMD_SN));
    peer_send(bhs, data, len);
}

/* The command is answered. */
static void answered(struct command *c, bool good)
{
    offer(peer.exp_cmd_sn, peer.exp_cmd_sn + peer.window - 1);
    c->waiting = false;
    if (c->slot && c->slot->number == c->number)
        c->slot->good |= good;
}

/* What the disk has there, as far as the command reaches. */
static const u8 *disk_at(const struct command *c, u32 offset, u32 len)
{
    static const u8 nothing[DATA_MAX];
    bool within = c && offset <= c->len && len <= c->len - offset;
    return within ? peer.disk + c->lba * 512 + offset : nothing;
}

static void send_r2t(struct command *c, u32 ttt, u32 sn, u32 offset, u32 len)
{
    u8 bhs[BHS_SIZE];
    peer_header(bhs, OPCODE_R2T, FLAG_FINAL, c->itt, false);
    put_be32(bhs + BHS_TTT, ttt);
    put_be32(bhs + BHS_DATA_SN, sn);
    put_be32(bhs + BHS_BUFFER_OFFSET, offset);
    put_be32(bhs + R2T_LENGTH, len);
    c->r2t[c->r2ts++ % R2TS] = (struct r2t){ttt, offset, len};
    c->sn++;
    send(bhs, NULL, 0);
}

/* Let data of this length not come in too many segments. */
static void cut(u32 len)
{
    peer.segment = max_u32(peer.segment, len / SEGMENTS);
}

static struct command *some_command(void)
{
    u32 back = in_below(8);
    return back < command_count ? &commands[(command_count - 1 - back) % COMMANDS] : NULL;
}

/* One step as it should be. */
static void decent_step(void)
{
    struct command *c = some_command();
    u32 piece = PIECE_MIN + in_u16() % DATA_MAX;
    if (!c || !c->waiting || !peer.open)
        return;
    cut(c->len);
    if (c->opcode == SCSI_WRITE_10 && c->got < c->len) {
        send_r2t(c, 0x55000000 + c->sn, c->sn, c->got, min_u32(c->len - c->got, peer.max_burst));
        return;
    }
    while (c->opcode == SCSI_READ_10 && c->moved < c->len) {
        u32 n = min_u32(piece, c->len - c->moved);
        peer_data_in(c->itt, c->sn++, c->moved, disk_at(c, c->moved, n), n, false);
        c->moved += n;
    }
    answered(c, true);
    peer_status(c->itt, SCSI_GOOD, NULL, 0);
}

/* Bytes, and from there on nobody knows where PDUs begin. */
static void raw_bytes(void)
{
    u8 bytes[256];
    u32 len = in_bytes(bytes, sizeof(bytes));
    if (!len || !peer.open)
        return;
    raw = true;
    peer_send_raw(bytes, len);
}

/* Which fields of a PDU are not what they should be. */
#define WRONG_ITT     0x0001
#define WRONG_TTT     0x0002
#define WRONG_STAT_SN 0x0004
#define WRONG_WINDOW  0x0008
#define WRONG_DATA_SN 0x0010
#define WRONG_OFFSET  0x0020
#define WRONG_LENGTH  0x0040 /* of an R2T or a Data-In; the residual of others */
#define WRONG_STATUS  0x0080
#define WRONG_AHS     0x0100
#define WRONG_LUN     0x0200
#define WRONG_SEGMENT 0x0400 /* bytes follow that are no PDU */
#define WRONG_DATA    0x0800

static void shift(u8 *field)
{
    put_be32(field, get_be32(field) + (u32)in_offset());
}

static bool has_stat_sn(u8 opcode, u8 flags, u32 itt)
{
    return opcode != OPCODE_R2T && (opcode != OPCODE_DATA_IN || (flags & DATA_IN_STATUS)) &&
           (opcode != OPCODE_NOP_IN || itt != ISCSI_NO_TAG);
}

/* The fields of a PDU about c (NULL: none): as they should be, but for what is wrong. */
static void set_fields(u8 bhs[BHS_SIZE], u8 opcode, u32 wrong, const struct command *c)
{
    bool r2t = opcode == OPCODE_R2T;
    put_be32(bhs + BHS_TTT, r2t ? 0x66000000 + (c ? c->r2ts : 0) : ISCSI_NO_TAG);
    if (wrong & WRONG_TTT)
        put_be32(bhs + BHS_TTT, in_u32());
    if (wrong & WRONG_STAT_SN)
        shift(bhs + BHS_STAT_SN);
    if (wrong & WRONG_WINDOW) {
        shift(bhs + BHS_EXP_CMD_SN);
        shift(bhs + BHS_MAX_CMD_SN);
    }
    if (c && (r2t || opcode == OPCODE_DATA_IN)) {
        put_be32(bhs + BHS_DATA_SN, c->sn);
        put_be32(bhs + BHS_BUFFER_OFFSET, r2t ? c->got : c->moved);
        if (r2t)
            put_be32(bhs + R2T_LENGTH, min_u32(c->len - min_u32(c->got, c->len), peer.max_burst));
    }
    if (wrong & WRONG_DATA_SN)
        shift(bhs + BHS_DATA_SN);
    if (wrong & WRONG_OFFSET)
        shift(bhs + BHS_BUFFER_OFFSET);
    if (wrong & WRONG_LENGTH && opcode != OPCODE_DATA_IN)
        shift(bhs + BHS_RESIDUAL);
    if (wrong & WRONG_STATUS) {
        bhs[SCSI_RSP_RESPONSE] = in_u8() & 0x81;
        bhs[SCSI_RSP_STATUS] = in_u8();
    }
    if (wrong & WRONG_AHS)
        bhs[BHS_AHS_LENGTH] = in_u8();
    if (wrong & WRONG_LUN)
        bhs[BHS_LUN + in_below(8)] = in_u8();
    if (opcode == OPCODE_ASYNC) {
        bhs[ASYNC_EVENT] = in_u8();
        put_be16(bhs + ASYNC_PARAMETER2, in_u8());
    }
}

/* The target has sent this. */
static void note(const u8 bhs[BHS_SIZE], u8 opcode, u32 len, struct command *c)
{
    u8 status = bhs[SCSI_RSP_STATUS];
    if (opcode == OPCODE_R2T) {
        c->r2t[c->r2ts++ % R2TS] = (struct r2t){
            get_be32(bhs + BHS_TTT), get_be32(bhs + BHS_BUFFER_OFFSET), get_be32(bhs + R2T_LENGTH)};
        c->sn++;
    } else if (opcode == OPCODE_DATA_IN) {
        c->sn++;
        c->moved = min_u32(c->moved + len, c->len);
    }
    if (opcode == OPCODE_SCSI_RSP ||
        (opcode == OPCODE_DATA_IN && (bhs[BHS_FLAGS] & DATA_IN_STATUS)))
        answered(c, status == SCSI_GOOD || status == SCSI_CHECK_CONDITION);
}

/* A PDU of any kind, about some command, and wrong in any way. */
static void some_pdu(void)
{
    static const u8 opcodes[] = {OPCODE_DATA_IN,    OPCODE_R2T,       OPCODE_SCSI_RSP,
                                 OPCODE_NOP_IN,     OPCODE_ASYNC,     OPCODE_REJECT,
                                 OPCODE_LOGOUT_RSP, OPCODE_LOGIN_RSP, OPCODE_TASK_RSP};
    static u8 bytes[DATA_MAX];
    u8 bhs[BHS_SIZE];
    u32 kind = in_below(ARRAY_SIZE(opcodes) + 1);
    u8 first = kind < ARRAY_SIZE(opcodes) ? opcodes[kind] : in_u8(), flags = in_u8();
    u8 opcode = first & OPCODE_MASK;
    struct command *c = some_command();
    /* One thing, mostly, or none. */
    u8 what = in_u8();
    u32 wrong = what < 0xc0 ? 1u << what % 16 : in_u16(), itt = c ? c->itt : ISCSI_NO_TAG;
    if (wrong & WRONG_ITT)
        itt = in_u8() & 1 ? ISCSI_NO_TAG : in_u32();
    if (!peer.open)
        return;
    peer_header(bhs, first, flags, itt, has_stat_sn(opcode, flags, itt));
    set_fields(bhs, opcode, wrong, c);
    const u8 *data = bytes;
    u32 len = 0;
    if (wrong & WRONG_DATA) {
        len = in_bytes(bytes, 300);
        raw |= opcode == OPCODE_DATA_IN;
    } else if (opcode == OPCODE_REJECT) {
        bhs[REJECT_REASON] = in_u8() % 16;
        memset(bytes, 0, BHS_SIZE);
        bytes[BHS_OPCODE] = OPCODE_SCSI_CMD;
        put_be32(bytes + BHS_ITT, itt);
        len = BHS_SIZE;
    } else if (opcode == OPCODE_DATA_IN) {
        len = in_u16() % DATA_MAX;
        if (c && !(wrong & WRONG_LENGTH))
            len = min_u32(len, c->len - c->moved);
        cut(len);
        data = disk_at(c, get_be32(bhs + BHS_BUFFER_OFFSET), len);
    }
    if (c)
        note(bhs, opcode, len, c);
    send(bhs, data, len);
    if (wrong & WRONG_SEGMENT)
        raw_bytes();
}

static void fail_command(void)
{
    static const u8 statuses[] = {SCSI_CHECK_CONDITION, SCSI_STATUS_BUSY, SCSI_TASK_SET_FULL,
                                  SCSI_TASK_ABORTED, SCSI_RESERVED};
    /* In descriptor format: what other initiators and standby controllers make a target say. */
    static const u8 known[][8] = {{0x72, 6, 0x29}, {0x72, 6, 0x2f},  {0x72, 6, 0x2a, 3},
                                  {0x72, 2, 4, 1}, {0x72, 2, 4, 11}, {0x72, 7, 0x27}};
    struct command *c = some_command();
    u8 sense[32], status = statuses[in_below(ARRAY_SIZE(statuses))], which = in_u8();
    u32 len = in_bytes(sense, sizeof(sense));
    if (which < ARRAY_SIZE(known)) {
        len = sizeof(known[which]);
        memcpy(sense, known[which], len);
    }
    if (!c || !peer.open)
        return;
    answered(c, scsi_judge(status, sense, len).error == OK); /* an error that was made good, too */
    peer_status(c->itt, status, sense, len);
}

/* A digest that will be wrong, where there are any. */
static void damage(void)
{
    static const u8 opcodes[] = {OPCODE_DATA_IN, OPCODE_SCSI_RSP, OPCODE_R2T, OPCODE_NOP_IN};
    u8 how = in_u8();
    peer.damage.opcode = opcodes[how & 3];
    peer.damage.header = how >> 2 & 1;
    peer.damage.after = how >> 3 & 3;
    peer.damage.count = 1 + (how >> 5);
}

/* More than find room to be answered. */
static void pings(void)
{
    u8 bhs[BHS_SIZE];
    for (u32 n = 1 + in_below(16); n && peer.open; n--) {
        peer_nop_in(bhs, n);
        send(bhs, NULL, 0);
    }
}

static void line(void)
{
    static const u8 reasons[] = {ERR_TCP_RESET, ERR_TCP_CLOSED, ERR_TCP_TIMEOUT};
    switch (in_below(9)) {
    case 0:
        if (peer.open)
            peer_lose(reasons[in_below(ARRAY_SIZE(reasons))]);
        break;
    case 1:
        peer.refuse = !peer.refuse;
        break;
    case 2:
        peer.deaf = !peer.deaf;
        break;
    case 3:
        mute = !mute;
        break;
    case 4:
        peer.segment = 1 + in_below(3000);
        break;
    case 5:
        damage();
        break;
    case 6:
        peer.no_abort = !peer.no_abort;
        break;
    case 7:
        pings();
        break;
    default:
        peer.send_space = in_u16();
    }
}

static void give_up(void)
{
    struct block_dev *dev = iscsi_disk();
    if (in_u8() < 0xf0)
        dev->ops->abort(dev);
    else
        iscsi_logout(host_now);
    CHECK(all_done());
}

static void pass_time(void)
{
    run(in_ms(&ms_left));
}

/* A Data-In whose second half comes only after something else has happened. */
static void halves(void)
{
    static void (*const between[])(void) = {redirect, give_up, pass_time, submit};
    struct command *c = some_command();
    u8 bhs[BHS_SIZE];
    if (!c || !c->waiting || c->opcode != SCSI_READ_10 || c->moved == c->len || !peer.open)
        return;
    u32 len = min_u32(PIECE_MIN + in_u16() % (DATA_MAX - PIECE_MIN), c->len - c->moved);
    u32 first = in_u16() % len;
    const u8 *data = disk_at(c, c->moved, len);
    peer_header(bhs, OPCODE_DATA_IN, 0, c->itt, false);
    put_be32(bhs + BHS_TTT, ISCSI_NO_TAG);
    put_be32(bhs + BHS_DATA_SN, c->sn++);
    put_be32(bhs + BHS_BUFFER_OFFSET, c->moved);
    c->moved += len;
    offer(peer.exp_cmd_sn, peer.exp_cmd_sn + peer.window - 1);
    cut(len);
    peer_send(bhs, data, len);
    peer_hold(len - first);
    run(0);
    between[in_below(ARRAY_SIZE(between))]();
    run(0);
    peer_hold(0);
}

/* A decent target from now on: everything ends. */
static void finish(void)
{
    peer.hook = NULL;
    decent = true;
    peer.refuse = peer.deaf = false;
    peer.damage.count = 0;
    peer.send_space = 65536;
    peer.segment = 1460;
    if (peer.open)
        peer_lose(ERR_TCP_RESET);
    CHECK(peer_run(LAST_MS, all_done));
    u8 *data = malloc(512);
    if (iscsi_state() != ISCSI_CLOSED)
        CHECK(peer_io(BLOCK_READ, PEER_BLOCKS - 1, 1, data) == OK &&
              !memcmp(data, peer.disk + sizeof(peer.disk) - 512, 512));
    free(data);
}

static void attach(void)
{
    static const u32 sizes[] = {8192, 512, 65536, 262144};
    u8 how = in_u8();
    peer_reset();
    peer.max_recv_data = sizes[how & 3];
    peer.max_burst = sizes[how >> 2 & 3];
    peer.first_burst = min_u32(sizes[how >> 4 & 3], min_u32(peer.max_burst, LOGIN_FIRST_BURST));
    peer.initial_r2t = how >> 6 & 1;
    peer.immediate = how >> 7;
    how = in_u8();
    peer.max_r2t = 1 + how % LOGIN_MAX_R2T;
    peer.window = how >> 3;
    if (how & 4) {
        how = in_u8();
        peer.header_digest = how & 1 ? "CRC32C" : NULL;
        peer.data_digest = how & 2 ? "CRC32C" : NULL;
    }
    CHECK(peer_attach() == ISCSI_READY);
    max_cmd_sn = peer.exp_cmd_sn + peer.window - 1;
    connects = peer.connects;
    command_count = submitted = 0;
    decent = mute = raw = false;
    memset(slots, 0, sizeof(slots));
    peer.hook = hook;
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {
        submit,    submit, decent_step, decent_step, some_pdu,        some_pdu, fail_command,
        raw_bytes, line,   give_up,     pass_time,   submit_nonsense, redirect, halves};
    attach();
    ms_left = MINUTES * 60000;
    for (u32 i = 0; i < STEPS && in_left(); i++) {
        steps[in_below(ARRAY_SIZE(steps))]();
        run(0);
    }
    finish();
    iscsi_logout(host_now);
    CHECK(all_done());
}
