/* ARP for IPv4 over Ethernet (RFC 826), with address conflict detection (RFC 5227) that does not
 * make anyone wait: the address is used at once, announced, and defended once in ten seconds; a
 * conflict that goes on after that is reported. */
#ifndef LUNBOOT_ARP_H
#define LUNBOOT_ARP_H

#include "base/types.h"
#include "drv/pkt.h"

void arp_init(void);
void arp_input(const struct pkt *p, msec now); /* p->data is at the ARP packet */
void arp_poll(msec now);
u32 arp_timeout(msec now);

/* The MAC of a neighbour; false, and a request is under way, when it isn't known. After several
 * requests without an answer it goes on trying, less often. An entry that nobody looks up for a
 * minute is forgotten, one that is used is asked again each minute while it goes on being used. */
bool arp_lookup(ip4 addr, u8 mac[6], msec now);

/* Would that find it? Asks nobody. */
bool arp_known(ip4 addr);

/* Our address has changed: announce it (RFC 5227, 2.3). Earlier conflicts are forgotten. */
void arp_announce(ip4 addr, msec now);

/* Something above sees no progress with this neighbour: ask it again, but keep using the entry
 * while several requests wait for their answer (a switch or a server may have forgotten us). */
void arp_refresh(ip4 addr, msec now);

/* Has somebody else claimed our address, and kept it after our defence? mac is then theirs. */
bool arp_conflict(u8 mac[6]);

#endif
