/* Attaching by each NIC in turn, again and again, until somebody has had enough: the order of the
 * steps, which are the test's, and the time that all takes. */
#include "attach/attach.h"

#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/loop.h"
#include "base/say.h"
#include "net/dhcp.h"
#include "pc/bios.h"
#include "platform_host.h"
#include "settings/settings.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define NO_LINK 500 /* ms that a look at one of several NICs takes */

/* A NIC's network, and when each thing of it is there, in ms of the clock. */
static struct nic {
    u16 bdf;
    u32 link, dhcp, root_path, target;
    enum error target_says; /* at once, while it is not there */
    u32 turns, asked;
    const char *retry; /* by DHCP */
} nics[4];
static u32 nic_count;
static struct nic *nic; /* in use */
static msec due;        /* when what is waited for is there */
static msec key_at;     /* somebody presses a key; 0: nobody */
static struct machine machine;

u32 san_failures(void)
{
    return 0;
}

u16 bios_key(void)
{
    bool pressed = key_at && host_now >= key_at;
    if (pressed)
        key_at = 0;
    return pressed ? 'x' : 0;
}

static bool there(void)
{
    return host_now >= due;
}

static bool wait_until(msec when)
{
    due = when;
    return step_wait(there, step_limit(), "it");
}

void attach_nic_init(const struct plan *plan, u16 bdf)
{
    (void)plan;
    (void)bdf;
}

void attach_address_init(struct boot_info *boot)
{
    (void)boot;
}

void attach_disk_init(const struct plan *plan)
{
    (void)plan;
}

void attach_nic_close(void)
{
}

void attach_disk_end(void)
{
}

u32 attach_nic_list(u16 list[NICS_MAX])
{
    for (u32 i = 0; i < nic_count; i++)
        list[i] = nics[i].bdf;
    return nic_count;
}

enum error attach_nic(u16 bdf, bool several)
{
    for (nic = nics; nic->bdf != bdf; nic++)
        ;
    step_try("nic %x", bdf);
    due = nic->link;
    if (!step_wait(there, several ? NO_LINK : step_limit(), "the link"))
        return ERR_NIC_NO_LINK;
    nic->turns++;
    return OK;
}

enum error attach_address(void)
{
    step_try("dhcp %x", nic->bdf);
    assert_string_equal(setting_text(SET_ROOT_PATH), ""); /* nobody else's */
    if (!wait_until(nic->dhcp))
        return ERR_DHCP_TIMEOUT;
    if (nic->retry)
        setting_set(SET_RETRY, nic->retry, strlen(nic->retry), FROM_DHCP);
    if (host_now < nic->root_path)
        return ERR_DHCP_NO_ROOT_PATH;
    setting_set(SET_ROOT_PATH, "x", 1, FROM_DHCP);
    return OK;
}

enum error attach_file(void)
{
    return OK;
}

enum error attach_disk(void)
{
    step_try("disk %x", nic->bdf);
    nic->asked++;
    if (host_now >= nic->target)
        return OK;
    if (nic->target_says)
        return nic->target_says;
    return wait_until(nic->target) ? OK : ERR_TCP_REFUSED;
}

static void set(enum setting_id id, const char *value)
{
    assert_int_equal(setting_set(id, value, strlen(value), FROM_COMMAND_LINE), OK);
}

/* The tick, which ends every sleep. */
static void nothing(msec now)
{
    (void)now;
}

static u32 tick(msec now)
{
    (void)now;
    return 50;
}

static void setup(void)
{
    static const struct poller ticks = {nothing, tick};
    loop_register(&ticks);
    host_reset(1000);
    memset(nics, 0, sizeof(nics));
    nic_count = 1;
    for (u32 i = 0; i < ARRAY_SIZE(nics); i++)
        nics[i].bdf = (u16)(0x18 + 8 * i);
    key_at = 0;
    settings_init();
    set(SET_TIMEOUT, "60");
    attach_init(&machine);
}

FIXTURE(setup);

#define NEVER 0x7fffffff

static void assert_fails(enum error e, const char *tried, u32 least_s, u32 most_s)
{
    msec start = host_now;
    assert_int_equal(attach(), e);
    assert_string_equal(step_tried(), tried);
    assert_in_range(host_now - start, least_s * 1000, most_s * 1000);
}

