/* The DHCP client's state machine (RFC 2131, figure 5), without its waits and without DECLINE: the
 * address is used at once, and conflicts are ARP's business. */
#include "net/dhcp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/str.h"
#include "net/dhcp_proxy.h"
#include "net/dhcp_question.h"
#include "net/dhcp_wire.h"
#include "net/ip.h"
#include "net/port.h"
#include "net/udp.h"

#define FIRST_GAP      1000 /* ms to the first retransmission; each gap is twice the last */
#define GAP_DOUBLINGS  3    /* at most, while somebody waits: a switch may just have come to life */
#define LOST_DOUBLINGS 6    /* at most, once an address is in use anyway */
#define REQUESTS       3    /* without an answer, then from the start */
#define UNICAST_TRIES  2    /* then answers are asked for by broadcast */
#define BETTER_OFFER   2000 /* ms that an offer without a root path waits for one with it */
#define ASK_AGAIN      1000 /* ms into that: others may have missed the question */
#define PROXY_GAP      1000 /* ms between two questions to a proxyDHCP server */
#define PROXY_WAIT     2000 /* ms that it has to answer */
#define AFTER_NAK      1000 /* ms of peace, from the second refusal on */
#define RENEW_LEAST    4000 /* ms between renewals, at least */
#define LEASE_LEAST    10   /* seconds; a server that gives less doesn't mean it */
#define LEASE_MOST                                                                                 \
    1800000 /* seconds: what the clock can count (types.h); longer is renewed early */
#define STALL           16 /* ms until a message that could not go out is tried again, doubled */
#define STALL_DOUBLINGS 8

static enum {
    OFF,
    SELECTING,
    REQUESTING,
    ASKING_PROXY, /* where a lease is in use, but no root path known */
    BOUND,
    RENEWING,
    REBINDING,
    GIVEN_UP,
} state;

static char hostname[DHCP_HOSTNAME]; /* that we say is ours; empty: none */
static bool want_root_path;
static msec give_up_at;

static struct dhcp_lease lease;   /* in use when `live` */
static struct dhcp_lease scratch; /* what arrived last; wiped at once, for its secrets */
static bool live;                 /* an address is in use, and stays so */
static bool forever;              /* the lease has no end */
static msec t1, t2, end;

/* How good an offer is. BOOTP's is no offer, but the address; when it is requested all the same, it
 * is given again. */
enum rank { FROM_BOOTP, WITHOUT_DISK, WITH_DISK };

/* The offer that is to be requested: addr 0 while there is none. */
static struct {
    ip4 addr, server;
    enum rank rank;
    bool asked_again; /* while it waits for a better one */
} chosen;

static ip4 proxy; /* who is asked at ASKING_PROXY */
static msec proxy_until;

static u32 xid;
static msec started; /* of this transaction */
static msec sent_at; /* the latest message */
static msec due;     /* the next thing to do */
static u32 tries, stalls, refusals, attempts;

/* The message that the state calls for. False when it did not go out. */
static bool dhcp_send(msec now)
{
    struct pkt *p = net_alloc();
    if (!p)
        return false;
    struct dhcp_question q = {
        .type = state == SELECTING ? DHCPDISCOVER : DHCPREQUEST,
        .xid = xid,
        .seconds = (u16)min_u32((now - started) / 1000, 0xffff),
        /* ipv4.c takes an answer to the address that is offered. Some relays can't send that, so
         * that after a while we ask for a broadcast. */
        .broadcast = !live && tries >= UNICAST_TRIES,
        .hostname = hostname,
    };
    ip4 to = IP4_BROADCAST;
    if (state > REQUESTING)
        q.ciaddr = lease.ip.addr;
    else
        q.requested = live ? lease.ip.addr : chosen.addr;
    if (state == REQUESTING)
        q.server = chosen.server;
    if (state == ASKING_PROXY)
        to = q.server = proxy;
    if (state == RENEWING)
        to = lease.server;
    p->len = (u16)dhcp_put_question(p->data, &q);
    return udp_send(p, DHCP_CLIENT_PORT, to,
                    state == ASKING_PROXY ? DHCP_PROXY_PORT : DHCP_SERVER_PORT, now);
}

/* 1, 2, 4 ... seconds, give or take an eighth, so that machines that were switched on together
 * don't stay together. */
static u32 gap(void)
{
    u32 ms = (u32)FIRST_GAP << min_u32(tries, live ? LOST_DOUBLINGS : GAP_DOUBLINGS);
    return ms - ms / 8 + random_u32() % (ms / 4);
}

