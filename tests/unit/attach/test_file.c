/* Where a settings file is looked for, and what a file that is none means. */
#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/bytes.h"
#include "base/loop.h"
#include "base/say.h"
#include "net/dhcp.h"
#include "net/net.h"
#include "net/net_no_tcp.h"
#include "net/net_wire.h"
#include "net/tftp.h"
#include "settings/settings.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define ACK   4
#define DATA  3
#define ERROR 5

/* ---- a TFTP server without options ---- */

static const char *content; /* NULL: there is no file */
static char asked[300];     /* the name */
static ip4 asked_at;
static u16 asked_port;
static u32 requests;

static void answer(u16 opcode, u16 number, const char *text, u32 len, u16 to_port)
{
    u8 frame[2048], message[600];
    put_be16(message, opcode);
    put_be16(message + 2, number);
    memcpy(message + 4, text, len);
    wire_queue(frame, wire_udp(frame, asked_at, 4000, WIRE_US, to_port, message, 4 + len));
}

static void serve(u32 ms)
{
    if (wire_captured())
        host_now -= ms; /* the answer ends the wait */
    const struct wire_frame *f;
    while ((f = wire_take_ip())) {
        u16 port, to_port;
        u32 len;
        ip4 to;
        const u8 *p = wire_udp_payload(f, &to, &port, &to_port, &len);
        u16 block = get_be16(p + 2) + 1;
        if (get_be16(p) == 1) {
            requests++;
            asked_at = to;
            asked_port = to_port;
            strcpy(asked, (const char *)p + 2);
            block = 1;
            if (!content)
                answer(ERROR, 1, "no such file", 13, port);
        } else if (get_be16(p) != ACK) {
            continue;
        }
        size_t from = (block - 1) * 512u;
        if (content && from <= strlen(content))
            answer(DATA, block, content + from, (u32)strnlen(content + from, 512), port);
    }
}

/* In place of the steps before: the lease's names, and the NIC. */
void attach_address_set_dns(void)
{
}

enum error attach_nic_set_mtu(void)
{
    return OK;
}

/* ---- fixtures ---- */

static void fresh(void)
{
    static const struct poller net = {net_poll, net_timeout};
    without_tcp();
    settings_init();
    say_begin();
    step_begin();
    step_set_limit(60000);
    loop_register(&net);
    loop_poll(NULL);
    host_on_wait = serve;
    content = "#!lunboot\nroot-path=by-file\n";
    asked[0] = 0;
    requests = 0;
}

FIXTURE(fresh);

static void set(enum setting_id id, const char *value)
{
    assert_int_equal(setting_set(id, value, strlen(value), FROM_COMMAND_LINE), OK);
}

static void dhcp_offers(const char *file, ip4 next_server)
{
    strcpy(dhcp_lease()->boot_file, file);
    dhcp_lease()->next_server = next_server;
    dhcp_lease()->server = WIRE_GATEWAY;
}

static void assert_taken_from(ip4 server, u16 port, const char *name)
{
    assert_int_equal(attach_file(), OK);
    assert_int_equal(asked_at, server);
    assert_int_equal(asked_port, port);
    assert_string_equal(asked, name);
    assert_string_equal(setting_text(SET_ROOT_PATH), "by-file");
}

static void assert_no_root_path(const char *tried)
{
    assert_int_equal(attach_file(), ERR_DHCP_NO_ROOT_PATH);
    assert_string_equal(step_tried(), tried);
}

/* ---- tests ---- */

TEST(a_boot_file_on_the_next_server)
{
    dhcp_offers("site/lunboot.conf", WIRE_PEER);
    assert_taken_from(WIRE_PEER, TFTP_PORT, "site/lunboot.conf");
    assert_non_null(strstr(host_console(), "Settings site/lunboot.conf from 192.0.2.20\n"));
}

TEST(a_file_on_the_dhcp_server_when_there_is_no_next_server)
{
    set(SET_CONFIG, "/lunboot.conf");
    dhcp_offers("", 0);
    assert_taken_from(WIRE_GATEWAY, TFTP_PORT, "/lunboot.conf");
}

