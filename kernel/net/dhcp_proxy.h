/* The offer of a proxyDHCP server (PXE 2.1, 2.2.3): what to boot, without an address, beside
 * another server's. Of several the best is kept until it is forgotten: one that says where the
 * disk is (dhcp_has_disk()), else one with a boot file, else the first. */
#ifndef LUNBOOT_DHCP_PROXY_H
#define LUNBOOT_DHCP_PROXY_H

#include "base/types.h"
#include "net/dhcp.h"

/* Keep an offer without an address (copied) when it is better. said: the packet from `from` as
 * dhcp_parse() has left it. False when it says nothing of use. */
bool dhcp_proxy_keep(const u8 *packet, u32 len, ip4 from, const struct dhcp_lease *said);

/* Does it say where the disk is? */
bool dhcp_proxy_has_disk(void);

/* Fill in what the lease lacks (dhcp_merge()). Returns the server that still has to be asked, on
 * port 4011, as it says that it serves PXE clients, but names no file; 0: none. */
ip4 dhcp_proxy_merge(struct dhcp_lease *lease);

/* There is none any more; its secrets are overwritten. */
void dhcp_proxy_forget(void);

#endif