static void begin(u32 new_state, msec when)
{
    state = new_state;
    tries = stalls = 0;
    due = when;
}

static void discover(msec when)
{
    begin(SELECTING, when);
    chosen.addr = 0;
    chosen.asked_again = false;
    xid = random_u32();
    started = when;
}

static void set_timers(void)
{
    u32 s = max_u32(LEASE_LEAST, min_u32(lease.lease_seconds, LEASE_MOST));
    u32 s1 = lease.t1_seconds, s2 = lease.t2_seconds;
    if (!s1 || s1 >= s2 || s2 >= s) { /* RFC 2131, 4.4.5 */
        s1 = s / 2;
        s2 = s - s / 8;
    }
    forever = lease.lease_seconds == UINT32_MAX;
    t1 = sent_at + s1 * 1000;
    t2 = sent_at + s2 * 1000;
    end = sent_at + s * 1000;
}

/* Nothing better than the chosen offer is waited for when it comes with all that is wanted. */
static void request_if_enough(msec now)
{
    bool enough = live || !want_root_path || dhcp_proxy_has_disk();
    if (chosen.rank == WITH_DISK || (chosen.rank == WITHOUT_DISK && enough))
        begin(REQUESTING, now);
}

static void dhcp_take_offer(bool bootp, msec now)
{
    enum rank rank = bootp ? FROM_BOOTP : dhcp_has_disk(&scratch) ? WITH_DISK : WITHOUT_DISK;
    if (live && scratch.ip.addr != lease.ip.addr)
        return;
    if (!chosen.addr)
        due = now + ASK_AGAIN;
    else if (rank <= chosen.rank)
        return;
    chosen.addr = scratch.ip.addr;
    chosen.server = scratch.server;
    chosen.rank = rank;
    request_if_enough(now);
}

static void dhcp_take_proxy_offer(const u8 *data, u32 len, ip4 from, msec now)
{
    if (live)
        return; /* too late */
    if (!dhcp_proxy_keep(data, len, from, &scratch))
        net_stats.dhcp_bad++;
    else if (state == SELECTING && chosen.addr)
        request_if_enough(now);
}

static void bound(void)
{
    refusals = 0;
    set_timers();
    begin(BOUND, t1);
}

/* The lease in `scratch` is ours. */
static void use_lease(msec now)
{
    lease = scratch;
    live = true;
    proxy = dhcp_proxy_merge(&lease);
    dhcp_proxy_forget();
    ip_configure(&lease.ip, now);
    dns_configure(lease.dns, lease.domain);
    bound();
    if (!proxy && lease.for_pxe) /* it is its own proxy */
        proxy = lease.server;
    if (proxy && want_root_path && !dhcp_has_disk(&lease) && !lease.boot_file[0]) {
        begin(ASKING_PROXY, now);
        proxy_until = now + PROXY_WAIT;
    }
}

static void dhcp_take_ack(msec now)
{
    if (live) {
        if (scratch.ip.addr != lease.ip.addr) {
            discover(now);
            return;
        }
        lease.server = scratch.server;
        lease.lease_seconds = scratch.lease_seconds;
        lease.t1_seconds = scratch.t1_seconds;
        lease.t2_seconds = scratch.t2_seconds;
        bound();
    } else if (scratch.ip.addr == chosen.addr) {
        use_lease(now);
    }
}

static void refused(msec now)
{
    discover(refusals ? now + AFTER_NAK : now);
    refusals = 1;
}

/* Has a server that was asked for the address answered with `type`? */
static bool is_answer(u8 type)
{
    if (state == REQUESTING)
        return scratch.server == chosen.server && !type == (chosen.rank == FROM_BOOTP);
    /* At REBINDING every server may answer, before only the one that was asked. */
    return type && (state == REBINDING || (state == RENEWING && scratch.server == lease.server));
}

static void dhcp_input(const u8 *data, u32 len, ip4 from, u16 from_port, msec now)
{
    u8 type;
    if (len < DHCP_OPTIONS || get_be32(data + DHCP_XID) != xid ||
        memcmp(data + DHCP_CHADDR, net_device()->mac, 6))
        return; /* somebody else's */
    bool ok = dhcp_parse(data, len, from, &type, &scratch);
    if (type == DHCPNAK) {
        if (is_answer(type))
            refused(now);
    } else if (from_port == DHCP_PROXY_PORT) {
        if (state == ASKING_PROXY && (type == DHCPACK || type == DHCPOFFER)) {
            dhcp_merge(&lease, data, len, from);
            begin(BOUND, t1);
        }
    } else if (type == DHCPOFFER && !scratch.ip.addr) {
        dhcp_take_proxy_offer(data, len, from, now);
    } else if (!ok) {
        net_stats.dhcp_bad++;
    } else if (state == SELECTING && type != DHCPACK) {
        dhcp_take_offer(!type, now);
    } else if (is_answer(type) && type != DHCPOFFER) {
        dhcp_take_ack(now);
    }
    wipe(&scratch, sizeof(scratch));
}

