/* What our own boot media tell. */
#include "machine/prefix.h"

#include "base/bytes.h"
#include "base/platform.h"
#include "base/str.h"

#define FIELD(p, name) get_le32((p) + offsetof(struct prefix_info, name))

bool prefix_parse(u32 magic, u32 at, struct boot_info *info)
{
    const u8 *p = phys_ptr(at, sizeof(struct prefix_info));
    if (magic != PREFIX_MAGIC || !p || FIELD(p, magic) != PREFIX_MAGIC)
        return false;
    boot_info_init(info, p[offsetof(struct prefix_info, medium)]);
    info->bdf = get_le16(p + offsetof(struct prefix_info, bdf));
    if (FIELD(p, command_line))
        boot_info_command_line(info, FIELD(p, command_line));
    u32 len = FIELD(p, dhcp_ack_len);
    /* Half an answer is none. */
    u8 *ack = FIELD(p, dhcp_ack) && len <= BOOT_DHCP_ACK ? phys_ptr(FIELD(p, dhcp_ack), len) : NULL;
    if (ack) {
        memcpy(info->dhcp_ack, ack, len);
        info->dhcp_ack_len = len;
        wipe(ack, len);
    }
    return true;
}
