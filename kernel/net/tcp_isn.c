/* Initial sequence numbers: a clock, plus a secret function of the connection (RFC 6528). Two
 * connections' numbers then tell nothing about a third one's, while those of one pair of ports
 * still only grow. */
#include "net/tcp_internal.h"
#include "platform.h"

static u32 key[2];

void tcp_isn_init(void)
{
    key[0] = platform_random();
    key[1] = platform_random();
}

static inline u32 rotl(u32 v, u32 n)
{
    return v << n | v >> (32 - n);
}

static void sip_rounds(u32 v[4], u32 n)
{
    while (n--) {
        v[0] += v[1];
        v[1] = rotl(v[1], 5) ^ v[0];
        v[0] = rotl(v[0], 16);
        v[2] += v[3];
        v[3] = rotl(v[3], 8) ^ v[2];
        v[0] += v[3];
        v[3] = rotl(v[3], 7) ^ v[0];
        v[2] += v[1];
        v[1] = rotl(v[1], 13) ^ v[2];
        v[2] = rotl(v[2], 16);
    }
}

/* F() is HalfSipHash-2-4 (Aumasson, Bernstein): a keyed function that is small and not linear. */
u32 tcp_isn(ip4 local, ip4 remote, u32 ports, msec now)
{
    const u32 message[4] = {local, remote, ports, 12u << 24};
    u32 v[4] = {key[0], key[1], 0x6c796765 ^ key[0], 0x74656462 ^ key[1]};
    for (u32 i = 0; i < ARRAY_SIZE(message); i++) {
        v[3] ^= message[i];
        sip_rounds(v, 2);
        v[0] ^= message[i];
    }
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return (v[1] ^ v[3]) + now * 250; /* a tick every 4 us */
}
