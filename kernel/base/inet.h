/* IPv4 and MAC addresses: their text, and what an address can be. */
#ifndef LUNBOOT_INET_H
#define LUNBOOT_INET_H

#include "base/types.h"

/* Parse len characters as a dotted IPv4 address: four decimal parts without leading zeros. */
bool ip4_parse(const char *s, size_t len, ip4 *addr);

#define IP4_TEXT 16 /* bytes that ip4_text() needs */
#define MAC_TEXT 18 /* bytes that mac_text() needs */

/* The usual text forms, "192.0.2.1" and "52:54:00:12:34:56". They return buf. */
char *ip4_text(char buf[IP4_TEXT], ip4 addr);
char *mac_text(char buf[MAC_TEXT], const u8 mac[6]);

/* The MTU that may be set, in bytes of an IP packet: what every IPv4 host takes (RFC 791), and what
 * links with jumbo frames do. */
#define MTU_LEAST 576
#define MTU_MOST  9000

/* Can this be the address of one machine: not 0.x, loopback, multicast or reserved? */
bool ip4_is_host(ip4 addr);

/* Is it the mask of a prefix of 1 to 32 bits? */
bool ip4_is_netmask(ip4 mask);

/* The mask of a prefix of 0 to 32 bits, and how long the prefix of a mask is. */
ip4 ip4_netmask(u32 prefix);
u32 ip4_prefix(ip4 mask);

/* The mask of an address's class (RFC 791, 3.2): what holds where nobody has given one. */
ip4 ip4_class_mask(ip4 addr);

/* Can one station have it: no group address, and not all zeros? */
bool mac_is_station(const u8 mac[6]);

#endif