TEST(one_nic_has_all_the_time)
{
    nics[0].dhcp = 55000;
    assert_int_equal(attach(), OK);
    assert_int_equal(nics[0].turns, 1);
    setup();
    nics[0].dhcp = NEVER;
    assert_fails(ERR_DHCP_TIMEOUT, "dhcp 18", 60, 61);
    setup();
    nics[0].link = NEVER;
    assert_fails(ERR_NIC_NO_LINK, "nic 18", 60, 61);
    setup();
    nics[0].target = NEVER;
    assert_fails(ERR_TCP_REFUSED, "disk 18", 60, 61);
}

TEST(what_can_not_heal_ends_it_at_once)
{
    nics[0].root_path = NEVER;
    assert_fails(ERR_DHCP_NO_ROOT_PATH, "dhcp 18", 0, 0);
    setup();
    nics[0].target = NEVER;
    nics[0].target_says = ERR_LOGIN_AUTH;
    assert_fails(ERR_LOGIN_AUTH, "disk 18", 0, 0);
    setup();
    nic_count = 0;
    assert_int_equal(attach(), ERR_NIC_NONE);
}

TEST(unless_it_is_to_be_tried_again)
{
    set(SET_RETRY, "100");
    nics[0].target = NEVER;
    nics[0].target_says = ERR_LOGIN_AUTH;
    assert_fails(ERR_LOGIN_AUTH, "disk 18", 100, 112);
    assert_in_range(nics[0].asked, 10, 30); /* and not as fast as it can be */
    setup();
    set(SET_RETRY, "0");
    nics[0].target = NEVER;
    assert_fails(ERR_TCP_REFUSED, "disk 18", 60, 61);
    assert_int_equal(nics[0].asked, 1);
}

TEST(for_ever_is_as_long_as_it_takes)
{
    set(SET_RETRY, "forever");
    set(SET_TIMEOUT, "5");
    nics[0].link = 20000;
    nics[0].dhcp = 3600000;
    nics[0].root_path = 7200000;
    nics[0].target = 10800000;
    assert_int_equal(attach(), OK);
    assert_in_range(host_now, 10800000, 10812000);
}

TEST(the_time_counts_anew_when_it_gets_further)
{
    set(SET_RETRY, "30");
    set(SET_TIMEOUT, "5");
    nics[0].dhcp = 25000;
    nics[0].target = 50000;
    assert_int_equal(attach(), OK);
    setup();
    set(SET_RETRY, "30");
    set(SET_TIMEOUT, "5");
    nics[0].dhcp = 25000;
    nics[0].target = NEVER;
    assert_fails(ERR_TCP_REFUSED, "disk 18", 50, 75);
}

TEST(a_word_of_dhcp_about_it_counts_when_dhcp_is_gone)
{
    nics[0].retry = "forever";
    set(SET_TIMEOUT, "5");
    nics[0].target = 500000;
    nics[0].target_says = ERR_LOGIN_FORBIDDEN;
    assert_int_equal(attach(), OK);
    assert_in_range(host_now, 500000, 512000);
}

TEST(any_key_stops)
{
    set(SET_RETRY, "forever");
    nics[0].dhcp = NEVER;
    key_at = 400000;
    assert_fails(ERR_DHCP_TIMEOUT, "dhcp 18", 399, 400);
    setup(); /* also in a pause */
    set(SET_RETRY, "forever");
    nics[0].target = NEVER;
    nics[0].target_says = ERR_LOGIN_AUTH;
    key_at = 400000;
    assert_fails(ERR_LOGIN_AUTH, "disk 18", 399, 412);
    /* The next time it is another key's turn. */
    key_at = 500000;
    assert_fails(ERR_LOGIN_AUTH, "disk 18", 87, 113);
}

TEST(a_key_of_before_does_not)
{
    nics[0].dhcp = 20000;
    key_at = 1500; /* before there is a line that asks for one */
    assert_int_equal(attach(), OK);
}

#define END "E21      no root path is set: on to the next NIC\n"

