/* BIOS calls. */
#include "pc/bios.h"

#include "base/platform.h"
#include "base/str.h"
#include "pc/resident.h"

u16 bios_key(void)
{
    struct rm_regs r = {.eax = 0x0100};
    rm_interrupt(0x16, &r);
    if (r.flags & FLAG_ZF)
        return 0;
    r = (struct rm_regs){.eax = 0};
    rm_interrupt(0x16, &r);
    return (u16)r.eax;
}

void bios_drop_keys(void)
{
    while (bios_key())
        ;
}

u16 bios_wait_key(u32 seconds)
{
    msec start = platform_now();
    for (u32 s = 0; s < seconds;) {
        u16 key = bios_key();
        if (key)
            return key;
        platform_wait(TIMEOUT_NEVER);
        if (platform_now() - start >= (s + 1) * 1000) {
            platform_putc('.');
            s++;
        }
    }
    return 0;
}

_Noreturn void bios_next_device(void)
{
    /* As if a boot sector had given up: on a stack of its own, from memory that is nobody's, and
     * with the hooks, should they stay, ready for calls. */
    static const u8 give_up[] = {0xcd, 0x18, 0xeb, 0xfc}; /* INT 18h, again and again */
    memcpy(phys_ptr(BOOT_ADDRESS, sizeof(give_up)), give_up, sizeof(give_up));
    resident_launch((struct far_pointer){BOOT_ADDRESS, 0}, &(struct rm_regs){0});
}
