/* Bochs' display adapter. */
#include "pc/dispi.h"

#include "pc/cpu.h"

#define PORT_INDEX 0x1ce
#define PORT_DATA  0x1cf

u16 dispi_read(u16 index)
{
    out16(PORT_INDEX, index);
    return in16(PORT_DATA);
}
