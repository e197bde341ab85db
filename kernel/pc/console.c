/* The console: VGA text screen, COM1 and port E9. No BIOS calls, so that it works from the timer
 * tick and from an exception as well. */
#include "base/bda.h"
#include "base/platform.h"

#include "base/realmode.h"
#include "base/str.h"
#include "pc/cpu.h"
#include "pc/pc.h"
#include "pc/pixels.h"
#include "pc/resident.h"

/* ---- the text screen, as the BIOS left it: BDA 40:49 on ---- */

#define CRTC_CURSOR_HI 0x0e
#define CRTC_CURSOR_LO 0x0f
#define MODE_MONO      7
#define MODE_COLOR_MAX 3
#define SCREEN_COLOR   0xb8000
#define SCREEN_MONO    0xb0000
#define BLANK          0x0720 /* a light grey space */
#define INVERSE        0x7000

static bool text_mode(void)
{
    u8 mode = *phys_ptr(BDA_VIDEO_MODE, 1);
    return mode <= MODE_COLOR_MAX || mode == MODE_MONO;
}

/* The page in view; NULL when there is no text screen. */
static u16 *screen(u32 *columns, u32 *rows)
{
    *columns = bda_get16(BDA_COLUMNS);
    *rows = *phys_ptr(BDA_LAST_ROW, 1) + 1u;
    if (*rows < 2 || *rows > 60)
        *rows = 25;
    if (!text_mode() || *columns < 40 || *columns > 132)
        return NULL;
    u32 base = *phys_ptr(BDA_VIDEO_MODE, 1) == MODE_MONO ? SCREEN_MONO : SCREEN_COLOR;
    return (u16 *)phys_ptr(base + bda_get16(BDA_PAGE_START), *rows * *columns * 2);
}

static void screen_putc(char c)
{
    u32 columns, rows;
    u16 *cells = screen(&columns, &rows);
    u8 *cursor = phys_ptr(BDA_CURSOR + 2u * (*phys_ptr(BDA_PAGE, 1) & 7), 2);
    u32 column = cursor[0], row = cursor[1];
    if (!cells || column >= columns || row >= rows)
        return;

    if (c == '\r') {
        column = 0;
    } else if (c == '\n') {
        column = 0;
        row++;
    } else {
        cells[row * columns + column] = (u16)((BLANK & 0xff00) | (u8)c);
        if (++column == columns) {
            column = 0;
            row++;
        }
    }
    if (row == rows) {
        row--;
        memmove(cells, cells + columns, row * columns * 2);
        for (u32 i = 0; i < columns; i++)
            cells[row * columns + i] = BLANK;
    }
    cursor[0] = (u8)column;
    cursor[1] = (u8)row;
    u16 crtc = bda_get16(BDA_CRTC);
    u32 at = bda_get16(BDA_PAGE_START) / 2u + row * columns + column;
    out8(crtc, CRTC_CURSOR_HI);
    out8((u16)(crtc + 1), (u8)(at >> 8));
    out8(crtc, CRTC_CURSOR_LO);
    out8((u16)(crtc + 1), (u8)at);
}

/* ---- the serial line: 16550 (NS PC16550D data sheet, table II) ---- */

#define UART_DATA       0
#define UART_IER        1
#define UART_DIVISOR_LO 0 /* with LCR.DLAB */
#define UART_DIVISOR_HI 1
#define UART_FCR        2
#define UART_LCR        3
#define UART_MCR        4
#define UART_LSR        5
#define UART_SCRATCH    7
#define LCR_DLAB        0x80
#define LCR_8N1         0x03
#define FCR_ENABLE      0x07
#define MCR_DTR_RTS     0x03
#define LSR_THRE        0x20
#define DIVISOR_115200  1
#define UART_TRIES      100000 /* reads of LSR until a UART counts as stuck */

static u16 com1;

static void serial_init(void)
{
    com1 = bda_get16(BDA_COM1);
    if (!com1)
        return;
    /* The scratch register tells a UART from an empty bus. */
    out8(com1 + UART_SCRATCH, 0x5a);
    if (in8(com1 + UART_SCRATCH) != 0x5a) {
        com1 = 0;
        return;
    }
    out8(com1 + UART_IER, 0);
    out8(com1 + UART_LCR, LCR_DLAB);
    out8(com1 + UART_DIVISOR_LO, DIVISOR_115200);
    out8(com1 + UART_DIVISOR_HI, 0);
    out8(com1 + UART_LCR, LCR_8N1);
    out8(com1 + UART_FCR, FCR_ENABLE);
    out8(com1 + UART_MCR, MCR_DTR_RTS);
}

static void serial_putc(char c)
{
    if (!com1)
        return;
    for (u32 i = 0; i < UART_TRIES; i++)
        if (in8(com1 + UART_LSR) & LSR_THRE) {
            out8(com1 + UART_DATA, (u8)c);
            return;
        }
    com1 = 0;
}

/* ---- port E9, where Bochs and QEMU listen; it reads as E9h there ---- */

#define PORT_E9 0xe9

static bool port_e9;

void console_init(void)
{
    serial_init();
    port_e9 = in8(PORT_E9) == PORT_E9;
}

void console_want_text(void)
{
    if (!text_mode()) {
        struct rm_regs r = {.eax = MODE_COLOR_MAX};
        rm_interrupt(0x10, &r);
    }
}

static void log_putc(char c)
{
    if (c == '\n')
        serial_putc('\r');
    serial_putc(c);
    if (port_e9)
        out8(PORT_E9, (u8)c);
}

void platform_putc(char c)
{
    log_putc(c);
    screen_putc(c);
}

static void log_status(const char *line)
{
    log_putc(line ? '\r' : '\n');
    for (u32 i = 0; line && line[i]; i++)
        log_putc(line[i]);
}

static void text_status(const char *line)
{
    static u16 under[STATUS_WIDTH];
    static bool drawn;
    u32 columns, rows;
    u16 *page = screen(&columns, &rows);
    bool room = page && columns >= STATUS_WIDTH;
    u16 *row = room ? page + (rows - 1) * columns : under;
    if (room && !drawn)
        memcpy(under, row, sizeof(under));
    else if (room && !line)
        memcpy(row, under, sizeof(under));
    drawn = room && line;
    for (u32 i = 0; drawn && line[i]; i++)
        row[i] = (u16)(INVERSE | (u8)line[i]);
}

void platform_status(const char *line)
{
    static bool shown, pixels;
    if (!shown)
        pixels = pixels_begin();
    shown = line;
    log_status(line);
    if (!pixels)
        text_status(line);
    else if (line)
        pixels_draw(line);
    else
        pixels_end();
}
