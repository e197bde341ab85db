/* What was counted, in the order in which its owners came. */
#include "base/counters.h"

#include "base/format.h"
#include "base/print.h"
#include "base/str.h"

#define SETS     4
#define ONE_TEXT 48 /* bytes for a counter's name and value */
#define COLUMNS  79

static struct set {
    const char *names;
    const u32 *values;
    u32 count;
} sets[SETS];
static u32 set_count;

void counters_register(const char *names, const u32 *values, u32 bytes)
{
    u32 i = 0;
    while (i < set_count && sets[i].names != names)
        i++;
    if (i == SETS)
        return;
    if (i == set_count)
        set_count++;
    sets[i] = (struct set){names, values, bytes / sizeof(*values)};
}

u32 counters_text(char *text, size_t size, u32 from)
{
    size_t len = 0;
    u32 number = 0;
    for (const struct set *s = sets; s < sets + set_count; s++)
        for (u32 i = 0; i < s->count; i++, number++) {
            if (number < from || !s->values[i])
                continue;
            char one[ONE_TEXT];
            size_t more = format_text(one, sizeof(one), "%s%s %u", len ? ", " : "",
                                      str_nth(s->names, i), s->values[i]);
            if (len && len + more >= size)
                return number;
            len += format_text(text + len, size - len, "%s", one);
        }
    if (!len)
        format_text(text, size, "nothing was counted");
    return 0;
}

void counters_print(void)
{
    char line[COLUMNS + 1];
    u32 from = 0;
    do {
        from = counters_text(line, sizeof(line), from);
        print("%s\n", line);
    } while (from);
}
