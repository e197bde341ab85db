/* The driver over UNDI, against an UNDI of ours: how it is called, frames, and one that lies. */
#include "base/bda.h"
#include "base/realmode.h"
#include "drv/nic.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

#define MEM_SIZE   0x110000
#define BASE_KIB   600
#define DATA       0x20009a00u /* segments */
#define CODE       0x40009600u
#define UNDI_END   0x9c000u
#define ENTRY      0x98001234u
#define AT_NIC     0x0018
#define THEIR_AT   0x97000u /* UNDI's own buffer */
#define RX_PKTS    4
#define ANSWERS    16
#define CALLS_MOST 400

static const u8 MAC[6] = {0x52, 0x54, 0, 1, 2, 3};

static u8 *mem;
static struct pkt_pool rx_pool, tx_pool;
static struct pkt rx_pkts[RX_PKTS], tx_pkts[4];
static _Alignas(16) u8 rx_memory[RX_PKTS * PKT_SIZE], tx_memory[4 * PKT_SIZE];
static struct netdev *dev;

/* ---- the UNDI --------------------------------------------------------------------------------*/

struct answer {
    u16 flag, buffer, frame, header;
    u32 at; /* physical */
};

static struct {
    u8 called[CALLS_MOST];
    u32 calls, visits; /* of real mode, in which one or two calls are made */
    u16 failing;       /* a function that fails, or 0xffff */
    bool irq, ours, silent;
    struct answer isr[ANSWERS]; /* to ISR_PROCESS and ISR_GET_NEXT, then ISR_DONE */
    u32 isr_count, isr_next;
    bool interrupts; /* ISR_START forbids them, ISR_DONE allows them */
    bool endless;    /* the last answer is given again and again */
    u8 sent[2000];
    u32 sent_len;
    u8 sent_protocol, sent_flag;
    u32 unsent; /* frames not yet reported */
    u32 late;   /* so many times it is asked before one is */
} undi;

static u8 *far(const u8 *p)
{
    return mem + rm_phys(get_le16(p + 2), get_le16(p));
}

static void answer_isr(u8 *p)
{
    u16 what = get_le16(p + ISR_FLAG);
    if (what == ISR_START) {
        put_le16(p + ISR_FLAG, undi.ours ? ISR_OURS : ISR_OURS + 1);
        undi.interrupts &= !undi.ours;
        return;
    }
    struct answer a = {.flag = ISR_DONE};
    if (undi.unsent && undi.late) {
        undi.late--;
    } else if (undi.unsent && !undi.silent) {
        undi.unsent--;
        a.flag = ISR_SENT;
    } else if (undi.isr_next < undi.isr_count) {
        a = undi.isr[undi.isr_next];
        undi.isr_next += !(undi.endless && undi.isr_next + 1 == undi.isr_count);
    }
    undi.interrupts |= a.flag == ISR_DONE;
    put_le16(p + ISR_FLAG, a.flag);
    put_le16(p + ISR_BUFFER, a.buffer);
    put_le16(p + ISR_FRAME, a.frame);
    put_le16(p + ISR_FRAME + 2, a.header);
    put_le16(p + ISR_AT, (u16)(a.at & 15));
    put_le16(p + ISR_AT + 2, (u16)(a.at >> 4));
}

static void take_frame(const u8 *p)
{
    const u8 *tbd = far(p + TRANSMIT_TBD);
    assert_true(!undi.unsent || undi.silent); /* its place is free */
    undi.sent_protocol = p[TRANSMIT_PROTOCOL];
    undi.sent_flag = p[TRANSMIT_FLAG];
    u32 header = 0;
    if (undi.sent_protocol) { /* the header is UNDI's to make */
        memcpy(undi.sent, far(p + TRANSMIT_ADDRESS), 6);
        memcpy(undi.sent + 6, MAC, 6);
        put_be16(undi.sent + 12, undi.sent_protocol == PROTOCOL_IP ? 0x0800 : 0x0806);
        header = 14;
    }
    undi.sent_len = header + get_le16(tbd + TBD_LENGTH);
    memcpy(undi.sent + header, far(tbd + TBD_AT), undi.sent_len - header);
    assert_int_equal(get_le16(tbd + TBD_AT + 4), 0); /* no further blocks */
    undi.unsent++;
}

