/* The driver opened on the model of its NIC. */
#ifndef E1000_FIXTURE_H
#define E1000_FIXTURE_H

#include "drv/e1000_model.h"
#include "drv/nic_fixture.h"

#define GOOD (RXD_STATUS_EOP | RXD_STATUS_IXSM)

/* Open the driver on the NIC that there is, with packets of PKT_SIZE. */
enum error try_open(void);

/* A NIC of this device id, and the driver open on it; and with_82540em() and power_off() for
 * FIXTURE. */
void open_device(u16 device);
void with_82540em(void);
void power_off(void);

/* The same NIC again, with other receive packets. */
void reopen_sized(u32 rx_size);

struct e1000_rx_desc *rx_ring(void);
struct e1000_tx_desc *tx_ring(void);

/* Frame number n arrives in the ring; or has gone out, in that slot of `sent`. */
bool receive_numbered(u32 n);
void assert_sent(u32 slot, u32 n);

#endif
