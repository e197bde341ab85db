/* The UNDI of a PXE ROM as a network device. One frame goes out at a time, from our block in
 * conventional memory; received ones are copied out of UNDI's. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"

#define HEADER      14 /* bytes, Ethernet's */
#define HEADER_TYPE 12
#define TYPE_IP     0x0800
#define TYPE_ARP    0x0806
#define FRAME_MIN   60
#define EVENTS_MOST 64    /* of one look: some UNDI may never say that it is done */
#define SEND_US     20000 /* after that a frame counts as sent, whatever UNDI says */
#define SILENT_MOST 4     /* such frames in a row: this UNDI does not tell */
#define RX_RING     128   /* frames that it may hold for us, as much as anybody knows */

static struct netdev nic;
static struct nic_memory memory;
static u16 next;                           /* what UNDI is to be asked: ISR_START and so on */
static bool waiting;                       /* for an interrupt */
static struct pkt *arrived, **arrived_end; /* whole frames */
static u32 frame_bytes, frame_got;         /* of a frame whose fragments are arriving, */
static struct pkt *frame;                  /* which is here, or NULL: it is left out */
static bool sending;
static u32 sending_since;
static u32 silent;  /* frames in a row of which UNDI has not said that they were sent */
static bool prompt; /* until now it has said so at once */

static u16 isr(u16 what, u16 failed)
{
    u8 *p = undi_parameters(ISR_BYTES);
    put_le16(p + ISR_FLAG, what);
    return undi_call(UNDI_ISR) ? get_le16(p + ISR_FLAG) : failed;
}

/* ---- reception ---- */

static void drop_frame(void)
{
    nic.stats.rx_errors += frame_got != 0;
    pkt_free(frame);
    frame = NULL;
    frame_got = 0;
}

static void begin_frame(u32 bytes)
{
    drop_frame();
    frame_bytes = bytes;
    if (bytes > UNDI_FRAME) {
        nic.stats.rx_errors++;
        return;
    }
    frame = pkt_alloc(memory.rx_pool);
    nic.stats.rx_no_buffers += !frame;
}

static void end_frame(void)
{
    frame_got = 0;
    if (!frame)
        return;
    nic.stats.rx_frames++;
    frame->next = NULL;
    *arrived_end = frame;
    arrived_end = &frame->next;
    frame = NULL;
}

/* A fragment of a frame; with nearly all UNDIs it is the whole. */
static void take_fragment(const u8 *p)
{
    u32 bytes = get_le16(p + ISR_BUFFER), total = get_le16(p + ISR_FRAME);
    u32 at = rm_phys(get_le16(p + ISR_AT + 2), get_le16(p + ISR_AT));
    const u8 *from = phys_ptr(at, bytes);
    if (!frame_got || total != frame_bytes)
        begin_frame(total);
    frame_got += bytes;
    if (!bytes || frame_got > frame_bytes || !from) {
        frame_got = 1;
        drop_frame();
        return;
    }
    if (frame) {
        memcpy(frame->data + frame->len, from, bytes);
        frame->len = (u16)(frame->len + bytes);
    }
    if (frame_got == frame_bytes)
        end_frame();
}

/* Does UNDI have something to tell? */
static bool start(void)
{
    if (nic.paused)
        return false;
    if (next == ISR_START && (nic.wake.polled || isr(ISR_START, ISR_OURS + 1) == ISR_OURS))
        next = ISR_PROCESS;
    return next != ISR_START;
}

/* It has told one thing, of which p says more. False: that was all. Then UNDI lets its NIC
 * interrupt, until it is asked for the next. */
static bool hear(u16 what, const u8 *p)
{
    next = ISR_GET_NEXT;
    if (what == ISR_SENT) {
        sending = false;
        silent = 0;
    } else if (what == ISR_RECEIVED) {
        take_fragment(p);
    } else {
        next = ISR_START;
        drop_frame();
        if (!waiting)
            start();
        return false;
    }
    return true;
}

static bool step(void)
{
    return start() && hear(isr(next, ISR_DONE), undi_block()->parameters);
}

