/* The TFTP client against a scripted server, and against one over a bad line, under a virtual
 * clock. */
#include "net/tftp.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "net/address.h"
#include "net/ip.h"
#include "net/ipv4.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/port.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RRQ     1
#define DATA    3
#define ACK     4
#define ERROR   5
#define OACK    6
#define NO_PORT 0xffff /* of hear(): ICMP says that nobody listens */

#define MOST    65536
#define GIVE_UP 60000
#define TID     4000 /* the server's port */

/* ---- the file, as the client's owner sees it ---- */

static u8 whole[MOST + 1], taken[MOST];
static u32 taken_len;
static enum error take_says;

static enum error take(const u8 *data, u32 len)
{
    assert_true(len && taken_len + len <= MOST);
    memcpy(taken + taken_len, data, len);
    taken_len += len;
    return take_says;
}

static void ask_for(const char *name)
{
    const struct tftp_file file = {WIRE_PEER, TFTP_PORT, name, MOST, take};
    taken_len = 0;
    take_says = OK;
    tftp_start(&file, GIVE_UP, host_now);
    wire_run(10);
}

static void assert_read(u32 len)
{
    assert_true(tftp_ended());
    assert_int_equal(tftp_error(), OK);
    assert_int_equal(taken_len, len);
    assert_memory_equal(taken, whole, len);
}

static void assert_ended(enum error e)
{
    assert_true(tftp_ended());
    assert_int_equal(tftp_error(), e);
}

/* ---- what the client says ---- */

static struct {
    u8 packet[600];
    u32 len;
    ip4 to;
    u16 port, to_port;
    msec at;
} heard;

/* The next datagram's opcode, 0: there is none. */
static u16 hear(void)
{
    const struct wire_frame *f = wire_take_ip();
    if (!f)
        return 0;
    const u8 *p = wire_udp_payload(f, &heard.to, &heard.port, &heard.to_port, &heard.len);
    if (!p)
        return NO_PORT;
    assert_true(heard.len >= 4 && heard.len <= sizeof(heard.packet));
    memcpy(heard.packet, p, heard.len);
    heard.at = f->at;
    return get_be16(heard.packet);
}

static u16 number(void)
{
    return get_be16(heard.packet + 2);
}

static void assert_silent(void)
{
    assert_int_equal(hear(), 0);
}

static void assert_request(const char *bytes, u32 len)
{
    assert_int_equal(hear(), RRQ);
    assert_int_equal(heard.to, WIRE_PEER);
    assert_int_equal(heard.to_port, TFTP_PORT);
    assert_true(heard.port >= 0x8000);
    assert_int_equal(heard.len, 2 + len);
    assert_memory_equal(heard.packet + 2, bytes, len);
}

#define ASSERT_REQUEST(text) assert_request(text, sizeof(text))
#define NAME                 "lunboot.conf"
#define PLAIN                NAME "\0octet"
#define WITH_OPTIONS                                                                               \
    PLAIN "\0blksize\0"                                                                            \
          "1428\0tsize\0"                                                                          \
          "0"

static void assert_ack(u16 block)
{
    assert_int_equal(hear(), ACK);
    assert_int_equal(heard.len, 4);
    assert_int_equal(heard.to_port, TID);
    assert_int_equal(number(), block);
}

static void assert_error(u16 code, u16 to_port)
{
    assert_int_equal(hear(), ERROR);
    assert_int_equal(number(), code);
    assert_int_equal(heard.to_port, to_port);
    assert_int_equal(heard.packet[heard.len - 1], 0);
}

/* ---- what the server says ---- */

static u16 client; /* the port it sends to */

static void send_from(ip4 from, u16 from_port, u16 opcode, u16 value, const void *data, u32 len)
{
    u8 frame[2048], message[1600];
    put_be16(message, opcode);
    put_be16(message + 2, value);
    memcpy(message + 4, data, len);
    wire_deliver(frame, wire_udp(frame, from, from_port, WIRE_US, client, message, 4 + len));
}

