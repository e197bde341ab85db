/* Asking a LUN what it is, and who. */
#include "iscsi/probe.h"

#include "base/bytes.h"
#include "base/format.h"
#include "base/str.h"
#include "iscsi/alua.h"
#include "iscsi/lun_list.h"
#include "iscsi/task.h"
#include "iscsi/vpd.h"
#include "san/disks.h"

#define BLOCK_LEAST       512
#define MOST_LUNS         1024
#define INQUIRY_LENGTH    36
#define INQUIRY_VPD       1
#define TYPE              0x1f /* peripheral device type: the low bits of INQUIRY data */
#define TYPE_DISK         0x00
#define TYPE_CD           0x05
#define CAPACITY_TRIES    10

/* Parameter data of READ CAPACITY(16) (SBC-3, 5.16.2). Who does not know it has nothing to say of
 * its medium, and less than 2 TiB. */
#define CAPACITY_SIZE     8
#define CAPACITY_EXPONENT 13 /* low four bits: 2^n blocks are one of the medium */
#define CAPACITY_ALIGNED  14 /* low 14 bits */

#define WRITE_PROTECT                                                                              \
    0x80 /* of a disk's device-specific parameter in MODE SENSE (SBC-3, 6.4.1)                     \
          */

/* Vital product data pages (SPC-4, 7.8). */
#define VPD_SERIAL      0x80
#define VPD_DESIGNATORS 0x83

/* The first are sent together, each of the others when another is over. */
enum step {
    REPORT_LUNS,
    INQUIRY,
    SERIAL,
    DESIGNATORS,
    READY,
    CAPACITY_10,
    MODE_SENSE,
    CAPACITY_16,
    TOGETHER,
    PORT_GROUPS = TOGETHER,
    INQUIRY_LUN_0,
    STEPS
};

static struct probe {
    struct result {
        enum error error;
        u32 received;
    } result[STEPS];
    u32 under_way;
    u32 capacity_asked[2];              /* again, by READ CAPACITY(10) and (16) */
    u8 asked[LUN_SIZE], form[LUN_SIZE]; /* the LUN, as asked for, and as it is on the wire */
    bool with_groups;                   /* ask for port groups where there are any */
    bool lun_0_asked;
    /* Allocation lengths are also the buffers' sizes. */
    u8 inquiry[INQUIRY_LENGTH], inquiry_lun_0[INQUIRY_LENGTH];
    u8 capacity[8], capacity_16[32], mode[192];
    u8 serial[256], designators[512], port_groups[1024];
    u8 luns[LUN_LIST_SIZE(MOST_LUNS)];
} probes[SAN_DISKS], *probe = probes;

void probe_select(u32 disk)
{
    probe = &probes[disk];
}

#define PLACE(data) offsetof(struct probe, data), sizeof(((struct probe *)0)->data)

static const struct {
    u16 data; /* where in struct probe */
    u16 size;
    u8 opcode, byte_1, byte_2;
    u8 length_at; /* where a CDB holds the low byte of the allocation length; 0: nowhere */
} steps[STEPS] = {
    [REPORT_LUNS] = {PLACE(luns), SCSI_REPORT_LUNS, 0, 0, 9},
    [INQUIRY] = {PLACE(inquiry), SCSI_INQUIRY, 0, 0, 4},
    [SERIAL] = {PLACE(serial), SCSI_INQUIRY, INQUIRY_VPD, VPD_SERIAL, 4},
    [DESIGNATORS] = {PLACE(designators), SCSI_INQUIRY, INQUIRY_VPD, VPD_DESIGNATORS, 4},
    [READY] = {0, 0, SCSI_TEST_UNIT_READY, 0, 0, 0},
    [CAPACITY_10] = {PLACE(capacity), SCSI_READ_CAPACITY_10, 0, 0, 0},
    [MODE_SENSE] = {PLACE(mode), SCSI_MODE_SENSE_6, 0, 0x3f /* all pages */, 4},
    [CAPACITY_16] = {PLACE(capacity_16), SCSI_SERVICE_IN_16, SCSI_READ_CAPACITY_16, 0, 13},
    [PORT_GROUPS] = {PLACE(port_groups), SCSI_MAINTENANCE_IN, SCSI_REPORT_GROUPS, 0, 9},
    [INQUIRY_LUN_0] = {PLACE(inquiry_lun_0), SCSI_INQUIRY, 0, 0, 4},
};

