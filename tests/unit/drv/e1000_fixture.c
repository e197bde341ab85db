/* The driver on the model of its NIC. */
#include "drv/e1000_fixture.h"

#include "test.h"
#include <stdlib.h>
#include <string.h>

#define RX_SIZE_MOST 16384

_Alignas(16) u8 rings[(RX_COUNT + TX_COUNT) * 16];
struct pkt_pool rx_pool, tx_pool;
struct netdev *dev;

static _Alignas(16) u8 rx_memory[RX_PKTS * RX_SIZE_MOST], tx_memory[TX_PKTS * PKT_SIZE];
static struct pkt rx_pkts[RX_PKTS], tx_pkts[TX_PKTS];

static enum error try_open_sized(u32 rx_size)
{
    struct nic_memory memory = {rings, RX_COUNT, TX_COUNT, &rx_pool, &tx_pool, sizeof(rings)};
    assert_true(nic_memory_bytes(RX_COUNT + TX_COUNT) >= sizeof(rings));
    memset(rings, 0xff, sizeof(rings));
    pkt_pool_init(&rx_pool, rx_pkts, rx_memory, RX_PKTS, rx_size);
    pkt_pool_init(&tx_pool, tx_pkts, tx_memory, TX_PKTS, PKT_SIZE);
    dev = NULL;
    return nic_open(MODEL_BDF, &memory, &dev);
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

bool receive_numbered(u32 n)
{
    u8 frame[64];
    memset(frame, (u8)n, sizeof(frame));
    memcpy(frame, &n, sizeof(n));
    return model_receive(frame, 60 + n % 5, GOOD, 0);
}

void assert_received(u32 n)
{
    struct pkt *p = dev->ops->receive(dev);
    assert_non_null(p);
    u32 got;
    memcpy(&got, p->data, sizeof(got));
    assert_int_equal(got, n);
    assert_int_equal(p->len, 60 + n % 5);
    assert_int_equal(p->data[20], (u8)n);
    pkt_free(p);
}

bool transmit_numbered(u32 n)
{
    struct pkt *p = pkt_alloc(&tx_pool);
    if (!p)
        return false;
    p->len = (u16)(60 + n % 5);
    memset(p->data, (u8)n, p->len);
    memcpy(p->data, &n, sizeof(n));
    if (dev->ops->transmit(dev, p))
        return true;
    pkt_free(p);
    return false;
}

void assert_sent(u32 slot, u32 n)
{
    u32 got;
    memcpy(&got, nic_model->sent[slot].data, sizeof(got));
    assert_int_equal(got, n);
    assert_int_equal(nic_model->sent[slot].len, 60 + n % 5);
}

void power_off(void)
{
    free(nic_model);
    nic_model = NULL;
}
