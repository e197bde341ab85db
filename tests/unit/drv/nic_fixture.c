/* A driver on the model of its NIC. */
#include "drv/nic_fixture.h"

#include "base/bytes.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>
#include <sys/mman.h>

#define RX_SIZE_MOST 16384
#define OWN_MOST     0x40000u
#define PAGE         4096u

struct pkt_pool rx_pool, tx_pool;
struct netdev *dev;
u8 *own;

static _Alignas(16) u8 rx_memory[RX_PKTS * RX_SIZE_MOST], tx_memory[TX_PKTS * PKT_SIZE];
static struct pkt rx_pkts[RX_PKTS], tx_pkts[TX_PKTS];

/* So many bytes, with a page behind them that nobody may touch. In the first 4 GiB, since a legacy
 * virtio device knows a page by 32 bits. */
static u8 *lend(u32 bytes)
{
    static u8 *room;
    if (!room) {
        room = mmap(NULL, OWN_MOST + PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        assert_true(room != MAP_FAILED);
        assert_int_equal(mprotect(room + OWN_MOST, PAGE, PROT_NONE), 0);
    }
    assert_true(bytes <= OWN_MOST && bytes % 16 == 0);
    memset(room, 0xff, OWN_MOST);
    return room + OWN_MOST - bytes;
}

enum error try_open_with(u32 rx_size, u32 own_bytes)
{
    assert_true(nic_memory_bytes(RX_COUNT + TX_COUNT) >= own_bytes);
    own = lend(own_bytes);
    struct nic_memory memory = {own, RX_COUNT, TX_COUNT, &rx_pool, &tx_pool, own_bytes};
    pkt_pool_init(&rx_pool, rx_pkts, rx_memory, RX_PKTS, rx_size);
    pkt_pool_init(&tx_pool, tx_pkts, tx_memory, TX_PKTS, PKT_SIZE);
    dev = NULL;
    return nic_open(MODEL_BDF, &memory, &dev);
}

void assert_no_packets_kept(void)
{
    assert_int_equal(rx_pool.available, RX_PKTS);
    assert_int_equal(tx_pool.available, TX_PKTS);
}

u32 numbered(u8 frame[64], u32 n)
{
    u32 len = 60 + n % 5;
    memset(frame, (u8)n, len);
    put_le32(frame, n);
    return len;
}

void assert_numbered(const u8 *frame, u32 len, u32 n)
{
    u8 wanted[64];
    assert_int_equal(get_le32(frame), n);
    assert_int_equal(len, numbered(wanted, n));
    assert_memory_equal(frame, wanted, len);
}

void assert_received(u32 n)
{
    struct pkt *p = dev->ops->receive(dev);
    assert_non_null(p);
    assert_numbered(p->data, p->len, n);
    assert_int_equal(p->flags, 0); /* the model has checked no sum */
    pkt_free(p);
}

bool transmit_numbered(u32 n)
{
    struct pkt *p = pkt_alloc(&tx_pool);
    if (!p)
        return false;
    p->len = (u16)numbered(p->data, n);
    if (dev->ops->transmit(dev, p))
        return true;
    pkt_free(p);
    return false;
}

void assert_no_hang_once(bool *gone)
{
    transmit_numbered(0);
    *gone = true;
    dev->ops->flush(dev);
    for (u32 i = 0; i < 100; i++)
        transmit_numbered(i);
    dev->wake.enable(dev, true);
    assert_false(dev->wake.acknowledge(dev));
    for (u32 i = 0; i < 5; i++) {
        host_now += 5000;
        dev->ops->update(dev);
        assert_null(dev->ops->receive(dev));
        transmit_numbered(i);
        dev->ops->flush(dev);
    }
    assert_false(dev->link_up);
    dev->ops->stop(dev);
    assert_no_packets_kept();
}
