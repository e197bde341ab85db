/* Text on the screen. */
#include "base/print.h"

#include "base/format.h"
#include "base/platform.h"

static void put_on_screen(void *to, char c)
{
    (void)to;
    platform_putc(c);
}

void print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_to(put_on_screen, NULL, format, args);
    va_end(args);
}
