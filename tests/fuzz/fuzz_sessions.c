/* Two disks, each of a target of its own: both are read and written, while what the input chooses
 * happens to one or the other. Each sector begins with a mark of its disk, so that data of one
 * which reach the other's memory, or its target, are seen. A request's buffer is its own to the
 * byte, and nobody's once it is done. At the end one target stays dead, and the other's requests
 * all end. */
#include "base/arith.h"
#include "base/bytes.h"
#include "input.h"
#include "iscsi/iscsi_peer.h"
#include "iscsi/scsi.h"
#include "platform_host.h"
#include <stdlib.h>
#include <string.h>

#define STEPS      96
#define MINUTES    5 /* that one input may last */
#define ATTACH_MS  20000
#define ALONE_MS   120000 /* for what is under way with the target that lives */
#define LAST_MS    1200000
#define SLOTS      4
#define SLOT_LBAS  48 /* each slot has blocks of its own: requests never overlap */
#define SECTOR     512
#define HELD_MOST  2000 /* bytes of answers that come before the rest */
#define MARK(disk) ((u8)(0xa0 + (disk)))

static struct disk {
    struct block_dev *dev;
    struct slot {
        struct block_req *req; /* NULL: free; it and its data are heap blocks */
        u8 seed;               /* of the data to write */
    } slots[SLOTS];
    u32 hold; /* so many bytes behind the next command come, and no more for now; 0: all */
} disks[PEERS];
static struct disk *disk; /* whose turn it is */
static u32 ms_left;

static void turn(u32 which)
{
    disk = &disks[which];
    peer_turn(which);
}

/* The disk whose turn it is. */
static u32 number(void)
{
    return (u32)(disk - disks);
}

static void put_marks(u8 *data, u32 sectors)
{
    for (u32 i = 0; i < sectors; i++)
        data[i * SECTOR] = MARK(number());
}

static bool has_marks(const u8 *data, u32 sectors)
{
    u32 i = 0;
    while (i < sectors && data[i * SECTOR] == MARK(number()))
        i++;
    return i == sectors;
}

/* --- Above --- */

/* Another session may be the one that is selected when a device is asked. */
static void select_any(void)
{
    iscsi_select(in_below(PEERS));
}

static void submit(void)
{
    struct slot *s = &disk->slots[in_below(SLOTS)];
    u8 how = in_u8();
    u32 count = 1 + in_below(SLOT_LBAS);
    if (s->req)
        return;
    struct block_req *req = calloc(1, sizeof(*req));
    req->op = how % 8 == 0 ? BLOCK_FLUSH : how & 1 ? BLOCK_READ : BLOCK_WRITE;
    req->lba = (u32)(s - disk->slots) * SLOT_LBAS;
    if (req->op != BLOCK_FLUSH) {
        req->count = count;
        req->data = malloc(count * SECTOR);
        memset(req->data, how, count * SECTOR);
    }
    if (req->op == BLOCK_WRITE)
        put_marks(req->data, count);
    *s = (struct slot){.req = req, .seed = how};
    select_any();
    disk->dev->ops->submit(disk->dev, req);
}

/* A read's data is to go elsewhere from now on: its old buffer is gone. */
static void redirect(void)
{
    struct slot *s = &disk->slots[in_below(SLOTS)];
    if (!s->req || s->req->op != BLOCK_READ || s->req->done)
        return;
    u8 *old = s->req->data, *data = malloc(s->req->count * SECTOR);
    select_any();
    disk->dev->ops->redirect(disk->dev, s->req, data);
    CHECK(s->req->data == data);
    free(old);
}

static void end(struct slot *s)
{
    struct block_req *req = s->req;
    const u8 *there = peer.disk + req->lba * SECTOR;
    if (req->status == OK && req->op != BLOCK_FLUSH) {
        CHECK(has_marks(req->data, req->count));
        CHECK(!memcmp(req->data, there, req->count * SECTOR));
    }
    if (req->status == OK && req->op == BLOCK_WRITE)
        CHECK(there[1] == s->seed);
    free(req->data);
    free(req);
    s->req = NULL;
}

/* Take what is done of the disk; false: something is not. */
static bool reap(void)
{
    bool all = true;
    for (struct slot *s = disk->slots; s < disk->slots + SLOTS; s++) {
        if (s->req && s->req->done)
            end(s);
        all &= !s->req;
    }
    return all;
}

static bool all_done(void)
{
    u32 now = number();
    bool all = true;
    for (u32 which = 0; which < PEERS; which++) {
        turn(which);
        all &= reap();
    }
    turn(now);
    return all;
}

/* Of the disk whose turn it is. */
static bool its_done(void)
{
    peer_turn(number());
    return reap();
}

static void run(u32 ms)
{
    peer_run(ms, NULL);
    all_done();
}

/* As by Esc. The other's stay under way. */
static void give_up(void)
{
    struct disk *other = &disks[!number()];
    bool had[SLOTS];
    for (u32 i = 0; i < SLOTS; i++)
        had[i] = other->slots[i].req && !other->slots[i].req->done;
    select_any();
    disk->dev->ops->abort(disk->dev);
    CHECK(its_done());
    for (u32 i = 0; i < SLOTS; i++)
        CHECK(!had[i] || !other->slots[i].req->done);
}

