/* The way from a cold machine to a working disk, one step after the other, each with a line on the
 * screen. */
#ifndef LUNBOOT_ATTACH_H
#define LUNBOOT_ATTACH_H

#include "base/error.h"
#include "base/types.h"
#include "disk/block.h"
#include "drv/netdev.h"
#include "iscsi/session.h"
#include "machine/machine.h"

/* Carve the memory that the modules are lent; once. machine stays the caller's. */
void attach_init(struct machine *machine);

/* NIC, link, address, target, login, disk. May be called again after a failure: everything begins
 * anew. On failure attach_tried() says with what. */
enum error attach(void);

/* Log out when there is a session, waiting for a second at most, and stop the NIC. */
void attach_end(void);

/* What the step that failed was tried with, for the screen. */
const char *attach_tried(void);

/* The device in use; NULL when there is none. */
struct netdev *attach_netdev(void);

/* What the session was started with. */
const struct iscsi_config *attach_config(void);

/* Overwrite our copies of the secrets; the session keeps its own, to connect again. */
void attach_wipe(void);

#endif
