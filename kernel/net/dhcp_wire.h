/* The DHCP message (RFC 2131, 2) and its options (RFC 2132 and those named), for dhcp.c and
 * dhcp_parse.c. */
#ifndef LUNBOOT_DHCP_WIRE_H
#define LUNBOOT_DHCP_WIRE_H

#define DHCP_OP          0
#define DHCP_HTYPE       1
#define DHCP_HLEN        2
#define DHCP_XID         4
#define DHCP_SECS        8
#define DHCP_FLAGS       10
#define DHCP_CIADDR      12
#define DHCP_YIADDR      16
#define DHCP_SIADDR      20
#define DHCP_CHADDR      28
#define DHCP_SNAME       44
#define DHCP_FILE        108
#define DHCP_COOKIE      236
#define DHCP_OPTIONS     240

#define DHCP_SNAME_LEN   64
#define DHCP_FILE_LEN    128
#define DHCP_MAGIC       0x63825363
#define DHCP_BOOTREQUEST 1
#define DHCP_BOOTREPLY   2
#define DHCP_ETHERNET    1
#define DHCP_BROADCAST   0x8000

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_PROXY_PORT  4011 /* PXE 2.1 */

enum dhcp_type { DHCPDISCOVER = 1, DHCPOFFER, DHCPREQUEST, DHCPDECLINE, DHCPACK, DHCPNAK };

enum dhcp_option {
    OPT_PAD = 0,
    OPT_NETMASK = 1,
    OPT_ROUTERS = 3,
    OPT_DNS = 6,
    OPT_HOSTNAME = 12,
    OPT_DOMAIN = 15,
    OPT_ROOT_PATH = 17,
    OPT_MTU = 26,
    OPT_VENDOR = 43,
    OPT_REQUESTED_IP = 50,
    OPT_LEASE_TIME = 51,
    OPT_OVERLOAD = 52,
    OPT_TYPE = 53,
    OPT_SERVER_ID = 54,
    OPT_PARAMETERS = 55,
    OPT_MAX_SIZE = 57,
    OPT_T1 = 58,
    OPT_T2 = 59,
    OPT_VENDOR_CLASS = 60,
    OPT_CLIENT_ID = 61,
    OPT_TFTP_SERVER = 66,
    OPT_BOOT_FILE = 67,
    OPT_USER_CLASS = 77,        /* RFC 3004 */
    OPT_CLIENT_ARCH = 93,       /* RFC 4578 */
    OPT_CLIENT_NDI = 94,        /* RFC 4578 */
    OPT_CLASSLESS_ROUTES = 121, /* RFC 3442 */
    OPT_IPXE = 175,             /* encapsulates the IPXE_... below (ipxe.org/howto/dhcpd) */
    OPT_INITIATOR_IQN = 203,    /* as iPXE reads it */
    OPT_END = 255,
};

/* Bits of OPT_OVERLOAD: which fields hold options. */
#define OVERLOAD_FILE  1
#define OVERLOAD_SNAME 2

enum dhcp_ipxe_option {
    IPXE_KEEP_SAN = 8,
    IPXE_SKIP_SAN_BOOT = 9,
    IPXE_FEATURE_ISCSI = 17,
    IPXE_FEATURE_DNS = 23,
    IPXE_BUS_ID = 177,
    IPXE_SAN_DRIVE = 189,
    IPXE_USERNAME = 190,
    IPXE_PASSWORD = 191,
    IPXE_REVERSE_USERNAME = 192,
    IPXE_REVERSE_PASSWORD = 193,
    /* lunboot's own; iPXE has nothing from here to 234. */
    IPXE_LUNBOOT_TIMEOUT = 224,
    IPXE_LUNBOOT_NIC = 225,
    IPXE_LUNBOOT_RETRY = 226,
    IPXE_LUNBOOT_VLAN = 227,
    IPXE_LUNBOOT_CONFIG = 228,
    IPXE_LUNBOOT_CHAP = 229,
    IPXE_LUNBOOT_DIGEST = 230,
    IPXE_LUNBOOT_SECTOR = 231,
    IPXE_LUNBOOT_BOOT = 232,
    IPXE_LUNBOOT_DISK_2 = 233,
    IPXE_LUNBOOT_DISK_3 = 234,
    IPXE_LUNBOOT_DISK_4 = 235,
};

#define IPXE_BUS_PCI 1

#endif
