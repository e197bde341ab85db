/* The DHCP client against a scripted server, under a virtual clock. */
#include "net/dhcp.h"

#include "base/bytes.h"
#include "net/dhcp_server.h"
#include "net/net.h"
#include "net/net_no_tcp.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

#define START       1000
#define GIVE_UP     60000
#define CLIENT_UUID 97 /* RFC 4578: nobody tells us ours */

static void asking(void)
{
    wire_reset(START);
    dhcp_start("", true, GIVE_UP, host_now);
    net_poll(host_now);
}

/* A lease of so many seconds, in a quiet network where the neighbours answer ARP. */
static void bind_for(u32 seconds)
{
    asking();
    wire_neighbours = true;
    assert_int_equal(hear(), DHCPDISCOVER);
    answer_with(DHCPOFFER, WIRE_US, SERVER, seconds, "first root");
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPACK, WIRE_US, SERVER, seconds, "first root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
}

/* ---- getting a lease ---- */

TEST(the_whole_exchange_without_a_wait)
{
    wire_reset(START);
    assert_int_equal(dhcp_state(), DHCP_OFF);
    assert_int_equal(dhcp_timeout(host_now), TIMEOUT_NEVER);
    dhcp_start("pc7", true, GIVE_UP, host_now);
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    net_poll(host_now);

    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_equal(said.at, START);
    assert_int_equal(said.to, IP4_BROADCAST);
    assert_int_equal(get_be16(said.packet + DHCP_FLAGS), 0);
    assert_int_equal(get_be32(said.packet + DHCP_CIADDR), 0);
    assert_said(OPT_VENDOR_CLASS, "PXEClient:Arch:00000:UNDI:002001", 32);
    assert_said(OPT_USER_CLASS, "iPXE", 4);
    assert_said(OPT_CLIENT_ARCH, "\0\0", 2);
    assert_said(OPT_CLIENT_NDI, "\1\2\1", 3);
    assert_said(OPT_CLIENT_ID, "\1\x52\x54\0\x12\x34\x56", 7);
    assert_said(OPT_HOSTNAME, "pc7", 3);
    assert_said(OPT_MAX_SIZE, "\x05\xc0", 2);
    assert_false(said_has(CLIENT_UUID));
    assert_said(OPT_IPXE, "\x11\1\1\x17\1\1\xb1\5\1\x80\x86\x10\x0e", 13);
    assert_false(said_has(OPT_SERVER_ID));
    assert_false(said_has(OPT_REQUESTED_IP));
    u32 n;
    const u8 *wanted = said_option(OPT_PARAMETERS, &n);
    static const u8 needed[] = {1, 3, 6, 12, 15, 17, 26, 43, 51, 54, 58, 59, 66, 67, 121, 175, 203};
    for (u32 i = 0; i < sizeof(needed); i++)
        assert_non_null(memchr(wanted, needed[i], n));

    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(said.at, START);
    assert_int_equal(said.to, IP4_BROADCAST);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0a", 4);
    assert_said(OPT_SERVER_ID, "\xc0\0\2\x14", 4);
    assert_int_equal(get_be32(said.packet + DHCP_CIADDR), 0);
    assert_int_equal(dhcp_state(), DHCP_ASKING);

    answer_with(DHCPACK, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(dhcp_lease()->server, SERVER);
    assert_string_equal(dhcp_lease()->root_path, "root");
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(ipv4_config()->netmask, 0xffffff00);
    assert_int_equal(ipv4_config()->gateway, WIRE_GATEWAY);
    assert_int_equal(dhcp_attempts(), 2);
    assert_int_equal(net_stats.dhcp_bad + net_stats.dhcp_option, 0);
    wire_check_leaks();
}

TEST_WITH(names_and_numbers_that_are_not_known_are_not_sent, asking)
{
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_false(said_has(OPT_HOSTNAME));
    assert_false(said_has(CLIENT_UUID));
}

TEST_WITH(lost_questions_are_repeated_with_back_off, asking)
{
    static const u32 nominal[] = {0, 1000, 3000, 7000, 15000, 23000, 31000, 39000, 47000, 55000};
    u32 xid = 0;
    wire_run(GIVE_UP - 1);
    for (u32 i = 0; i < ARRAY_SIZE(nominal); i++) {
        assert_int_equal(hear(), DHCPDISCOVER);
        u32 at = said.at - START;
        assert_in_range(at, nominal[i] - nominal[i] / 8, nominal[i] + nominal[i] / 8);
        assert_int_equal(get_be16(said.packet + DHCP_SECS), at / 1000);
        if (i)
            assert_int_equal(xid, get_be32(said.packet + DHCP_XID));
        xid = get_be32(said.packet + DHCP_XID);
        /* From the third on also for relays that can't send to an address not yet in use */
        assert_int_equal(get_be16(said.packet + DHCP_FLAGS), i < 2 ? 0 : 0x8000);
    }
    assert_int_equal(hear(), 0);
    assert_int_equal(dhcp_attempts(), ARRAY_SIZE(nominal));
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    assert_int_equal(dhcp_timeout(host_now), 1);
    wire_check_leaks();
}

TEST_WITH(nobody_answers_and_it_ends, asking)
{
    u32 xid;
    hear();
    xid = get_be32(said.packet + DHCP_XID);
    wire_run(GIVE_UP);
    assert_int_equal(dhcp_state(), DHCP_FAILED);
    assert_int_equal(dhcp_timeout(host_now), TIMEOUT_NEVER);
    wire_forget();
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root"); /* too late */
    wire_run(600000);
    assert_int_equal(hear(), 0);
    assert_int_equal(dhcp_state(), DHCP_FAILED);
    /* And again, as with the key to try again */
    dhcp_start("", true, GIVE_UP, host_now);
    net_poll(host_now);
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_not_equal(xid, get_be32(said.packet + DHCP_XID));
}

TEST_WITH(jitter_differs_between_machines, asking)
{
    u32 first = 0, differs = 0;
    for (u32 seed = 1; seed < 6; seed++) {
        wire_reset(START);
        host_random_seed(seed * 7919);
        dhcp_start("", true, GIVE_UP, host_now);
        wire_run(1500);
        hear();
        assert_int_equal(hear(), DHCPDISCOVER);
        if (seed == 1)
            first = said.at;
        differs += said.at != first;
    }
    assert_true(differs >= 3);
}

TEST_WITH(a_lost_request_is_repeated_then_begun_anew, asking)
{
    hear();
    u32 xid = get_be32(said.packet + DHCP_XID);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    wire_run(8000);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(hear(), DHCPREQUEST);
        assert_int_equal(get_be32(said.packet + DHCP_XID), xid);
    }
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_not_equal(get_be32(said.packet + DHCP_XID), xid);
    wire_forget();
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
}

