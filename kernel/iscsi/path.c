/* The table of paths, and whose turn it is. */
#include "iscsi/path.h"

#include "base/arith.h"
#include "base/str.h"

#define PATHS 8 /* set and learned */
#define NONE  PATHS
#define RETRY_FIRST_MS                                                                             \
    250 /* pause after the second round, doubling; there is none after the first */
#define RETRY_LAST_MS 4000

static struct iscsi_path table[PATHS];
static u32 count;
static u32 current;
static u32 home;     /* the one that worked last, or NONE */
static u32 other;    /* the latest of the others */
static u32 untried;  /* in this round */
static bool hopeful; /* one that has failed in it may do better next time */
static u32 pause;    /* after it, ms */

static void begin_round(void)
{
    untried = count;
    hopeful = false;
}

void path_init(const struct iscsi_path *paths, u32 n)
{
    memcpy(table, paths, n * sizeof(*paths));
    count = n;
    current = other = pause = 0;
    home = NONE;
    begin_round();
}

u32 path_count(void)
{
    return count;
}

struct iscsi_path *path_current(void)
{
    return &table[current];
}

/* Will it be the same next time? */
static bool is_definite(enum error e)
{
    static const u8 passing[] = {ERR_TCP_TIMEOUT,  ERR_TCP_RESET,       ERR_TCP_CLOSED,
                                 ERR_NET_NO_ARP,   ERR_NET_UNREACHABLE, ERR_LOGIN_UNAVAILABLE,
                                 ERR_LOGIN_TIMEOUT};
    for (u32 i = 0; i < sizeof(passing); i++)
        if (e == passing[i])
            return false;
    return true;
}

/* From the home to the next of the others, and from each of those back. */
static void turn(void)
{
    if (home != NONE && current != home) {
        current = home;
        return;
    }
    if (count > 1)
        do
            other = other + 1 < count ? other + 1 : 0;
        while (other == home);
    current = other;
}

u32 path_failed(enum error why, bool for_ever)
{
    u32 ms = pause;
    hopeful |= for_ever || !is_definite(why);
    if (current != home || untried == count)
        untried--;
    turn();
    if (untried)
        return 0;
    if (!hopeful)
        return TIMEOUT_NEVER;
    pause = pause ? min_u32(pause * 2, RETRY_LAST_MS) : RETRY_FIRST_MS;
    begin_round();
    return ms;
}

void path_ready(void)
{
    home = current;
}

void path_settled(void)
{
    pause = RETRY_FIRST_MS;
    begin_round();
}

bool path_set_portal(struct iscsi_path *path, const char *address)
{
    char server[DNS_NAME];
    u32 len = 0, port = ISCSI_PORT;
    while (address[len] && address[len] != ':' && address[len] != ',')
        len++;
    if (!len || !str_put(server, sizeof(server), address, len))
        return false;
    address += len;
    if (*address == ':') {
        u32 digits = 0;
        for (address++; address[digits] && address[digits] != ',';)
            digits++;
        if (!parse_number(address, digits, 10, 65535, &port) || !port)
            return false;
    }
    memcpy(path->server, server, sizeof(server));
    path->addr = 0;
    path->port = (u16)port;
    return true;
}

void path_learn(const struct iscsi_path *path)
{
    for (u32 i = 0; i < count; i++)
        if (table[i].port == path->port && str_equal(table[i].server, path->server) &&
            str_equal(table[i].target, path->target))
            return;
    if (count == PATHS)
        return;
    table[count++] = *path;
    untried++;
}
