/* The scripted DHCP server. */
#include "net/dhcp_server.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/dhcp_message.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

struct dhcp_said said;
u8 answer[2048];
u32 answer_len;
struct dhcp_lease lease;
u8 lease_type;

const u8 *said_option(u8 code, u32 *len)
{
    const u8 *p = said.packet;
    for (u32 i = DHCP_OPTIONS; i < said.len && p[i] != OPT_END; i += 2u + p[i + 1]) {
        assert_true(i + 2 + p[i + 1] <= said.len);
        *len = p[i + 1];
        if (p[i] == code)
            return p + i + 2;
    }
    return NULL;
}

bool said_has(u8 code)
{
    u32 len;
    return said_option(code, &len) != NULL;
}

void assert_said(u8 code, const void *value, u32 len)
{
    u32 n = 0;
    const u8 *v = said_option(code, &n);
    assert_non_null(v);
    assert_int_equal(n, len);
    assert_memory_equal(v, value, len);
}

u8 hear(void)
{
    const struct wire_frame *f = wire_take_ip();
    if (!f)
        return 0;
    u16 from_port;
    const u8 *p = wire_udp_payload(f, &said.to, &from_port, &said.port, &said.len);
    assert_non_null(p);
    assert_int_equal(from_port, DHCP_CLIENT_PORT);
    if (said.port != DHCP_PROXY_PORT)
        assert_int_equal(said.port, DHCP_SERVER_PORT);
    assert_true(said.len >= 300);
    memcpy(said.packet, p, said.len);
    said.at = f->at;
    assert_int_equal(get_be32(p) >> 8, 0x010106); /* BOOTREQUEST, Ethernet, 6 */
    assert_memory_equal(p + DHCP_CHADDR, wire_mac, 6);
    assert_int_equal(get_be32(p + DHCP_COOKIE), DHCP_MAGIC);
    u32 len;
    const u8 *type = said_option(OPT_TYPE, &len);
    assert_non_null(type);
    return *type;
}

void add(u8 code, const void *value, u32 len)
{
    answer_len = dhcp_put_option(answer, answer_len, code, value, len);
}

void add_text(u8 code, const char *text)
{
    add(code, text, (u32)strlen(text));
}

void add_u32(u8 code, u32 value)
{
    u8 v[4];
    put_be32(v, value);
    add(code, v, 4);
}

void add_network(void)
{
    add_u32(OPT_NETMASK, 0xffffff00);
    add_u32(OPT_ROUTERS, WIRE_GATEWAY);
}

void begin_answer(u8 type, ip4 yiaddr, ip4 server)
{
    memset(answer, 0, sizeof(answer));
    answer_len = dhcp_put_reply(answer, get_be32(said.packet + DHCP_XID), yiaddr);
    add(OPT_TYPE, &type, 1);
    add_u32(OPT_SERVER_ID, server);
}

void begin_ack(void)
{
    memset(&said, 0, sizeof(said));
    begin_answer(DHCPACK, WIRE_US, SERVER);
}

static u8 *exact_answer(void)
{
    return memcpy(malloc(answer_len), answer, answer_len);
}

bool parse(void)
{
    u8 *exact = exact_answer();
    bool ok = dhcp_parse(exact, answer_len, PARSED_FROM, &lease_type, &lease);
    free(exact);
    return ok;
}

void merge(void)
{
    u8 *exact = exact_answer();
    dhcp_merge(&lease, exact, answer_len, PARSED_FROM);
    free(exact);
}

void send_answer(void)
{
    send_answer_from(SERVER, DHCP_SERVER_PORT);
}

void send_answer_from(ip4 from, u16 port)
{
    u8 frame[2048];
    ip4 to = get_be32(said.packet + DHCP_CIADDR);
    if (!to)
        to = get_be32(answer + DHCP_YIADDR);
    answer[answer_len++] = OPT_END;
    wire_deliver(frame,
                 wire_udp(frame, from, port, to ? to : IP4_BROADCAST, 68, answer, answer_len));
}

void answer_with(u8 type, ip4 yiaddr, ip4 server, u32 seconds, const char *root_path)
{
    begin_answer(type, yiaddr, server);
    add_network();
    add_u32(OPT_LEASE_TIME, seconds);
    if (root_path)
        add_text(OPT_ROOT_PATH, root_path);
    send_answer();
}
