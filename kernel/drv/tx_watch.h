/* Has a NIC that has a link, and something to send, sent none of it for two seconds? Then it hangs.
 */
#ifndef LUNBOOT_TX_WATCH_H
#define LUNBOOT_TX_WATCH_H

#include "drv/netdev.h"

struct tx_watch {
    bool waiting; /* at the latest look there was something to send, */
    u32 sent;     /* so many frames had been sent, */
    u32 since;    /* and it had looked like that since then, in us */
};

/* To be asked from time to time: is there something that the NIC was told to send, and how many
 * frames has it sent? */
bool tx_watch_stuck(struct tx_watch *watch, const struct netdev *dev, bool pending, u32 sent);

#endif
