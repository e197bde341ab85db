/* When an operating system may take the machine over, on a NIC that needs a pause then. */
#include "handoff/takeover.h"

#include "base/arith.h"
#include "base/loop.h"
#include "disk/cache.h"
#include "disk/fake_disk.h"
#include "disk/readahead.h"
#include "net/port.h"
#include "platform_host.h"
#include "test.h"
#include <stdlib.h>

#define AHEAD   (256 * 1024)
#define SILENCE 10000 /* ms */

static struct netdev nic;
static u32 pauses;
static u8 *ahead;
static u32 answer_ms;

/* The stand-in for TCP. */
static u32 acked;
void tcp_ack_at_once(void)
{
    acked++;
}

static void pause(struct netdev *dev, bool on)
{
    dev->paused = on;
    pauses += on;
}

static const struct netdev_ops needs_it = {.pause = pause};
static const struct netdev_ops needs_none;

/* Each request takes answer_ms. */
static void target_answers(u32 ms)
{
    if (!fake.queued || !answer_ms)
        return;
    host_now += answer_ms - min_u32(answer_ms, ms);
    fake_complete_one(ms);
}

static void poll(msec now)
{
    (void)now;
}

static u32 timeout(msec now)
{
    (void)now;
    return 5;
}

static void setup(void)
{
    static const struct poller poller = {poll, timeout};
    host_reset(1000);
    loop_register(&poller);
    nic = (struct netdev){.ops = &needs_it};
    net_set_device(&nic);
    pauses = acked = 0;
    answer_ms = 5;
    ahead = malloc(AHEAD);
    fake_disk(4000, 128);
    cache_init(NULL, 0);
    readahead_init(ahead, AHEAD);
    host_on_wait = target_answers;
}

static void teardown(void)
{
    readahead_init(NULL, 0);
    fake_disk_free();
    free(ahead);
}

FIXTURE(setup, teardown);

static void read_in_order(void)
{
    fake.later = true;
    for (u32 lba = 0; lba < 256; lba += 32)
        check_read(lba, 32);
    assert_true(fake.queued > 0);
}

TEST(the_first_question_pauses_the_nic)
{
    for (u32 i = 0; i < 3; i++)
        takeover_near();
    assert_true(nic.paused);
    assert_int_equal(pauses, 1);
    assert_int_equal(acked, 1);
    nic.paused = false; /* somebody has sent */
    takeover_near();
    assert_int_equal(pauses, 2);
}

TEST(a_nic_that_every_system_resets_goes_on)
{
    nic.ops = &needs_none;
    read_in_order();
    takeover_near();
    assert_false(nic.paused || takeover_silence());
    assert_true(fake.queued > 0);
}

TEST(what_was_asked_ahead_comes_before_the_pause)
{
    read_in_order();
    takeover_near();
    assert_true(nic.paused);
    assert_int_equal(fake.queued, 0);
    assert_false(readahead_under_way());
}

TEST(a_target_that_says_nothing_is_waited_for_half_a_second)
{
    read_in_order();
    answer_ms = 0;
    msec before = host_now;
    takeover_near();
    assert_true(nic.paused);
    assert_in_range(host_now - before, 500, 510);
    answer_ms = 5;
    while (fake.queued)
        fake_complete_one(0);
}

TEST(ticks_let_it_rest_for_ten_seconds)
{
    assert_false(takeover_silence());
    takeover_near();
    assert_true(takeover_silence());
    host_now += SILENCE - 1;
    assert_true(takeover_silence());
    host_now++;
    assert_false(takeover_silence());
    assert_false(nic.paused);
    takeover_near();
    assert_true(takeover_silence());
    assert_int_equal(pauses, 2);
}
