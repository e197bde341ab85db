/* What a DHCP client says, and what it says that it is. */
#include "net/dhcp_question.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "net/dhcp_wire.h"
#include "net/port.h"

#define BOOTP_LEAST 300 /* bytes; old servers drop shorter ones (RFC 1542, 2.1) */

/* What we are to a server. User class, vendor class and architecture are word for word iPXE's: a
 * server's configuration recognises iPXE by them (or by option 175), and sends what we read as iPXE
 * does; to anybody else it would send a boot file. Proxies answer nobody who is no PXEClient. That
 * it makes some servers add boot menus does no harm: they are ignored. */
static const u8 fixed_options[] = {
    /* clang-format off */
    OPT_MAX_SIZE, 2, 1472 >> 8, 1472 & 255,
    OPT_VENDOR_CLASS, 32,
    'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't', ':', 'A', 'r', 'c', 'h', ':', '0',
    '0', '0', '0', '0', ':', 'U', 'N', 'D', 'I', ':', '0', '0', '2', '0', '0', '1',
    OPT_USER_CLASS, 4, 'i', 'P', 'X', 'E', /* not in the form of RFC 3004, as iPXE sends it */
    OPT_CLIENT_ARCH, 2, 0, 0,              /* BIOS */
    OPT_CLIENT_NDI, 3, 1, 2, 1,            /* UNDI 2.1 */
    OPT_PARAMETERS, 19,
    OPT_CLASSLESS_ROUTES, /* before routers: RFC 3442 */
    OPT_NETMASK, OPT_ROUTERS, OPT_DNS, OPT_HOSTNAME, OPT_DOMAIN, OPT_ROOT_PATH, OPT_MTU, OPT_VENDOR,
    OPT_LEASE_TIME, OPT_SERVER_ID, OPT_T1, OPT_T2, OPT_VENDOR_CLASS, OPT_TFTP_SERVER, OPT_BOOT_FILE,
    OPT_USER_CLASS, OPT_IPXE, OPT_INITIATOR_IQN,
    /* The bus id's last four bytes, PCI vendor and device, are appended. */
    OPT_IPXE, 13, IPXE_FEATURE_ISCSI, 1, 1, IPXE_FEATURE_DNS, 1, 1, IPXE_BUS_ID, 5, IPXE_BUS_PCI,
    /* clang-format on */
};

static u8 *put_option(u8 *o, u8 code, const void *value, u32 len)
{
    *o++ = code;
    *o++ = (u8)len;
    memcpy(o, value, len);
    return o + len;
}

static u8 *put_address(u8 *o, u8 code, ip4 addr)
{
    u8 value[4];
    put_be32(value, addr);
    return put_option(o, code, value, 4);
}

static u8 *put_options(u8 *o, const struct dhcp_question *q)
{
    const struct netdev *dev = net_device();
    u8 id[1 + 6];
    o = put_option(o, OPT_TYPE, &q->type, 1);
    if (q->server)
        o = put_address(o, OPT_SERVER_ID, q->server);
    if (q->requested)
        o = put_address(o, OPT_REQUESTED_IP, q->requested);
    memcpy(o, fixed_options, sizeof(fixed_options));
    o += sizeof(fixed_options);
    put_be16(o, dev->vendor_id);
    put_be16(o + 2, dev->device_id);
    o += 4;
    id[0] = DHCP_ETHERNET;
    memcpy(id + 1, dev->mac, 6);
    o = put_option(o, OPT_CLIENT_ID, id, sizeof(id));
    if (*q->hostname)
        o = put_option(o, OPT_HOSTNAME, q->hostname, strlen(q->hostname));
    *o++ = OPT_END;
    return o;
}

u32 dhcp_put_question(u8 *message, const struct dhcp_question *q)
{
    memset(message, 0, BOOTP_LEAST);
    put_be32(message, DHCP_BOOTREQUEST << 24 | DHCP_ETHERNET << 16 | 6 << 8);
    put_be32(message + DHCP_XID, q->xid);
    put_be16(message + DHCP_SECS, q->seconds);
    if (q->broadcast)
        put_be16(message + DHCP_FLAGS, DHCP_BROADCAST);
    put_be32(message + DHCP_CIADDR, q->ciaddr);
    memcpy(message + DHCP_CHADDR, net_device()->mac, 6);
    put_be32(message + DHCP_COOKIE, DHCP_MAGIC);
    return max_u32((u32)(put_options(message + DHCP_OPTIONS, q) - message), BOOTP_LEAST);
}
