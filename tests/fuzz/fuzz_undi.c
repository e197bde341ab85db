/* UNDI: whatever lies in the option ROM area, and whatever its functions answer, no memory but
 * conventional memory and the driver's own is touched, no call goes on for ever, a frame is no
 * longer than one can be, and every packet comes back. A second lunboot follows the first, which
 * has left its UNDI or gives up. */
#include "base/bda.h"
#include "base/realmode.h"
#include "drv/nic.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"
#include "input.h"
#include "platform_host.h"
#include <string.h>

#define MEM_SIZE   0x110000
#define BASE_KIB   600
#define ENTRY      0x90001234u
#define AT_NIC     0x0018
#define ROM_AT     0xc0000u
#define ROM_ID     0x40
#define ROM_PCIR   0x60
#define ROM_BYTES  512
#define BDA_END    0x500
#define PXE_BYTES  0x58
#define PXE_ENTRY  0x10
#define PKTS       4
#define STEPS      24
#define CALLS_MOST 20000

static u8 mem[MEM_SIZE];
static struct pkt_pool rx_pool, tx_pool;
static struct pkt rx_pkts[PKTS], tx_pkts[PKTS];
static u8 rx_memory[PKTS * PKT_SIZE], tx_memory[PKTS * PKT_SIZE];
static u32 calls;

static u32 pci_read(u16 bdf, u8 offset)
{
    return bdf != AT_NIC ? UINT32_MAX : offset == PCI_VENDOR_ID ? 0x813910ec : 11;
}

/* Any answer: often one that is nearly right. */
static void answer_isr(u8 *p)
{
    u8 odd = in_left() ? in_u8() : 0xf0;
    u16 bytes = in_u16();
    put_le16(p + ISR_FLAG, odd & 0xf ? (odd & 7) % 5 : in_u16());
    put_le16(p + ISR_BUFFER, odd & 0x10 ? bytes : bytes % 1520);
    put_le16(p + ISR_FRAME, odd & 0x20 ? in_u16() : get_le16(p + ISR_BUFFER));
    put_le16(p + ISR_AT, odd & 0x40 ? in_u16() : 0);
    put_le16(p + ISR_AT + 2, odd & 0x40 ? in_u16() : 0x9000);
}

/* A loader that does as it should, of which the input changes what it likes. */
static void load(u8 *p)
{
    u32 data = rm_phys(get_le16(p + LOADER_DATA), 0);
    u8 *pxe = mem + data, sum = 0;
    memset(pxe, 0, PXE_BYTES);
    memcpy(pxe, "!PXE\x58", 5);
    put_le16(pxe + PXE_ENTRY + 2, get_le16(p + LOADER_CODE));
    put_le16(p + LOADER_PXE + 2, (u16)(data >> 4));
    for (u32 i = in_u8() & 3; i; i--)
        pxe[in_below(PXE_BYTES)] = in_u8();
    for (u32 i = in_u8() & 1; i; i--)
        p[LOADER_PXE + in_below(4)] = in_u8();
    for (u32 i = 0; i < PXE_BYTES; i++)
        sum = (u8)(sum + pxe[i]);
    pxe[5] = (u8)(pxe[5] - sum);
}

static void call_one(u8 *p, struct rm_regs *r)
{
    CHECK(++calls < CALLS_MOST);
    bool fails = in_left() && !(in_u8() & 15);
    host_now += !in_left() || in_u8() & 1; /* the clock does not stop */
    if (!r->es)
        load(p);
    else if (r->ebx == UNDI_ISR)
        answer_isr(p);
    else
        in_bytes(p + 2, UNDI_STATUS_BYTES * 30);
    put_le16(p, fails);
    r->eax = 0;
}

/* As boot/undi.asm does. */
static void call(const u8 *code, struct rm_regs *r)
{
    struct undi_block *block = (struct undi_block *)(mem + rm_phys(r->ds, 0));
    CHECK(code == undi_stub + offsetof(struct undi_stub, code));
    CHECK(r->ds == r->es || r->ds == (u16)r->edi);
    call_one(block->parameters, r);
    if (!(u16)r->esi || (r->eax = in_left() && !(in_u8() & 31)))
        return;
    CHECK((u16)r->esi == offsetof(struct undi_block, isr));
    r->esi = 0;
    r->ebx = UNDI_ISR;
    call_one(block->isr, r);
}

