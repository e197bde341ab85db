/* Initial sequence numbers: a clock, plus a secret function of the connection (RFC 6528). Two
 * connections' numbers then tell nothing about a third one's, while those of one pair of ports
 * still only grow. */
#include "base/hash.h"
#include "base/random.h"
#include "net/tcp_internal.h"

static u32 key[4];

void tcp_isn_init(void)
{
    for (u32 i = 0; i < ARRAY_SIZE(key); i++)
        key[i] = random_u32();
}

/* F() is MD5 of the connection and the key, as RFC 6528 has it. */
u32 tcp_isn(ip4 local, ip4 remote, u32 ports, msec now)
{
    const u32 connection[] = {local, remote, ports};
    u32 digest[MD5_SIZE / 4];
    struct hash h;
    hash_start(&h, HASH_MD5);
    hash_add(&h, connection, sizeof(connection));
    hash_add(&h, key, sizeof(key));
    hash_end(&h, (u8 *)digest);
    return digest[0] + now * 250; /* a tick every 4 us */
}
