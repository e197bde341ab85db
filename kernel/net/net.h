/* The net floor as main sees it: one device, one address. */
#ifndef LUNBOOT_NET_H
#define LUNBOOT_NET_H

#include "base/types.h"
#include "drv/netdev.h"

/* Named drop counters: wire data is never asserted on, it is counted and dropped. */
struct net_stats {
    u32 eth_short, eth_type, eth_not_ours;
    u32 arp_bad, arp_conflicts;
    u32 ip_bad, ip_checksum, ip_fragment, ip_martian, ip_not_ours, ip_protocol;
    u32 icmp_bad, icmp_limited;
    u32 udp_bad, udp_no_port;
    u32 tcp_bad, tcp_checksum, tcp_no_conn, tcp_rejected;
    u32 dhcp_bad, dhcp_option, dns_bad;
    u32 tx_no_packet, tx_ring_full;
};

extern struct net_stats net_stats;

/* Start with this device and without an address. Forgets everything that was, but TCP, which main
 * starts with tcp_init(). */
void net_init(struct netdev *dev, msec now);

/* The device that net_init() got. */
struct netdev *net_device(void);

/* A fresh packet to send, NULL (and counted) when there is none at the moment. */
struct pkt *net_alloc(void);

/* Has the latest poll left frames in the device's ring? */
bool net_more(void);

/* Take what has arrived, do what is due, send what can be sent, flush the device. A struct poller's
 * functions. */
void net_poll(msec now);
u32 net_timeout(msec now);

#endif
