/* What of bytes.h is less as a call. */
#include "base/bytes.h"

CALLED u32 get_be32(const u8 *p)
{
    return __builtin_bswap32(get_le32(p));
}

CALLED void put_be32(u8 *p, u32 v)
{
    put_le32(p, __builtin_bswap32(v));
}
