/* ARP: the neighbours' MAC addresses, and the defence of our own address. */
#include "net/arp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"
#include "net/address.h"
#include "net/eth.h"
#include "net/port.h"

#define ARP_TYPES         0 /* hardware 1 (Ethernet), protocol 0800h (IPv4) */
#define ARP_LENGTHS       4 /* 6 and 4 */
#define ARP_OP            6
#define ARP_REQUEST       1
#define ARP_REPLY         2
#define ARP_SHA           8
#define ARP_SPA           14
#define ARP_THA           18
#define ARP_TPA           24
#define ARP_LEN           28

#define ENTRIES           8
#define LIFETIME          60000 /* ms that an answer counts, and that an unused entry stays */
#define FIRST_GAP         250 /* ms from the first request to the second; each gap is twice the last */
#define LONGEST_GAP       4 /* doublings */
#define FAILED_AFTER      4 /* unanswered requests */
#define UNICAST_POLLS     2 /* requests of a refresh that go to the known MAC (RFC 1122, 2.3.2.1) */
#define RETRY             20 /* ms until a request is tried again that the NIC had no room for */
#define IDLE              0x10000000 /* ms, "some day" */

/* RFC 5227, 1.1 */
#define ANNOUNCE_NUM      2
#define ANNOUNCE_INTERVAL 2000
#define DEFEND_INTERVAL   10000

static struct arp_entry {
    ip4 addr; /* 0: free */
    u8 mac[6];
    bool known;  /* mac can be used */
    bool wanted; /* was looked up, and is not only learned from a request to us */
    u8 requests; /* since the latest answer */
    msec used;   /* the latest lookup */
    msec due;    /* known: the next request; else when it is asked again */
} entries[ENTRIES];

static msec next_due; /* nothing to do before */

static u32 announcements; /* still to send */
static msec announce_at;

static bool defended;
static msec defended_at;
static bool conflict;
static u8 conflict_mac[6];

void arp_init(void)
{
    memset(entries, 0, sizeof(entries));
    announcements = 0;
    defended = conflict = false;
}

static void wake_at(msec when)
{
    if (time_after(next_due, when))
        next_due = when;
}

/* `mac` NULL: to all. */
static bool arp_send(u16 op, const u8 *mac, ip4 target)
{
    struct pkt *p = net_alloc();
    if (!p)
        return false;
    u8 *a = p->data;
    p->len = ARP_LEN;
    put_be32(a + ARP_TYPES, 0x00010800);
    put_be16(a + ARP_LENGTHS, 0x0604);
    put_be16(a + ARP_OP, op);
    memcpy(a + ARP_SHA, net_device()->mac, 6);
    put_be32(a + ARP_SPA, ipv4_config()->addr);
    memset(a + ARP_THA, 0, 6);
    if (mac)
        memcpy(a + ARP_THA, mac, 6);
    put_be32(a + ARP_TPA, target);
    return eth_send(p, mac ? mac : eth_broadcast, ETH_TYPE_ARP);
}

static void arp_ask(struct arp_entry *e, msec now)
{
    e->due = now + RETRY;
    if (arp_send(ARP_REQUEST, e->known && e->requests < UNICAST_POLLS ? e->mac : NULL, e->addr)) {
        e->due = now + (FIRST_GAP << min_u32(e->requests, LONGEST_GAP));
        if (e->requests <= FAILED_AFTER)
            e->requests++;
    }
    wake_at(e->due);
}

static struct arp_entry *arp_find(ip4 addr)
{
    for (u32 i = 0; i < ENTRIES; i++)
        if (entries[i].addr == addr)
            return &entries[i];
    return NULL;
}

/* Take an entry for addr: a free one, else the one that is missed least. What somebody sent to us
 * never pushes out what we look up ourselves. */
static struct arp_entry *arp_take(ip4 addr, bool wanted, msec now)
{
    struct arp_entry *e = arp_find(0);
    for (u32 i = 0; !e && i < ENTRIES; i++)
        if (!entries[i].wanted)
            e = &entries[i];
    if (!e) {
        if (!wanted)
            return NULL;
        e = entries;
        for (u32 i = 1; i < ENTRIES; i++)
            if (time_after(e->used, entries[i].used))
                e = &entries[i];
    }
    *e = (struct arp_entry){.addr = addr, .wanted = wanted, .used = now};
    return e;
}

