/* Vital product data (SPC-4, 7.8): who a LUN is, and by which port it is seen. All lengths are
 * those of what has arrived, and what the pages say of themselves is checked. */
#ifndef LUNBOOT_ISCSI_VPD_H
#define LUNBOOT_ISCSI_VPD_H

#include "base/types.h"

/* A page that has arrived; len 0: there is none. */
struct vpd_page {
    const u8 *data;
    u32 len;
};

/* A designation descriptor (SPC-4, 7.8.6.1). */
struct vpd_designator {
    u8 association, type, len;
    const u8 *data;
};

/* What it is associated with, and types of those of a port. */
#define VPD_OF_LUN        0
#define VPD_OF_PORT       1
#define VPD_RELATIVE_PORT 4 /* both: two bytes that are reserved, and the number */
#define VPD_PORT_GROUP    5

/* The designator at *at, which begins as 0, of a page 83h; then *at is that of the next. False:
 * there are no more. */
bool vpd_next(const struct vpd_page *page, u32 *at, struct vpd_designator *d);

/* Which disk it is: the same by all ports, in whatever order they tell, by the designators of page
 * 83h, else by the unit serial number of page 80h; 0 when neither tells. */
u32 vpd_identity(const struct vpd_page *designators, const struct vpd_page *serial);

#endif
