/* A server of the SAN: its name or address, its port, and where that was found. */
#ifndef LUNBOOT_SERVER_H
#define LUNBOOT_SERVER_H

#include "base/types.h"
#include "net/dns.h"

struct san_server {
    ip4 addr; /* what the name was when last looked up; 0: not known */
    u16 port;
    char name[DNS_NAME]; /* a name or a dotted address */
};

/* Take <name or address>[:<port>], which ends at a 0 or at `end`; without a port it is `port`.
 * False, and nothing has changed: it is none that we could use. */
bool server_parse(struct san_server *s, const char *text, char end, u16 port);

/* Begin to look up its address; as soon as nobody else asks for another, which they may do for
 * several disks. */
void server_look_up(const struct san_server *s, msec now);

#define SERVER_LOOK_UP_MS   30000 /* how long that may take; dns.c ends before */
#define SERVER_LOOK_UP_POLL 20    /* between two looks at what has become of it: no call tells */

/* Has that come to its end? s->addr is then the answer; or what it was before, as the name servers
 * may be away, too, and an address that was right once is better than none; or 0. */
bool server_looked_up(struct san_server *s, msec now);

#endif