static void call_one(u8 function, u8 *p, struct rm_regs *r)
{
    assert_true(undi.calls < CALLS_MOST);
    undi.called[undi.calls++] = function;
    r->eax = function == undi.failing;
    put_le16(p, 0);
    if (function == UNDI_GET_INFORMATION)
        memcpy(p + INFORMATION_MAC, MAC, 6);
    else if (function == UNDI_GET_IFACE_INFO)
        put_le32(p + IFACE_FLAGS, undi.irq ? IFACE_IRQ : 0);
    else if (function == UNDI_OPEN)
        assert_int_equal(get_le16(p + OPEN_FILTER), FILTER_DIRECTED | FILTER_BROADCAST);
    else if (function == UNDI_TRANSMIT)
        take_frame(p);
    else if (function == UNDI_ISR)
        answer_isr(p);
}

/* As boot/undi.asm does. */
static void call(const u8 *code, struct rm_regs *r)
{
    assert_ptr_equal(code, undi_stub + offsetof(struct undi_stub, code));
    assert_int_equal(get_le32(mem + rm_phys(r->ds, 0)), ENTRY);
    undi.visits++;
    call_one((u8)r->ebx, mem + rm_phys(r->es, (u16)r->edi), r);
    if ((u16)r->eax || !(u16)r->esi)
        return;
    u8 *isr = mem + rm_phys(r->ds, (u16)r->esi);
    r->esi = 0;
    call_one(UNDI_ISR, isr, r);
}

/* ---- the machine -----------------------------------------------------------------------------*/

static u32 model;

static u32 pci_read(u16 bdf, u8 offset)
{
    return bdf != AT_NIC ? UINT32_MAX : offset == PCI_INTERRUPT_LINE ? 11 : model;
}

static void power_on(void)
{
    host_reset(0);
    host_pci_read32 = pci_read;
    model = 0x813910ec;
    host_call_real = call;
    mem = calloc(1, MEM_SIZE);
    host_set_phys(mem, MEM_SIZE);
    bda_put16(BDA_BASE_MEMORY, BASE_KIB);
    memset(&undi, 0, sizeof(undi));
    undi.failing = 0xffff;
    undi.irq = undi.ours = true;
    pkt_pool_init(&rx_pool, rx_pkts, rx_memory, RX_PKTS, PKT_SIZE);
    pkt_pool_init(&tx_pool, tx_pkts, tx_memory, 4, PKT_SIZE);
}

static enum error try_open(void)
{
    struct nic_memory memory = {.rx_pool = &rx_pool, .tx_pool = &tx_pool};
    dev = NULL;
    return nic_open(AT_NIC, &memory, &dev);
}

static void with_device(void)
{
    const struct boot_info boot = {.bdf = AT_NIC, .undi = {ENTRY, {DATA, CODE}}};
    power_on();
    assert_int_equal(nic_claim(&boot), UNDI_END);
    nic_load();
    assert_int_equal(try_open(), OK);
    undi.calls = 0;
}

static void power_off(void)
{
    assert_int_equal(tx_pool.available, 4);
    free(mem);
}

FIXTURE(with_device, power_off);

static void arrives(struct answer a)
{
    undi.isr[undi.isr_count++] = a;
}

static void whole(u16 bytes)
{
    for (u32 i = 0; i < bytes; i++)
        mem[THEIR_AT + i] = (u8)(i * 7);
    arrives((struct answer){ISR_RECEIVED, bytes, bytes, 14, THEIR_AT});
}