static void prepare(const char *own_name, bool want_root, msec now)
{
    static const struct ipv4_config none;
    dhcp_stop();
    want_root_path = want_root;
    str_put(hostname, sizeof(hostname), own_name, strlen(own_name));
    attempts = refusals = 0;
    ip_configure(&none, now);
    udp_bind(DHCP_CLIENT_PORT, dhcp_input);
}

void dhcp_start(const char *own_name, bool want_root, u32 give_up_ms, msec now)
{
    prepare(own_name, want_root, now);
    give_up_at = now + give_up_ms;
    discover(now);
}

bool dhcp_adopt(const char *own_name, bool want_root, const u8 *ack, u32 ack_len, const u8 *extra,
                u32 extra_len, msec now)
{
    u8 type;
    bool ok = dhcp_parse(ack, ack_len, 0, &type, &scratch) && type != DHCPOFFER &&
              !memcmp(ack + DHCP_CHADDR, net_device()->mac, 6);
    if (ok) {
        dhcp_merge(&scratch, extra, extra_len, 0);
        ok = dhcp_has_disk(&scratch) || !want_root;
    }
    if (ok) {
        prepare(own_name, want_root, now);
        sent_at = now;
        use_lease(now);
    }
    wipe(&scratch, sizeof(scratch));
    return ok;
}

void dhcp_stop(void)
{
    state = OFF;
    live = false;
    wipe(&lease, sizeof(lease));
    dhcp_proxy_forget();
    udp_bind(DHCP_CLIENT_PORT, NULL);
}

enum dhcp_state dhcp_state(void)
{
    if (state == OFF)
        return DHCP_OFF;
    if (state == GIVEN_UP)
        return DHCP_FAILED;
    if (state >= BOUND)
        return DHCP_BOUND;
    return live && state != ASKING_PROXY ? DHCP_FAILED : DHCP_ASKING;
}

struct dhcp_lease *dhcp_lease(void)
{
    return &lease;
}

u32 dhcp_attempts(void)
{
    return attempts;
}

/* Go on to the state that time alone has brought about. False: nothing is to be sent. */
static bool dhcp_advance(msec now)
{
    if (!live && time_reached(now, give_up_at)) {
        state = GIVEN_UP;
        return false;
    }
    if (!time_reached(now, due))
        return false;
    if (state == ASKING_PROXY && time_reached(now, proxy_until)) {
        begin(BOUND, t1);
        return false;
    }
    if (state == SELECTING && chosen.asked_again)
        begin(REQUESTING, now);
    if (state == REQUESTING && tries == REQUESTS)
        discover(now);
    if (state == BOUND) {
        begin(RENEWING, now);
        xid = random_u32();
        started = now;
    }
    if (state == RENEWING && time_reached(now, t2))
        begin(REBINDING, now);
    if (state == REBINDING && time_reached(now, end))
        discover(now);
    return true;
}

static bool idle(void)
{
    return state == OFF || state == GIVEN_UP || (state == BOUND && forever);
}

void dhcp_poll(msec now)
{
    if (idle() || !dhcp_advance(now))
        return;
    if (!dhcp_send(now)) {
        due = now + (STALL << min_u32(stalls++, STALL_DOUBLINGS));
        return;
    }
    sent_at = now;
    attempts++;
    stalls = 0;
    if (state == RENEWING || state == REBINDING) {
        /* RFC 2131, 4.4.5: half of what is left; but not its minimum of 60 s, which would give a
         * short lease one try only. */
        msec until = state == RENEWING ? t2 : end;
        u32 left = time_left(now, until);
        due = now + min_u32(left, max_u32(left / 2, RENEW_LEAST));
    } else if (state == ASKING_PROXY) {
        due = now + PROXY_GAP;
    } else if (state == SELECTING && chosen.addr) {
        chosen.asked_again = true;
        due = now + BETTER_OFFER - ASK_AGAIN;
    } else {
        due = now + gap();
        tries++;
    }
}

u32 dhcp_timeout(msec now)
{
    if (idle())
        return TIMEOUT_NEVER;
    u32 ms = time_left(now, due);
    return live ? ms : min_u32(ms, time_left(now, give_up_at));
}