static void send_block(u16 block, u32 len, u32 size)
{
    send_from(WIRE_PEER, TID, DATA, block, whole + (block - 1) * size, len);
}

static void send_error(u16 code, const char *text)
{
    send_from(WIRE_PEER, TID, ERROR, code, text, (u32)strlen(text) + 1);
}

static void send_options(const char *options, u32 len)
{
    u8 frame[2048], message[600];
    put_be16(message, OACK);
    memcpy(message + 2, options, len);
    wire_deliver(frame, wire_udp(frame, WIRE_PEER, TID, WIRE_US, client, message, 2 + len));
}

#define SEND_OPTIONS(text) send_options(text, sizeof(text))

/* ---- fixtures ---- */

static void fresh(void)
{
    without_tcp();
    for (u32 i = 0; i < sizeof(whole); i++)
        whole[i] = (u8)(i * 7 + i / 251);
}

static void asking(void)
{
    fresh();
    ask_for(NAME);
    ASSERT_REQUEST(WITH_OPTIONS);
    client = heard.port;
}

static void granted(void)
{
    asking();
    SEND_OPTIONS("blksize\0"
                 "1000\0tsize\0"
                 "2500");
    assert_ack(0);
}

FIXTURE(fresh, wire_check_leaks);

/* ---- tests ---- */

TEST_WITH(a_file_comes_in_blocks_of_the_agreed_size, granted)
{
    send_block(1, 1000, 1000);
    assert_ack(1);
    send_block(2, 1000, 1000);
    assert_ack(2);
    assert_false(tftp_ended());
    send_block(3, 500, 1000);
    assert_ack(3);
    assert_read(2500);
    assert_int_equal(net_stats.tftp_bad, 0);
    wire_run(GIVE_UP);
    assert_silent();
}

TEST_WITH(a_server_without_options_sends_512_bytes_a_block, asking)
{
    send_block(1, 512, 512);
    assert_ack(1);
    send_block(2, 10, 512);
    assert_ack(2);
    assert_read(522);
}

TEST_WITH(a_file_of_whole_blocks_ends_with_an_empty_one, asking)
{
    send_block(1, 512, 512);
    assert_false(tftp_ended());
    send_block(2, 0, 512);
    assert_read(512);
}

TEST_WITH(an_empty_file_is_one_empty_block, asking)
{
    SEND_OPTIONS("tsize\0"
                 "0");
    assert_ack(0);
    send_block(1, 0, 512);
    assert_ack(1);
    assert_read(0);
}

TEST(blocks_fit_the_link)
{
    wire_dev.mtu = 576;
    ask_for(NAME);
    ASSERT_REQUEST(PLAIN "\0blksize\0"
                         "544\0tsize\0"
                         "0");
    wire_dev.mtu = 9000;
    ask_for(NAME);
    ASSERT_REQUEST(WITH_OPTIONS);
}

TEST(each_transfer_has_a_port_of_its_own)
{
    ask_for(NAME);
    ASSERT_REQUEST(WITH_OPTIONS);
    u16 before = heard.port;
    ask_for("other");
    assert_int_equal(hear(), RRQ);
    assert_int_not_equal(heard.port, before);
}

TEST_WITH(options_may_be_written_in_capitals_and_others_change_nothing, asking)
{
    SEND_OPTIONS("TSize\0"
                 "99\0windowsize\0"
                 "4\0BLKSIZE\0"
                 "8\0multicast\0");
    assert_ack(0);
    send_block(1, 8, 8);
    assert_ack(1);
    send_block(2, 3, 8);
    assert_read(11);
}

