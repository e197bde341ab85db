/* The DHCP client between a server that gives addresses and others that say what to boot. */
#include "base/bytes.h"
#include "net/dhcp.h"
#include "net/dhcp_server.h"
#include "net/net.h"
#include "net/net_no_tcp.h"
#include "net/port.h"
#include "test.h"
#include <string.h>

#define START 1000
#define PROXY WIRE_GATEWAY /* a neighbour that answers ARP */

static void start(bool want_root_path)
{
    wire_reset(START);
    wire_neighbours = true;
    dhcp_start("", want_root_path, 60000, host_now);
    net_poll(host_now);
    assert_int_equal(hear(), DHCPDISCOVER);
}

static void asking(void)
{
    start(true);
}

FIXTURE(asking);

static void begin_proxy_offer(void)
{
    begin_answer(DHCPOFFER, 0, PROXY);
    add_text(OPT_VENDOR_CLASS, "PXEClient");
}

static void send_proxy_offer(void)
{
    send_answer_from(PROXY, DHCP_SERVER_PORT);
}

static void offer_by_proxy(const char *root_path)
{
    begin_proxy_offer();
    if (root_path)
        add_text(OPT_ROOT_PATH, root_path);
    send_proxy_offer();
}

static void offer(void)
{
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, NULL);
}

/* The request of the address at `at`, and its grant. */
static void grant(msec at)
{
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(said.at, at);
    assert_int_equal(said.port, DHCP_SERVER_PORT);
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, NULL);
}

/* Two seconds, in the midst of which all are asked once more: a proxy may have missed it. */
static void wait_for_better(void)
{
    wire_run(2000);
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_equal(said.at, START + 1000);
}

static void check_bound(const char *root_path)
{
    assert_int_equal(dhcp_state(), DHCP_BOUND);
    assert_int_equal(ipv4_config()->addr, WIRE_US);
    assert_int_equal(dhcp_lease()->server, SERVER);
    assert_int_equal(dhcp_lease()->lease_seconds, 3600);
    assert_string_equal(dhcp_lease()->root_path, root_path);
    assert_int_equal(net_stats.dhcp_bad, 0);
    wire_run(100);
    assert_int_equal(hear(), 0);
    wire_check_leaks();
}

TEST(a_root_path_by_proxy_ends_the_wait_for_one)
{
    offer();
    wire_run(700);
    assert_int_equal(hear(), 0);
    offer_by_proxy("root");
    grant(START + 700);
    check_bound("root");
}

TEST(a_proxy_that_missed_the_question_is_asked_again)
{
    offer();
    wire_run(1000);
    assert_int_equal(hear(), DHCPDISCOVER);
    offer_by_proxy("root");
    grant(START + 1000);
    check_bound("root");
}

TEST(a_proxy_may_be_faster_than_the_server)
{
    offer_by_proxy("root");
    wire_run(300);
    assert_int_equal(hear(), 0); /* no address yet */
    offer();
    grant(START + 300);
    check_bound("root");
}

TEST(the_servers_own_root_path_waits_for_no_proxy_and_wins)
{
    offer_by_proxy("proxy's");
    answer_with(DHCPOFFER, WIRE_US, SERVER, 3600, "own");
    assert_int_equal(hear(), DHCPREQUEST);
    assert_int_equal(said.at, START);
    answer_with(DHCPACK, WIRE_US, SERVER, 3600, "own");
    check_bound("own");
}

/* 175.228 is as good as a root path, from either. */
TEST(a_settings_file_ends_the_wait_for_a_root_path)
{
    begin_answer(DHCPOFFER, WIRE_US, SERVER);
    add(OPT_IPXE, "\xe4\4file", 6);
    send_answer();
    grant(START);
    check_bound("");
    asking();
    offer();
    begin_proxy_offer();
    add(OPT_IPXE, "\xe4\4file", 6);
    send_proxy_offer();
    grant(START);
    check_bound("");
    assert_int_equal(dhcp_lease()->ipxe_len, 6);
}

TEST(where_the_root_path_is_known_no_proxy_is_waited_for_or_asked)
{
    start(false);
    offer_by_proxy(NULL);
    offer();
    grant(START);
    check_bound("");
}

TEST(a_boot_file_by_proxy_is_kept_after_the_wait)
{
    offer();
    begin_proxy_offer();
    memcpy(answer + DHCP_FILE, "boot.ipxe", 9);
    send_proxy_offer();
    wait_for_better();
    grant(START + 2000);
    check_bound("");
    assert_string_equal(dhcp_lease()->boot_file, "boot.ipxe");
    assert_int_equal(dhcp_lease()->next_server, PROXY);
}

TEST(the_best_of_several_proxies_counts)
{
    begin_proxy_offer();
    memcpy(answer + DHCP_FILE, "boot.ipxe", 9);
    send_proxy_offer();
    offer_by_proxy(NULL);
    offer_by_proxy("first");
    offer_by_proxy("second");
    offer();
    grant(START);
    check_bound("first");
    assert_string_equal(dhcp_lease()->boot_file, "");
}

/* ---- port 4011 ---- */

static void be_asked(msec at)
{
    assert_int_equal(hear(), DHCPREQUEST);
    assert_in_range(said.at, at, at + 20); /* ARP comes first */
    assert_int_equal(said.to, PROXY);
    assert_int_equal(said.port, DHCP_PROXY_PORT);
    assert_int_equal(get_be32(said.packet + DHCP_CIADDR), WIRE_US);
    assert_said(OPT_SERVER_ID, "\xc0\0\2\1", 4);
    assert_false(said_has(OPT_REQUESTED_IP));
    assert_int_equal(dhcp_state(), DHCP_ASKING);
}

