/* Lines for the screen. */
#include "base/say.h"

#include "base/format.h"
#include "base/print.h"

#define LINES 32 /* that are remembered, the latest */

static u32 said[LINES]; /* their hashes */
static u32 count;

void say_begin(void)
{
    count = 0;
}

/* FNV-1a. */
static u32 hash(const char *text)
{
    u32 sum = 0x811c9dc5;
    for (; *text; text++)
        sum = (sum ^ (u8)*text) * 0x01000193;
    return sum;
}

void say(const char *format, ...)
{
    char line[SAY_TEXT];
    va_list args;
    va_start(args, format);
    format_list(line, sizeof(line), format, args);
    va_end(args);
    u32 sum = hash(line);
    for (u32 i = 0; i < count && i < LINES; i++)
        if (said[i] == sum)
            return;
    said[count++ % LINES] = sum;
    print("%s", line);
}

void say_in_place(const char *line)
{
    print("\r%-79s%s", line, *line ? "" : "\r");
}
