/* The messages that a DHCP client sends (RFC 2131, 4.4.1 and table 5). */
#ifndef LUNBOOT_DHCP_QUESTION_H
#define LUNBOOT_DHCP_QUESTION_H

#include "base/types.h"

struct dhcp_question {
    u8 type; /* DHCPDISCOVER, DHCPREQUEST */
    u32 xid;
    u16 seconds;          /* since the transaction began */
    bool broadcast;       /* so are the answers to come */
    ip4 ciaddr;           /* our address where it is in use, else 0 */
    ip4 requested;        /* option 50; 0: left out */
    ip4 server;           /* option 54; 0: left out */
    const char *hostname; /* option 12; "": left out */
};

/* Write it, from the device in use, where DHCP_QUESTION bytes fit. Returns its length. */
#define DHCP_QUESTION 576
u32 dhcp_put_question(u8 *message, const struct dhcp_question *q);

#endif
