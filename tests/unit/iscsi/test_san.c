/* What iSCSI gives to those above it: san/san.h. */
#define _GNU_SOURCE /* memmem */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/str.h"
#include "drv/netdev.h"
#include "iscsi/iscsi_peer.h"
#include "net/address.h"
#include "net/dhcp.h"
#include "net/port.h"
#include "platform_host.h"
#include "san/san.h"
#include "settings/settings.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define PATH(lun) "iscsi:10.0.0.1:::" lun ":" PEER_TARGET

static struct netdev dev = {.bdf = 0x3a1d, .mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};

/* In place of DHCP. */
static bool leased;
static struct dhcp_lease lease;

enum dhcp_state dhcp_state(void)
{
    return leased ? DHCP_BOUND : DHCP_OFF;
}

struct dhcp_lease *dhcp_lease(void)
{
    return &lease;
}

static void setup(void)
{
    peer_reset();
    leased = false;
    settings_init();
    net_set_device(&dev);
    san_init();
}

FIXTURE(setup);

static bool over(void)
{
    return san_state() == SAN_READY || san_state() == SAN_FAILED;
}

static void add(const char *path)
{
    const char *why;
    assert_int_equal(san_add_path(path, &why), OK);
}

static void attach(void)
{
    san_attach(20000, 1000);
    assert_int_equal(san_state(), SAN_ATTACHING);
    assert_true(peer_run(20000, over));
    assert_int_equal(san_state(), SAN_READY);
}

static void set(enum setting_id id, const char *value)
{
    assert_int_equal(setting_set(id, value, strlen(value), FROM_COMMAND_LINE), OK);
}

TEST(a_path_leads_to_a_disk_and_back)
{
    add(PATH("1"));
    attach();
    assert_true(san_disk()->blocks == PEER_BLOCKS);
    assert_int_equal(san_error(), OK);
    assert_string_equal(peer_key("TargetName"), PEER_TARGET);
    san_leave(host_now);
    peer_run(5000, NULL);
    assert_int_equal(san_state(), SAN_CLOSED);
    assert_int_equal(peer.logouts, 1);
}

TEST(our_name_is_the_one_that_was_set_or_tells_our_host_or_nic)
{
    add(PATH("1"));
    attach();
    assert_string_equal(peer_key("InitiatorName"), "iqn.2026-11.org.lunboot:525400123456");
    set(SET_HOSTNAME, "pc7");
    san_init();
    add(PATH("1"));
    attach();
    assert_string_equal(peer_key("InitiatorName"), "iqn.2026-11.org.lunboot:pc7");
    set(SET_HOSTNAME, "LAB_PC-Z7.example.org");
    san_init();
    add(PATH("1"));
    attach();
    assert_string_equal(peer_key("InitiatorName"), "iqn.2026-11.org.lunboot:lab-pc-z7.example.org");
    assert_string_equal(setting_text(SET_HOSTNAME), "LAB_PC-Z7.example.org");
    set(SET_INITIATOR_IQN, PEER_US);
    san_init();
    add(PATH("1"));
    attach();
    assert_string_equal(peer_key("InitiatorName"), PEER_US);
}

/* Whoever named it so, means it. */
TEST(names_that_are_not_proper_are_used_with_a_warning)
{
    host_reset(1000);
    add(PATH("1"));
    attach();
    assert_string_equal(host_console(), "");
    set(SET_INITIATOR_IQN, "iqn.GAMER79");
    san_init();
    add("iscsi:10.0.0.1:::1:sheeva:disk1");
    assert_string_equal(host_console(), "Warning  target sheeva:disk1 is no iqn., eui. or naa. "
                                        "name; it is used as it is\n");
    host_reset(1000);
    san_init();
    add(PATH("1"));
    attach();
    assert_string_equal(peer_key("InitiatorName"), "iqn.GAMER79");
    assert_string_equal(host_console(), "Warning  initiator-iqn iqn.GAMER79 is no iqn., eui. or "
                                        "naa. name; it is used as it is\n");
}