static bool ready(struct netdev *dev)
{
    (void)dev;
    for (u32 i = 0; !arrived && i < EVENTS_MOST && step(); i++)
        ;
    return arrived;
}

static struct pkt *receive(struct netdev *dev)
{
    if (!ready(dev))
        return NULL;
    struct pkt *p = arrived;
    arrived = p->next;
    if (!arrived)
        arrived_end = &arrived;
    return p;
}

static void drop_all(void)
{
    while (arrived)
        pkt_free(receive(&nic));
    drop_frame();
}

/* ---- silence ---- */

static bool open(void)
{
    put_le16(undi_parameters(OPEN_BYTES) + OPEN_FILTER, FILTER_DIRECTED | FILTER_BROADCAST);
    return undi_call(UNDI_OPEN);
}

/* Some drivers of operating systems take no NIC that is in use. */
static void pause(struct netdev *dev, bool on)
{
    if (on) {
        undi_simple(UNDI_CLOSE, UNDI_STATUS_BYTES);
        drop_frame();
        next = ISR_START;
        sending = false;
    }
    dev->paused = on || !open();
}

static void resume(struct netdev *dev)
{
    if (dev->paused)
        pause(dev, false);
}

/* ---- sending ---- */

/* The place of the frame before may be taken when UNDI says that this has gone out; or soon. */
static void wait_for_room(void)
{
    while (sending && silent < SILENT_MOST) {
        if (platform_now_us() - sending_since >= SEND_US) {
            silent++;
            nic.stats.tx_errors++;
            return;
        }
        step();
    }
}

/* Many UNDIs put an Ethernet header in front in any case, so that those of IP and ARP are left to
 * them. */
static u16 protocol_of(const u8 *data)
{
    u16 type = get_be16(data + HEADER_TYPE);
    return type == TYPE_IP ? PROTOCOL_IP : type == TYPE_ARP ? PROTOCOL_ARP : PROTOCOL_UNKNOWN;
}

/* Let UNDI send what its parameters say. One that has copied the frame says that it is sent as soon
 * as it is asked, which goes with the call. */
static bool send(void)
{
    const u8 *p = NULL;
    bool ask = prompt && (next != ISR_START || (nic.wake.polled && start()));
    sending = ask ? undi_call_and_isr(UNDI_TRANSMIT, next, &p) : undi_call(UNDI_TRANSMIT);
    sending_since = platform_now_us();
    bool sent = sending;
    if (ask && sent) {
        u16 what = p ? get_le16(p + ISR_FLAG) : ISR_DONE;
        prompt = what == ISR_SENT || what == ISR_RECEIVED;
        hear(what, p);
    }
    return sent;
}

static bool transmit(struct netdev *dev, struct pkt *p)
{
    static const u8 broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct undi_block *block = undi_block();
    resume(dev);
    wait_for_room();
    u32 len = min_u32(p->len, UNDI_FRAME);
    memcpy(block->frame, p->data, len);
    pkt_free(p);
    while (len < FRAME_MIN)
        block->frame[len++] = 0;

    u16 protocol = protocol_of(block->frame);
    u32 skip = protocol ? HEADER : 0;
    put_le16(block->tbd + TBD_LENGTH, (u16)(len - skip));
    undi_put_address(block->tbd + TBD_AT, block->frame + skip);
    u8 *to = undi_parameters(TRANSMIT_BYTES);
    to[TRANSMIT_PROTOCOL] = (u8)protocol;
    to[TRANSMIT_FLAG] = memcmp(block->frame, broadcast, sizeof(broadcast)) ? 0 : FLAG_BROADCAST;
    undi_put_address(to + TRANSMIT_ADDRESS, block->frame);
    undi_put_address(to + TRANSMIT_TBD, block->tbd);
    bool sent = send();
    dev->stats.tx_frames += sent;
    dev->stats.tx_errors += !sent;
    return true;
}

/* ---- the device ---- */

/* UNDI has taken the frame at once, and can't tell of the link. */
static void nothing(struct netdev *dev)
{
    (void)dev;
}

