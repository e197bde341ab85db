/* DHCP client (RFC 2131, 2132): the whole exchange with back-off, then renewal for as long as we
 * live. Everything in a lease was checked; a text option holds no 0 byte inside, and is cut off at
 * nothing: what does not fit is refused and counted. */
#ifndef LUNBOOT_DHCP_H
#define LUNBOOT_DHCP_H

#include "base/types.h"
#include "net/address.h"
#include "net/dns.h"

#define DHCP_TEXT     256  /* bytes for an option's text and its terminator */
#define DHCP_HOSTNAME 64   /* bytes for our own name and its terminator */
#define DHCP_IPXE     1024 /* bytes of option 175 that are kept */

struct dhcp_lease {
    struct ipv4_config ip;         /* options 1, 3, 121 and yiaddr */
    u16 mtu;                       /* option 26, at most MTU_MOST; 0: not given */
    ip4 server;                    /* option 54; of BOOTP siaddr, else who has answered */
    ip4 dns[DNS_SERVERS];          /* option 6 */
    u32 lease_seconds;             /* option 51; UINT32_MAX: for ever */
    u32 t1_seconds, t2_seconds;    /* options 58, 59; 0: not given */
    ip4 next_server;               /* where the boot file is: siaddr, 66, who says so; or 0 */
    bool for_pxe;                  /* option 60 is PXEClient */
    u32 ipxe_len;                  /* 0: no option 175, or a malformed one */
    char domain[DHCP_TEXT];        /* option 15 */
    char hostname[DHCP_TEXT];      /* option 12 */
    char root_path[DHCP_TEXT];     /* option 17; empty: none */
    char initiator_iqn[DHCP_TEXT]; /* option 203 */
    char boot_file[DHCP_TEXT];     /* option 67, or the field `file`; empty: none */
    u8 ipxe[DHCP_IPXE];            /* what option 175 holds: see dhcp_ipxe() */
};

enum dhcp_state {
    DHCP_OFF,
    DHCP_ASKING, /* DISCOVER or REQUEST is out, or a proxyDHCP server is asked */
    DHCP_BOUND,  /* an address is in use, renewal is under way when due */
    DHCP_FAILED, /* nobody answered in the time given; or the lease was refused or has ended, and
                  * then the same address is asked for until somebody grants it */
};

/* Begin. hostname: ours (copied), to be told; empty, or too long: none is. `give_up_ms`: when
 * DHCP_ASKING turns into DHCP_FAILED. When bound, the address has been given to ipv4.c and dns.c.
 *
 * An offer that says where the disk is (dhcp_has_disk()) is taken at once; so is one that does not
 * when want_root_path is false, or a proxyDHCP server (PXE 2.1) says it; else it waits for such a
 * one for two seconds, as iPXE does. Where nobody has said it or named a boot file, but a server
 * says that it serves PXE clients, that is asked for two seconds more, on its port 4011. BOOTP's
 * answers wait for DHCP's.
 *
 * An address that was bound is never changed and never taken down here: the disk under a running
 * system depends on it, and ARP's conflict detection tells when somebody else gets it. What a
 * server does that would change it counts as a lost lease. */
void dhcp_start(const char *hostname, bool want_root_path, u32 give_up_ms, msec now);

/* Take over a lease that another program of this machine has got just now, and left the server's
 * ACK of: bound as after dhcp_start(), without asking; renewal is ours. `extra`, when extra_len is
 * not 0, is what a proxyDHCP or boot server has answered beside it: see dhcp_merge(). False, and
 * nothing has changed, when there is no acceptable ACK for our MAC address, or no root path in
 * either and one is wanted: then ask. */
bool dhcp_adopt(const char *hostname, bool want_root_path, const u8 *ack, u32 ack_len,
                const u8 *extra, u32 extra_len, msec now);

/* Forget the lease without telling anybody. */
void dhcp_stop(void);

enum dhcp_state dhcp_state(void);

/* The lease in use, valid once DHCP_BOUND was reached. Renewal updates its times and server only.
 * The caller may wipe secrets. */
struct dhcp_lease *dhcp_lease(void);

/* How many DISCOVER and REQUEST messages went out, for the progress line. */
u32 dhcp_attempts(void);

void dhcp_poll(msec now);
u32 dhcp_timeout(msec now);

/* Parse one BOOTP/DHCP packet into a lease, as a cached answer of PXE would be too: false when it
 * is no acceptable OFFER or ACK, or BOOTP reply (RFC 951, 1048), whose address is for ever. *type
 * gets the message type (option 53, 0 when absent, as of BOOTP, or when the packet is malformed);
 * lease->server is filled in for a NAK, too. from: who has sent it, 0 when that is not known. */
bool dhcp_parse(const u8 *packet, u32 len, ip4 from, u8 *type, struct dhcp_lease *lease);

/* What option 175 of the lease says under a number of its own, put together from its pieces and cut
 * off at `size`: any bytes, which may be a secret. Returns their number; 0: nothing. */
u32 dhcp_ipxe(const struct dhcp_lease *lease, u8 number, void *buf, u32 size);

/* Does it say where the disk is: by a root path, or by a settings file (175.228)? */
bool dhcp_has_disk(const struct dhcp_lease *lease);

/* Fill in from another server's OFFER or ACK what a parsed lease lacks of where the disk is and who
 * asks for it: options 17, 203 and 175, this one whole or not at all, so that no name gets
 * somebody else's password; and the boot file with its server. The packet need not lease an
 * address: a proxyDHCP server's does not. Any other message, or a malformed one, says nothing. */
void dhcp_merge(struct dhcp_lease *lease, const u8 *packet, u32 len, ip4 from);

#endif
