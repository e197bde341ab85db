/* Why the disk lets us wait. */
#include "handoff/waiting.h"

#include "base/error.h"
#include "base/format.h"
#include "base/str.h"
#include "disk/patience.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "net/port.h"
#include "san/san.h"

#define NAME_ROOM 32 /* characters of PATIENCE_TEXT */

static struct block_dev *waited_for;

static void select_disk(void)
{
    u32 i = SAN_DISKS;
    do
        san_select(--i);
    while (i && san_disk() != waited_for);
}

/* The nearest reason counts. */
static enum error trouble(void)
{
    u8 mac[6];
    enum error e = san_error();
    if (!net_device()->link_up)
        return ERR_NIC_NO_LINK;
    if (arp_conflict(mac))
        return ERR_ADDRESS_IN_USE;
    /* Our address stays as it is without a lease, but the network may have given it up. */
    if (error_is_network(e) && dhcp_state() == DHCP_FAILED)
        return ERR_DHCP_LEASE;
    return e;
}

/* As much of a long name as there is room for: its end tells most. */
static const char *end_of(const char *name)
{
    u32 len = strlen(name);
    return len > NAME_ROOM ? name + len - NAME_ROOM : name;
}

static void describe(char *text)
{
    static const char server[] = "the server";
    char where[SAN_WHERE_TEXT];
    select_disk();
    enum error e = trouble();
    const char *what = error_text(e);
    san_where_text(where);
    const char *holder = san_holder();
    if (*holder && e == ERR_LUN_RESERVED)
        format_text(text, PATIENCE_TEXT, "lunboot: E%u reserved by %s", e, end_of(holder));
    else if (!e)
        format_text(text, PATIENCE_TEXT, "lunboot: waiting for %s", where);
    else if (str_starts(what, server)) /* here it has a name */
        format_text(text, PATIENCE_TEXT, "lunboot: E%u %s%s", e, where, what + sizeof(server) - 1);
    else
        format_text(text, PATIENCE_TEXT, "lunboot: E%u %s, %s", e, where, what);
}

void waiting_begin(struct block_dev *disk)
{
    waited_for = disk;
    patience_begin(disk, describe);
}

void waiting_end(void)
{
    patience_end();
}
