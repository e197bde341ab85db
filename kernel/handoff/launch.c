/* The jump. */
#include "handoff/launch.h"

#include "base/arith.h"
#include "base/platform.h"
#include "base/str.h"
#include "pc/resident.h"

#define BIOS_START 0xf0000
#define BIOS_END   0x100000
#define PNP_HEADER 33 /* bytes of the $PnP installation check structure */

/* The PnP BIOS's installation check structure (Plug and Play BIOS 1.0A, 4.4), for ES:DI; 0: none.
 */
static u32 find_pnp(void)
{
    for (u32 at = BIOS_START; at < BIOS_END; at += 16) {
        const u8 *p = phys_ptr(at, PNP_HEADER);
        if (p && !memcmp(p, "$PnP", 4) && p[5] == PNP_HEADER && !byte_sum_complement(p, PNP_HEADER))
            return at;
    }
    return 0;
}

_Noreturn void launch(u16 segment, u8 drive)
{
    u32 pnp = find_pnp();
    struct rm_regs r = {.edx = drive, .es = pnp ? BIOS_START >> 4 : 0, .edi = pnp & 0xffff};
    struct far_pointer to = {.segment = segment};
    /* Many boot sectors count on an offset that is an address. */
    if (segment == BOOT_ADDRESS >> 4)
        to = (struct far_pointer){.offset = BOOT_ADDRESS};
    resident_launch(to, &r);
}