static void arp_learn(struct arp_entry *e, const u8 *mac, msec now)
{
    memcpy(e->mac, mac, 6);
    e->known = true;
    e->requests = 0;
    e->due = now + LIFETIME;
    wake_at(e->due);
}

bool arp_lookup(ip4 addr, u8 mac[6], msec now)
{
    struct arp_entry *e = arp_find(addr);
    if (!e) {
        e = arp_take(addr, true, now);
        arp_ask(e, now);
    }
    e->wanted = true;
    e->used = now;
    if (e->known)
        memcpy(mac, e->mac, 6);
    return e->known;
}

bool arp_known(ip4 addr)
{
    const struct arp_entry *e = arp_find(addr);
    return e && e->known;
}

void arp_refresh(ip4 addr, msec now)
{
    struct arp_entry *e = arp_find(addr);
    if (e && e->known && !e->requests)
        arp_ask(e, now);
}

void arp_announce(ip4 addr, msec now)
{
    announcements = addr ? ANNOUNCE_NUM : 0;
    announce_at = now;
    defended = conflict = false;
    next_due = now;
    arp_poll(now);
}

/* RFC 5227, 2.4 (b), but without giving the address up: that is for those above to say. */
static void defend(ip4 ours, const u8 *mac, msec now)
{
    net_stats.arp_conflicts++;
    if (defended && now - defended_at < DEFEND_INTERVAL) {
        conflict = true;
        memcpy(conflict_mac, mac, 6);
    } else {
        defended = true;
        defended_at = now;
        arp_send(ARP_REQUEST, NULL, ours);
    }
}

bool arp_conflict(u8 mac[6])
{
    if (conflict)
        memcpy(mac, conflict_mac, 6);
    return conflict;
}

static bool arp_valid(const u8 *a, u32 len)
{
    return len >= ARP_LEN && get_be32(a + ARP_TYPES) == 0x00010800 &&
           get_be16(a + ARP_LENGTHS) == 0x0604 &&
           (u32)get_be16(a + ARP_OP) - ARP_REQUEST <= ARP_REPLY - ARP_REQUEST &&
           mac_is_station(a + ARP_SHA);
}

static void arp_process(const u8 *a, msec now)
{
    u16 op = get_be16(a + ARP_OP);
    ip4 from = get_be32(a + ARP_SPA);
    ip4 to = get_be32(a + ARP_TPA);
    ip4 ours = ipv4_config()->addr;
    if (!ours)
        return;
    if (from == ours) {
        defend(ours, a + ARP_SHA, now);
        return;
    }
    bool question = op == ARP_REQUEST && to == ours;
    /* A sender of 0 is a probe (RFC 5227, 1.1): answered, never learned. */
    if (from) {
        struct arp_entry *e = arp_find(from);
        if (!e && question && ipv4_on_link(from))
            e = arp_take(from, false, now);
        if (e)
            arp_learn(e, a + ARP_SHA, now);
    }
    if (question)
        arp_send(ARP_REPLY, a + ARP_SHA, from);
}

void arp_input(const struct pkt *p, msec now)
{
    if (!arp_valid(p->data, p->len))
        net_stats.arp_bad++;
    else if (memcmp(p->data + ARP_SHA, net_device()->mac, 6)) /* some switches return our own */
        arp_process(p->data, now);
}

void arp_poll(msec now)
{
    if (!time_reached(now, next_due))
        return;
    next_due = now + IDLE;
    if (announcements) {
        if (time_reached(now, announce_at)) {
            announce_at = now + RETRY;
            if (arp_send(ARP_REQUEST, NULL, ipv4_config()->addr)) {
                announce_at = now + ANNOUNCE_INTERVAL;
                announcements--;
            }
        }
        if (announcements)
            wake_at(announce_at);
    }
    for (struct arp_entry *e = entries; e < entries + ENTRIES; e++) {
        if (!e->addr)
            continue;
        if (!time_reached(now, e->due)) {
            wake_at(e->due);
        } else if (now - e->used >= LIFETIME) {
            e->addr = 0;
        } else {
            if (e->requests > FAILED_AFTER)
                e->known = false;
            arp_ask(e, now);
        }
    }
}

u32 arp_timeout(msec now)
{
    return time_left(now, next_due);
}