TEST(the_screen_reads_where_the_disk_is)
{
    char text[SAN_TEXT];
    add(PATH("1"));
    attach();
    assert_int_equal(san_paths(), 1);
    san_path_text(0, text);
    assert_string_equal(text, PEER_TARGET " at 10.0.0.1:3260, LUN 1");
    san_tried_text(text);
    assert_string_equal(text, "as iqn.2026-11.org.lunboot:525400123456, " PEER_TARGET
                              " at 10.0.0.1:3260, LUN 1");
    san_where_text(text);
    assert_string_equal(text, "10.0.0.1:3260");
    assert_false(san_is_elsewhere());
}

/* Who has to let us in needs our name, whole. */
TEST(our_name_is_shown_in_full_with_the_longest_of_others)
{
    char us[224], path[600] = "iscsi:", text[SAN_TEXT];
    memset(us, 'u', 223);
    us[223] = 0;
    memset(path + 6, 'h', 253);
    strcpy(path + 259, "::::");
    memset(path + 263, 't', 223);
    set(SET_INITIATOR_IQN, us);
    add(path);
    san_attach(1000, 1000);
    san_tried_text(text);
    assert_non_null(strstr(text, us));
}

TEST(several_paths_are_worth_saying_which)
{
    add(PATH("1"));
    add("iscsi:10.0.0.2:::1:" PEER_TARGET);
    attach();
    assert_int_equal(san_paths(), 2);
    assert_true(san_is_elsewhere());
}

TEST(there_is_room_for_some_paths_and_the_rest_are_refused)
{
    const char *why = NULL;
    for (u32 i = 0; i < ISCSI_PATHS; i++)
        add(PATH("1"));
    assert_int_equal(san_add_path(PATH("1"), &why), ERR_ROOT_PATH);
    assert_string_equal(why, "there are too many");
    san_init();
    assert_int_equal(san_add_path("nfs:10.0.0.1:/disk", &why), ERR_ROOT_PATH);
    assert_string_equal(why, "it does not begin with iscsi:");
}

/* As Linux's edd.c reads it: a target id of 0, and the LUN as a little-endian number. */
TEST(callers_of_int_13h_read_the_device_path_as_scsi)
{
    struct edd_path path;
    memset(&path, 0xff, sizeof(path));
    add(PATH("4005"));
    san_attach(20000, 1000);
    san_edd_path(&path);
    static const u8 device[16] = {0, 0, 0x05, 0x40};
    assert_int_equal(path.bdf, 0x3a1d);
    assert_memory_equal(path.interface, "SCSI    ", 8);
    assert_memory_equal(path.device, device, sizeof(device));
    assert_int_equal(path.device_short, 5);
}

/* LIO's list of a LUN 300; the target has no others. */
static bool only_300;

static bool has_lun_300(const struct peer_pdu *p)
{
    static const u8 list[16] = {[3] = 8, [8] = 1, [9] = 0x2c};
    u32 itt = get_be32(p->bhs + BHS_ITT);
    if (p->bhs[BHS_OPCODE] != OPCODE_SCSI_CMD)
        return false;
    if (p->bhs[SCSI_CMD_CDB] == SCSI_REPORT_LUNS)
        peer_data_in(itt, 0, 0, list, sizeof(list), true);
    else if (only_300 && memcmp(p->bhs + BHS_LUN, list + 8, 8))
        peer_status(itt, SCSI_CHECK_CONDITION, "\x70\0\x05\0\0\0\0\x0a\0\0\0\0\x25\0\0\0\0", 18);
    else
        return false;
    return true;
}

