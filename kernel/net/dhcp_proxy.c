/* What a proxyDHCP server has offered. */
#include "net/dhcp_proxy.h"

#include "base/str.h"

#define PACKET_MOST 1472 /* bytes: what we ask for at most */

enum worth { WORTHLESS, ASK_AGAIN, BOOT_FILE, DISK };

static struct {
    u8 packet[PACKET_MOST];
    u32 len; /* 0: none */
    ip4 from, server;
    enum worth worth;
} kept;

bool dhcp_proxy_keep(const u8 *packet, u32 len, ip4 from, const struct dhcp_lease *said)
{
    enum worth worth = dhcp_has_disk(said)  ? DISK
                       : said->boot_file[0] ? BOOT_FILE
                       : said->for_pxe      ? ASK_AGAIN
                                            : WORTHLESS;
    if (!worth || !said->server || len > PACKET_MOST)
        return false;
    if (worth > kept.worth) {
        memcpy(kept.packet, packet, len);
        kept.len = len;
        kept.from = from;
        kept.server = said->server;
        kept.worth = worth;
    }
    return true;
}

bool dhcp_proxy_has_disk(void)
{
    return kept.worth == DISK;
}

ip4 dhcp_proxy_merge(struct dhcp_lease *lease)
{
    dhcp_merge(lease, kept.packet, kept.len, kept.from);
    return kept.worth == ASK_AGAIN ? kept.server : 0;
}

void dhcp_proxy_forget(void)
{
    wipe(&kept, sizeof(kept));
}
