/* A walk over options. */
#include "net/dhcp_options.h"

#include "base/arith.h"
#include "base/str.h"
#include "net/dhcp_wire.h"

/* Append what the area has of an option to buf as far as it fits, and add its length to *len. False
 * when some option runs over the end of the area. */
static bool option_append(const struct dhcp_area *a, u8 code, u8 *buf, u32 size, u32 *len)
{
    const u8 *p = a->p;
    u32 left = a->len;
    while (left && *p != OPT_END) {
        u32 n = 1;
        if (*p != OPT_PAD) {
            if (left < 2 || p[1] > left - 2)
                return false;
            n += 1u + p[1];
            if (*p == code) {
                u32 fits = min_u32(p[1], size - *len);
                memcpy(buf + *len, p + 2, fits);
                *len += fits;
            }
        }
        p += n;
        left -= n;
    }
    return true;
}

bool dhcp_options_add(struct dhcp_options *o, const u8 *p, u32 len)
{
    struct dhcp_area *a = &o->area[o->count++];
    *a = (struct dhcp_area){p, len};
    return option_append(a, OPT_END, NULL, 0, &len);
}

u32 dhcp_option_get(const struct dhcp_options *o, u8 code, void *buf, u32 size)
{
    u32 len = 0;
    for (u32 i = 0; i < o->count; i++)
        option_append(&o->area[i], code, buf, size, &len);
    return len;
}
