/* Long waits: the line that counts, and the keys that page through counters and end them. */
#include "disk/patience.h"

#include "base/bytes.h"
#include "base/counters.h"
#include "base/loop.h"
#include "base/platform.h"
#include "platform_host.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define HEAD  0x41a
#define TAIL  0x41c
#define START 0x480
#define END   0x482
#define ESC   0x011b
#define ENTER 0x1c0d
#define F1    0x3b00
#define F2    0x3c00
#define TICK  55 /* ms */

static u8 memory[0x500], sector[512];
static const char *reason;
static struct block_req *under_way;
static msec done_at; /* when it ends by itself */
static u32 lines;    /* different ones that were seen */
static char last_line[100];
/* Keys that the person presses. */
static struct {
    msec at;
    u16 key;
} presses[20];
static u32 press_count, pressed;

/* The BIOS's keyboard handler; a full buffer takes no more. */
static void keyboard(u16 key)
{
    u16 tail = get_le16(memory + TAIL), next = tail + 2;
    if (next == get_le16(memory + END))
        next = get_le16(memory + START);
    if (next == get_le16(memory + HEAD))
        return;
    put_le16(memory + 0x400 + tail, key);
    put_le16(memory + TAIL, next);
}

/* INT 16h, AH=0; 0: no key. */
static u16 take_key(void)
{
    u16 head = get_le16(memory + HEAD);
    if (head == get_le16(memory + TAIL))
        return 0;
    u16 key = get_le16(memory + 0x400 + head);
    head += 2;
    put_le16(memory + HEAD, head == get_le16(memory + END) ? get_le16(memory + START) : head);
    return key;
}

static void submit(struct block_dev *d, struct block_req *req)
{
    (void)d;
    under_way = req;
}

static void end(enum error e)
{
    if (!under_way)
        return;
    under_way->status = e;
    under_way->done = true;
    under_way = NULL;
}

static void abort_all(struct block_dev *d)
{
    (void)d;
    end(ERR_ABORTED);
}

static const struct block_ops ops = {.submit = submit, .abort = abort_all};
static struct block_dev dev = {.ops = &ops};

static u32 timeout(msec now)
{
    (void)now;
    return TICK;
}

static void poll(msec now)
{
    while (pressed < press_count && time_reached(now, presses[pressed].at))
        keyboard(presses[pressed++].key);
    const char *line = host_status();
    if (line && strcmp(line, last_line)) {
        lines++;
        strcpy(last_line, line);
    }
    if (time_reached(now, done_at))
        end(OK);
}

static void describe(char *text)
{
    snprintf(text, PATIENCE_TEXT, "%s", reason);
}

static void press(msec at, u16 key)
{
    presses[press_count].at = at;
    presses[press_count++].key = key;
}

static void setup(void)
{
    static const struct poller poller = {poll, timeout};
    host_reset(1000);
    memset(memory, 0, sizeof(memory));
    host_set_phys(memory, sizeof(memory));
    put_le16(memory + START, 0x1e);
    put_le16(memory + END, 0x3e);
    put_le16(memory + HEAD, 0x1e);
    put_le16(memory + TAIL, 0x1e);
    under_way = NULL;
    reason = "lunboot: waiting for it";
    lines = press_count = pressed = 0;
    last_line[0] = 0;
    loop_register(&poller);
    loop_poll(NULL);
}

FIXTURE(setup);

/* One call that lasts so long when nobody ends it. */
static enum error call(u32 ms)
{
    done_at = host_now + ms;
    patience_begin(&dev, describe);
    enum error e = block_wait(&dev, BLOCK_READ, 1, 1, sector);
    patience_end();
    assert_null(host_status());
    return e;
}

TEST(a_short_wait_is_not_worth_a_line)
{
    for (u32 i = 0; i < 5; i++)
        assert_int_equal(call(2900), OK);
    assert_int_equal(lines, 0);
}

