/* Arithmetic. */
#include "base/arith.h"

CALLED u32 time_left(msec now, msec when)
{
    return time_reached(now, when) ? 0 : when - now;
}

CALLED u64 div_u64(u64 n, u32 divisor, u32 *rest)
{
    /* Long division in base 2^32; each step fits DIV's 64/32 bits, which gcc would not believe. */
    u32 high = (u32)(n >> 32), low = (u32)n;
    u32 q_high = high / divisor;
    u32 r = high % divisor;
    u32 q_low;
    __asm__("divl %4" : "=a"(q_low), "=d"(r) : "0"(low), "1"(r), "rm"(divisor) : "cc");
    if (rest)
        *rest = r;
    return (u64)q_high << 32 | q_low;
}

u8 byte_sum_complement(const u8 *p, u32 len)
{
    u8 sum = 0;
    while (len--)
        sum = (u8)(sum + *p++);
    return (u8)-sum;
}

CALLED bool in_range(u64 start, u64 count, u64 size)
{
    return start <= size && count <= size - start;
}
