/* The table of paths. */
#include "iscsi/path.h"

#include "base/str.h"
#include "san/disks.h"
#include "san/rounds.h"

#define PATHS 8 /* set and learned */

static struct iscsi_path tables[SAN_DISKS][PATHS], *table = tables[0];

void path_select(u32 disk)
{
    table = tables[disk];
}

void path_init(const struct iscsi_path *paths, u32 count)
{
    memcpy(table, paths, count * sizeof(*paths));
    rounds_init(count);
}

struct iscsi_path *path_current(void)
{
    return &table[rounds_current()];
}

u32 path_failed(enum error why, bool for_ever)
{
    return rounds_failed(for_ever || error_may_heal(why));
}

bool path_set_portal(struct iscsi_path *path, const char *address)
{
    return server_parse(&path->server, address, ',', ISCSI_PORT);
}

void path_learn(const struct iscsi_path *path)
{
    u32 count = rounds_ways();
    for (u32 i = 0; i < count; i++)
        if (table[i].server.port == path->server.port &&
            str_equal(table[i].server.name, path->server.name) &&
            str_equal(table[i].target, path->target))
            return;
    if (count == PATHS)
        return;
    table[count] = *path;
    rounds_add();
}