TEST(who_stumbles_over_options_is_asked_without)
{
    static const struct {
        const char *bytes; /* of an OACK, or NULL */
        u32 len;
        u16 code; /* of an ERROR */
    } cases[] = {
        {NULL, 0, 8},
        {NULL, 0, 4},
        {"blksize\0"
         "1429",
         13, 0},
        {"blksize\0"
         "7",
         10, 0},
        {"blksize\0"
         "512 ",
         13, 0},
        {"blksize\0", 9, 0},
        {"blksize\0"
         "512",
         11, 0}, /* without its last terminator */
        {"blksize", 7, 0},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        asking();
        u16 before = client;
        if (cases[i].bytes) {
            send_options(cases[i].bytes, cases[i].len);
            assert_error(8, TID);
        } else {
            send_error(cases[i].code, "no options");
        }
        wire_run(10);
        ASSERT_REQUEST(PLAIN);
        assert_int_not_equal(heard.port, before);
        client = heard.port;
        /* Without options neither is a reason to begin once more. */
        SEND_OPTIONS("blksize\0"
                     "512");
        assert_silent();
        send_block(1, 20, 512);
        assert_ack(1);
        assert_read(20);
    }
}

TEST_WITH(requests_are_repeated_with_back_off_and_then_without_options, asking)
{
    msec start = heard.at;
    static const u32 at[] = {1000, 3000};
    for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
        wire_run(at[i] + 20 - (host_now - start));
        ASSERT_REQUEST(WITH_OPTIONS);
        assert_in_range(heard.at - start, at[i], at[i] + 20);
    }
    wire_run(7020 - (host_now - start));
    ASSERT_REQUEST(PLAIN);
    assert_false(tftp_ended());
    wire_run(GIVE_UP);
    assert_ended(ERR_FILE_NO_SERVER);
    u32 more = 0;
    for (; hear(); more++)
        assert_int_equal(get_be16(heard.packet), RRQ);
    assert_in_range(more, 5, 10);
    assert_int_equal(taken_len, 0);
}

TEST_WITH(big_blocks_that_never_come_are_asked_for_in_small_ones, granted)
{
    wire_run(7020);
    assert_ack(0);
    assert_ack(0);
    ASSERT_REQUEST(PLAIN);
}

TEST_WITH(an_acknowledgement_is_repeated_until_the_next_block_comes, granted)
{
    send_block(1, 1000, 1000);
    assert_ack(1);
    wire_run(3050);
    assert_ack(1);
    assert_ack(1);
    assert_silent();
    send_block(2, 10, 1000);
    assert_ack(2);
    assert_read(1010);
    assert_int_equal(net_stats.tftp_retransmits, 2);
}

TEST_WITH(a_server_that_falls_silent_ends_it, granted)
{
    send_block(1, 1000, 1000);
    wire_run(GIVE_UP);
    assert_ended(ERR_FILE_NO_SERVER);
}

TEST(nobody_at_the_servers_address)
{
    const struct tftp_file file = {WIRE_PEER + 1, TFTP_PORT, NAME, MOST, take};
    tftp_start(&file, GIVE_UP, host_now);
    wire_run(GIVE_UP);
    assert_ended(ERR_NET_NO_ARP);
}

TEST(no_way_to_the_server)
{
    const struct ipv4_config alone = {.addr = WIRE_US, .netmask = 0xffffff00};
    const struct tftp_file file = {WIRE_FAR, TFTP_PORT, NAME, MOST, take};
    ip_configure(&alone, host_now);
    tftp_start(&file, GIVE_UP, host_now);
    assert_ended(ERR_NET_NO_ROUTE);
}

TEST(a_packet_that_cannot_go_out_goes_soon)
{
    wire_tx_full = true;
    ask_for(NAME);
    assert_silent();
    wire_tx_full = false;
    wire_run(60);
    ASSERT_REQUEST(WITH_OPTIONS);
}