TEST(a_file_by_its_url)
{
    set(SET_CONFIG, "tftp://192.0.2.20:1069/site/lunboot.conf");
    dhcp_offers("others", WIRE_GATEWAY);
    assert_taken_from(WIRE_PEER, 1069, "site/lunboot.conf");
    fresh();
    dhcp_offers("tftp://192.0.2.20//srv/lunboot.conf", WIRE_GATEWAY);
    assert_taken_from(WIRE_PEER, TFTP_PORT, "/srv/lunboot.conf");
}

TEST(nobody_is_asked_without_a_reason)
{
    assert_int_equal(attach_file(), OK);
    dhcp_offers("boot.ipxe", WIRE_PEER);
    set(SET_ROOT_PATH, "given");
    assert_int_equal(attach_file(), OK);
    assert_int_equal(requests, 0);
}

TEST(addresses_that_lead_nowhere)
{
    static const char *odd[] = {"tftp://",     "tftp://192.0.2.20",     "tftp://192.0.2.20/",
                                "tftp:///x",   "tftp://192.0.2.20:0/x", "http://192.0.2.20/x",
                                "lunboot.conf"};
    for (u32 i = 0; i < ARRAY_SIZE(odd); i++) {
        set(SET_CONFIG, odd[i]);
        assert_int_equal(attach_file(), ERR_FILE_ADDRESS);
        assert_string_equal(step_tried(), odd[i]);
    }
    assert_int_equal(requests, 0);
    set(SET_CONFIG, "tftp://nowhere.example.org/x");
    assert_int_equal(attach_file(), ERR_DNS_FAILED);
}

TEST(what_is_offered_for_others_is_no_root_path)
{
    static char large[70000];
    memset(large, '#', sizeof(large) - 1);
    memcpy(large, "#!lunboot\n", 10);
    for (u32 i = 500; i < sizeof(large); i += 500)
        large[i] = '\n';
    large[sizeof(large) - 1] = 0;
    static const struct {
        const char *name, *content, *kind;
    } cases[] = {
        {"boot.ipxe", "#!ipxe\n", "an iPXE script"},
        {"undionly.kpxe", large, "no settings file"},
        {"http://192.0.2.20/boot.ipxe", "", "no settings file"},
    };
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        char tried[300];
        fresh();
        dhcp_offers(cases[i].name, WIRE_PEER);
        content = cases[i].content;
        sprintf(
            tried,
            "DHCP server 192.0.2.1, which offers the file \"%s\" on 192.0.2.20: %s, but no root "
            "path (option 17)",
            cases[i].name, cases[i].kind);
        assert_no_root_path(tried);
        /* One that a person names has to be what it is taken for. */
        settings_forget(FROM_DHCP);
        set(SET_CONFIG, cases[i].name);
        assert_int_not_equal(attach_file(), ERR_DHCP_NO_ROOT_PATH);
    }
}

TEST(what_the_server_says_of_it_is_shown)
{
    content = NULL;
    set(SET_CONFIG, "tftp://192.0.2.20/lunboot.conf");
    assert_int_equal(attach_file(), ERR_FILE_REFUSED);
    assert_string_equal(step_tried(), "tftp://192.0.2.20/lunboot.conf from 192.0.2.20: "
                                      "TFTP error 1 no such file");
}

TEST(complaints_name_the_line_and_end)
{
    static char lines[4000] = "#!lunboot\n";
    for (u32 i = 0; i < 20; i++)
        strcat(lines, "hostname=bad!\n");
    strcat(lines, "root-path=by-file\n");
    content = lines;
    dhcp_offers("site/lunboot.conf", WIRE_PEER);
    assert_taken_from(WIRE_PEER, TFTP_PORT, "site/lunboot.conf");
    assert_non_null(strstr(host_console(), "E61      lunboot.conf:2: hostname=bad!: "));
    assert_non_null(strstr(host_console(), "lunboot.conf:11: "));
    assert_null(strstr(host_console(), "lunboot.conf:12: "));
}
