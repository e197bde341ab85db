/* The event loop: no one sleeps over a result, and everyone gets their turn in time. */
#include "base/arith.h"
#include "base/loop.h"
#include "disk/block.h"
#include "platform_host.h"
#include "test.h"

static u32 polls, slept;
static msec due;
static struct block_req *taken;
static bool done, enough, enough_if_dear; /* at the latest poll */

static void poll(msec now)
{
    polls++;
    enough = loop_enough(false);
    enough_if_dear = loop_enough(true);
    if (taken && time_reached(now, due)) {
        taken->status = ERR_MEDIUM;
        taken->done = true;
        taken = NULL;
    }
}

static u32 timeout(msec now)
{
    return taken ? time_left(now, due) : TIMEOUT_NEVER;
}

static void count_sleep(u32 ms)
{
    assert_int_not_equal(ms, TIMEOUT_NEVER); /* would be for ever */
    slept += ms;
}

static void submit(struct block_dev *dev, struct block_req *req)
{
    (void)dev;
    taken = req;
    due = loop_now() + 30;
}

TEST(a_request_is_waited_for_and_no_longer)
{
    static const struct poller p = {poll, timeout};
    static const struct block_ops ops = {.submit = submit};
    struct block_dev dev = {.ops = &ops};
    u8 data[512];
    host_reset(1000);
    host_on_wait = count_sleep;
    loop_register(&p);
    loop_register(&p);
    loop_poll(NULL);
    assert_int_equal(polls, 1);
    assert_int_equal(loop_now(), 1000);
    assert_int_equal(block_wait(&dev, BLOCK_READ, 0, 1, data), ERR_MEDIUM);
    assert_int_equal(slept, 30);
    assert_int_equal(loop_now(), 1030);
    assert_int_equal(polls, 2);
    done = true;
    loop_poll(&done);
    assert_true(enough && enough_if_dear);
    loop_poll(NULL);
    assert_false(enough || enough_if_dear);
}

TEST(who_waits_leaves_input_that_takes_long)
{
    static const struct poller p = {poll, timeout};
    host_reset(1000);
    host_on_wait = NULL;
    loop_register(&p);
    done = false;
    loop_until(&done);
    assert_false(enough || enough_if_dear);
    done = true;
    loop_until(&done);
    assert_true(enough_if_dear && !enough);
    loop_once(&done);
    assert_true(enough_if_dear && enough);
}
