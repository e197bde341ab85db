/* The writer of DHCP messages. */
#include "net/dhcp_message.h"

#include "base/bytes.h"
#include "net/dhcp_wire.h"
#include "net/net_wire.h"
#include <string.h>

u32 dhcp_put_reply(u8 *message, u32 xid, ip4 yiaddr)
{
    message[DHCP_OP] = DHCP_BOOTREPLY;
    message[DHCP_HTYPE] = DHCP_ETHERNET;
    message[DHCP_HLEN] = 6;
    put_be32(message + DHCP_XID, xid);
    put_be32(message + DHCP_YIADDR, yiaddr);
    memcpy(message + DHCP_CHADDR, wire_mac, 6);
    put_be32(message + DHCP_COOKIE, DHCP_MAGIC);
    return DHCP_OPTIONS;
}

u32 dhcp_put_option(u8 *message, u32 at, u8 code, const void *value, u32 len)
{
    message[at] = code;
    message[at + 1] = (u8)len;
    memcpy(message + at + 2, value, len);
    return at + 2 + len;
}