TEST_WITH(strangers_are_told_once_and_do_no_harm, granted)
{
    send_from(WIRE_PEER, TID + 1, DATA, 1, "other", 5);
    assert_error(5, TID + 1);
    send_from(WIRE_PEER, TID + 1, DATA, 1, "other", 5);
    send_from(WIRE_PEER, TID + 1, ERROR, 1, "other", 6);
    send_from(WIRE_GATEWAY, TID, DATA, 1, "other", 5);
    send_from(WIRE_GATEWAY, TID, ERROR, 1, "other", 6);
    assert_silent();
    assert_int_equal(net_stats.tftp_bad, 5);
    send_block(1, 1000, 1000);
    assert_ack(1);
    send_from(WIRE_PEER, TID + 1, DATA, 2, "other", 5);
    assert_error(5, TID + 1);
    send_block(2, 1, 1000);
    assert_read(1001);
}

TEST_WITH(repeated_and_odd_packets_get_no_answer, granted)
{
    SEND_OPTIONS("blksize\0"
                 "8");
    send_block(2, 1000, 1000);
    send_from(WIRE_PEER, TID, DATA, 0, "none", 4);
    send_from(WIRE_PEER, TID, DATA, 1, whole, 1001);
    send_from(WIRE_PEER, TID, ACK, 1, "", 0);
    send_from(WIRE_PEER, TID, RRQ, 0, "x\0octet", 8);
    send_from(WIRE_PEER, TID, 99, 1, "", 0);
    assert_silent();
    assert_int_equal(net_stats.tftp_bad, 7);
    send_block(1, 1000, 1000);
    assert_ack(1);
    send_block(1, 1000, 1000);
    send_block(1, 1000, 1000);
    assert_silent();
    send_block(2, 1, 1000);
    assert_read(1001);
}

TEST_WITH(the_last_block_is_acknowledged_again, granted)
{
    send_block(1, 7, 1000);
    assert_ack(1);
    assert_read(7);
    send_block(1, 7, 1000);
    assert_ack(1);
    send_error(0, "too late");
    assert_read(7);
    tftp_stop();
    send_block(1, 7, 1000);
    assert_int_equal(hear(), NO_PORT);
}

TEST_WITH(what_the_server_says_is_told, asking)
{
    send_error(1, "no \x1b[2Jfile");
    assert_ended(ERR_FILE_REFUSED);
    assert_string_equal(tftp_said(), "TFTP error 1 no ?[2Jfile");
    wire_run(GIVE_UP);
    assert_silent();
    /* Of any length, and without an end. */
    asking();
    send_from(WIRE_PEER, TID, ERROR, 2, whole + 1, 400);
    assert_ended(ERR_FILE_REFUSED);
    assert_int_equal(strlen(tftp_said()), strcspn((char *)whole + 1, "") + 13 < TFTP_SAID
                                              ? strcspn((char *)whole + 1, "") + 13
                                              : TFTP_SAID - 1);
    asking();
    send_from(WIRE_PEER, TID, ERROR, 0, "", 0);
    assert_string_equal(tftp_said(), "TFTP error 0 ");
    granted();
    send_block(1, 1000, 1000);
    send_error(8, "in the middle");
    assert_ended(ERR_FILE_REFUSED);
}

TEST_WITH(a_size_that_is_too_large_ends_it_at_once, asking)
{
    SEND_OPTIONS("tsize\0"
                 "65537");
    assert_error(0, TID);
    assert_string_equal((char *)heard.packet + 4, error_text(ERR_FILE_TOO_LARGE));
    assert_ended(ERR_FILE_TOO_LARGE);
    asking();
    SEND_OPTIONS("tsize\0"
                 "65536");
    assert_ack(0);
}

TEST_WITH(a_file_that_grows_too_large_ends, asking)
{
    for (u16 block = 1; block <= 128; block++) {
        send_block(block, 512, 512);
        assert_ack(block);
    }
    send_from(WIRE_PEER, TID, DATA, 129, "!", 1);
    assert_error(0, TID);
    assert_ended(ERR_FILE_TOO_LARGE);
    assert_int_equal(taken_len, MOST);
}

