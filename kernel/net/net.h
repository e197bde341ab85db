/* The net floor as main sees it: one device, one address. */
#ifndef LUNBOOT_NET_H
#define LUNBOOT_NET_H

#include "base/types.h"
#include "drv/netdev.h"

/* Start with this device and without an address. Forgets everything that was, but TCP, which main
 * starts with tcp_init(). */
void net_init(struct netdev *dev, msec now);

/* Take what has arrived, do what is due, send what can be sent, flush the device. A struct poller's
 * functions. */
void net_poll(msec now);
u32 net_timeout(msec now);

#endif