TEST(a_long_wait_says_each_second_what_it_waits_for)
{
    reason = "lunboot: E33 192.0.2.1:3260 did not answer";
    assert_int_equal(call(12500), OK);
    assert_int_equal(lines, 10); /* 3 to 12 */
    assert_string_equal(last_line, "lunboot: E33 192.0.2.1:3260 did not answer     "
                                   "   12 s, Esc gives up, F1 counts");
    assert_int_equal(strlen(last_line), STATUS_WIDTH);
    reason = "lunboot: E32 192.0.2.1:3260 refused the connection";
    assert_int_equal(call(12500), OK);
    assert_string_equal(last_line, "lunboot: E32 192.0.2.1:3260 refused the connection        "
                                   "   12 s, Esc gives up");
    assert_int_equal(strlen(last_line), STATUS_WIDTH);
    reason = "0123456789012345678901234567890123456789012345678901234567890123456789";
    assert_int_equal(call(1800000), OK);
    assert_string_equal(last_line, "0123456789012345678901234567890123456789012345678901234567"
                                   " 1799 s, Esc gives up");
    assert_int_equal(strlen(last_line), STATUS_WIDTH);
}

TEST(time_between_calls_does_not_count)
{
    assert_int_equal(call(100), OK);
    host_now += 60000;
    assert_int_equal(call(2900), OK);
    assert_int_equal(lines, 0);
}

TEST(esc_gives_up)
{
    press(9000, ESC);
    assert_int_equal(call(1800000), ERR_ABORTED);
    assert_true(host_now - 9000 <= 2 * TICK);
    assert_int_equal(take_key(), 0);
    /* The next call begins anew. */
    assert_int_equal(call(2000), OK);
}

TEST(what_was_given_up_is_not_waited_for_again_in_the_same_call)
{
    press(9000, ESC);
    done_at = 1800000;
    patience_begin(&dev, describe);
    assert_int_equal(block_wait(&dev, BLOCK_READ, 1, 1, sector), ERR_ABORTED);
    assert_int_equal(block_wait(&dev, BLOCK_READ, 1, 1, sector), ERR_ABORTED);
    patience_end();
    assert_true(host_now - 9000 <= 3 * TICK);
}

TEST(keys_of_the_callers_stay)
{
    keyboard(ENTER); /* typed ahead: and an Esc that the caller is to get */
    keyboard(ESC);
    press(2000, ESC); /* there is no line yet */
    press(6000, ENTER);
    assert_int_equal(call(9000), OK);
    assert_int_equal(take_key(), ENTER);
    assert_int_equal(take_key(), ESC);
    assert_int_equal(take_key(), ESC);
    assert_int_equal(take_key(), ENTER);
    assert_int_equal(take_key(), 0);
}

TEST(only_the_esc_is_taken)
{
    for (u32 i = 0; i < 40; i++) { /* wherever the ring begins */
        u32 ahead = i % 14;
        for (u32 k = 0; k < ahead; k++)
            keyboard((u16)(0x1e61 + k));
        press_count = pressed = 0;
        press(host_now + 5000, ENTER);
        press(host_now + 6000, ESC);
        assert_int_equal(call(60000), ERR_ABORTED);
        for (u32 k = 0; k < ahead; k++)
            assert_int_equal(take_key(), 0x1e61 + k);
        assert_int_equal(take_key(), ENTER);
        assert_int_equal(take_key(), 0);
    }
}

/* Room for F1's hint is what the text leaves; none of the text goes for it. */
TEST(the_hint_of_f1_costs_no_text)
{
    static char text[PATIENCE_TEXT];
    for (u32 len = 40; len < PATIENCE_TEXT; len++) {
        memset(text, 'x', len);
        text[len] = 0;
        reason = text;
        assert_int_equal(call(3500), OK);
        assert_int_equal(strlen(last_line), STATUS_WIDTH);
        assert_int_equal(strspn(last_line, "x"), len);
        assert_int_equal(strstr(last_line, "F1") != NULL, len <= 47);
        assert_non_null(strstr(last_line, "    3 s, Esc gives up"));
    }
}

/* Counters for these tests: three pages. */
static const char names[] = "the_first_of_all_that_are_counted\0second_of_the_counters\0third\0"
                            "fourth_which_begins_the_second_page_of_two\0fifth_that_fills_it\0last";
