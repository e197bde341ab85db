/* Asymmetric access (SPC-4, 5.16.2): the target port groups of a storage with two controllers, say,
 * reach a LUN not equally well, or not at all. */
#ifndef LUNBOOT_ISCSI_ALUA_H
#define LUNBOOT_ISCSI_ALUA_H

#include "base/types.h"
#include "iscsi/vpd.h"

/* Does INQUIRY data say that there are such groups (TPGS)? */
static inline bool alua_has_groups(const u8 *inquiry, u32 len)
{
    return len > 5 && (inquiry[5] & 0x30);
}

/* Is there an optimised group while ours is none, by the `len` bytes that have arrived of an answer
 * to REPORT TARGET PORT GROUPS (SPC-4, 6.35) and by our port's designators in page 83h? False when
 * that can't be told. */
bool alua_better_elsewhere(const u8 *answer, u32 len, const struct vpd_page *designators);

#endif
