/* Memory by the size of the machine. */
#include "machine/plan.h"

static const struct {
    u32 mib;
    struct plan plan;
} plans[] = {
#define PLAN(mib, rx, tx, rx_packets, tx_packets, send_kib, cache_kib, ahead_kib, disks)           \
    {mib,                                                                                          \
     {rx, tx, rx_packets, tx_packets, (send_kib)*1024u, (cache_kib)*1024u, (ahead_kib)*1024u,      \
      disks,                                                                                       \
      PLAN_BYTES(mib, rx, tx, rx_packets, tx_packets, send_kib, cache_kib, ahead_kib, disks)}},
    PLAN_TABLE(PLAN)};

const struct plan *plan_for(u64 usable)
{
    for (u32 i = 0; i < ARRAY_SIZE(plans); i++)
        if (usable >> 20 >= plans[i].mib)
            return &plans[i].plan;
    return NULL;
}
