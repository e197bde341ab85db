/* The sessions' state, and which of them it is about. */
#include "iscsi/conn.h"
#include "iscsi/holder.h"
#include "iscsi/login.h"
#include "iscsi/lun.h"
#include "iscsi/path.h"
#include "iscsi/probe.h"
#include "iscsi/session_internal.h"
#include "iscsi/task.h"
#include "san/rounds.h"

static struct session sessions[SAN_DISKS];
struct session *session = sessions;

void iscsi_select(u32 disk)
{
    if (session == &sessions[disk])
        return;
    session = &sessions[disk];
    session->disk.number = (u8)disk;
    conn_select(disk);
    holder_select(disk);
    login_select(disk);
    lun_select(disk);
    path_select(disk);
    probe_select(disk);
    rounds_select(disk);
    task_select(disk);
}

void session_select(struct block_dev *disk)
{
    iscsi_select(disk->number);
}

bool iscsi_is_twin(void)
{
    const struct session *s = sessions;
    while (s < session && s->identity != session->identity)
        s++;
    return s < session && session->identity;
}

CALLED void session_enter(enum phase next, u32 ms, msec now)
{
    session->phase = next;
    session->phase_end = now + ms;
}

bool session_has_commands(void)
{
    return session->phase == PHASE_PROBE || session->phase == PHASE_READY;
}
