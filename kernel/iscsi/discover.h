/* Asking a target for all its portals: SendTargets (RFC 7143, 11.10 and appendix C), in a discovery
 * session, where every target has to answer. A normal session could ask as well, but tgtd closes
 * its connection then, and Linux's LIO rejects the empty value that is meant for it. */
#ifndef LUNBOOT_ISCSI_DISCOVER_H
#define LUNBOOT_ISCSI_DISCOVER_H

#include "base/types.h"
#include "iscsi/config.h"

/* Send the request, on a connection whose login is over. */
void discover_ask(const char *target);

/* The answer's data segment: the portals of the path's target become paths like this one. */
void discover_answer(const struct iscsi_path *path, const u8 *data, u32 len);

#endif