/* Nothing is received, so many errors are counted, and all packets are back. */
static void expect_dropped(u32 errors)
{
    assert_null(dev->ops->receive(dev));
    assert_int_equal(dev->stats.rx_errors, errors);
    assert_int_equal(rx_pool.available, RX_PKTS);
}

static void expect_frame(u32 bytes)
{
    struct pkt *p = dev->ops->receive(dev);
    assert_non_null(p);
    assert_int_equal(p->len, bytes);
    for (u32 i = 0; i < bytes; i++)
        assert_int_equal(p->data[i], (u8)(i * 7));
    pkt_free(p);
}

static void send(u32 bytes, u16 type, bool broadcast)
{
    struct pkt *p = pkt_alloc(&tx_pool);
    for (u32 i = 0; i < bytes; i++)
        p->data[i] = (u8)(i + 1);
    memset(p->data, broadcast ? 0xff : 2, 6);
    memcpy(p->data + 6, MAC, 6);
    put_be16(p->data + 12, type);
    p->len = (u16)bytes;
    assert_true(dev->ops->transmit(dev, p));
}

/* ---- taking it over --------------------------------------------------------------------------*/

TEST_WITH(its_memory_and_ours_are_kept, power_on, power_off)
{
    const struct boot_info boot = {.bdf = AT_NIC, .undi = {ENTRY, {DATA, CODE}}};
    assert_int_equal(nic_claim(&boot), UNDI_END);
    assert_int_equal(bda_get16(BDA_BASE_MEMORY), BASE_KIB - UNDI_BLOCK / 1024);
    assert_int_equal(nic_find(0), AT_NIC);
}

TEST_WITH(an_end_that_can_t_be_is_not_believed, power_on, power_off)
{
    const struct boot_info boot = {.bdf = AT_NIC, .undi = {ENTRY, {0x10000500, 0}}};
    assert_int_equal(nic_claim(&boot), BASE_KIB * 1024);
}

TEST_WITH(it_is_brought_up_in_the_order_of_its_states, with_device, power_off)
{
    static const u8 order[] = {UNDI_CLOSE,           UNDI_SHUTDOWN,
                               UNDI_STARTUP,         UNDI_INITIALIZE,
                               UNDI_GET_INFORMATION, UNDI_SET_STATION_ADDRESS,
                               UNDI_GET_IFACE_INFO,  UNDI_OPEN};
    dev->ops->stop(dev);
    assert_int_equal(try_open(), OK);
    assert_int_equal(undi.calls, sizeof(order));
    assert_memory_equal(undi.called, order, sizeof(order));
    assert_memory_equal(dev->mac, MAC, 6);
    assert_int_equal(dev->wake.irq, 11);
    assert_false(dev->wake.polled);
    assert_true(dev->link_up);
    assert_int_equal(dev->base_kib, UNDI_END / 1024 - BASE_KIB + UNDI_BLOCK / 1024);
}

/* The rest of what is sent at once gets lost, or worse: the window must not invite it. */
TEST(of_some_it_is_known_how_little_they_hold)
{
    static const struct {
        u32 model;
        u16 frames;
    } cases[] = {{0x813910ec, 128}, {0x12098086, 2}, {0x12298086, 2},
                 {0x24498086, 2},   {0x802910ec, 6}, {0x20001022, 128}};
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        model = cases[i].model;
        assert_int_equal(try_open(), OK);
        assert_int_equal(dev->rx_ring, cases[i].frames);
    }
}

TEST(some_refuse_what_is_not_needed)
{
    static const u8 harmless[] = {UNDI_STARTUP, UNDI_SET_STATION_ADDRESS, UNDI_GET_IFACE_INFO};
    for (u32 i = 0; i < sizeof(harmless); i++) {
        undi.failing = harmless[i];
        assert_int_equal(try_open(), OK);
    }
    assert_true(dev->wake.polled);
}