TEST_WITH(a_refusal_begins_anew_but_makes_no_storm, asking)
{
    assert_int_equal(hear(), DHCPDISCOVER);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPNAK, 0, SERVER2, 3600, NULL); /* not whom we asked */
    assert_int_equal(hear(), 0);
    answer_with(DHCPNAK, 0, SERVER, 3600, NULL);
    assert_int_equal(hear(), DHCPDISCOVER); /* at once */
    assert_int_equal(said.at, host_now);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    u32 refusals = 0;
    msec until = host_now + 10000;
    while (host_now != until) {
        switch (hear()) {
        case DHCPREQUEST:
            answer_with(DHCPNAK, 0, SERVER, 3600, NULL);
            refusals++;
            break;
        case DHCPDISCOVER:
            answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
            break;
        default:
            wire_run(10);
        }
    }
    assert_in_range(refusals, 5, 11);
    assert_int_equal(dhcp_state(), DHCP_ASKING);
}

TEST_WITH(an_offer_with_a_root_path_is_taken_at_once, asking)
{
    hear();
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
    wire_run(500);
    assert_int_equal(hear(), 0); /* the first one is kept */
    answer_with(DHCPOFFER, WIRE_US + 1, SERVER2, 3600, NULL);
    assert_int_equal(hear(), 0);
    answer_with(DHCPOFFER, WIRE_US + 2, SERVER2, 3600, "root");
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(said.at, START + 500);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0c", 4);
    assert_said(OPT_SERVER_ID, "\xc0\0\2\x15", 4);
    /* One that comes later changes nothing */
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    answer_with(DHCPACK, WIRE_US + 2, SERVER2, 3600, "root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(dhcp_lease()->ip.addr, WIRE_US + 2);
}

TEST_WITH(a_plain_offer_is_taken_after_two_seconds, asking)
{
    hear();
    wire_run(300);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
    wire_run(200);
    answer_with(DHCPOFFER, WIRE_US + 1, SERVER2, 3600, NULL);
    wire_run(1799);
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_equal(hear(), 0);
    wire_run(1);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0a", 4); /* the first one */
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_string_equal(dhcp_lease()->root_path, "");
}

TEST(a_root_path_set_elsewhere_saves_the_wait)
{
    wire_reset(START);
    dhcp_start("", false, GIVE_UP, host_now);
    net_poll(host_now);
    hear();
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(said.at, START);
}

TEST_WITH(only_the_ack_to_our_request_counts, asking)
{
    hear();
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, "root"); /* nothing was requested */
    answer_with(DHCPNAK, 0, SERVER, 3600, NULL);
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    hear();
    answer_with(DHCPACK, WIRE_US + 1, SERVER, 3600, "root");
    answer_with(DHCPACK, WIRE_US, SERVER2, 3600, "root");
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, "root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    /* and only once */
    answer_with(DHCPACK, WIRE_US, SERVER, 60, "root");
    answer_with(DHCPNAK, 0, SERVER, 60, NULL);
    assert_int_equal(dhcp_lease()->lease_seconds, 3600);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
}