static bool wake_ready(struct netdev *dev)
{
    resume(dev);
    return ready(dev);
}

static bool wake_enable(struct netdev *dev, bool on)
{
    waiting = on;
    return on ? !wake_ready(dev) : start();
}

static bool acknowledge(struct netdev *dev)
{
    (void)dev;
    return start();
}

static void stop(struct netdev *dev)
{
    (void)dev;
    undi_simple(UNDI_CLOSE, UNDI_STATUS_BYTES);
    undi_simple(UNDI_SHUTDOWN, UNDI_STATUS_BYTES);
    drop_all();
}

static const struct netdev_ops ops = {
    .transmit = transmit,
    .receive = receive,
    .flush = nothing,
    .update = nothing,
    .stop = stop,
    .pause = pause,
};

/* Some UNDIs want to be told their own MAC address, and others refuse it. */
static bool take_mac(void)
{
    if (!undi_simple(UNDI_GET_INFORMATION, INFORMATION_BYTES))
        return false;
    memcpy(nic.mac, undi_block()->parameters + INFORMATION_MAC, sizeof(nic.mac));
    memcpy(undi_parameters(ADDRESS_BYTES) + ADDRESS_MAC, nic.mac, sizeof(nic.mac));
    undi_call(UNDI_SET_STATION_ADDRESS);
    return mac_is_station(nic.mac);
}

static bool has_interrupts(void)
{
    return undi_simple(UNDI_GET_IFACE_INFO, IFACE_BYTES) &&
           get_le32(undi_block()->parameters + IFACE_FLAGS) & IFACE_IRQ;
}

static u32 packet_size(const struct nic_id *id, u32 bytes)
{
    (void)id;
    return bytes <= UNDI_FRAME ? PKT_SIZE : 0;
}

/* How many frames may come while nobody looks. Most UNDIs lose those that are too many, which costs
 * a retransmission. But iPXE's driver of Intel's 8255x has four buffers, and clears the end mark of
 * the last one before it says which is the next: a NIC that reads both between these two goes on at
 * address 0, over the interrupt vectors. And QEMU's NE2000 takes a ring that is exactly full for an
 * empty one, whereupon iPXE finds no frame in it any more. */
static u16 rx_ring(u16 bdf)
{
    static const struct {
        u32 model; /* as PCI has it: device, vendor */
        u16 frames;
    } few[] = {{0x12098086, 2}, {0x12298086, 2}, {0x24498086, 2}, {0x802910ec, 6}};
    u32 model = pci_read32(bdf, PCI_VENDOR_ID);
    for (u32 i = 0; i < ARRAY_SIZE(few); i++)
        if (few[i].model == model)
            return few[i].frames;
    return RX_RING;
}

static enum error undi_open(u16 bdf, const struct nic_id *id, const struct nic_memory *lent,
                            struct netdev **dev)
{
    (void)id;
    memory = *lent;
    nic = (struct netdev){
        .ops = &ops,
        .wake = {.dear = true,
                 .ready = wake_ready,
                 .enable = wake_enable,
                 .acknowledge = acknowledge},
        .mtu = MTU_ETHERNET,
        .link_up = true,
        .base_kib = undi_kib(),
        .rx_ring = rx_ring(bdf),
        .tx_pool = memory.tx_pool,
    };
    arrived = NULL;
    arrived_end = &arrived;
    next = ISR_START;
    waiting = sending = false;
    silent = 0;
    prompt = true;
    undi_simple(UNDI_STARTUP, UNDI_STATUS_BYTES);
    enum error e = !undi_simple(UNDI_INITIALIZE, INITIALIZE_BYTES) ? ERR_NIC_DEAD
                   : !take_mac()                                   ? ERR_NIC_EEPROM
                                                                   : OK;
    nic.wake.polled = !has_interrupts();
    if (!e && !open())
        e = ERR_NIC_DEAD;
    if (e)
        stop(&nic);
    else
        *dev = &nic;
    return e;
}

const struct nic_driver undi_driver = {.packet_size = packet_size, .open = undi_open};