TEST(without_what_is_needed_it_is_dead)
{
    static const struct {
        u8 function;
        enum error e;
    } needed[] = {{UNDI_INITIALIZE, ERR_NIC_DEAD},
                  {UNDI_GET_INFORMATION, ERR_NIC_EEPROM},
                  {UNDI_OPEN, ERR_NIC_DEAD}};
    for (u32 i = 0; i < ARRAY_SIZE(needed); i++) {
        undi.failing = needed[i].function;
        assert_int_equal(try_open(), needed[i].e);
        assert_null(dev); /* nobody stops it again */
        assert_int_equal(undi.called[undi.calls - 1], UNDI_SHUTDOWN);
    }
}

/* ---- frames in -------------------------------------------------------------------------------*/

TEST(frames_are_received_until_it_is_done)
{
    whole(60);
    whole(1514);
    expect_frame(60);
    expect_frame(1514);
    assert_null(dev->ops->receive(dev));
    assert_int_equal(dev->stats.rx_frames, 2);
}

TEST(an_interrupt_that_is_not_its_own_is_left_alone)
{
    undi.ours = false;
    whole(60);
    assert_null(dev->ops->receive(dev));
    assert_int_equal(undi.calls, 1);
    assert_false(dev->wake.acknowledge(dev));
    undi.ours = true;
    assert_true(dev->wake.acknowledge(dev));
    expect_frame(60);
}

/* iPXE's answers ISR_START with "not ours" then. */
TEST(without_interrupts_it_is_asked_at_once)
{
    undi.irq = undi.ours = false;
    assert_int_equal(try_open(), OK);
    assert_true(dev->wake.polled);
    whole(60);
    assert_true(dev->wake.ready(dev));
    expect_frame(60);
}

TEST(nobody_sleeps_over_a_frame)
{
    assert_true(dev->wake.enable(dev, true));
    whole(60);
    assert_false(dev->wake.enable(dev, true));
    expect_frame(60);
}

TEST(fragments_make_a_frame)
{
    whole(1000);
    undi.isr[0].buffer = 300;
    arrives((struct answer){ISR_RECEIVED, 700, 1000, 14, THEIR_AT + 300});
    expect_frame(1000);
}

TEST(fragments_that_lie_are_dropped)
{
    static const struct {
        struct answer first, second;
        u32 errors;
    } cases[] = {
        {{ISR_RECEIVED, 300, 1000, 14, THEIR_AT}, {ISR_DONE, 0, 0, 0, 0}, 1},
        {{ISR_RECEIVED, 300, 1000, 14, THEIR_AT}, {ISR_RECEIVED, 701, 1000, 14, THEIR_AT}, 1},
        {{ISR_RECEIVED, 300, 1000, 14, THEIR_AT}, {ISR_RECEIVED, 0, 1000, 14, THEIR_AT}, 1},
        {{ISR_RECEIVED, 300, 1000, 14, THEIR_AT}, {ISR_RECEIVED, 300, 1001, 14, THEIR_AT}, 2},
        {{ISR_RECEIVED, 100, 60, 14, THEIR_AT}, {ISR_DONE, 0, 0, 0, 0}, 1},
        {{ISR_RECEIVED, 0xffff, 0xffff, 0xffff, 0xfffe0}, {ISR_DONE, 0, 0, 0, 0}, 1},
        {{ISR_RECEIVED, 0, 0, 0, 0}, {ISR_DONE, 0, 0, 0, 0}, 1},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        undi.isr_count = undi.isr_next = 0;
        dev->stats.rx_errors = 0;
        arrives(cases[i].first);
        arrives(cases[i].second);
        expect_dropped(cases[i].errors);
        whole(60);
        expect_frame(60);
    }
}

TEST(a_frame_longer_than_any_is_left_out_as_a_whole)
{
    whole(1519);
    undi.isr[0].buffer = 1000;
    arrives((struct answer){ISR_RECEIVED, 519, 1519, 14, THEIR_AT + 1000});
    whole(64);
    expect_frame(64);
    assert_int_equal(dev->stats.rx_errors, 1);
}

