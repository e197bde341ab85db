/* The options of one DHCP message, where they lie (RFC 2132, RFC 3396). */
#ifndef LUNBOOT_DHCP_OPTIONS_H
#define LUNBOOT_DHCP_OPTIONS_H

#include "base/types.h"

/* The field of their name, and, when option 52 says so, file and sname. The bytes stay the
 * caller's. Begins as all zeros. */
struct dhcp_options {
    u32 count;
    struct dhcp_area {
        const u8 *p;
        u32 len;
    } area[3];
};

/* Read len bytes at p, too, behind those that are there. False when an option of theirs runs over
 * their end. */
bool dhcp_options_add(struct dhcp_options *o, const u8 *p, u32 len);

/* An option's value, its pieces put together, cut off at `size`. Returns its length, 0 when it is
 * not there. */
u32 dhcp_option_get(const struct dhcp_options *o, u8 code, void *buf, u32 size);

#endif
