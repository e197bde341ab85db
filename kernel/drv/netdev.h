/* A network device as the net floor sees it. A driver fills the struct and its ops; nobody else
 * knows the driver. */
#ifndef LUNBOOT_NETDEV_H
#define LUNBOOT_NETDEV_H

#include "base/counters.h"
#include "base/types.h"
#include "drv/pkt.h"
#include "pc/wake.h"

struct netdev;

struct netdev_ops {
    /* Queue one whole Ethernet frame (p->data, p->len; no FCS; the driver pads). Consumes p and
     * returns true; returns false, and p is still the caller's, when the ring is full. The NIC may
     * hear of it only at flush(). */
    bool (*transmit)(struct netdev *dev, struct pkt *p);
    /* The next received frame without FCS, or a part of one (PKT_FIRST), now the caller's; NULL
     * when there is none. Reads memory only, never a register. */
    struct pkt *(*receive)(struct netdev *dev);
    /* Tell the NIC about queued frames and refilled buffers: the registers that are written once
     * per batch. Must be called before every wait. */
    void (*flush)(struct netdev *dev);
    /* Look at the link again, and bring the statistics up to date. */
    void (*update)(struct netdev *dev);
    /* Stop all DMA and interrupts; nothing of ours is touched by the NIC afterwards. */
    void (*stop)(struct netdev *dev);
    /* The same for a while (on), and on again, with as little work as can be; dev->paused says
     * which it is. What comes meanwhile is lost. It ends by itself when somebody sends, or waits
     * for a frame. NULL: every operating system resets this NIC. */
    void (*pause)(struct netdev *dev, bool on);
};

#define NETDEV_STATS(X)                                                                            \
    X(rx_frames)                                                                                   \
    X(rx_errors)     /* descriptor with an error bit, or a frame over more than one buffer */      \
    X(rx_missed)     /* MPC: the ring was empty */                                                 \
    X(rx_no_buffers) /* RNBC */                                                                    \
    X(tx_frames)                                                                                   \
    X(tx_errors) /* late or excess collisions, ring stuck */                                       \
    X(link_changes)

struct netdev_stats {
    NETDEV_STATS(COUNTERS_FIELD)
};

struct netdev {
    const struct netdev_ops *ops;
    struct wake_source wake; /* by a frame, by room to send after there was none, by the link */
    const char *model;       /* as a person knows it: "Intel 82540EM" */
    u16 bdf;                 /* PCI bus << 8 | device << 3 | function */
    u16 vendor_id;
    u16 device_id;
    u8 mac[6];
    u16 mtu;       /* largest IP packet: 1500, unless who opened the device sets another one */
    u16 vlan;      /* 802.1Q tag of all frames (priority << 13 | id), set likewise; 0: untagged */
    u16 link_mbps; /* 10, 100, 1000, 10000; 0 without link, or where it has no speed */
    bool full_duplex;
    bool link_up;
    bool paused;
    u16 base_kib;             /* conventional memory that it takes */
    u16 rx_ring;              /* frames that can arrive while nobody looks */
    struct pkt_pool *tx_pool; /* where frames to send are taken from */
    struct netdev_stats stats;
};

#endif
