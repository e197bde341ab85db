/* The way from a cold machine to a working disk, one step after the other, each with a line on the
 * screen. */
#ifndef LUNBOOT_ATTACH_H
#define LUNBOOT_ATTACH_H

#include "block.h"
#include "error.h"
#include "iscsi/session.h"
#include "net/netdev.h"
#include "plan.h"
#include "types.h"

/* Carve the memory that the modules are lent; once. */
void attach_init(const struct plan *plan);

/* NIC, link, address, target, login, disk. May be called again after a failure: everything begins
 * anew. On failure attach_tried() says with what. */
enum error attach(void);

/* Log out when there is a session; waits for a second at most. */
void attach_end(void);

/* What the step that failed was tried with, for the screen. */
const char *attach_tried(void);

/* The device in use; NULL before one was opened. */
struct netdev *attach_netdev(void);

/* What the session was started with. */
const struct iscsi_config *attach_config(void);

/* Overwrite our copy of the secrets; the session keeps its own, to connect again. */
void attach_wipe(void);

#endif
