/* IP as those see it who send by it: TCP, UDP, ICMP. The way to a destination is not their business
 * (route, neighbour, header, frame). */
#ifndef LUNBOOT_IP_H
#define LUNBOOT_IP_H

#include "base/error.h"
#include "base/types.h"
#include "drv/pkt.h"

#define IP_PROTO_ICMP 1
#define IP_PROTO_TCP  6
#define IP_PROTO_UDP  17

struct ipv4_config; /* net/address.h */

/* Use this address and these routes from now on (copied), and announce the address. What was known
 * about paths is forgotten. */
void ip_configure(const struct ipv4_config *config, msec now);

/* p->data is the payload: prepend what it takes, and send. Consumes p in any case. False when it
 * did not go out now (no route, ARP under way, ring full, too long): the caller's state must stay
 * as it was, and it tries again later. A destination of IP4_BROADCAST goes out without an address
 * of ours. */
bool ip_send(struct pkt *p, u8 protocol, ip4 to, msec now);

/* Our address on packets towards `to`; 0: we have none. */
ip4 ip_source(ip4 to);

/* The longest payload of a packet on the way to `to`, either way, as far as that is known: what the
 * device takes, a router has told (RFC 1191), or ip_path_lost() has come to. */
u32 ip_path_payload(ip4 to);

/* A router says that no packet of more than mtu bytes fits on the way to `to`. Raises nothing,
 * takes no value under 68, treats one under 576 as 576, and forgets it after ten minutes. One
 * destination is remembered. */
void ip_path_mtu_found(ip4 to, u16 mtu, msec now);

/* Packets with so many bytes of payload vanish on the way (RFC 4821): none of ours is longer than
 * the next usual length below that from now on, wherever it goes. False: there is none. */
bool ip_path_lost(u32 payload);

/* The length that it has come to; 0: nothing has vanished. */
u32 ip_path_shortened(void);

/* Does a packet towards `to` find its next hop? OK, ERR_NET_NO_ROUTE, or ERR_NET_NO_ARP: nobody has
 * answered there yet, or not for a while. */
enum error ip_reachable(ip4 to);

/* No progress with `to`: the next hop may have forgotten us, or have moved. */
void ip_doubt(ip4 to, msec now);

void ip_poll(msec now);

#endif
