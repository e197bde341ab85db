/* Finding the frame buffer. The BIOS knows of the modes that were set through it. GRUB sets those
 * of Bochs' adapter by its registers, and the BIOS takes that for text; it still knows where the
 * memory lies. */
#include "pc/frame.h"

#include "base/bytes.h"
#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"
#include "pc/dispi.h"
#include "pc/resident.h"

#define VBE_MODE_INFO     0x4f01 /* functions, AX of INT 10h */
#define VBE_GET_MODE      0x4f03
#define VBE_DISPLAY_START 0x4f07
#define VBE_GET_START     1 /* BL */
#define VBE_DONE          0x004f

#define MODE_NUMBER       0x3fff /* the bits of it */
#define MODE_FIRST        0x100  /* lower ones are not VBE's */
#define MODE_640X480X24   0x112

/* The mode's description (ModeInfoBlock). */
#define INFO_ATTRIBUTES   0
#define INFO_PITCH        16
#define INFO_WIDTH        18
#define INFO_HEIGHT       20
#define INFO_BITS         25
#define INFO_PAGES        29 /* pictures that the memory has room for, less one */
#define INFO_BASE         40
#define INFO_LINEAR_PITCH 50 /* for the linear frame buffer, since VBE 3.0 */
#define INFO_LINEAR_PAGES 53
#define INFO_SIZE         256
#define LINEAR_GRAPHICS                                                                            \
    0x91 /* of the attributes: supported, graphics, has a linear frame buffer                      \
          */

/* What we are told. */
struct mode {
    u32 base;
    u32 pitch;         /* bytes */
    u32 width, height; /* pixels */
    u32 bits;          /* of a pixel */
    u32 top, rows;     /* the first row in view, and how many there are */
};

static u32 lowest;

void frame_init(u32 address)
{
    lowest = address;
}

static bool vbe(u32 function, struct rm_regs *r)
{
    r->eax = function;
    rm_interrupt(0x10, r);
    return (u16)r->eax == VBE_DONE;
}

/* The BIOS can write below 1 MiB only: the place of the iBFT, which nobody reads yet, is lent to
 * it. */
static bool mode_of_vbe(u32 number, struct mode *m)
{
    u8 *info = resident_ibft(), ibft[INFO_SIZE];
    memcpy(ibft, info, INFO_SIZE);
    memset(info, 0, INFO_SIZE);
    struct rm_regs r = {.ecx = number, .es = resident_block()->segment, .edi = RESIDENT_IBFT};
    bool good = vbe(VBE_MODE_INFO, &r) &&
                (get_le16(info + INFO_ATTRIBUTES) & LINEAR_GRAPHICS) == LINEAR_GRAPHICS;
    bool linear = get_le16(info + INFO_LINEAR_PITCH);
    m->base = get_le32(info + INFO_BASE);
    m->pitch = get_le16(info + (linear ? INFO_LINEAR_PITCH : INFO_PITCH));
    m->width = get_le16(info + INFO_WIDTH);
    m->height = get_le16(info + INFO_HEIGHT);
    m->bits = info[INFO_BITS];
    m->top = 0;
    m->rows = (info[linear ? INFO_LINEAR_PAGES : INFO_PAGES] + 1u) * m->height;
    memcpy(info, ibft, INFO_SIZE);
    return good;
}

static void mode_of_dispi(struct mode *m)
{
    m->width = dispi_read(DISPI_WIDTH);
    m->height = dispi_read(DISPI_HEIGHT);
    m->bits = dispi_read(DISPI_BITS);
    m->pitch = dispi_read(DISPI_VIRT_WIDTH) * ((m->bits + 7) / 8);
    m->top = dispi_read(DISPI_Y);
    m->rows = dispi_read(DISPI_VIRT_HEIGHT);
}

static bool mode_find(struct mode *m)
{
    struct rm_regs r = {0};
    if ((dispi_read(DISPI_ID) & 0xfff0) == 0xb0c0 && dispi_read(DISPI_ENABLE) & 1) {
        bool known = mode_of_vbe(MODE_640X480X24, m);
        mode_of_dispi(m);
        return known;
    }
    if (!vbe(VBE_GET_MODE, &r) || (r.ebx & MODE_NUMBER) < MODE_FIRST ||
        !mode_of_vbe(r.ebx & MODE_NUMBER, m))
        return false;
    r = (struct rm_regs){.ebx = VBE_GET_START};
    if (vbe(VBE_DISPLAY_START, &r))
        m->top = (u16)r.edx;
    return true;
}

bool frame_find(struct frame *f)
{
    struct mode m;
    if (!mode_find(&m))
        return false;
    u32 rows = m.top + m.height;
    u64 bytes = (u64)rows * m.pitch;
    *f = (struct frame){NULL, m.pitch, m.width, m.height, (m.bits + 7) / 8};
    if (m.bits < 8 || m.bits > 32 || m.pitch < m.width * f->pixel || rows > m.rows ||
        m.base < lowest || bytes > UINT32_MAX)
        return false;
    u8 *all = phys_ptr(m.base, (u32)bytes);
    f->pixels = all + m.top * m.pitch;
    return all;
}
