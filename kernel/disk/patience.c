/* What a person sees of a long wait, and the key that ends it. */
#include "disk/patience.h"

#include "base/bda.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/loop.h"
#include "base/platform.h"
#include "base/print.h"

#define SILENT_MS 3000
#define KEY_ESC   0x1b

static struct block_dev *dev;
static void (*describe)(char *text);
static bool begun; /* `since` is known: nobody has told the time before the first poll */
static bool given_up;
static msec since;
static u32 shown; /* seconds that the line says; 0: there is none */
static u16 tail;  /* of the keyboard buffer when it was last looked at */

/* Is Esc the latest of the keys that came since the last look? Then it is taken out. The BIOS's
 * buffer is a ring of words, a key's ASCII code and above it its scan code. It is looked at here,
 * since INT 16h shows no key but the first. */
static bool escape(void)
{
    if (tail == bda_get16(BDA_KEYS_TAIL))
        return false;
    tail = bda_get16(BDA_KEYS_TAIL);
    u16 end = tail == bda_get16(BDA_KEYS_START) ? bda_get16(BDA_KEYS_END) : tail;
    const u8 *key = phys_ptr(BDA + end - 2u, 2);
    if (!key || *key != KEY_ESC)
        return false;
    tail = end - 2;
    bda_put16(BDA_KEYS_TAIL, tail);
    return true;
}

static void show(u32 seconds)
{
    char text[PATIENCE_TEXT], line[STATUS_WIDTH + 1];
    describe(text);
    format_text(line, sizeof(line), "%-58s%5u s, Esc gives up", text, seconds);
    platform_status(line);
    if (!shown)
        tail = bda_get16(BDA_KEYS_TAIL);
    shown = seconds;
}

static void look(msec now)
{
    if (!begun)
        since = now;
    begun = true;
    u32 waited = now - since;
    if (waited >= SILENT_MS && shown != waited / 1000)
        show(waited / 1000);
    if (shown && escape())
        given_up = true;
    if (given_up)
        dev->ops->abort(dev);
}

void patience_begin(struct block_dev *device, void (*says)(char *text))
{
    dev = device;
    describe = says;
    begun = given_up = false;
    loop_set_idle(look);
}

void patience_end(void)
{
    loop_set_idle(NULL);
    if (shown)
        platform_status(NULL);
    shown = 0;
}