_Static_assert(TOGETHER <= TASKS_URGENT, "all can be under way");

static u8 *answer(u8 step)
{
    return (u8 *)probe + steps[step].data;
}

static void ask(u8 step)
{
    struct scsi_command c = {
        .cdb = {steps[step].opcode, steps[step].byte_1, steps[step].byte_2},
        .direction = SCSI_CMD_READ,
        .data = answer(step),
        .len = steps[step].size,
        .partial = true,
        .urgent = true,
        .lun0 = step == REPORT_LUNS || step == INQUIRY_LUN_0,
        .owner = &probe->result[step],
    };
    u8 at = steps[step].length_at;
    if (at)
        put_be16(c.cdb + at - 1, steps[step].size);
    memset(c.data, 0, c.len);
    probe->under_way++;
    task_submit(&c);
}

static void ask_our_lun(void)
{
    memset(probe->result + INQUIRY, 0, sizeof(probe->result) - INQUIRY * sizeof(*probe->result));
    memset(probe->capacity_asked, 0, sizeof(probe->capacity_asked));
    probe->lun_0_asked = false;
    task_set_lun(probe->form);
    for (u8 step = INQUIRY; step < TOGETHER; step++)
        ask(step);
}

void probe_start(const u8 lun[LUN_SIZE], bool other_ways)
{
    memcpy(probe->asked, lun, sizeof(probe->asked));
    lun_form(probe->form, lun);
    probe->with_groups = other_ways;
    probe->under_way = 0;
    ask(REPORT_LUNS);
    ask_our_lun();
}

static struct lun_list list(void)
{
    const struct result *r = &probe->result[REPORT_LUNS];
    return lun_list(probe->luns, r->error ? 0 : r->received);
}

