/* Pages 80h and 83h. */
#include "iscsi/vpd.h"

#include "base/arith.h"
#include "base/bytes.h"

#define PAGE_LENGTH  2 /* where it stands */
#define PAGE_HEADER  4
#define DESIGNATOR   4 /* bytes before its own */
#define SERIAL_SALT  0x80

/* The types of a designator (SPC-4, 7.8.6) that name a logical unit for the whole world: T10
 * vendor, EUI-64, NAA, SCSI name string. */
#define NAMING_TYPES (1u << 1 | 1u << 2 | 1u << 3 | 1u << 8)

/* The length of a page's content, as far as it is there. */
static u32 content(const struct vpd_page *page)
{
    if (page->len < PAGE_HEADER)
        return 0;
    return min_u32(page->len - PAGE_HEADER, get_be16(page->data + PAGE_LENGTH));
}

bool vpd_next(const struct vpd_page *page, u32 *at, struct vpd_designator *d)
{
    u32 left = content(page) - *at;
    const u8 *p = page->data + PAGE_HEADER + *at;
    if (left < DESIGNATOR || p[3] > left - DESIGNATOR)
        return false;
    *d = (struct vpd_designator){p[1] >> 4 & 3, p[1] & 0x0f, p[3], p + DESIGNATOR};
    *at += DESIGNATOR + d->len;
    return true;
}

/* FNV-1a: two disks of one house look alike once in four thousand million. */
static u32 fingerprint(u32 salt, const u8 *p, u32 len)
{
    u32 hash = 0x811c9dc5 + salt;
    for (; len; len--)
        hash = (hash ^ *p++) * 0x01000193;
    return hash;
}

u32 vpd_identity(const struct vpd_page *designators, const struct vpd_page *serial)
{
    u32 sum = 0, at = 0, len = content(serial);
    struct vpd_designator d;
    while (vpd_next(designators, &at, &d))
        if (d.association == VPD_OF_LUN && (NAMING_TYPES >> d.type & 1))
            sum += fingerprint(d.type, d.data, d.len);
    return sum || !len ? sum : fingerprint(SERIAL_SALT, serial->data + PAGE_HEADER, len);
}
