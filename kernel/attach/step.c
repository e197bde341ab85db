/* Steps. */
#include "attach/step.h"

#include "base/format.h"
#include "base/loop.h"
#include "base/platform.h"
#include "base/say.h"
#include "pc/bios.h"

#define SILENT_MS 2000 /* after so long in one step a line says what is waited for */
#define WHY_TEXT  49   /* bytes of that for the reason, so that the rest is always there */

static char tried[STEP_TEXT];
static u32 limit;
static msec begun;
static bool stopped;
static bool listening; /* keys of before have been taken out */
static enum error advised;

void step_begin(void)
{
    begun = platform_now();
    stopped = listening = false;
    advised = OK;
}

u32 step_elapsed(void)
{
    return platform_now() - begun;
}

void step_set_limit(u32 ms)
{
    limit = ms;
}

u32 step_limit(void)
{
    return limit;
}

bool step_stopped(void)
{
    return stopped;
}

void step_try(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_list(tried, STEP_TEXT, format, args);
    va_end(args);
}

const char *step_tried(void)
{
    return tried;
}

/* A target's answer does not wait to be explained until all has failed: above the line that is
 * written over, once. */
static void advise(enum error e)
{
    if (e == advised || !error_is_answer(e))
        return;
    advised = e;
    say_in_place("");
    say("  help:  E%u: %s\n", e, error_advice(e));
}

static void show(u32 seconds, const char *what, enum error (*why)(u32 *tries))
{
    char line[STATUS_WIDTH + 1], reason[WHY_TEXT];
    u32 tries;
    enum error e = why ? why(&tries) : OK;
    if (e) {
        advise(e);
        format_text(reason, sizeof(reason), "E%u %s", e, error_text(e));
        format_text(line, sizeof(line), "%s: try %u, %u s; any key stops", reason, tries, seconds);
    } else {
        format_text(line, sizeof(line), "Waiting for %s: %u s; any key stops", what, seconds);
    }
    say_in_place(line);
}

static void take_key(void)
{
    u16 key = bios_key();
    while (key && !listening)
        key = bios_key();
    listening = true;
    stopped |= key != 0;
}

/* done NULL: nothing is polled. */
static bool wait(bool (*done)(void), u32 ms, u32 silent, const char *what,
                 enum error (*why)(u32 *tries))
{
    msec start = platform_now();
    u32 shown = 0, waited;
    while (!stopped && !(done && done()) && (waited = platform_now() - start) < ms) {
        if (waited >= silent) {
            u32 seconds = step_elapsed() / 1000 + 1;
            if (seconds != shown)
                show(seconds, what, why);
            shown = seconds;
            take_key();
        }
        if (done)
            loop_once(NULL);
        else
            platform_wait(ms - waited);
    }
    if (shown)
        say_in_place("");
    return done && done();
}

bool step_wait_why(bool (*done)(void), u32 ms, const char *what, enum error (*why)(u32 *tries))
{
    loop_poll(NULL);
    return wait(done, ms, SILENT_MS, what, why);
}

bool step_wait(bool (*done)(void), u32 ms, const char *what)
{
    return step_wait_why(done, ms, what, NULL);
}

void step_pause(u32 ms, enum error (*why)(u32 *tries))
{
    wait(NULL, ms, 0, NULL, why);
}