TEST(the_form_of_a_lun_that_worked_is_handed_on)
{
    static const u8 device[16] = {0, 0, 0x2c, 0x01}, lun[8] = {1, 0x2c};
    struct edd_path path;
    u8 table[1024];
    only_300 = true;
    peer.hook = has_lun_300;
    add(PATH("12c"));
    add("iscsi:10.0.0.2:::12c:" PEER_TARGET);
    attach();
    san_edd_path(&path);
    assert_memory_equal(path.device, device, sizeof(device));
    assert_true(san_publish(table, sizeof(table)));
    for (u32 i = 0; i < 2; i++)
        assert_memory_equal(table + get_le16(table + 60 + 4 * i) + 24, lun, 8);
}

TEST(the_screen_reads_which_luns_there_are)
{
    char text[SAN_TEXT];
    set(SET_RETRY, "0");
    only_300 = true;
    peer.hook = has_lun_300;
    add(PATH("12d"));
    san_attach(20000, 1000);
    assert_true(peer_run(20000, over));
    assert_int_equal(san_error(), ERR_LUN_NOT_FOUND);
    san_tried_text(text);
    assert_non_null(strstr(text, ":3260, LUN 12d (LUNs there: 0x12c)"));
    /* It says nothing of another failure. */
    only_300 = false;
    peer.block_size = 520;
    san_init();
    add(PATH("12d"));
    san_attach(20000, 1000);
    assert_true(peer_run(20000, over));
    assert_int_equal(san_error(), ERR_LUN_BLOCK_SIZE);
    san_tried_text(text);
    assert_null(strstr(text, "LUNs"));
}

TEST(the_operating_system_finds_an_ibft)
{
    u8 table[1024];
    add(PATH("1"));
    set(SET_USERNAME, "joe");
    set(SET_PASSWORD, "a secret of joe");
    peer.chap = true;
    attach();
    assert_true(san_publish(table, sizeof(table)));
    assert_memory_equal(table, "iBFT", 4);
    u32 len = get_le32(table + 4);
    assert_in_range(len, 250, sizeof(table));
    assert_int_equal(byte_sum_complement(table, len), 0);
    /* What CHAP was used with is in it. */
    assert_non_null(memmem(table, len, "a secret of joe", 15));
    assert_non_null(memmem(table, len, PEER_TARGET, sizeof(PEER_TARGET)));
    assert_false(san_publish(table, 64));
}

TEST(chap_says_what_is_offered)
{
    add(PATH("1"));
    set(SET_USERNAME, "joe");
    set(SET_PASSWORD, "a secret of joe");
    set(SET_CHAP, "sha256");
    peer.chap = true; /* by MD5 */
    san_attach(20000, 1000);
    assert_true(peer_run(20000, over));
    assert_int_equal(san_error(), ERR_LOGIN_ALGORITHM);
    assert_string_equal(peer_key("CHAP_A"), "8,7");
}

/* Without its priority, which has no place there. */
TEST(the_operating_system_finds_the_vlan)
{
    u8 table[1024];
    add(PATH("1"));
    dev.vlan = 0x123 | 5 << 13;
    attach();
    assert_true(san_publish(table, sizeof(table)));
    assert_int_equal(get_le16(table + get_le16(table + 48 + 10) + 88), 0x123);
    dev.vlan = 0;
}

TEST(secrets_that_were_not_asked_for_are_not_published)
{
    u8 table[1024];
    add(PATH("1"));
    set(SET_USERNAME, "joe");
    set(SET_PASSWORD, "a secret of joe");
    attach(); /* the target takes AuthMethod=None */
    assert_true(san_publish(table, sizeof(table)));
    assert_null(memmem(table, sizeof(table), "a secret of joe", 15));
}

/* The gateway of the table that is published with the target on 10.0.0.1. */
static ip4 published_gateway(bool dhcp, const struct ipv4_config *ip)
{
    u8 table[1024];
    setup();
    leased = dhcp;
    add(PATH("1"));
    attach();
    ipv4_set_config(ip);
    assert_true(san_publish(table, sizeof(table)));
    const u8 *nic = table + get_le16(table + 48 + 10);
    return get_be32(nic + 24 + 12);
}

