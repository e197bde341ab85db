/* Asking a LUN what it is, and who. */
#include "iscsi/probe.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/print.h"
#include "base/str.h"
#include "iscsi/task.h"

#define BLOCK_SIZE     512
#define LUN_LIST       8 /* bytes before the first LUN of a REPORT LUNS answer */
#define INQUIRY_LENGTH 36
#define INQUIRY_VPD    1
#define CAPACITY_TRIES 10
#define WRITE_PROTECT                                                                              \
    0x80 /* of a disk's device-specific parameter in MODE SENSE (SBC-3, 6.4.1)                     \
          */

/* Vital product data pages (SPC-4, 7.8). */
#define VPD_SERIAL      0x80
#define VPD_DESIGNATORS 0x83
#define VPD_LENGTH      2
#define VPD_HEADER      4

/* The types of a designator (SPC-4, 7.8.6) that name a logical unit for the whole world: T10
 * vendor, EUI-64, NAA, SCSI name string. */
#define NAMING_TYPES    (1u << 1 | 1u << 2 | 1u << 3 | 1u << 8)

enum step {
    REPORT_LUNS,
    INQUIRY,
    SERIAL,
    DESIGNATORS,
    READY,
    CAPACITY_10,
    MODE_SENSE,
    CAPACITY_16,
    STEPS
};

/* Allocation lengths are also the buffers' sizes. */
static u8 luns[LUN_LIST + 64 * 8], inquiry[INQUIRY_LENGTH], capacity[8], mode[192], capacity_16[32];
static u8 serial[VPD_HEADER + 252], designators[512];

static const struct {
    u8 *data;
    u16 size;
    u8 opcode, byte_1, byte_2;
    u8 length_at; /* where a CDB holds the low byte of the allocation length; 0: nowhere */
} steps[STEPS] = {
    [REPORT_LUNS] = {luns, sizeof(luns), SCSI_REPORT_LUNS, 0, 0, 9},
    [INQUIRY] = {inquiry, sizeof(inquiry), SCSI_INQUIRY, 0, 0, 4},
    [SERIAL] = {serial, sizeof(serial), SCSI_INQUIRY, INQUIRY_VPD, VPD_SERIAL, 4},
    [DESIGNATORS] = {designators, sizeof(designators), SCSI_INQUIRY, INQUIRY_VPD, VPD_DESIGNATORS,
                     4},
    [READY] = {NULL, 0, SCSI_TEST_UNIT_READY, 0, 0, 0},
    [CAPACITY_10] = {capacity, sizeof(capacity), SCSI_READ_CAPACITY_10, 0, 0, 0},
    [MODE_SENSE] = {mode, sizeof(mode), SCSI_MODE_SENSE_6, 0, 0x3f /* all pages */, 4},
    [CAPACITY_16] = {capacity_16, sizeof(capacity_16), SCSI_SERVICE_IN_16, SCSI_READ_CAPACITY_16, 0,
                     13},
};

static struct result {
    enum error error;
    u32 received;
} result[STEPS];
static u32 under_way, capacity_asked;
static u8 lun[8];

_Static_assert(STEPS <= TASKS_URGENT, "all can be under way");

static void ask(u8 step)
{
    struct scsi_command c = {
        .cdb = {steps[step].opcode, steps[step].byte_1, steps[step].byte_2},
        .direction = SCSI_CMD_READ,
        .data = steps[step].data,
        .len = steps[step].size,
        .partial = true,
        .urgent = true,
        .lun0 = step == REPORT_LUNS,
        .owner = &result[step],
    };
    u8 at = steps[step].length_at;
    if (at)
        put_be16(c.cdb + at - 1, steps[step].size);
    if (steps[step].data)
        memset(steps[step].data, 0, steps[step].size);
    under_way++;
    task_submit(&c);
}

void probe_start(const u8 our_lun[8])
{
    memcpy(lun, our_lun, sizeof(lun));
    memset(result, 0, sizeof(result));
    under_way = capacity_asked = 0;
    for (u8 step = 0; step < CAPACITY_16; step++)
        ask(step);
}

/* Two ways to write a LUN below 256 (SAM-5, 4.7): peripheral device and flat space addressing. */
static bool same_lun(const u8 *a, const u8 *b)
{
    u8 first_a = (a[0] & 0xc0) == 0x40 ? a[0] & 0x3f : a[0];
    u8 first_b = (b[0] & 0xc0) == 0x40 ? b[0] & 0x3f : b[0];
    return first_a == first_b && memcmp(a + 1, b + 1, 7) == 0;
}

/* Does a whole list of LUNs do without ours? */
static bool not_in_list(void)
{
    u32 got = result[REPORT_LUNS].received, len = get_be32(luns);
    if (result[REPORT_LUNS].error || got < LUN_LIST || len > got - LUN_LIST)
        return false;
    for (u32 at = 0; at + 8 <= len; at += 8)
        if (same_lun(luns + LUN_LIST + at, lun))
            return false;
    return true;
}

