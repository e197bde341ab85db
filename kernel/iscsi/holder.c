/* Who holds a reservation of our LUN: PERSISTENT RESERVE IN (SPC-4, 6.15), READ FULL STATUS, which
 * names initiators, else READ RESERVATION, which only knows a key. */
#include "iscsi/holder.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/print.h"
#include "base/str.h"
#include "iscsi/task.h"
#include "san/disks.h"

#define HEADER           8 /* PRgeneration, length of what follows */
#define HEADER_LENGTH    4

/* A full status descriptor (6.15.5). */
#define FULL             24
#define FULL_FLAGS       12
#define FULL_LENGTH      20
#define FULL_HOLDER      0x01

/* The TransportID in it, of an iSCSI initiator (7.6.4.6): its name, in the longer of two formats
 * with ",i,0x" and the ISID behind it; zeros fill it up. */
#define ID_FORMAT        0
#define ID_LENGTH        2
#define ID_NAME          4
#define ID_PROTOCOL_MASK 0x0f
#define ID_ISCSI         0x05

static struct holder {
    u8 action; /* that is under way; 0: none */
    bool asked;
    char text[HOLDER_TEXT];
    u8 answer[2048];
} holders[SAN_DISKS], *holder = holders;

void holder_select(u32 disk)
{
    holder = &holders[disk];
}

static void ask(u8 service_action)
{
    struct scsi_command c = {
        .cdb = {SCSI_PERSISTENT_RESERVE_IN, service_action},
        .direction = SCSI_CMD_READ,
        .data = holder->answer,
        .len = sizeof(holder->answer),
        .partial = true,
        .urgent = true,
        .owner = holder->answer,
    };
    put_be16(c.cdb + 7, sizeof(holder->answer));
    holder->action = task_submit(&c) ? service_action : 0;
}

void holder_forget(void)
{
    holder->action = 0;
    holder->asked = false;
}

bool holder_ask(void)
{
    if (holder->asked)
        return false;
    holder->asked = true;
    ask(READ_FULL_STATUS);
    return true;
}

/* The name of a TransportID of so many bytes. */
static void take_name(const u8 *id, u32 len)
{
    if (len < ID_NAME || (id[ID_FORMAT] & ID_PROTOCOL_MASK) != ID_ISCSI)
        return;
    u32 size = min_u32(min_u32(get_be16(id + ID_LENGTH), len - ID_NAME), sizeof(holder->text) - 1),
        n = 0;
    for (; n < size && id[ID_NAME + n] && id[ID_NAME + n] != ','; n++)
        holder->text[n] = (char)id[ID_NAME + n];
    holder->text[n] = 0;
    text_clean(holder->text);
}

static void take_full_status(const u8 *p, u32 left)
{
    u32 len;
    for (; left >= FULL && !holder->text[0]; p += FULL + len, left -= FULL + len) {
        len = min_u32(get_be32(p + FULL_LENGTH), left - FULL);
        if (p[FULL_FLAGS] & FULL_HOLDER)
            take_name(p + FULL, len);
    }
}

static void take_reservation(const u8 *p, u32 left)
{
    if (left >= 8)
        format_text(holder->text, sizeof(holder->text), "key %08x%08x", get_be32(p),
                    get_be32(p + 4));
}

bool holder_done(void)
{
    struct task_result r;
    while (holder->action && task_take_result(true, &r)) {
        u8 was = holder->action;
        u32 len = !r.status && r.moved >= HEADER ? r.moved - HEADER : 0;
        len = min_u32(len, get_be32(holder->answer + HEADER_LENGTH));
        holder->action = 0;
        holder->text[0] = 0;
        if (was == READ_RESERVATION)
            take_reservation(holder->answer + HEADER, len);
        else
            take_full_status(holder->answer + HEADER, len);
        if (was == READ_FULL_STATUS && !holder->text[0])
            ask(READ_RESERVATION);
    }
    return !holder->action;
}

const char *holder_text(void)
{
    return holder->text;
}
