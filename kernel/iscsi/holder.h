/* Who holds a reservation of our LUN. Asked only after the LUN has said that it is reserved. */
#ifndef LUNBOOT_ISCSI_HOLDER_H
#define LUNBOOT_ISCSI_HOLDER_H

#include "base/types.h"

#define HOLDER_TEXT 224 /* bytes: an iSCSI name and its terminator */

/* What follows is about this disk (san/disks.h). */
void holder_select(u32 disk);

/* A new connection: nothing is under way, and it may be asked. */
void holder_forget(void);

/* Ask, once until holder_forget(); while no other urgent command is under way. True: that has been
 * done now. */
bool holder_ask(void);

/* Take the answer. True: nothing is under way. */
bool holder_done(void);

/* The latest answer, cleaned for the screen: the holder's iSCSI name, or "key " and the key of the
 * reservation; "" when neither is known. */
const char *holder_text(void);

#endif
