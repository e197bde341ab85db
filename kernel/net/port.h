/* The ground of the net floor: the device in use, packets to send, and what is counted. */
#ifndef LUNBOOT_PORT_H
#define LUNBOOT_PORT_H

#include "base/types.h"
#include "drv/netdev.h"

/* Named counters: wire data is never asserted on, it is counted and dropped. TCP's second line is
 * what happens on any network. */
struct net_stats {
    u32 eth_short, eth_type, eth_not_ours;
    u32 arp_bad, arp_conflicts;
    u32 ip_bad, ip_checksum, ip_fragment, ip_martian, ip_not_ours, ip_protocol;
    u32 icmp_bad, icmp_limited;
    u32 udp_bad, udp_no_port;
    u32 tcp_bad, tcp_checksum, tcp_no_conn, tcp_rejected;
    u32 tcp_duplicates, tcp_out_of_order, tcp_retransmits, tcp_fast_retransmits;
    u32 dhcp_bad, dhcp_option, dns_bad;
    u32 tx_no_packet, tx_ring_full;
};

extern struct net_stats net_stats;

/* Use this device from now on, and count from 0. It stays the caller's, and must stay valid. */
void net_set_device(struct netdev *dev);
struct netdev *net_device(void);

/* A fresh packet to send, NULL (and counted) when there is none at the moment. */
struct pkt *net_alloc(void);

#endif