TEST(the_gateway_is_published_where_it_is_needed_or_nobody_else_tells_it)
{
    struct ipv4_config on_link = {.addr = 0x0a000007, .netmask = 0xffffff00, .gateway = 0x0a0000fe};
    struct ipv4_config beyond = {.addr = 0xc0000207, .netmask = 0xffffff00, .gateway = 0xc00002fe};
    assert_int_equal(published_gateway(false, &on_link), 0x0a0000fe);
    assert_int_equal(published_gateway(true, &on_link), 0);
    assert_int_equal(published_gateway(false, &beyond), 0xc00002fe);
    assert_int_equal(published_gateway(true, &beyond), 0xc00002fe);
    /* Option 121: the routes count, and option 3 does not (RFC 3442). */
    beyond.route_count = 1;
    beyond.routes[0] = (struct ipv4_route){.net = 0, .prefix = 0, .gateway = 0xc0000201};
    assert_int_equal(published_gateway(true, &beyond), 0xc0000201);
    beyond.gateway = 0;
    assert_int_equal(published_gateway(true, &beyond), 0xc0000201);
}

/* What the table says of target i: "10.0.0.1:3260 LUN 1 name"; "" when there is none. */
static const char *published(const u8 *table, u32 i)
{
    static char text[300];
    u32 at = get_le16(table + 48 + 12 + 4 * i);
    const u8 *t = table + at;
    text[0] = 0;
    if (at)
        snprintf(text, sizeof(text), "%u.%u.%u.%u:%u LUN %u %s", t[18], t[19], t[20], t[21],
                 get_le16(t + 22), t[25], table + get_le16(t + 36));
    return text;
}

static void publish_paths(u8 *table, u32 size)
{
    attach();
    assert_true(san_publish(table, size));
    assert_string_equal(published(table, 0), "10.0.0.1:3260 LUN 1 " PEER_TARGET);
}

TEST(two_ways_to_the_disk_are_published)
{
    u8 table[1024];
    add(PATH("1"));
    publish_paths(table, sizeof(table));
    assert_string_equal(published(table, 1), "");
    san_init();
    add(PATH("1"));
    add(PATH("1")); /* the same once more is no other way */
    add("iscsi:10.0.0.2::3261:7:iqn.2026-11.test:other");
    add("iscsi:10.0.0.3::::iqn.2026-11.test:third");
    publish_paths(table, sizeof(table));
    assert_string_equal(published(table, 1), "10.0.0.2:3261 LUN 7 iqn.2026-11.test:other");
}

TEST(a_way_by_name_is_published_by_its_address_or_not_at_all)
{
    u8 table[1024];
    for (u32 i = 0; i < 2; i++) {
        setup();
        add(PATH("1"));
        add("iscsi:san.example::::" PEER_TARGET);
        peer.dns_answer = i ? 0x0a000009 : 0;
        publish_paths(table, sizeof(table));
        assert_string_equal(published(table, 1), i ? "10.0.0.9:3260 LUN 0 " PEER_TARGET : "");
    }
}

TEST(one_way_is_published_where_two_do_not_fit)
{
    u8 table[512];
    char other[300] = "iscsi:10.0.0.2::::";
    memset(other + strlen(other), 'n', 223);
    add(PATH("1"));
    add(other);
    publish_paths(table, sizeof(table));
    assert_string_equal(published(table, 1), "");
}

/* Neither a redirect's goal nor what leads to it is another way beside it. */
TEST(the_goal_of_a_redirect_is_published_and_the_path_to_it_is_not)
{
    u8 table[1024];
    add(PATH("1"));
    add("iscsi:10.0.0.2:::1:" PEER_TARGET);
    peer.hook = peer_redirects_once;
    attach();
    assert_true(san_publish(table, sizeof(table)));
    assert_string_equal(published(table, 0), "10.0.0.7:3261 LUN 1 " PEER_TARGET);
    assert_string_equal(published(table, 1), "10.0.0.2:3260 LUN 1 " PEER_TARGET);
}

/* The ISIDs of the latest logins, by disk. */
static u8 isids[PEERS][6];

