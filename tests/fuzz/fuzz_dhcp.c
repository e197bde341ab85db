/* DHCP: servers that answer anything at any time, over the net floor. A lease that is taken holds
 * only what can be used; an address that is bound stays; questions come at the pace of the RFC,
 * whatever the answers are. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "input.h"
#include "net/address.h"
#include "net/dhcp.h"
#include "net/dhcp_message.h"
#include "net/dhcp_wire.h"
#include "stack.h"
#include <stdlib.h>
#include <string.h>

#define STEPS        64
#define HOURS        4 /* that one input may last */
#define GIVE_UP_MS   30000
#define FULL_MS      1000 /* that the ring is full, at most, in one step */
#define MESSAGE_MAX  1400
#define OTHER_SERVER (WIRE_PEER + 1)

static const char who[] = "pc-1";
static u8 message[MESSAGE_MAX];
static u32 message_len;
static u32 answers, ms_left, ms_spent;
static bool want_root_path;

static void check_text(const char *text)
{
    static const char nothing[DHCP_TEXT];
    size_t len = strnlen(text, DHCP_TEXT);
    CHECK(len < DHCP_TEXT && !memcmp(text + len, nothing, DHCP_TEXT - len));
}

/* Any of its pieces can be read; nothing lies behind them. */
static void check_ipxe(const struct dhcp_lease *l)
{
    static const u8 nothing[DHCP_IPXE];
    u8 value[255];
    CHECK(l->ipxe_len <= DHCP_IPXE);
    CHECK(!memcmp(l->ipxe + l->ipxe_len, nothing, DHCP_IPXE - l->ipxe_len));
    for (u32 number = 0; number < 256; number++)
        CHECK(dhcp_ipxe(l, (u8)number, value, sizeof(value)) <= sizeof(value));
}

static void check_lease(const struct dhcp_lease *l)
{
    CHECK(ip4_is_host(l->ip.addr) && ip4_is_host(l->server));
    CHECK(!l->ip.netmask || ip4_is_netmask(l->ip.netmask));
    CHECK(!l->ip.gateway || (ip4_is_host(l->ip.gateway) && l->ip.gateway != l->ip.addr));
    CHECK(!l->mtu || l->mtu >= 576);
    CHECK(l->ip.route_count <= IPV4_ROUTES);
    for (u32 i = 0; i < l->ip.route_count; i++) {
        const struct ipv4_route *r = &l->ip.routes[i];
        CHECK(r->prefix <= 32 && (!r->gateway || ip4_is_host(r->gateway)));
        CHECK(r->prefix == 32 || !(r->net & ~0u >> r->prefix));
    }
    CHECK(l->lease_seconds);
    for (u32 i = 0; i < DNS_SERVERS; i++)
        CHECK(!l->dns[i] || ip4_is_host(l->dns[i]));
    check_text(l->domain);
    check_text(l->hostname);
    check_text(l->root_path);
    check_text(l->initiator_iqn);
    check_text(l->boot_file);
    CHECK(!l->next_server || ip4_is_host(l->next_server));
    check_ipxe(l);
}

/* --- Messages --- */

static ip4 some_address(void)
{
    static const ip4 list[] = {WIRE_US, WIRE_US + 1, WIRE_PEER, OTHER_SERVER, WIRE_GATEWAY, 0};
    u32 i = in_below(ARRAY_SIZE(list) + 1);
    return i < ARRAY_SIZE(list) ? list[i] : in_u32();
}

static void option(u8 code, const void *value, u32 len)
{
    if (message_len + 2 + len > sizeof(message))
        return;
    message_len = dhcp_put_option(message, message_len, code, value, len);
}

static void address_option(u8 code, ip4 addr)
{
    u8 value[4];
    put_be32(value, addr);
    option(code, value, 4);
}

/* One option: some that are as they should be, and any other. */
static void some_option(void)
{
    static const char root_path[] = "iscsi:192.0.2.20::::iqn.2026-11.test:disk";
    u8 value[255], code = in_u8();
    switch (code) {
    case OPT_ROOT_PATH:
        if (in_u8() & 1) {
            option(code, root_path, sizeof(root_path) - 1);
            return;
        }
        break;
    case OPT_NETMASK:
        if (in_u8() & 1) {
            address_option(code, 0xffffff00);
            return;
        }
        break;
    case OPT_VENDOR_CLASS:
        option(code, "PXEClient", 9);
        return;
    case OPT_LEASE_TIME:
    case OPT_T1:
    case OPT_T2:
        address_option(code, in_u8() & 1 ? in_u16() : in_u32());
        return;
    case OPT_PAD:
        message[message_len++] = 0;
        return;
    }
    option(code, value, in_bytes(value, sizeof(value)));
}

/* A server's answer to the client's latest message. */
static void make_message(void)
{
    u8 type = in_u8(), odd = in_u8(), count = in_u8();
    memset(message, 0, sizeof(message));
    message_len = dhcp_put_reply(message, heard.xid, odd & 1 ? some_address() : WIRE_US);
    type = type < 0xf0 ? type % (DHCPNAK + 1) : type;
    if (type) /* else it is BOOTP's */
        option(OPT_TYPE, &type, 1);
    address_option(OPT_SERVER_ID, odd & 2 ? some_address() : WIRE_PEER);
    for (u32 i = 0; i < count % 16u && message_len < sizeof(message) - 300; i++)
        some_option();
    if (odd & 4) /* any bytes behind them */
        message_len += in_bytes(message + message_len, sizeof(message) - message_len);
    else
        message[message_len++] = OPT_END;
    if (odd & 8)
        in_bytes(message + DHCP_SNAME, DHCP_SNAME_LEN + DHCP_FILE_LEN);
    if (odd & 16)
        message[in_below(DHCP_OPTIONS)] = in_u8();
    if (odd & 32)
        message_len = min_u32(message_len, in_u16());
}

