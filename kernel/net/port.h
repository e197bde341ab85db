/* The ground of the net floor: the device in use, packets to send, and what is counted. */
#ifndef LUNBOOT_PORT_H
#define LUNBOOT_PORT_H

#include "base/counters.h"
#include "base/types.h"
#include "drv/netdev.h"

/* Named counters: wire data is never asserted on, it is counted and dropped. tcp_duplicates to
 * tcp_fast_retransmits are what happens on any network. */
#define NET_STATS(X)                                                                               \
    X(eth_short)                                                                                   \
    X(eth_type)                                                                                    \
    X(eth_not_ours)                                                                                \
    X(eth_other_vlan)                                                                              \
    X(arp_bad)                                                                                     \
    X(arp_conflicts)                                                                               \
    X(ip_bad)                                                                                      \
    X(ip_checksum)                                                                                 \
    X(ip_fragment)                                                                                 \
    X(ip_martian)                                                                                  \
    X(ip_not_ours)                                                                                 \
    X(ip_protocol)                                                                                 \
    X(ip_too_long) /* packets that vanish on the way: shorter ones are used */                     \
    X(icmp_bad)                                                                                    \
    X(icmp_limited)                                                                                \
    X(udp_bad)                                                                                     \
    X(udp_no_port)                                                                                 \
    X(tcp_bad)                                                                                     \
    X(tcp_checksum)                                                                                \
    X(tcp_no_conn)                                                                                 \
    X(tcp_rejected)                                                                                \
    X(tcp_duplicates)                                                                              \
    X(tcp_out_of_order)                                                                            \
    X(tcp_retransmits)                                                                             \
    X(tcp_fast_retransmits)                                                                        \
    X(dhcp_bad)                                                                                    \
    X(dhcp_option)                                                                                 \
    X(dns_bad)                                                                                     \
    X(tftp_bad)                                                                                    \
    X(tftp_retransmits)                                                                            \
    X(tx_no_packet)                                                                                \
    X(tx_ring_full)

struct net_stats {
    NET_STATS(COUNTERS_FIELD)
};

extern struct net_stats net_stats;

/* Use this device from now on, and count from 0. It stays the caller's, and must stay valid. */
void net_set_device(struct netdev *dev);
struct netdev *net_device(void);

/* A fresh packet to send, NULL (and counted) when there is none at the moment. */
struct pkt *net_alloc(void);

#endif