TEST(the_next_nic_has_its_turn)
{
    nic_count = 4;
    nics[0].link = NEVER;
    nics[1].dhcp = NEVER;
    nics[2].root_path = NEVER;
    assert_int_equal(attach(), OK);
    assert_in_range(host_now, 11000, 13000);
    assert_ptr_equal(nic, &nics[3]);
    assert_string_equal(host_console() + strlen(host_console()) - strlen(END), END);
}

TEST(what_got_furthest_is_the_failure)
{
    nic_count = 4;
    nics[0].dhcp = NEVER;
    nics[1].target = nics[2].root_path = NEVER;
    nics[3].link = NEVER;
    assert_fails(ERR_TCP_REFUSED, "disk 20, by the NIC at 00:04.0 and others", 60, 130);
    assert_true(nics[0].turns > 1 && nics[1].turns > 1 && nics[2].turns > 1);
    setup();
    nic_count = 2;
    nics[0].link = nics[1].link = NEVER;
    assert_fails(ERR_NIC_NO_LINK, "nic 18 and others", 60, 62);
}

TEST(a_link_that_comes_up_is_seen_soon)
{
    nic_count = 4;
    for (u32 i = 0; i < 4; i++)
        nics[i].link = i == 2 ? 30000 : NEVER;
    assert_int_equal(attach(), OK);
    assert_in_range(host_now, 30000, 32000);
}

TEST(a_slow_switch_behind_one_of_several)
{
    nic_count = 2;
    nics[0].dhcp = NEVER;
    nics[1].dhcp = 50000;
    assert_int_equal(attach(), OK);
    assert_true(host_now < 61000);
}

/* How often a text stands on the console. */
static u32 times(const char *text)
{
    u32 n = 0;
    for (const char *at = host_console(); (at = strstr(at, text)); at++)
        n++;
    return n;
}

TEST(nothing_scrolls_while_it_is_waited_for)
{
    set(SET_RETRY, "forever");
    set(SET_TIMEOUT, "5");
    nic_count = 2;
    nics[0].dhcp = nics[1].dhcp = 100000;
    nics[0].target = nics[1].target = 200000;
    nics[0].target_says = nics[1].target_says = ERR_LOGIN_AUTH;
    assert_int_equal(attach(), OK);
    assert_int_equal(times("\n"), 3);
    assert_int_equal(times("E20      no DHCP server answered: on to the next NIC\n"), 1);
    assert_int_equal(times("\r  help:  E41: check username=, password= and chap=\n"), 1);
    assert_true(times("\rE41 the target refused our name or secret (CHAP): try ") >= 8);
    assert_true(times("\rWaiting for it: 97 s; any key stops") == 1);
    const char *line = strchr(host_console(), '\r');
    for (; line[1]; line = strchr(line + 1, '\r'))
        assert_true(strcspn(line + 1, "\r\n") <= 79);
}

/* What a target's answer means is there while it may still heal, in three seconds. */
static enum error answered;

static enum error answer(u32 *tries)
{
    *tries = host_now / 1000;
    return host_now < 2500 ? OK : answered;
}

TEST(an_answer_is_explained_at_once)
{
    static const enum error answers[] = {ERR_LOGIN_CLOSED, ERR_LOGIN_NOT_FOUND,
                                         ERR_LOGIN_UNAVAILABLE, ERR_LUN_NOT_FOUND};
    for (u32 i = 0; i < ARRAY_SIZE(answers); i++) {
        char help[200], status[200];
        setup();
        step_begin();
        say_begin();
        answered = answers[i];
        due = NEVER;
        assert_false(step_wait_why(there, 2900, "it", answer));
        snprintf(help, sizeof(help), "  help:  E%u: %s\n", answered, error_advice(answered));
        snprintf(status, sizeof(status), "E%u %s: try ", answered, error_text(answered));
        assert_int_equal(times(help), 1);
        assert_int_equal(times(status), 1); /* in full */
        assert_true(strlen(help) <= 80);
        assert_false(step_wait_why(there, 10000, "it", answer));
        assert_int_equal(times(help), 1);
    }
    setup(); /* of a network that is not there yet everybody knows what it needs */
    answered = ERR_TCP_REFUSED;
    due = NEVER;
    assert_false(step_wait_why(there, 10000, "it", answer));
    assert_int_equal(times("help"), 0);
}