/* Does a whole list of LUNs do without ours? */
static bool not_in_list(void)
{
    struct lun_list l = list();
    u8 listed[LUN_SIZE];
    return l.whole && !lun_list_form(&l, probe->asked, listed);
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

/* The peripheral qualifier of INQUIRY data: there is no such LUN, or nothing behind it. */
static bool is_no_lun(const u8 *data)
{
    return data[0] >> 5 == 1 || data[0] >> 5 == 3;
}

static enum error judge_inquiry(struct lun_found *found)
{
    if (probe->result[INQUIRY].error)
        return probe->result[INQUIRY].error;
    if (probe->result[INQUIRY].received < INQUIRY_LENGTH)
        return ERR_SCSI;
    if (is_no_lun(probe->inquiry))
        return ERR_LUN_NOT_FOUND;
    u8 type = probe->inquiry[0] & TYPE;
    if (type != TYPE_DISK && type != TYPE_CD)
        return ERR_LUN_NOT_DISK;
    found->cd = type == TYPE_CD;
    text(found->vendor, probe->inquiry + 8, 8);
    text(found->product, probe->inquiry + 16, 16);
    return OK;
}

static enum error judge_capacity(struct lun_found *found)
{
    u8 step = CAPACITY_10;
    u64 last = get_be32(probe->capacity);
    const u8 *block_size = probe->capacity + 4;
    if (last == UINT32_MAX) {
        step = CAPACITY_16;
        last = get_be64(probe->capacity_16);
        block_size = probe->capacity_16 + CAPACITY_SIZE;
    }
    if (probe->result[step].error)
        return probe->result[step].error;
    if (probe->result[step].received < (step == CAPACITY_10 ? 8u : 12u))
        return ERR_SCSI;
    found->blocks = last + 1;
    found->block_size = get_be32(block_size);
    if (!found->blocks)
        return ERR_LUN_EMPTY;
    found->physical = 1u << (probe->capacity_16[CAPACITY_EXPONENT] & 15);
    found->aligned = get_be16(probe->capacity_16 + CAPACITY_ALIGNED) & 0x3fff;
    u32 size = found->block_size;
    bool good = size >= BLOCK_LEAST && size <= BLOCK_MOST && !(size & (size - 1));
    return good ? OK : ERR_LUN_BLOCK_SIZE;
}

static struct vpd_page page(u8 step)
{
    return (struct vpd_page){answer(step),
                             probe->result[step].error ? 0 : probe->result[step].received};
}

enum error probe_verdict(struct lun_found *found)
{
    const struct result *groups = &probe->result[PORT_GROUPS];
    struct vpd_page names = page(DESIGNATORS), number = page(SERIAL);
    memset(found, 0, sizeof(*found));
    found->identity = vpd_identity(&names, &number);
    found->better_elsewhere =
        !groups->error && alua_better_elsewhere(probe->port_groups, groups->received, &names);
    enum error e = judge_inquiry(found);
    if (!e)
        e = probe->result[READY].error;
    if (!e)
        e = judge_capacity(found);
    if ((e == ERR_SCSI || e == ERR_BAD_REQUEST) && not_in_list())
        e = ERR_LUN_NOT_FOUND;
    /* By which command another's exclusive access shows differs: at LIO it is MODE SENSE. */
    for (u32 step = INQUIRY; step <= MODE_SENSE && !e; step++)
        if (probe->result[step].error == ERR_LUN_RESERVED)
            e = ERR_LUN_RESERVED;
    /* Who does not know MODE SENSE will refuse the writes themselves. */
    found->read_only =
        found->cd || (!probe->result[MODE_SENSE].error && probe->result[MODE_SENSE].received >= 4 &&
                      (probe->mode[2] & WRITE_PROTECT));
    return e == ERR_BAD_REQUEST ? ERR_SCSI : e;
}

static bool lists_lun_0_alone(const struct lun_list *l)
{
    return l->whole && l->count == 1 && lun_number(l->luns) == 0;
}

void probe_luns_text(char text[PROBE_LUNS_TEXT])
{
    static const char there[] = "LUNs there: ";
    struct lun_list l = list();
    *text = 0;
    if ((l.whole && !l.count) ||
        (lists_lun_0_alone(&l) && probe->lun_0_asked && is_no_lun(probe->inquiry_lun_0))) {
        format_text(text, PROBE_LUNS_TEXT, "no LUN is given to our name there");
    } else if (l.count) {
        memcpy(text, there, sizeof(there));
        lun_list_text(&l, text + sizeof(there) - 1);
    }
}

/* A CLARiiON has said GOOD and nothing more while it had a unit attention to tell. */
static void ask_capacity_again(u8 step)
{
    const struct result *r = &probe->result[step];
    if (!r->error && r->received < sizeof(probe->capacity) &&
        ++probe->capacity_asked[step == CAPACITY_16] < CAPACITY_TRIES)
        ask(step);
}

/* When the list has our LUN in another form than it was asked in, that is taken: always where the
 * wrong one may mean another LUN, else where it was of no use. */
static bool ask_as_listed(const struct lun_list *l, enum error e)
{
    u8 listed[LUN_SIZE];
    bool of_use = e != ERR_LUN_NOT_FOUND && e != ERR_SCSI && lun_number(probe->asked) <= UINT8_MAX;
    if (of_use || !lun_list_form(l, probe->asked, listed) ||
        memcmp(listed, probe->form, LUN_SIZE) == 0)
        return false;
    lun_set_form(probe->asked, listed);
    lun_form(probe->form, probe->asked);
    ask_our_lun();
    return true;
}

/* Everything is there: is there more to ask? */
static void ask_on(void)
{
    struct lun_found found;
    struct lun_list l = list();
    enum error e = probe_verdict(&found);
    if (ask_as_listed(&l, e))
        return;
    if (e == ERR_LUN_NOT_FOUND && !probe->lun_0_asked && lists_lun_0_alone(&l)) {
        probe->lun_0_asked = true;
        ask(INQUIRY_LUN_0);
    }
}

bool probe_done(void)
{
    struct task_result r;
    while (task_take_result(true, &r)) {
        struct result *of = r.owner;
        of->error = r.status;
        of->received = r.moved;
        probe->under_way--;
        if (of == &probe->result[CAPACITY_10])
            ask_capacity_again(CAPACITY_10);
        if (of == &probe->result[CAPACITY_16])
            ask_capacity_again(CAPACITY_16);
        if (of == &probe->result[INQUIRY] && probe->with_groups && !r.status &&
            alua_has_groups(probe->inquiry, r.moved))
            ask(PORT_GROUPS);
        if (!probe->under_way)
            ask_on();
    }
    return !probe->under_way;
}
