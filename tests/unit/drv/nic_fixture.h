/* A driver that is open on the model of its NIC, with small rings, and frames that say which one
 * they are. How one arrives, and what the NIC has sent, is each model's own. */
#ifndef NIC_FIXTURE_H
#define NIC_FIXTURE_H

#include "drv/nic.h"

#define MODEL_BDF 0x0018u /* where a model is */
#define RX_COUNT  64
#define TX_COUNT  32
#define RX_PKTS   96
#define TX_PKTS   48

extern struct pkt_pool rx_pool, tx_pool;
extern struct netdev *dev; /* NULL until it is open */
extern u8 *own;            /* the memory that the driver was lent; none lies behind it */

/* Open the driver on the NIC that there is, with receive packets of this size, and so much memory.
 */
enum error try_open_with(u32 rx_size, u32 own_bytes);

/* Have all packets been given back? */
void assert_no_packets_kept(void);

/* Frame number n: its bytes, of which there are so many; and are these it? */
u32 numbered(u8 frame[64], u32 n);
void assert_numbered(const u8 *frame, u32 len, u32 n);

/* It comes from the driver, or goes to it; false when there is no packet or no room. */
void assert_received(u32 n);
bool transmit_numbered(u32 n);

/* The device vanishes when this is set, between two frames: everything that is done with it comes
 * to an end, and so does it. */
void assert_no_hang_once(bool *gone);

#endif