static u32 values[6];

static void counted(void)
{
    static const u32 some[] = {1, 20, 0, 4000, 50000, 4000000000};
    setup();
    memcpy(values, some, sizeof(some));
    counters_register(names, values, sizeof(values));
}

#define PAGE1 "the_first_of_all_that_are_counted 1, second_of_the_counters 20"
#define PAGE2 "fourth_which_begins_the_second_page_of_two 4000, fifth_that_fills_it 50000"
#define PAGE3 "last 4000000000"

static const char *line_at(msec at)
{
    while (!time_reached(host_now, at))
        loop_once(NULL);
    assert_non_null(host_status());
    return host_status();
}

/* A page goes over all of the line before. */
static void assert_page(msec at, const char *page)
{
    char padded[STATUS_WIDTH + 1];
    snprintf(padded, sizeof(padded), "%-79s", page);
    assert_string_equal(line_at(at), padded);
}

static void assert_waits(msec at)
{
    const char *line = line_at(at);
    assert_true(!strncmp(line, "lunboot: waiting for it ", 24));
    assert_non_null(strstr(line, " s, Esc gives up, F1 counts"));
}

TEST_WITH(f1_pages_through_the_counters_and_back, counted)
{
    done_at = host_now + 1800000;
    for (u32 i = 0; i < 5; i++)
        press(10000 + i * 5000, F1);
    patience_begin(&dev, describe);
    loop_once(NULL);
    assert_waits(9000);
    assert_page(11000, PAGE1);
    values[1] = 21; /* it goes on counting */
    assert_page(13000, "the_first_of_all_that_are_counted 1, second_of_the_counters 21");
    assert_page(16000, PAGE2);
    assert_page(21000, PAGE3);
    assert_waits(26000);
    assert_page(31000, "the_first_of_all_that_are_counted 1, second_of_the_counters 21");
    patience_end();
    assert_int_equal(take_key(), 0);
    /* The next wait begins with what is waited for. */
    assert_int_equal(call(5000), OK);
    assert_non_null(strstr(last_line, "lunboot: waiting for it    "));
}

TEST_WITH(f1_when_nothing_was_counted, counted)
{
    memset(values, 0, sizeof(values));
    press(5000, F1);
    assert_int_equal(call(9000), OK);
    assert_non_null(strstr(last_line, "nothing was counted"));
    assert_int_equal(strlen(last_line), STATUS_WIDTH);
    press(host_now + 5000, F1);
    press(host_now + 6000, F1);
    assert_int_equal(call(9000), OK);
    assert_non_null(strstr(last_line, "lunboot: waiting for it"));
}

TEST_WITH(esc_gives_up_from_the_counters_too, counted)
{
    press(5000, F1);
    press(9000, ESC);
    assert_int_equal(call(1800000), ERR_ABORTED);
    assert_true(host_now - 9000 <= 2 * TICK);
    assert_int_equal(take_key(), 0);
}

TEST_WITH(only_f1_and_esc_are_taken_from_the_counters, counted)
{
    keyboard(F1); /* typed ahead: the caller's */
    press(2000, F1);
    press(5000, F1);
    press(6000, ENTER);
    press(7000, F2);
    press(8000, F1);
    press(9000, 0x3b); /* a ';' without a scan code */
    assert_int_equal(call(12000), OK);
    assert_int_equal(take_key(), F1);
    assert_int_equal(take_key(), F1);
    assert_int_equal(take_key(), ENTER);
    assert_int_equal(take_key(), F2);
    assert_int_equal(take_key(), 0x3b);
    assert_int_equal(take_key(), 0);
    assert_non_null(strstr(last_line, PAGE2));
}

TEST(a_buffer_that_lies_elsewhere_is_left_alone)
{
    put_le16(memory + TAIL, 0xfff0);
    press(5000, 0);
    assert_int_equal(call(9000), OK);
    put_le16(memory + START, 0);
    put_le16(memory + TAIL, 0);
    put_le16(memory + END, 0);
    assert_int_equal(call(9000), OK);
}
