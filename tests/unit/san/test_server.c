/* Names of servers, which DNS can be asked for one at a time. */
#include "san/server.h"

#include "base/str.h"
#include "test.h"
#include <string.h>

static enum dns_state state;
static char asked[DNS_NAME];
static u32 questions;

/* In place of DNS. */
void dns_start(const char *name, msec now)
{
    (void)now;
    strcpy(asked, name);
    state = DNS_ASKING;
    questions++;
}

enum dns_state dns_result(ip4 *addr)
{
    if (state == DNS_DONE)
        *addr = 0x0a000000 + (u32)strlen(asked);
    return state;
}

static struct san_server one, three;

static void setup(void)
{
    state = DNS_ERROR;
    questions = 0;
    assert_true(server_parse(&one, "a", 0, 3260));
    assert_true(server_parse(&three, "abc:3261", 0, 3260));
}

FIXTURE(setup);

static void answer(enum dns_state how)
{
    state = how;
}

TEST(a_name_is_asked_for_and_found)
{
    server_look_up(&one, 0);
    assert_false(server_looked_up(&one, 1));
    answer(DNS_DONE);
    assert_true(server_looked_up(&one, 2));
    assert_int_equal(one.addr, 0x0a000001);
    assert_int_equal(questions, 1);
}

TEST(what_was_found_once_is_better_than_nothing)
{
    one.addr = 7;
    server_look_up(&one, 0);
    answer(DNS_ERROR);
    assert_true(server_looked_up(&one, 1));
    assert_int_equal(one.addr, 7);
}

TEST(the_second_waits_for_the_first_and_gets_its_own_answer)
{
    server_look_up(&one, 0);
    server_look_up(&three, 0);
    assert_string_equal(asked, "a");
    assert_false(server_looked_up(&three, 1));
    assert_false(server_looked_up(&one, 1));
    answer(DNS_DONE);
    assert_true(server_looked_up(&one, 2));
    assert_int_equal(one.addr, 0x0a000001);
    assert_false(server_looked_up(&three, 2));
    assert_string_equal(asked, "abc");
    answer(DNS_DONE);
    assert_true(server_looked_up(&three, 3));
    assert_int_equal(three.addr, 0x0a000003);
    assert_int_equal(questions, 2);
}

TEST(an_address_waits_for_nobody)
{
    struct san_server address;
    assert_true(server_parse(&address, "192.0.2.7", 0, 3260));
    server_look_up(&one, 0);
    server_look_up(&address, 0);
    assert_true(server_looked_up(&address, 0));
    assert_int_equal(address.addr, 0xc0000207);
    assert_string_equal(asked, "a");
}

TEST(who_has_given_up_holds_nobody_up)
{
    server_look_up(&one, 0);
    server_look_up(&three, 0);
    answer(DNS_ERROR); /* nobody takes that */
    assert_false(server_looked_up(&three, 1));
    assert_string_equal(asked, "abc");
    /* And begins anew, when it comes back. */
    server_look_up(&one, 2);
    answer(DNS_DONE);
    assert_false(server_looked_up(&one, 3));
    assert_string_equal(asked, "a");
}