static bool notes_isid(const struct peer_pdu *p)
{
    if (peer_opcode(p) == OPCODE_LOGIN_REQ)
        memcpy(isids[the_peer - peers], p->bhs + LOGIN_ISID, 6);
    return false;
}

static void attach_two(const char *second)
{
    peers[0].hook = peers[1].hook = notes_isid;
    add(PATH("1"));
    attach();
    san_select(1);
    san_init();
    add(second);
    attach();
    san_select(0);
}

static void leave_second(void)
{
    san_select(1);
    san_leave(host_now);
    san_select(0);
}

/* A second session with the same one would end the first. */
TEST(two_disks_have_sessions_of_their_own)
{
    char text[SAN_WHERE_TEXT];
    peers[1].blocks = PEER_BLOCKS / 2;
    attach_two("iscsi:10.0.0.2:::1:" PEER_TARGET);
    assert_memory_not_equal(isids[0], isids[1], 6);
    assert_true(san_disk()->blocks == PEER_BLOCKS);
    san_where_text(text);
    assert_string_equal(text, "10.0.0.1:3260");
    san_select(1);
    assert_true(san_disk()->blocks == PEER_BLOCKS / 2);
    san_where_text(text);
    assert_string_equal(text, "10.0.0.2:3260");
    leave_second();
    peer_run(5000, NULL);
    assert_int_equal(san_state(), SAN_READY);
    assert_int_equal(peers[1].logouts, 1);
}

static bool second_is_twin(const u8 *serial)
{
    setup();
    peers[0].serial_page = (const u8 *)"\0\x80\0\4disk";
    peers[1].serial_page = serial;
    attach_two("iscsi:10.0.0.2:::1:" PEER_TARGET);
    assert_false(san_is_twin());
    san_select(1);
    bool twin = san_is_twin();
    leave_second();
    return twin;
}

TEST(one_disk_twice_is_worth_a_warning)
{
    assert_true(second_is_twin((const u8 *)"\0\x80\0\4disk"));
    assert_false(second_is_twin((const u8 *)"\0\x80\0\4dusk"));
    assert_false(second_is_twin(NULL));
}

/* The address, as a number, of the table's second target; 0: there is none. */
static u32 second_target(const char *second)
{
    u8 table[1024];
    setup();
    attach_two(second);
    assert_true(san_publish(table, sizeof(table)));
    leave_second();
    u32 at = get_le16(table + 60 + 4);
    return at ? get_be32(table + at + 18) : 0;
}

TEST(the_operating_system_finds_the_second_disk_where_it_has_to_be_told)
{
    assert_int_equal(second_target("iscsi:10.0.0.2:::1:" PEER_TARGET), 0x0a000002);
    assert_int_equal(second_target("iscsi:10.0.0.1:::2:" PEER_TARGET), 0);
    assert_int_equal(second_target("iscsi:10.0.0.1::3261:1:" PEER_TARGET), 0x0a000001);
}

/* How the operating system has to log in to a target of the table: 0 without CHAP, 1 one-way. */
static u8 published_chap(const u8 *table, u32 i)
{
    const u8 *t = table + get_le16(table + 60 + 4 * i);
    assert_string_equal(t[32] ? (const char *)table + get_le16(t + 40) : "joe", "joe");
    assert_int_equal(get_le16(t + 42), t[32] ? 15 : 0); /* the secret's length */
    return t[32];
}

TEST(the_operating_system_finds_chap_where_the_target_wants_it)
{
    for (u32 which = 0; which < 2; which++) {
        u8 table[1024];
        setup();
        set(SET_USERNAME, "joe");
        set(SET_PASSWORD, "a secret of joe");
        peers[which].chap = true;
        attach_two("iscsi:10.0.0.2:::1:" PEER_TARGET);
        assert_true(san_publish(table, sizeof(table)));
        leave_second();
        assert_int_equal(published_chap(table, which), 1);
        assert_int_equal(published_chap(table, !which), 0);
    }
}
