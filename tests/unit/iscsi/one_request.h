/* One request to the disk, for tests of what happens while it is under way. */
#ifndef ONE_REQUEST_H
#define ONE_REQUEST_H

#include "disk/block.h"

#define REQ_LBA 16

extern struct block_req req; /* the latest; its data is allocated to the byte */

/* Read or write `count` blocks from REQ_LBA on. */
void submit(enum block_op op, u32 count);

/* It is over, for peer_run(). */
bool done(void);

/* It is over, and went well: memory and the target's disk hold the same. */
void assert_request_good(void);

#endif