static void answer(void)
{
    u8 frame[2048];
    make_message();
    answers++;
    ip4 from = in_u8() < 0xf0 ? WIRE_PEER : some_address();
    u16 port = in_u8() & 1 ? DHCP_SERVER_PORT : DHCP_PROXY_PORT;
    wire_deliver(frame,
                 wire_udp(frame, from, port, WIRE_US, DHCP_CLIENT_PORT, message, message_len));
}

/* What a lease has stays when another answer is merged with it; only what is of the disk may come.
 */
static void check_merged(const struct dhcp_lease *before, const struct dhcp_lease *after)
{
    struct dhcp_lease l = *after;
    check_lease(&l);
    CHECK(!before->root_path[0] || !strcmp(l.root_path, before->root_path));
    CHECK(!before->initiator_iqn[0] || !strcmp(l.initiator_iqn, before->initiator_iqn));
    memcpy(l.root_path, before->root_path, DHCP_TEXT);
    memcpy(l.initiator_iqn, before->initiator_iqn, DHCP_TEXT);
    if (!before->boot_file[0]) {
        memset(l.boot_file, 0, DHCP_TEXT);
        l.next_server = before->next_server;
    }
    if (!before->ipxe_len) {
        memset(l.ipxe, 0, DHCP_IPXE);
        l.ipxe_len = 0;
    }
    CHECK(!memcmp(&l, before, sizeof(l)));
}

/* The same, as what PXE has left: the ACK, and maybe another server's answer. */
static void adopt(void)
{
    make_message();
    u32 ack_len = message_len, extra_len = 0;
    u8 *ack = exact_copy(message, ack_len), *extra = NULL, type;
    if (in_u8() & 1) {
        make_message();
        extra_len = message_len;
        extra = exact_copy(message, extra_len);
    }
    struct dhcp_lease *own = malloc(sizeof(*own)), *lease = malloc(sizeof(*lease));
    bool good = dhcp_parse(ack, ack_len, 0, &type, own);
    *lease = *own;
    if (good) {
        dhcp_merge(lease, extra, extra_len, 0);
        check_merged(own, lease);
    }
    if (dhcp_adopt(who, want_root_path, ack, ack_len, extra, extra_len, host_now)) {
        CHECK(good && type != DHCPOFFER && dhcp_state() == DHCP_BOUND);
        CHECK(dhcp_has_disk(lease) || !want_root_path);
        CHECK(!memcmp(dhcp_lease(), lease, sizeof(*lease)));
        CHECK(ipv4_config()->addr == lease->ip.addr);
    }
    answers += 2;
    free(lease);
    free(own);
    free(extra);
    free(ack);
}

static void start(void)
{
    want_root_path = in_u8() & 1;
    dhcp_start(who, want_root_path, GIVE_UP_MS, host_now);
    CHECK(dhcp_state() == DHCP_ASKING && !ipv4_config()->addr);
    answers++;
}

static void fill_ring(void)
{
    wire_tx_full = !wire_tx_full;
}

static void pass_time(void)
{
    u32 ms = in_u8();
    ms = min_u32(ms < 100 ? ms : ms < 200 ? (ms - 99) * 200 : (ms - 199) * 60000, ms_left);
    if (wire_tx_full) /* longer is only more of the same, every few milliseconds */
        ms = min_u32(ms, FULL_MS);
    ms_left -= ms;
    ms_spent += ms;
    stack_run(ms);
}

static void stop(void)
{
    static const struct dhcp_lease none;
    dhcp_stop();
    CHECK(dhcp_state() == DHCP_OFF && dhcp_timeout(host_now) == TIMEOUT_NEVER);
    CHECK(!memcmp(dhcp_lease(), &none, sizeof(none))); /* its secrets, too */
}

void fuzz_one(void)
{
    static void (*const steps[])(void) = {answer, answer,    answer,    adopt,
                                          start,  fill_ring, pass_time, pass_time};
    stack_reset(NO_ADDRESS);
    answers = ms_spent = 0;
    ms_left = HOURS * 3600000;
    start();
    stack_run(10);
    for (u32 i = 0; i < STEPS && in_left(); i++) {
        bool was_bound = dhcp_state() == DHCP_BOUND;
        ip4 had = ipv4_config()->addr;
        void (*step)(void) = steps[in_below(ARRAY_SIZE(steps))];
        step();
        stack_listen();
        enum dhcp_state state = dhcp_state();
        if (was_bound && (step == answer || step == pass_time))
            CHECK((state == DHCP_BOUND || state == DHCP_FAILED) && ipv4_config()->addr == had);
        if (state == DHCP_BOUND) {
            check_lease(dhcp_lease());
            CHECK(ipv4_config()->addr == dhcp_lease()->ip.addr);
        }
        /* Each answer may make us ask at once, and so may each second. */
        CHECK(heard.requests <= 10 + 4 * answers + ms_spent / 500);
    }
    stop();
    stack_end();
}
