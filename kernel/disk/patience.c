/* What a person sees of a long wait, and the keys that it takes. */
#include "disk/patience.h"

#include "base/bda.h"
#include "base/bytes.h"
#include "base/counters.h"
#include "base/format.h"
#include "base/loop.h"
#include "base/platform.h"
#include "base/str.h"

#define SILENT_MS 3000
#define KEY_ESC   0x1b   /* its ASCII code */
#define KEY_F1    0x3b00 /* its word: it has no ASCII code */
#define HINT_ROOM 47     /* the longest text beside which there is room for F1 */

static struct block_dev *dev;
static void (*describe)(char *text);
static bool begun; /* `since` is known: nobody has told the time before the first poll */
static bool given_up;
static msec since;
static u32 shown;            /* seconds that the line says; 0: there is none */
static u16 tail;             /* of the keyboard buffer when it was last looked at */
static bool counting;        /* the line shows counters, ... */
static u32 page, after_page; /* ... from this one on, and where the next page begins */

/* Is Esc or F1 the latest of the keys that came since the last look? Then it is taken out, and is
 * the result. The BIOS's buffer is a ring of words, a key's ASCII code and above it its scan code.
 * It is looked at here, since INT 16h shows no key but the first. */
static u16 take_key(void)
{
    if (tail == bda_get16(BDA_KEYS_TAIL))
        return 0;
    tail = bda_get16(BDA_KEYS_TAIL);
    u16 end = tail == bda_get16(BDA_KEYS_START) ? bda_get16(BDA_KEYS_END) : tail;
    const u8 *at = phys_ptr(BDA + end - 2u, 2);
    u16 key = !at ? 0 : *at == KEY_ESC ? KEY_ESC : get_le16(at);
    if (key != KEY_ESC && key != KEY_F1)
        return 0;
    tail = end - 2;
    bda_put16(BDA_KEYS_TAIL, tail);
    return key;
}

static void format_wait(char line[STATUS_WIDTH + 1], u32 seconds)
{
    char text[PATIENCE_TEXT];
    describe(text);
    if (strlen(text) <= HINT_ROOM)
        format_text(line, STATUS_WIDTH + 1, "%-47s%5u s, Esc gives up, F1 counts", text, seconds);
    else
        format_text(line, STATUS_WIDTH + 1, "%-58s%5u s, Esc gives up", text, seconds);
}

static void format_page(char line[STATUS_WIDTH + 1])
{
    char text[STATUS_WIDTH + 1];
    after_page = counters_text(text, sizeof(text), page);
    format_text(line, STATUS_WIDTH + 1, "%-79s", text); /* over all of the line before */
}

static void show(u32 seconds)
{
    char line[STATUS_WIDTH + 1];
    if (counting)
        format_page(line);
    else
        format_wait(line, seconds);
    platform_status(line);
    if (!shown)
        tail = bda_get16(BDA_KEYS_TAIL);
    shown = seconds;
}

/* The counters' first page, the next one, or back to what is waited for. */
static void turn_page(void)
{
    page = counting ? after_page : 0;
    counting = !counting || page;
    show(shown);
}

static void look(msec now)
{
    if (!begun)
        since = now;
    begun = true;
    u32 waited = now - since;
    if (waited >= SILENT_MS && shown != waited / 1000)
        show(waited / 1000);
    u16 key = shown ? take_key() : 0;
    if (key == KEY_F1)
        turn_page();
    given_up |= key == KEY_ESC;
    if (given_up)
        dev->ops->abort(dev);
}

void patience_begin(struct block_dev *device, void (*says)(char *text))
{
    dev = device;
    describe = says;
    begun = given_up = counting = false;
    loop_set_idle(look);
}

void patience_end(void)
{
    loop_set_idle(NULL);
    if (shown)
        platform_status(NULL);
    shown = 0;
}