TEST_WITH(foreign_and_malformed_answers_are_not_ours, asking)
{
    u8 frame[2048];
    hear();
    static const u32 foreign[] = {DHCP_XID, DHCP_XID + 3, DHCP_CHADDR, DHCP_CHADDR + 5};
    for (u32 i = 0; i < ARRAY_SIZE(foreign); i++) {
        begin_answer(DHCPOFFER, WIRE_US, SERVER);
        add_text(OPT_ROOT_PATH, "root");
        answer[foreign[i]] ^= 1;
        send_answer();
    }
    assert_int_equal(net_stats.dhcp_bad, 0);
    static const struct {
        u32 at;
        u8 value;
    } bad[] = {{DHCP_OP, 1}, {DHCP_HTYPE, 6}, {DHCP_HLEN, 16}};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        begin_answer(DHCPOFFER, WIRE_US, SERVER);
        add_text(OPT_ROOT_PATH, "root");
        answer[bad[i].at] = bad[i].value;
        send_answer();
        assert_int_equal(net_stats.dhcp_bad, i + 1);
    }
    begin_answer(DHCPOFFER, WIRE_US, SERVER);
    for (u32 len = 0; len < DHCP_OPTIONS; len++)
        wire_deliver(frame, wire_udp(frame, SERVER, 67, WIRE_US, 68, answer, len));
    assert_int_equal(hear(), 0);
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    wire_check_leaks();
}

TEST_WITH(addresses_that_can_be_no_machines_are_refused, asking)
{
    hear();
    static const ip4 bad[] = {0x00000001, 0x7f000001,    0xe0000001, 0xf0000001,
                              0xc0000200, IP4_BROADCAST, 0xc00002ff};
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        answer_with(DHCPOFFER, bad[i], SERVER, 3600, "root");
        assert_int_equal(net_stats.dhcp_bad, i + 1);
    }
    answer_with(DHCPOFFER, WIRE_US, 0, 3600, "root"); /* no server */
    answer_with(DHCPOFFER, WIRE_US, 0x7f000001, 3600, "root");
    assert_int_equal(net_stats.dhcp_bad, ARRAY_SIZE(bad) + 2);
    assert_int_equal(hear(), 0);
}