/* The address is there, and a proxy has said who it is, but nothing else. */
static void proxy_asked(void)
{
    asking();
    offer();
    offer_by_proxy(NULL);
    wait_for_better();
    grant(START + 2000);
    wire_run(20);
    be_asked(START + 2000);
}

TEST_WITH(a_proxy_that_only_says_who_it_is_is_asked, proxy_asked)
{
    begin_answer(DHCPACK, 0, PROXY);
    add_text(OPT_ROOT_PATH, "asked");
    send_answer_from(PROXY, DHCP_PROXY_PORT);
    check_bound("asked");
    assert_int_equal(dhcp_timeout(host_now), 1800000 - 120); /* since the request */
}

TEST_WITH(its_answer_may_name_no_server, proxy_asked)
{
    begin_answer(DHCPACK, 0, PROXY);
    answer_len = DHCP_OPTIONS;
    add(OPT_TYPE, "\5", 1);
    memcpy(answer + DHCP_FILE, "wds", 3);
    send_answer_from(PROXY, DHCP_PROXY_PORT);
    check_bound("");
    assert_string_equal(dhcp_lease()->boot_file, "wds");
    assert_int_equal(dhcp_lease()->next_server, PROXY);
}

TEST_WITH(a_proxy_that_is_silent_is_asked_twice, proxy_asked)
{
    wire_run(1979);
    be_asked(START + 3000);
    wire_run(20);
    check_bound("");
}

TEST_WITH(other_answers_do_not_end_the_question, proxy_asked)
{
    offer_by_proxy("late"); /* of port 67 */
    answer_with(DHCPACK, WIRE_US, SERVER, 60, "other");
    answer_with(DHCPNAK, 0, SERVER, 60, NULL);
    begin_answer(DHCPNAK, 0, PROXY);
    send_answer_from(PROXY, DHCP_PROXY_PORT);
    begin_answer(DHCPACK, 0, PROXY);
    answer[DHCP_COOKIE] ^= 1;
    send_answer_from(PROXY, DHCP_PROXY_PORT);
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    wire_run(1979);
    be_asked(START + 3000);
    wire_run(20);
    check_bound("");
}

TEST(a_server_can_be_its_own_proxy)
{
    static const char *const file[] = {"", "own.file"};
    for (u32 i = 0; i < ARRAY_SIZE(file); i++) {
        asking();
        offer();
        wait_for_better();
        assert_int_equal(hear(), DHCPREQUEST);
        begin_answer(DHCPACK, WIRE_US, SERVER);
        add_text(OPT_VENDOR_CLASS, "PXEClient:");
        add_u32(OPT_LEASE_TIME, 3600);
        memcpy(answer + DHCP_FILE, file[i], strlen(file[i]));
        send_answer();
        wire_run(20);
        assert_int_equal(hear(), *file[i] ? 0 : DHCPREQUEST);
        if (!*file[i]) {
            assert_int_equal(said.to, SERVER);
            assert_int_equal(said.port, DHCP_PROXY_PORT);
        }
    }
}

TEST(a_proxy_out_of_reach_is_not_waited_for_for_ever)
{
    offer();
    begin_answer(DHCPOFFER, 0, WIRE_FAR); /* and no gateway is told */
    add_text(OPT_VENDOR_CLASS, "PXEClient");
    send_proxy_offer();
    wait_for_better();
    assert_int_equal(hear(), DHCPREQUEST);
    begin_answer(DHCPACK, WIRE_US, SERVER);
    add_u32(OPT_NETMASK, 0xffffff00);
    add_u32(OPT_LEASE_TIME, 3600);
    send_answer();
    assert_int_equal(dhcp_state(), DHCP_ASKING);
    wire_run(5000);
    check_bound("");
}

/* ---- what is no such offer ---- */

TEST(an_offer_of_nothing_is_counted)
{
    begin_answer(DHCPOFFER, 0, PROXY);
    add_text(OPT_VENDOR_CLASS, "PXEServer");
    send_proxy_offer();
    assert_int_equal(net_stats.dhcp_bad, 1);
    begin_answer(DHCPOFFER, 0, 0); /* of nobody */
    add_text(OPT_ROOT_PATH, "root");
    send_proxy_offer();
    assert_int_equal(net_stats.dhcp_bad, 2);
    begin_answer(DHCPOFFER, 0x7f000001, PROXY); /* a bad address is none */
    add_text(OPT_ROOT_PATH, "root");
    send_proxy_offer();
    assert_int_equal(net_stats.dhcp_bad, 3);
    begin_answer(DHCPOFFER, 0, PROXY); /* larger than we ask for */
    add_text(OPT_ROOT_PATH, "root");
    answer_len = 1473;
    send_proxy_offer();
    assert_int_equal(net_stats.dhcp_bad, 4);
    offer();
    wire_run(1999);
    assert_int_equal(hear(), DHCPDISCOVER);
    assert_int_equal(hear(), 0);
}

TEST(a_proxys_secret_is_gone_when_it_is_not_needed)
{
    offer_by_proxy("first");
    dhcp_stop();
    asking();
    offer();
    wait_for_better();
    grant(START + 2000);
    check_bound("");
}