/* A ROM as it should be, of which the input changes what it likes. */
static void put_rom(void)
{
    u8 *rom = mem + ROM_AT, *id = rom + ROM_ID, *pcir = rom + ROM_PCIR;
    put_le16(rom, 0xaa55);
    rom[2] = 1;
    put_le16(rom + 0x16, ROM_ID);
    put_le16(rom + 0x18, ROM_PCIR);
    memcpy(id, "UNDI\x16", 5);
    put_le16(id + 10, 0x80);
    put_le16(id + 14, in_u16());
    put_le16(id + 16, in_u16());
    memcpy(pcir, "PCIR\xec\x10\x39\x81", 8);
    for (u32 i = in_u8() & 3; i; i--)
        rom[in_below(ROM_PCIR + 24)] = in_u8();
    id[5] = 0;
    u8 sum = 0;
    for (u32 i = 0; i < 22; i++) /* it is right, as often as the length is */
        sum = (u8)(sum + id[i]);
    id[5] = (u8)-sum;
}

static void begin(const struct boot_info *boot)
{
    host_reset(0);
    memset(mem, 0, BDA_END);
    memset(mem + ROM_AT, 0, ROM_BYTES);
    host_pci_read32 = pci_read;
    host_call_real = call;
    host_set_phys(mem, MEM_SIZE);
    calls = 0;
    bda_put16(BDA_BASE_MEMORY, BASE_KIB);
    bda_put16(BDA_EBDA, BASE_KIB * 64);
    pkt_pool_init(&rx_pool, rx_pkts, rx_memory, PKTS, PKT_SIZE);
    pkt_pool_init(&tx_pool, tx_pkts, tx_memory, PKTS, PKT_SIZE);
    if (!boot->undi.entry)
        put_rom();
}

static void send(struct netdev *dev)
{
    struct pkt *p = pkt_alloc(&tx_pool);
    p->len = (u16)(14 + in_u16() % (UNDI_FRAME - 13));
    memset(p->data, in_u8(), p->len);
    CHECK(dev->ops->transmit(dev, p));
    CHECK(tx_pool.available == PKTS);
}

static void take(struct netdev *dev)
{
    struct pkt *p = dev->ops->receive(dev);
    if (!p)
        return;
    CHECK(p->len && p->len <= UNDI_FRAME);
    pkt_free(p);
}

static void use(struct netdev *dev)
{
    for (u32 i = 0; i < STEPS && in_left(); i++)
        switch (in_u8() & 3) {
        case 0:
            send(dev);
            break;
        case 1:
            dev->wake.enable(dev, true);
            break;
        case 2:
            dev->wake.acknowledge(dev);
            break;
        default:
            take(dev);
        }
    dev->ops->stop(dev);
}

/* The kernel's variables are as they were when it started; what is in memory stays. */
static void start_again(void)
{
    undi_block_set(0);
    nic_load();
}

static u32 base_memory(void)
{
    return bda_get16(BDA_BASE_MEMORY) * 1024u;
}

/* From the claim to the end of a lunboot, where it does not leave it to a next one. */
static void run(const struct boot_info *boot, bool leaves)
{
    struct nic_memory memory = {.rx_pool = &rx_pool, .tx_pool = &tx_pool};
    struct netdev *dev;
    u32 was = base_memory(), end = nic_claim(boot), now = base_memory();
    CHECK(end ? now >= 32768 && now < end && end <= 0xa0000 : now == was);
    if (nic_load() && nic_find(0) == AT_NIC && nic_open(AT_NIC, &memory, &dev) == OK)
        use(dev);
    if (leaves)
        nic_leave();
    CHECK(base_memory() >= now && base_memory() <= 0xa0000);
    start_again();
    if (leaves && end)
        memset(mem + now, 0, UNDI_BLOCK);
}

void fuzz_one(void)
{
    struct boot_info boot = {.bdf = AT_NIC};
    u8 how = in_u8();
    if (how & 1)
        boot.undi = (struct boot_undi){ENTRY, {in_u32(), how & 2 ? 0 : in_u32()}};
    begin(&boot);
    run(&boot, !(how & 4));
    boot.undi.entry = 0;
    run(&boot, true);
    CHECK(rx_pool.available == PKTS);
}