TEST_WITH(its_owner_can_end_it, granted)
{
    take_says = ERR_SETTING_VALUE;
    send_block(1, 1000, 1000);
    assert_error(0, TID);
    assert_ended(ERR_SETTING_VALUE);
    send_block(2, 1000, 1000);
    assert_int_equal(hear(), NO_PORT);
    assert_int_equal(taken_len, 1000);
}

static void port_unreachable(ip4 to, u16 from_port, u16 to_port, u8 code)
{
    tftp_icmp_error(&(struct icmp_error){
        .to = to, .protocol = IP_PROTO_UDP, .code = code, .ports = (u32)from_port << 16 | to_port});
}

TEST_WITH(a_machine_without_a_tftp_server_says_so, asking)
{
    port_unreachable(WIRE_PEER, client ^ 1, TFTP_PORT, ICMP_PORT_UNREACHABLE);
    port_unreachable(WIRE_PEER, client, TFTP_PORT + 1, ICMP_PORT_UNREACHABLE);
    port_unreachable(WIRE_GATEWAY, client, TFTP_PORT, ICMP_PORT_UNREACHABLE);
    port_unreachable(WIRE_PEER, client, TFTP_PORT, ICMP_HOST_UNREACHABLE);
    assert_false(tftp_ended());
    /* As it arrives: an ICMP message that quotes our request. */
    u8 frame[2048], icmp[8 + IP_HEADER + 8] = {ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE},
                                         *ip = icmp + 8;
    ip[0] = 0x45;
    ip[IP_PROTOCOL] = IP_PROTO_UDP;
    put_be32(ip + IP_SOURCE, WIRE_US);
    put_be32(ip + IP_DESTINATION, WIRE_PEER);
    put_be16(ip + IP_HEADER, client);
    put_be16(ip + IP_HEADER + 2, TFTP_PORT);
    u32 sum = 0;
    for (u32 i = 0; i < sizeof(icmp); i += 2)
        sum += get_be16(icmp + i);
    put_be16(icmp + 2, (u16) ~((sum & 0xffff) + (sum >> 16)));
    wire_deliver(frame, wire_ip(frame, IP_PROTO_ICMP, WIRE_PEER, WIRE_US, icmp, sizeof(icmp)));
    assert_ended(ERR_FILE_NO_SERVER);
    /* Once the server has answered nobody can say that it is not there. */
    granted();
    port_unreachable(WIRE_PEER, client, TFTP_PORT, ICMP_PORT_UNREACHABLE);
    assert_false(tftp_ended());
}

/* ---- a server over a bad line ---- */

#define LINE_SLOTS 64
#define GAP        700 /* ms until the server repeats */

static struct bad_line {
    u32 loss, twice, late, server_twice; /* percent */
} line;

static struct packet {
    u8 bytes[1600];
    u32 len;
    msec at;   /* when it arrives */
    u16 port;  /* the client's */
    bool ours; /* the server's, to the client */
    bool used;
} slots[LINE_SLOTS];

static struct {
    bool options;    /* it knows them */
    bool apprentice; /* it answers repeated acknowledgements, too */
    u32 size, file;  /* of a block; of the file */
    u16 block;       /* the latest that was sent; with an OACK 0 */
    bool talking;
    u16 to; /* the client's port */
    msec sent;
    u32 packets;
} server;

static void post(bool ours, u16 port, const u8 *bytes, u32 len)
{
    u32 copies = (u32)rand() % 100 < (ours ? line.server_twice : line.twice) ? 2 : 1;
    while (copies--) {
        if ((u32)rand() % 100 < line.loss)
            continue;
        struct packet *p = slots;
        while (p->used)
            assert_true(++p < slots + LINE_SLOTS);
        memcpy(p->bytes, bytes, len);
        p->len = len;
        p->ours = ours;
        p->port = port;
        p->used = true;
        p->at = host_now + 1 + ((u32)rand() % 100 < line.late ? (u32)rand() % 2000 : 0);
    }
}

