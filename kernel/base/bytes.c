/* What of bytes.h is less as a call. */
#include "base/bytes.h"

CALLED void put_be32(u8 *p, u32 v)
{
    put_le32(p, __builtin_bswap32(v));
}
