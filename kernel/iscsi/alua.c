/* REPORT TARGET PORT GROUPS. */
#include "iscsi/alua.h"

#include "base/arith.h"
#include "base/bytes.h"

#define HEADER           4 /* the length of what follows */
#define GROUP            8 /* bytes of a group before its ports */
#define GROUP_PORTS      7 /* where their count stands */
#define PORT             4 /* bytes; the last two are its number */
#define STATES           0x0f
#define ACTIVE_OPTIMISED 0
#define NOT_KNOWN        UINT32_MAX

/* The number that a designator of this type gives our port. */
static u32 port_number(const struct vpd_page *designators, u8 type)
{
    struct vpd_designator d;
    u32 at = 0;
    while (vpd_next(designators, &at, &d))
        if (d.association == VPD_OF_PORT && d.type == type && d.len >= 4)
            return get_be16(d.data + 2);
    return NOT_KNOWN;
}

/* Is this port one of the group's, as far as they have arrived? */
static bool has_port(const u8 *group, u32 left, u32 port)
{
    u32 end = min_u32(left, GROUP + group[GROUP_PORTS] * PORT);
    for (u32 at = GROUP; at + PORT <= end; at += PORT)
        if (get_be16(group + at + 2) == port)
            return true;
    return false;
}

bool alua_better_elsewhere(const u8 *answer, u32 len, const struct vpd_page *designators)
{
    u32 our_group = port_number(designators, VPD_PORT_GROUP);
    u32 our_port = port_number(designators, VPD_RELATIVE_PORT);
    u32 left = len < HEADER ? 0 : min_u32(len - HEADER, get_be32(answer));
    bool ours_is_less = false, other_is_best = false;
    const u8 *group = answer + HEADER;
    while (left >= GROUP) {
        bool best = (group[0] & STATES) == ACTIVE_OPTIMISED;
        bool ours = our_group != NOT_KNOWN ? get_be16(group + 2) == our_group
                                           : has_port(group, left, our_port);
        ours_is_less |= ours && !best;
        other_is_best |= !ours && best;
        u32 size = min_u32(left, GROUP + group[GROUP_PORTS] * PORT);
        group += size;
        left -= size;
    }
    return ours_is_less && other_is_best;
}
