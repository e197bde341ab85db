/* Writing DHCP messages, as servers do. */
#ifndef DHCP_MESSAGE_H
#define DHCP_MESSAGE_H

#include "base/inet.h"
#include "base/types.h"

/* The fields of a reply to us (wire_mac); its options begin at the length that is returned. What
 * is not written has to be 0 already. */
u32 dhcp_put_reply(u8 *message, u32 xid, ip4 yiaddr);

/* Append an option to a message of `at` bytes: its new length. */
u32 dhcp_put_option(u8 *message, u32 at, u8 code, const void *value, u32 len);

#endif
