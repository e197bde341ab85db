/* What the LUN is, once a login is done: REPORT LUNS, INQUIRY, TEST UNIT READY, READ CAPACITY and
 * MODE SENSE, all sent together; and what has to be asked behind them. */
#ifndef LUNBOOT_ISCSI_PROBE_H
#define LUNBOOT_ISCSI_PROBE_H

#include "base/error.h"
#include "base/types.h"
#include "iscsi/lun_list.h"

struct lun_found {
    u64 blocks;
    u32 block_size; /* bytes */
    u32 physical;   /* blocks that are one of its medium, a power of two up to 2^15 */
    u32 aligned;    /* the first block where such begin, below 2^14 */
    bool read_only;
    bool cd;          /* a CD or DVD, which is read only for us */
    char vendor[9];   /* from INQUIRY, cleaned of what is not printable, trailing spaces cut */
    char product[17]; /* the same */
    /* Which disk it is: the same for all paths to one logical unit, by its designators (VPD page
     * 83h), in whatever order a port tells them, else by its unit serial number (80h); 0 when it
     * has neither. */
    u32 identity;
    bool better_elsewhere; /* another target port group has it in its best state, ours has not */
};

/* What follows is about this disk (san/disks.h). */
void probe_select(u32 disk);

/* Begin, for this LUN, as it was asked for: commands go to it in the form that the target knows
 * from then on. With other_ways to the disk the state of the port groups is asked for, too, where
 * there are such. */
void probe_start(const u8 lun[LUN_SIZE], bool other_ways);

/* Take their results. True: all are there, since the latest probe_start(). */
bool probe_done(void);

/* What they come to; *found is valid when that is OK. */
enum error probe_verdict(struct lun_found *found);

/* Which LUNs there are, when ours was not found, for the screen; "" when the target has not told.
 */
#define PROBE_LUNS_TEXT (LUN_LIST_TEXT + 16)
void probe_luns_text(char text[PROBE_LUNS_TEXT]);

#endif
