/* A DNS stub resolver (RFC 1035) for A records: one question at a time, to the servers in turn. */
#ifndef LUNBOOT_DNS_H
#define LUNBOOT_DNS_H

#include "base/error.h"
#include "base/types.h"

#define DNS_SERVERS 3
#define DNS_NAME    254 /* bytes for a name and its terminator */

void dns_init(void);

/* servers: up to DNS_SERVERS, 0 for unused. domain (may be empty) is put behind names without a
 * dot; when that name does not exist, the name is tried alone. A question under way
 * fails. */
void dns_configure(const ip4 servers[DNS_SERVERS], const char *domain);

/* Begin to look a name up; a dotted address needs no server and is there at once. An earlier
 * question is forgotten. */
void dns_start(const char *name, msec now);

enum dns_state {
    DNS_ASKING,
    DNS_DONE,
    DNS_ERROR, /* no name, not found, no answer (7 s with one server, 21 s with three), no question
                */
};

/* The answer, in *addr once DNS_DONE. */
enum dns_state dns_result(ip4 *addr);

void dns_poll(msec now);
u32 dns_timeout(msec now);

#endif