TEST(without_buffers_frames_are_left_out)
{
    struct pkt *held[RX_PKTS];
    for (u32 i = 0; i < RX_PKTS; i++)
        held[i] = pkt_alloc(&rx_pool);
    whole(60);
    assert_null(dev->ops->receive(dev));
    assert_int_equal(dev->stats.rx_no_buffers, 1);
    for (u32 i = 0; i < RX_PKTS; i++)
        pkt_free(held[i]);
    whole(60);
    expect_frame(60);
}

TEST(a_status_of_failure_ends_it)
{
    whole(60);
    undi.failing = UNDI_ISR;
    assert_null(dev->ops->receive(dev));
    undi.failing = 0xffff;
    undi.isr_next = 0;
    expect_frame(60);
}

/* It says again and again that it has sent something, or gives a flag that nobody knows. */
TEST(one_that_never_ends_is_left)
{
    undi.endless = true;
    arrives((struct answer){.flag = ISR_SENT});
    assert_null(dev->ops->receive(dev));
    assert_true(undi.calls < 100);
    undi.isr[0].flag = 0x7777;
    undi.calls = 0;
    assert_null(dev->ops->receive(dev));
    assert_true(undi.calls <= 3);
}

TEST(frames_that_nobody_has_taken_are_given_back)
{
    whole(60);
    assert_true(dev->wake.ready(dev));
    dev->ops->stop(dev);
    assert_int_equal(rx_pool.available, RX_PKTS);
}

/* ---- silence ---------------------------------------------------------------------------------*/

TEST(its_nic_interrupts_while_somebody_waits_alone)
{
    whole(60);
    expect_frame(60);
    assert_null(dev->ops->receive(dev));
    assert_false(undi.interrupts);
    assert_true(dev->wake.enable(dev, true));
    assert_true(undi.interrupts);
    dev->wake.enable(dev, false);
    assert_false(undi.interrupts);
    whole(60);
    expect_frame(60);
    assert_null(dev->ops->receive(dev));
    assert_false(undi.interrupts);
}

TEST(paused_it_is_closed_and_not_asked)
{
    static const u8 silent[] = {UNDI_CLOSE};
    send(60, 0x0800, false);
    undi.calls = 0;
    dev->ops->pause(dev, true);
    assert_true(dev->paused);
    whole(60);
    assert_null(dev->ops->receive(dev));
    dev->wake.enable(dev, false);
    assert_false(dev->wake.acknowledge(dev));
    assert_int_equal(undi.calls, sizeof(silent));
    assert_memory_equal(undi.called, silent, sizeof(silent));
}

static void pause(void)
{
    dev->ops->pause(dev, true);
    undi.calls = 0;
    undi.unsent = 0;
}

TEST(who_sends_or_waits_opens_it)
{
    send(60, 0x0800, false);
    pause();
    send(60, 0x0800, false); /* and does not wait for the one before */
    assert_int_equal(undi.called[0], UNDI_OPEN);
    assert_int_equal(undi.called[1], UNDI_TRANSMIT);
    pause();
    dev->wake.enable(dev, true);
    assert_int_equal(undi.called[0], UNDI_OPEN);
    pause();
    dev->wake.ready(dev);
    assert_int_equal(undi.called[0], UNDI_OPEN);
    assert_false(dev->paused);
}

TEST(one_that_does_not_open_stays_paused)
{
    pause();
    undi.failing = UNDI_OPEN;
    dev->ops->pause(dev, false);
    assert_true(dev->paused);
    undi.failing = 0xffff;
    send(60, 0x0800, false);
    assert_false(dev->paused);
}

/* ---- frames out ------------------------------------------------------------------------------*/

