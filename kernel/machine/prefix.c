/* What our own boot media tell. */
#include "machine/prefix.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"

#define FIELD(p, name) get_le32((p) + offsetof(struct prefix_info, name))

/* Move a packet here; its secrets do not stay behind. Half an answer is none. */
static void take_dhcp(struct boot_dhcp *dhcp, u32 at, u32 len)
{
    u8 *packet = at && len <= sizeof(dhcp->packet) ? phys_ptr(at, len) : NULL;
    if (!packet)
        return;
    memcpy(dhcp->packet, packet, len);
    dhcp->len = len;
    wipe(packet, len);
}

bool prefix_parse(u32 magic, u32 at, struct boot_info *info)
{
    const u8 *p = phys_ptr(at, sizeof(struct prefix_info));
    if (magic != PREFIX_MAGIC || !p || FIELD(p, magic) != PREFIX_MAGIC)
        return false;
    boot_info_init(info, p[offsetof(struct prefix_info, medium)]);
    info->bdf = get_le16(p + offsetof(struct prefix_info, bdf));
    if (FIELD(p, command_line))
        boot_info_command_line(info, FIELD(p, command_line));
    take_dhcp(&info->dhcp_ack, FIELD(p, dhcp_ack), FIELD(p, dhcp_ack_len));
    take_dhcp(&info->dhcp_reply, FIELD(p, dhcp_reply), FIELD(p, dhcp_reply_len));
    memcpy(&info->undi, p + offsetof(struct prefix_info, undi_entry), sizeof(info->undi));
    return true;
}
