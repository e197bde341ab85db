/* What lunboot does when there is no disk: it asks, and an answer counts as soon as the question
 * can be read. */
#include "main.h"

#include "attach/attach.h"
#include "handoff/boot.h"
#include "pc/bios.h"
#include "pc/resident.h"
#include "platform_host.h"
#include "test.h"
#include <string.h>

static jmp_buf left;
static const char *answers; /* to the questions, in order; '.': none in time */
static u32 drops, attached, removed;

static u32 questions(void)
{
    u32 count = 0;
    for (const char *at = host_console(); (at = strstr(at, "Press a key")); at++)
        count++;
    return count;
}

void bios_drop_keys(void)
{
    assert_int_equal(questions(), drops);
    drops++;
}

u16 bios_wait_key(u32 seconds)
{
    assert_int_not_equal(seconds, 0);
    assert_int_equal(questions(), drops);
    assert_int_not_equal(*answers, 0);
    char answer = *answers++;
    return answer == '.' ? 0 : (u16)answer;
}

_Noreturn void bios_next_device(void)
{
    longjmp(left, 1);
}

void resident_remove(void)
{
    removed++;
}

void attach_init(struct machine *machine)
{
    (void)machine;
}

enum error attach(void)
{
    attached++;
    return ERR_NIC_NO_LINK;
}

void attach_end(void)
{
}

void attach_wipe(void)
{
}

enum error boot(const struct machine *machine)
{
    (void)machine;
    return OK;
}

static void start(const char *command_line, const char *keys)
{
    static struct machine machine;
    memset(&machine, 0, sizeof(machine));
    strcpy(machine.boot.command_line, command_line);
    host_reset(0);
    answers = keys;
    drops = attached = removed = 0;
    if (!setjmp(left))
        lunboot_main(&machine);
    assert_int_equal(*answers, 0);
    assert_int_equal(removed, 1);
}

TEST(no_key_is_the_next_device)
{
    start("", ".");
    assert_int_equal(attached, 1);
}

TEST(a_key_is_another_try)
{
    start("", "xx.");
    assert_int_equal(attached, 3);
    assert_int_equal(drops, 3);
}

TEST(d_shows_counters_and_asks_again)
{
    start("", "dDx.");
    assert_int_equal(attached, 2);
    assert_int_equal(drops, 4);
}

TEST(what_is_left_out_is_asked_about_first)
{
    start("mtu=none", "..");
    assert_int_equal(attached, 1);
    assert_int_equal(drops, 2);
    assert_non_null(strstr(host_console(), "mtu=none"));
}