/* --- The targets --- */

/* Takes nothing over: the next answers are to come in two parts. */
static bool hook(const struct peer_pdu *p)
{
    struct disk *of = &disks[the_peer - peers];
    if (of->hold && peer_opcode(p) == OPCODE_SCSI_CMD)
        peer_hold(-of->hold);
    of->hold = 0;
    return false;
}

static void hold(void)
{
    disk->hold = 1 + in_below(HELD_MOST);
}

static void let_go(void)
{
    peer_hold(0);
}

static void lose(void)
{
    static const u8 reasons[] = {ERR_TCP_RESET, ERR_TCP_CLOSED, ERR_TCP_TIMEOUT};
    u8 reason = reasons[in_below(ARRAY_SIZE(reasons))];
    if (peer.open)
        peer_lose(reason);
}

static void change_manners(void)
{
    switch (in_below(5)) {
    case 0:
        peer.mute = !peer.mute;
        break;
    case 1:
        peer.refuse = !peer.refuse;
        break;
    case 2:
        peer.deaf = !peer.deaf;
        break;
    case 3:
        peer.segment = 1 + in_below(3000);
        break;
    default:
        peer.no_abort = !peer.no_abort;
    }
}

static void fail_commands(void)
{
    static const u8 opcodes[] = {SCSI_READ_10, SCSI_WRITE_10};
    static const u8 statuses[] = {SCSI_CHECK_CONDITION, SCSI_STATUS_BUSY, SCSI_TASK_SET_FULL,
                                  SCSI_RESERVED};
    peer.fail.opcode = opcodes[in_below(ARRAY_SIZE(opcodes))];
    peer.fail.status = statuses[in_below(ARRAY_SIZE(statuses))];
    peer.fail.key = (u8)(2 + in_below(14)); /* 0 and 1 are of commands that have done their work */
    peer.fail.asc = in_u8();
    peer.fail.count = 1 + in_below(4);
}

/* A PDU of no kind that there is. */
static void nonsense(void)
{
    u8 bhs[BHS_SIZE];
    if (!peer.open)
        return;
    peer_header(bhs, 0x3f, in_u8(), ISCSI_NO_TAG, false);
    peer_send(bhs, NULL, 0);
}

static void pass_time(void)
{
    run(in_ms(&ms_left));
}

static void other_turn(void)
{
    turn(!number());
}

/* --- All of it --- */

static bool both_ready(void)
{
    bool ready = true;
    for (u32 which = 0; which < PEERS; which++) {
        iscsi_select(which);
        ready &= iscsi_state() == ISCSI_READY;
    }
    return ready;
}

static void attach(void)
{
    peer_reset();
    memset(disks, 0, sizeof(disks));
    for (u32 which = 0; which < PEERS; which++) {
        turn(which);
        u8 how = in_u8();
        put_marks(peer.disk, SLOTS * SLOT_LBAS);
        peer.initial_r2t = how & 1;
        peer.immediate = how >> 1 & 1;
        peer.first_burst = peer.max_burst = how & 4 ? 262144 : 8192;
        peer.first_burst = min_u32(peer.first_burst, LOGIN_FIRST_BURST);
        peer.window = 1 + (how >> 3);
        peer.forgives = true;
        peer.hook = hook;
        peer_config.paths->server.name[7] = (char)('1' + which);
        peer_config.isid[3] = (u8)which;
        iscsi_attach(&peer_config, ATTACH_MS, host_now);
    }
    CHECK(peer_run(ATTACH_MS, both_ready));
    for (u32 which = 0; which < PEERS; which++) {
        turn(which);
        disk->dev = iscsi_disk();
    }
}

static void heal(void)
{
    peer.refuse = peer.deaf = false;
    peer.fail.count = 0;
    disk->hold = 0;
    peer_hold(0);
    if (peer.mute && peer.open) /* what it took is lost */
        peer_lose(ERR_TCP_RESET);
    peer.mute = false;
}

/* One dies, and the other lives; then both do. */
static void finish(void)
{
    turn(in_below(PEERS));
    peer.mute = peer.deaf = true;
    other_turn();
    heal();
    CHECK(peer_run(ALONE_MS, its_done));
    peer_turn(number());
    u8 *data = malloc(SECTOR);
    CHECK(peer_io(BLOCK_READ, 0, 1, data) == OK && has_marks(data, 1));
    free(data);
    other_turn();
    heal();
    CHECK(peer_run(LAST_MS, all_done));
    for (u32 which = 0; which < PEERS; which++) {
        turn(which);
        CHECK(has_marks(peer.disk, SLOTS * SLOT_LBAS));
        iscsi_logout(host_now);
    }
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {
        submit,   submit,  submit, other_turn,     other_turn,    hold,     let_go,
        redirect, give_up, lose,   change_manners, fail_commands, nonsense, pass_time};
    attach();
    ms_left = MINUTES * 60000;
    for (u32 i = 0; i < STEPS && in_left(); i++) {
        steps[in_below(ARRAY_SIZE(steps))]();
        peer_turn(number());
        run(0);
    }
    finish();
}