TEST(frames_are_sent_with_the_header_that_belongs_to_them)
{
    static const struct {
        u16 type;
        u8 protocol;
    } types[] = {{0x0800, PROTOCOL_IP}, {0x0806, PROTOCOL_ARP}, {0x8100, PROTOCOL_UNKNOWN}};
    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        send(1514, types[i].type, i == 1);
        assert_int_equal(undi.sent_len, 1514);
        assert_int_equal(undi.sent_protocol, types[i].protocol);
        assert_int_equal(undi.sent_flag, i == 1);
        assert_int_equal(get_be16(undi.sent + 12), types[i].type);
        assert_memory_equal(undi.sent + 6, MAC, 6);
        for (u32 n = 14; n < 1514; n++)
            assert_int_equal(undi.sent[n], (u8)(n + 1));
    }
    assert_int_equal(dev->stats.tx_frames, 3);
}

TEST(short_frames_are_padded)
{
    send(42, 0x0806, true);
    assert_int_equal(undi.sent_len, 60);
    for (u32 i = 42; i < 60; i++)
        assert_int_equal(undi.sent[i], 0);
}

TEST(sending_and_hearing_of_it_is_one_visit)
{
    assert_null(dev->ops->receive(dev));
    undi.calls = undi.visits = 0;
    for (u32 i = 0; i < 3; i++)
        send(60, 0x0800, false);
    assert_int_equal(undi.unsent, 0);
    assert_int_equal(undi.visits, 3);
    assert_int_equal(undi.calls, 6);
    undi.irq = undi.ours = false;
    assert_int_equal(try_open(), OK);
    undi.visits = 0;
    send(60, 0x0800, false);
    send(60, 0x0800, false);
    assert_int_equal(undi.visits, 2);
}

/* A NIC that has not sent it by then would let UNDI be asked in vain each time. */
TEST(one_that_takes_its_time_is_asked_before_the_next_frame)
{
    assert_null(dev->ops->receive(dev));
    undi.late = 1;
    send(60, 0x0800, false);
    assert_false(undi.interrupts);
    undi.visits = 0;
    for (u32 i = 0; i < 3; i++)
        send(60, 0x0800, false);
    assert_int_equal(undi.visits, 6);
    assert_int_equal(dev->stats.tx_errors, 0);
}

/* It may tell of a frame first. */
TEST(what_it_tells_of_behind_sending_is_not_lost)
{
    assert_null(dev->ops->receive(dev));
    undi.silent = true;
    whole(60);
    undi.calls = 0;
    send(60, 0x0800, false);
    assert_int_equal(undi.calls, 2);
    undi.silent = false;
    expect_frame(60);
    send(60, 0x0800, false);
    assert_int_equal(undi.unsent, 0);
}

/* What arrives while it waits is not lost. */
TEST(the_next_frame_waits_for_the_one_before)
{
    send(60, 0x0800, false);
    assert_int_equal(undi.unsent, 1);
    whole(60);
    send(60, 0x0800, false);
    expect_frame(60);
    assert_int_equal(dev->stats.tx_errors, 0);
}

static void time_passes(const u8 *code, struct rm_regs *r)
{
    host_now += 5;
    call(code, r);
}

TEST(one_that_never_says_that_it_has_sent_is_not_waited_for_again)
{
    undi.silent = true;
    host_call_real = time_passes;
    for (u32 i = 0; i < 10; i++)
        send(60, 0x0800, false);
    assert_int_equal(dev->stats.tx_frames, 10);
    assert_int_equal(dev->stats.tx_errors, 4);
    u32 calls = undi.calls;
    send(60, 0x0800, false);
    assert_int_equal(undi.calls, calls + 1);
}

TEST(a_frame_that_is_refused_is_counted)
{
    assert_null(dev->ops->receive(dev));
    undi.failing = UNDI_TRANSMIT;
    undi.calls = undi.visits = 0;
    send(60, 0x0800, false);
    assert_int_equal(undi.called[undi.calls - 1], UNDI_TRANSMIT); /* and nothing behind it */
    assert_int_equal(dev->stats.tx_errors, 1);
    assert_int_equal(dev->stats.tx_frames, 0);
}