static void server_says(void)
{
    u8 message[1600];
    u32 from = (server.block - 1u) * server.size;
    u32 len = server.block ? min_u32(server.size, server.file - from) : 0;
    put_be16(message, DATA);
    put_be16(message + 2, server.block);
    memcpy(message + 4, whole + (server.block ? from : 0), len);
    len += 4;
    if (!server.block) {
        put_be16(message, OACK);
        len = 3 + (u32)sprintf((char *)message + 2, "blksize%c%u", 0, server.size);
    }
    server.sent = host_now;
    server.packets++;
    post(true, server.to, message, len);
}

static bool server_is_done(void)
{
    return server.block && server.file < server.block * server.size;
}

static void server_hears(const u8 *message, u16 from_port)
{
    u16 opcode = get_be16(message), block = get_be16(message + 2);
    if (opcode == RRQ) {
        if (server.talking && server.to == from_port)
            return;
        bool asked = !memcmp(message + 2, WITH_OPTIONS, sizeof(WITH_OPTIONS));
        server.size = server.options && asked ? 1000 : 512;
        server.block = server.options && asked ? 0 : 1;
        server.talking = true;
        server.to = from_port;
        server_says();
    } else if (opcode == ACK && from_port == server.to && server.talking) {
        if (block == server.block && server_is_done()) {
            server.talking = false;
        } else if (block == server.block) {
            server.block++;
            server_says();
        } else if (server.apprentice) {
            server_says();
        }
    }
}

/* One millisecond of the line. */
static void line_ms(void)
{
    wire_run(1);
    while (hear())
        post(false, heard.port, heard.packet, heard.len);
    for (struct packet *p = slots; p < slots + LINE_SLOTS; p++) {
        u8 frame[2048];
        if (!p->used || !time_reached(host_now, p->at))
            continue;
        p->used = false;
        if (p->ours)
            wire_deliver(frame,
                         wire_udp(frame, WIRE_PEER, TID, WIRE_US, p->port, p->bytes, p->len));
        else
            server_hears(p->bytes, p->port);
    }
    if (server.talking && host_now - server.sent >= GAP)
        server_says();
}

static void read_over(struct bad_line bad, bool options, bool apprentice, u32 len)
{
    fresh();
    memset(slots, 0, sizeof(slots));
    memset(&server, 0, sizeof(server));
    line = bad;
    server.options = options;
    server.apprentice = apprentice;
    server.file = len;
    ask_for(NAME);
    for (u32 ms = 0; ms < GIVE_UP && !tftp_ended(); ms++)
        line_ms();
    assert_read(len);
}

TEST(a_bad_line_changes_no_byte)
{
    srand(1);
    for (u32 i = 0; i < 60; i++)
        read_over((struct bad_line){.loss = 5, .twice = 10, .server_twice = 10, .late = 5}, i & 1,
                  i & 2, 4000 + i * 100);
}

TEST(a_sorcerers_apprentice_is_not_egged_on)
{
    srand(1);
    read_over((struct bad_line){.server_twice = 100}, false, true, 20000);
    assert_int_equal(server.packets, 20000 / 512 + 1);
}

TEST(mutated_packets_do_no_harm)
{
    u8 frame[2048], message[64] = {0, OACK};
    asking();
    memcpy(message + 2,
           "blksize\0"
           "512\0tsize\0"
           "100",
           22);
    u32 len = wire_udp(frame, WIRE_PEER, TID, WIRE_US, client, message, 24);
    wire_torment(frame, len, 3000);
    asking();
    put_be16(message, DATA);
    put_be16(message + 2, 1);
    len = wire_udp(frame, WIRE_PEER, TID, WIRE_US, client, message, 64);
    wire_torment(frame, len, 3000);
    tftp_stop();
}