/* ---- BOOTP ---- */

static void answer_as_bootp(const char *root_path)
{
    begin_answer(0, WIRE_US + 1, SERVER2);
    answer_len = DHCP_OPTIONS;
    put_be32(answer + DHCP_SIADDR, SERVER2);
    add_network();
    if (root_path)
        add_text(OPT_ROOT_PATH, root_path);
    send_answer();
}

/* Such a server answers any question, and does not know that ours is a DHCPREQUEST. */
TEST_WITH(a_bootp_servers_address_is_taken_and_kept, asking)
{
    hear();
    answer_as_bootp("root");
    wire_run(1999); /* DHCP may still come */
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_equal(hear(), 0);
    wire_run(1);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0b", 4);
    answer_as_bootp("root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(ipv4_config()->addr, WIRE_US + 1);
    assert_int_equal(dhcp_lease()->server, SERVER2);
    assert_string_equal(dhcp_lease()->root_path, "root");
    assert_int_equal(dhcp_timeout(host_now), TIMEOUT_NEVER);
    assert_int_equal(net_stats.dhcp_bad, 0);
}

TEST_WITH(any_dhcp_offer_beats_bootps, asking)
{
    hear();
    answer_as_bootp("root");
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
    answer_as_bootp("root");
    wire_run(2000);
    while (hear() != DHCPREQUEST)
        ;
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0a", 4);
    answer_as_bootp("root"); /* not whom we asked */
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    answer_with(DHCPACK, WIRE_US, SERVER, 120, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    wire_neighbours = true;
    wire_run(60100);
    while (hear())
        ;
    begin_answer(0, WIRE_US, SERVER); /* nor does BOOTP renew a lease */
    answer_len = DHCP_OPTIONS;
    put_be32(answer + DHCP_SIADDR, SERVER);
    send_answer();
    assert_int_equal(dhcp_lease()->lease_seconds, 120);
}

TEST(bootp_waits_for_dhcp_even_where_no_root_path_is_wanted)
{
    wire_reset(START);
    dhcp_start("", false, GIVE_UP, host_now);
    net_poll(host_now);
    hear();
    answer_as_bootp(NULL);
    assert_int_equal(hear(), 0);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0a", 4);
}

TEST(a_full_ring_delays_the_question_only)
{
    wire_reset(START);
    wire_tx_full = true;
    dhcp_start("", true, GIVE_UP, host_now);
    wire_run(3000);
    assert_int_equal(dhcp_attempts(), 0);
    wire_tx_full = false;
    wire_run(4096);
    assert_int_equal(hear(), DHCPDISCOVER);
    wire_check_leaks();
}

TEST_WITH(mutated_answers_do_no_harm, asking)
{
    u8 frame[2048];
    hear();
    begin_answer(DHCPOFFER, WIRE_US, SERVER);
    add(OPT_OVERLOAD, "\3", 1);
    add_network();
    add_text(OPT_ROOT_PATH, "iscsi:192.0.2.20::::iqn.t");
    add(OPT_CLASSLESS_ROUTES, "\x14\xac\x10\xff\xc0\0\2\3", 8);
    add(OPT_IPXE, "\x08\1\1\x09\1\0\xbe\2me\xbf\6secret", 18);
    add_text(OPT_HOSTNAME, "pc7");
    memcpy(answer + DHCP_SNAME, "\x11\5three\xff", 8);
    memcpy(answer + DHCP_FILE, "\x11\4two,\x0f\3org\xff", 12);
    wire_torment(frame, wire_udp(frame, SERVER, 67, WIRE_US, 68, answer, answer_len), 10000);
    asking();
    hear();
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "root");
    hear();
    begin_answer(DHCPACK, WIRE_US, SERVER);
    wire_torment(frame, wire_udp(frame, SERVER, 67, WIRE_US, 68, answer, answer_len), 5000);
    wire_check_leaks();
}

/* ---- keeping it ---- */

TEST(at_t1_it_is_renewed_by_unicast)
{
    bind_for(120);
    dhcp_lease()->ipxe[0] = 'x';
    wire_run(60000 - 1);
    assert_int_equal(hear(), 0);
    wire_run(50);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_in_range(said.at, START + 60000, START + 60020); /* ARP comes first */
    assert_int_equal(said.to, SERVER);
    assert_int_equal(get_be32(said.packet + DHCP_CIADDR), WIRE_US);
    assert_int_equal(get_be16(said.packet + DHCP_FLAGS), 0);
    assert_false(said_has(OPT_REQUESTED_IP));
    assert_false(said_has(OPT_SERVER_ID));
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    answer_with(DHCPACK, WIRE_US, SERVER, 240, "another root");
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(dhcp_lease()->lease_seconds, 240);
    assert_string_equal(dhcp_lease()->root_path, "first root"); /* the times only */
    assert_int_equal(dhcp_lease()->ipxe[0], 'x');
    assert_int_equal(dhcp_timeout(host_now), said.at + 120000 - host_now);
    wire_check_leaks();
}

TEST(the_servers_own_times_are_used_when_they_make_sense)
{
    static const struct {
        u32 lease, t1, t2, want;
    } cases[] = {
        {1000, 100, 200, 100}, {1000, 0, 0, 500},   {1000, 200, 100, 500},
        {1000, 0, 600, 500},   {1000, 100, 0, 500}, {1000, 100, 1000, 500},
        {1000, 100, 100, 500}, {1, 0, 0, 5},        {0xfffffffe, 0, 0, 900000},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        asking();
        hear();
        answer_with(DHCPOFFER, WIRE_US, SERVER, 1000, "root");
        hear();
        begin_answer(DHCPACK, WIRE_US, SERVER);
        add_network();
        add_u32(OPT_LEASE_TIME, cases[i].lease);
        if (cases[i].t1)
            add_u32(OPT_T1, cases[i].t1);
        if (cases[i].t2)
            add_u32(OPT_T2, cases[i].t2);
        send_answer();
        assert_int_equal(dhcp_timeout(host_now), cases[i].want * 1000);
    }
}

TEST(a_lease_for_ever_is_never_renewed)
{
    bind_for(UINT32_MAX);
    assert_int_equal(dhcp_timeout(host_now), TIMEOUT_NEVER);
    wire_run(3 * 24 * 3600 * 1000);
    assert_int_equal(hear(), 0);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
}

TEST(at_t2_everybody_is_asked_and_at_the_end_it_is_lost)
{
    bind_for(800);
    u32 renewals = 0, rebinds = 0, last = 0;
    wire_run(800000 - 1);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    while (hear()) {
        u32 at = said.at - START;
        if (said.to == SERVER) {
            assert_in_range(at, 400000, 699999);
            assert_int_equal(rebinds, 0);
            renewals++;
        } else {
            assert_in_range(at, 700000, 799999);
            rebinds++;
        }
        assert_int_equal(get_be32(said.packet + DHCP_CIADDR), WIRE_US);
        if (renewals == 2 && !rebinds)
            assert_in_range(at, 550000, 550100); /* half of the rest (RFC 2131, 4.4.5) */
        assert_true(!last || at - last >= 4000 || rebinds == 1);
        last = at;
    }
    assert_in_range(renewals, 5, 8);
    assert_in_range(rebinds, 4, 7);
    wire_run(1);
    assert_int_equal(dhcp_state(), DHCP_FAILED);
    /* The address stays, and is asked for by name */
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0a", 4);
    assert_int_equal(get_be32(said.packet + DHCP_CIADDR), 0);
    wire_check_leaks();
}

TEST(another_server_may_extend_at_t2)
{
    bind_for(800);
    wire_run(700000);
    while (hear() && said.to != IP4_BROADCAST)
        ;
    assert_int_equal(said.to, IP4_BROADCAST);
    answer_with(DHCPACK, WIRE_US, SERVER2, 800, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(dhcp_lease()->server, SERVER2);
    assert_int_equal(dhcp_timeout(host_now), 400000);
}

TEST(before_t2_only_the_own_server_may)
{
    bind_for(800);
    wire_run(400100);
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPACK, WIRE_US, SERVER2, 8000, NULL);
    answer_with(DHCPNAK, 0, SERVER2, 0, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(dhcp_lease()->lease_seconds, 800);
}

TEST(gone_and_back_after_the_end_gives_the_same_address_back)
{
    bind_for(120);
    wire_run(120000 + 3600000);
    assert_int_equal(dhcp_state(), DHCP_FAILED);
    u32 questions = 0;
    msec last = 0;
    while (hear()) {
        questions += said.at - START > 120000;
        last = said.at;
    }
    assert_in_range(questions, 50, 75); /* about once a minute */
    assert_true(host_now - last < 75000);
    wire_run(75000);
    assert_int_equal(hear(), DHCPDISCOVER);
    answer_with(DHCPOFFER, WIRE_US + 7, SERVER2, 120, "root"); /* that would change it */
    assert_int_equal(hear(), 0);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 120, NULL); /* no root path needed any more */
    assert_int_equal(hear(), DHCPREQUEST);
    assert_said(OPT_REQUESTED_IP, "\xc0\0\2\x0a", 4);
    answer_with(DHCPACK, WIRE_US, SERVER, 120, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_string_equal(dhcp_lease()->root_path, "first root");
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(dhcp_timeout(host_now), 60000);
    wire_check_leaks();
}

TEST(a_renewal_that_changes_the_address_is_a_loss)
{
    bind_for(120);
    wire_run(60100);
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPACK, WIRE_US + 5, SERVER, 120, "root");
    assert_int_equal(dhcp_state(), DHCP_FAILED);
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(dhcp_lease()->ip.addr, WIRE_US);
    assert_int_equal(hear(), DHCPDISCOVER);
}

TEST(a_refused_renewal_is_a_loss)
{
    bind_for(120);
    wire_run(60100);
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPNAK, 0, SERVER, 120, NULL);
    assert_int_equal(dhcp_state(), DHCP_FAILED);
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(hear(), DHCPDISCOVER);
    answer_with(DHCPOFFER, WIRE_US, SERVER, 120, NULL);
    assert_int_equal(hear(), DHCPREQUEST);
    answer_with(DHCPACK, WIRE_US, SERVER, 120, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
}

TEST(a_server_that_does_not_answer_arp_is_asked_by_broadcast_in_time)
{
    bind_for(120);
    wire_neighbours = false;
    wire_run(104999);
    assert_int_equal(hear(), 0);
    wire_run(5000);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(said.to, IP4_BROADCAST);
    answer_with(DHCPACK, WIRE_US, SERVER, 120, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
}

TEST(a_short_lease_is_renewed_for_hours)
{
    bind_for(120);
    u32 renewals = 0;
    for (u32 seconds = 0; seconds < 180 * 60; seconds++) {
        wire_run(1000);
        while (hear()) {
            renewals++;
            answer_with(DHCPACK, WIRE_US, SERVER, 120, NULL);
        }
        assert_int_equal(dhcp_state(), DHCP_BOUND);
    }
    assert_in_range(renewals, 170, 180);
    wire_run(100);
    wire_check_leaks();
}

/* ---- another program's lease ---- */

/* A quiet network, and the ACK that another program has got, in `answer`. */
static void another_has_asked(u8 type, const char *root_path)
{
    wire_reset(START);
    wire_neighbours = true;
    dhcp_stop();
    memset(&said, 0xee, sizeof(said)); /* its transaction's number */
    begin_answer(type, WIRE_US, SERVER);
    add_network();
    add_u32(OPT_LEASE_TIME, 120);
    if (root_path)
        add_text(OPT_ROOT_PATH, root_path);
    answer[answer_len++] = OPT_END;
}

static bool adopt(bool want_root_path)
{
    bool adopted = dhcp_adopt("", want_root_path, answer, answer_len, NULL, 0, host_now);
    net_poll(host_now);
    return adopted;
}

TEST(an_adopted_lease_is_used_at_once_and_renewed)
{
    another_has_asked(DHCPACK, "root");
    assert_true(adopt(true));
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(dhcp_attempts(), 0);
    assert_string_equal(dhcp_lease()->root_path, "root");
    assert_int_equal(dhcp_lease()->server, SERVER);
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(ipv4_config()->gateway, WIRE_GATEWAY);
    wire_run(59999);
    assert_int_equal(hear(), 0);
    wire_run(100);
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(get_be32(said.packet + DHCP_CIADDR), WIRE_US);
    assert_int_equal(said.to, SERVER);
    answer_with(DHCPACK, WIRE_US, SERVER, 120, NULL);
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    wire_run(59000);
    assert_int_equal(hear(), 0);
    wire_run(1500);
    assert_int_equal(hear(), DHCPREQUEST);
    wire_check_leaks();
}

TEST(without_a_root_path_it_is_adopted_when_none_is_wanted)
{
    another_has_asked(DHCPACK, NULL);
    assert_false(adopt(true));
    assert_int_equal(dhcp_state(), DHCP_OFF);
    assert_int_equal(ipv4_config()->addr, 0);
    assert_true(adopt(false));
    assert_int_equal(ipv4_config()->addr, WIRE_US);
}

TEST(a_settings_file_is_as_good)
{
    another_has_asked(DHCPACK, NULL);
    answer_len--;
    add(OPT_IPXE, "\xe4\4file", 6);
    assert_true(adopt(true));
}

TEST(the_root_path_may_be_the_other_servers)
{
    another_has_asked(DHCPOFFER, "other");
    put_be32(answer + DHCP_YIADDR, 0);
    u32 len = answer_len;
    u8 other[sizeof(answer)];
    memcpy(other, answer, len);
    another_has_asked(DHCPACK, NULL);
    assert_true(dhcp_adopt("", true, answer, answer_len, other, len, host_now));
    assert_string_equal(dhcp_lease()->root_path, "other");
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    another_has_asked(DHCPACK, NULL);
    assert_false(dhcp_adopt("", true, answer, answer_len, other, len - 2, host_now));
    assert_false(dhcp_adopt("", true, other, len, answer, answer_len, host_now));
    another_has_asked(DHCPACK, "own");
    assert_true(dhcp_adopt("", true, answer, answer_len, other, len, host_now));
    assert_string_equal(dhcp_lease()->root_path, "own");
}

TEST(bootps_answer_is_adopted_too)
{
    another_has_asked(DHCPACK, NULL);
    answer_len = DHCP_OPTIONS;
    add_text(OPT_ROOT_PATH, "root");
    put_be32(answer + DHCP_SIADDR, SERVER2);
    assert_true(adopt(true));
    assert_int_equal(dhcp_lease()->server, SERVER2);
    assert_int_equal(dhcp_timeout(host_now), TIMEOUT_NEVER);
}

TEST(only_an_ack_for_us_is_adopted)
{
    another_has_asked(DHCPOFFER, "root");
    assert_false(adopt(true));
    another_has_asked(DHCPACK, "root");
    answer[DHCP_CHADDR + 5] ^= 1; /* another NIC's */
    assert_false(adopt(true));
    another_has_asked(DHCPACK, "root");
    for (u32 len = 0; len < answer_len - 1; len++) {
        u8 copy[sizeof(answer)];
        memcpy(copy, answer, len);
        if (dhcp_adopt("", true, copy, len, NULL, 0, host_now))
            assert_true(dhcp_lease()->root_path[0]); /* cut behind it only */
    }
    another_has_asked(DHCPACK, "root");
    answer_len = 0;
    assert_false(adopt(true));
}

TEST(stopping_forgets_the_lease)
{
    bind_for(120);
    memcpy(dhcp_lease()->ipxe, "secret", 6);
    dhcp_stop();
    assert_int_equal(dhcp_state(), DHCP_OFF);
    assert_int_equal(dhcp_lease()->ipxe[0], 0);
    wire_run(600000);
    assert_int_equal(hear(), 0);
}
