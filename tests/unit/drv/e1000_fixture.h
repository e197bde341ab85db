/* The driver opened on the model of its NIC, with small rings, and frames that say which one they
 * are. */
#ifndef E1000_FIXTURE_H
#define E1000_FIXTURE_H

#include "drv/e1000_model.h"
#include "drv/nic.h"

#define RX_COUNT 32
#define TX_COUNT 16
#define RX_PKTS  48
#define TX_PKTS  24
#define GOOD     (RXD_STATUS_EOP | RXD_STATUS_IXSM)

extern u8 rings[(RX_COUNT + TX_COUNT) * 16]; /* the receive ring, the transmit ring */
extern struct pkt_pool rx_pool, tx_pool;
extern struct netdev *dev; /* NULL until it is open */

/* Open the driver on the NIC that there is, with packets of PKT_SIZE. */
enum error try_open(void);

/* A NIC of this device id, and the driver open on it; and with_82540em() and power_off() for
 * FIXTURE. */
void open_device(u16 device);
void with_82540em(void);
void power_off(void);

/* The same NIC again, with other receive packets. */
void reopen_sized(u32 rx_size);

/* Frame number n arrives, in the ring and then from the driver; or goes out, to the driver and then
 * on the wire, in that slot of `sent`. */
bool receive_numbered(u32 n);
void assert_received(u32 n);
bool transmit_numbered(u32 n);
void assert_sent(u32 slot, u32 n);

#endif
