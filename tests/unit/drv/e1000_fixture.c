/* The driver on the model of its NIC. */
#include "drv/e1000_fixture.h"

#include "test.h"
#include <stdlib.h>

static enum error try_open_sized(u32 rx_size)
{
    return try_open_with(rx_size, (RX_COUNT + TX_COUNT) * sizeof(struct e1000_rx_desc));
}

enum error try_open(void)
{
    return try_open_sized(PKT_SIZE);
}

void open_device(u16 device)
{
    model_power_on(device);
    assert_int_equal(try_open(), OK);
}

void reopen_sized(u32 rx_size)
{
    dev->ops->stop(dev);
    assert_int_equal(try_open_sized(rx_size), OK);
}

void with_82540em(void)
{
    open_device(0x100e);
}

struct e1000_rx_desc *rx_ring(void)
{
    return (void *)own;
}

struct e1000_tx_desc *tx_ring(void)
{
    return (void *)(rx_ring() + RX_COUNT);
}

bool receive_numbered(u32 n)
{
    u8 frame[64];
    u32 len = numbered(frame, n);
    return model_receive(frame, len, GOOD, 0);
}

void assert_sent(u32 slot, u32 n)
{
    assert_numbered(nic_model->sent[slot].data, nic_model->sent[slot].len, n);
}

void power_off(void)
{
    free(nic_model);
    nic_model = NULL;
}
