/* The way from a cold machine to a working disk, one step after the other, each with a line on the
 * screen. */
#ifndef LUNBOOT_ATTACH_H
#define LUNBOOT_ATTACH_H

#include "base/error.h"
#include "machine/machine.h"

/* Carve the memory that the modules are lent; once. machine stays the caller's. */
void attach_init(struct machine *machine);

/* NIC, link, address, target, login, disk. May be called again after a failure: everything begins
 * anew. On failure step_tried() (step.h) says with what. */
enum error attach(void);

/* Leave the disk in order when there is one, waiting for a second at most, and stop the NIC. */
void attach_end(void);

/* Overwrite our copies of the secrets; the protocol keeps its own, to connect again. */
void attach_wipe(void);

#endif
