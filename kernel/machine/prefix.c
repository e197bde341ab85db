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

static u32 segment_start(u32 segment)
{
    return rm_phys((u16)segment, 0);
}

static u32 segment_end(u32 segment)
{
    return rm_phys((u16)segment, (u16)(segment >> 16));
}

static void take_undi(struct boot_undi *undi, const u8 *p)
{
    u32 one = FIELD(p, undi_segments[0]), other = FIELD(p, undi_segments[1]);
    undi->entry = FIELD(p, undi_entry);
    undi->end = max_u32(segment_end(one), segment_end(other));
    /* One without a size is none. */
    one = one >> 16 ? one : other;
    other = other >> 16 ? other : one;
    u32 low = segment_start(one), high = segment_start(other);
    /* What may be left over of a KiB is no hole. */
    if (max_u32(low, high) < min_u32(segment_end(one), segment_end(other)) + 1024)
        undi->start = min_u32(low, high);
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
    take_undi(&info->undi, p);
    return true;
}
