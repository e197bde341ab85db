/* The steps of attaching, in their order: what attach.c takes one after the other. */
#ifndef LUNBOOT_ATTACH_INTERNAL_H
#define LUNBOOT_ATTACH_INTERNAL_H

#include "base/error.h"
#include "machine/machine.h"
#include "net/dhcp.h"

/* ---- nic.c ---- */

/* Carve the NIC's and TCP's memory. bdf: the NIC that we were started for, or BOOT_NO_BDF. */
void attach_nic_init(const struct plan *plan, u16 bdf);

/* The NICs that may be used, in PCI's order: the one of the settings, else the one that we were
 * started for, else all. Returns how many. */
#define NICS_MAX 16
u32 attach_nic_list(u16 list[NICS_MAX]);

/* Take over this NIC, one of several or the only one; wait for its link, as long as a step may
 * take, or for a moment with several; start the network on it. One that is open and has a link
 * stays as it is. */
enum error attach_nic(u16 bdf, bool several);

/* DHCP may have named another NIC than the one that has asked, or a VLAN: then go there, and
 * *elsewhere says so. */
enum error attach_nic_follow(bool *elsewhere);

/* The `mtu` setting may have changed: use it from now on. For larger or smaller receive packets
 * this resets the NIC, as long as there is no TCP connection yet; addresses and the lease stay. */
enum error attach_nic_set_mtu(void);

/* Stop it, when there is one. The event loop may not be polled until it is opened again. */
void attach_nic_close(void);

/* ---- address.c ---- */

/* boot's DHCP answer is used once. */
void attach_address_init(struct boot_info *boot);

/* Get an address, and the settings that DHCP has, for the NIC that is open. */
enum error attach_address(void);

/* The settings `dns` and `domain` may have changed: use them from now on. */
void attach_address_set_dns(void);

/* ---- lease.c ---- */

/* Make settings of what a DHCP server says; a bad value is reported, and left out. The secrets of
 * the lease are overwritten. */
void attach_take_lease(struct dhcp_lease *lease);

/* step_try() with where a root path was looked for, and what else DHCP has offered: a file, which
 * turned out to be `kind` (""  when nobody has looked). */
void attach_try_lease(const char *kind);

/* ---- file.c ---- */

/* Take the settings file that `config` names; or else DHCP, when nothing has set a root path. */
enum error attach_file(void);

/* ---- disk.c ---- */

/* Carve the memory of cache and read-ahead. */
void attach_disk_init(const struct plan *plan);

/* The disk of the root path, ready to be read. */
enum error attach_disk(void);

/* Leave it in order when it is there, waiting for a second at most, and forget the secrets. */
void attach_disk_end(void);

#endif