/* A text of INQUIRY data: without trailing spaces, fit for the screen. */
static void text(char *to, const u8 *from, u32 len)
{
    while (len && (from[len - 1] == ' ' || !from[len - 1]))
        len--;
    for (u32 i = 0; i < len; i++)
        to[i] = from[i] ? (char)from[i] : ' ';
    to[len] = 0;
    text_clean(to);
}

static enum error judge_inquiry(struct lun_found *found)
{
    if (result[INQUIRY].error)
        return result[INQUIRY].error;
    if (result[INQUIRY].received < INQUIRY_LENGTH)
        return ERR_SCSI;
    u8 qualifier = inquiry[0] >> 5;
    if (qualifier == 1 || qualifier == 3)
        return ERR_LUN_NOT_FOUND;
    if ((inquiry[0] & 0x1f) != 0)
        return ERR_LUN_NOT_DISK;
    text(found->vendor, inquiry + 8, 8);
    text(found->product, inquiry + 16, 16);
    return OK;
}

static enum error judge_capacity(struct lun_found *found)
{
    u8 step = CAPACITY_10;
    u64 last = get_be32(capacity);
    const u8 *block_size = capacity + 4;
    if (last == UINT32_MAX) {
        step = CAPACITY_16;
        last = get_be64(capacity_16);
        block_size = capacity_16 + 8;
    }
    if (result[step].error)
        return result[step].error;
    if (result[step].received < (step == CAPACITY_10 ? 8u : 12u))
        return ERR_SCSI;
    found->blocks = last + 1;
    found->block_size = get_be32(block_size);
    if (!found->blocks)
        return ERR_LUN_EMPTY;
    return found->block_size == BLOCK_SIZE ? OK : ERR_LUN_BLOCK_SIZE;
}

/* The length of a VPD page's content, as far as it is there; 0: there is no such page. */
static u32 page_length(u8 step)
{
    u32 got = result[step].received;
    if (result[step].error || got < VPD_HEADER)
        return 0;
    return min_u32(got - VPD_HEADER, get_be16(steps[step].data + VPD_LENGTH));
}

/* FNV-1a: two disks of one house look alike once in four thousand million. */
static u32 fingerprint(u32 salt, const u8 *p, u32 len)
{
    u32 hash = 0x811c9dc5 + salt;
    for (; len; len--)
        hash = (hash ^ *p++) * 0x01000193;
    return hash;
}

static u32 identity(void)
{
    u32 sum = 0;
    u32 left = page_length(DESIGNATORS), len;
    for (const u8 *d = designators + VPD_HEADER; left >= 4 && (len = d[3]) <= left - 4;
         d += 4 + len, left -= 4 + len) {
        u8 association = d[1] >> 4 & 3, type = d[1] & 0x0f;
        if (!association && (NAMING_TYPES >> type & 1))
            sum += fingerprint(type, d + 4, len);
    }
    len = page_length(SERIAL);
    return sum || !len ? sum : fingerprint(VPD_SERIAL, serial + VPD_HEADER, len);
}

enum error probe_verdict(struct lun_found *found)
{
    memset(found, 0, sizeof(*found));
    found->identity = identity();
    enum error e = judge_inquiry(found);
    if (!e)
        e = result[READY].error;
    if (!e)
        e = judge_capacity(found);
    if ((e == ERR_SCSI || e == ERR_BAD_REQUEST) && not_in_list())
        e = ERR_LUN_NOT_FOUND;
    /* By which command another's exclusive access shows differs: at LIO it is MODE SENSE. */
    for (u32 step = INQUIRY; step <= MODE_SENSE && !e; step++)
        if (result[step].error == ERR_LUN_RESERVED)
            e = ERR_LUN_RESERVED;
    /* Who does not know MODE SENSE will refuse the writes themselves. */
    found->read_only =
        !result[MODE_SENSE].error && result[MODE_SENSE].received >= 4 && (mode[2] & WRITE_PROTECT);
    return e == ERR_BAD_REQUEST ? ERR_SCSI : e;
}

/* The capacity has been told, or not: what is there to ask behind it? */
static void ask_on(void)
{
    const struct result *r = &result[CAPACITY_10];
    if (r->error)
        return;
    /* A CLARiiON has said GOOD and nothing more while it had a unit attention to tell. */
    if (r->received < sizeof(capacity) && ++capacity_asked < CAPACITY_TRIES)
        ask(CAPACITY_10);
    else if (r->received >= 4 && get_be32(capacity) == UINT32_MAX)
        ask(CAPACITY_16);
}

bool probe_done(void)
{
    struct task_result r;
    while (task_take_result(true, &r)) {
        struct result *of = r.owner;
        of->error = r.status;
        of->received = r.moved;
        under_way--;
        if (of == &result[CAPACITY_10])
            ask_on();
    }
    return !under_way;
}
