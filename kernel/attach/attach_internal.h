/* What the files of attaching share: attach_nic.c finds a NIC with a link, attach_address.c gets an
 * address and settings, attach.c does the rest. */
#ifndef LUNBOOT_ATTACH_PARTS_H
#define LUNBOOT_ATTACH_PARTS_H

#include "attach/attach.h"
#include "base/format.h"
#include "base/print.h"
#include "drv/netdev.h"

/* Note what the step under way is tried with, as by printf. */
#define TRIED_TEXT 320
extern char tried[TRIED_TEXT];
#define TRY(...) format_text(tried, TRIED_TEXT, __VA_ARGS__)

/* Run the event loop until done() or until ms have passed; says what it waits for when that takes
 * long. Returns done(). */
bool wait_for(bool (*done)(void), u32 ms, const char *what);

/* ---- nic.c ---- */

/* Carve the NIC's and TCP's memory. bdf: the NIC that we were started for, or BOOT_NO_BDF. */
void attach_nic_init(const struct plan *plan, u16 bdf);

/* Take over the NIC of the settings, else the one that we were started for, else the first with a
 * link; wait for its link; start the network on it. */
enum error attach_nic(void);

/* The `mtu` setting may have changed: use it from now on. For larger or smaller receive packets
 * this resets the NIC, as long as there is no TCP connection yet; addresses and the lease stay. */
enum error attach_nic_set_mtu(void);

/* Stop it, when there is one. The event loop may not be polled until it is opened again. */
void attach_nic_close(void);

/* ---- attach_address.c ---- */

/* boot's DHCP answer is used once, and then wiped. */
void address_init(struct boot_info *boot);

/* Get an address, and the settings that DHCP has, for the NIC that is open. */
enum error address_get(void);

#endif
