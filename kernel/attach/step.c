/* Steps. */
#include "attach/step.h"

#include "base/format.h"
#include "base/loop.h"
#include "base/print.h"

#define TRIED_TEXT 320
#define SILENT_MS  2000 /* after so long in one step a line says what is waited for */

static char tried[TRIED_TEXT];

void step_try(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_list(tried, TRIED_TEXT, format, args);
    va_end(args);
}

const char *step_tried(void)
{
    return tried;
}

bool step_wait(bool (*done)(void), u32 ms, const char *what)
{
    loop_poll(NULL);
    msec start = loop_now();
    bool said = false;
    while (!done()) {
        u32 waited = loop_now() - start;
        if (waited >= ms)
            return false;
        if (!said && waited >= SILENT_MS) {
            print("         waiting for %s ...\n", what);
            said = true;
        }
        loop_once(NULL);
    }
    return true;
}
