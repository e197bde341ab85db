/* The first C code, at the address where the boot loader has put us: bring up real mode calls and
 * the console, move to the top of memory, and go on there in main.c. */
#include "base/arith.h"
#include "base/bda.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/print.h"
#include "base/str.h"
#include "drv/nic.h"
#include "drv/pci.h"
#include "machine/arena.h"
#include "machine/bios_memory.h"
#include "machine/machine.h"
#include "machine/multiboot.h"
#include "machine/prefix.h"
#include "main.h"
#include "pc/bios.h"
#include "pc/frame.h"
#include "pc/pc.h"
#include "pc/resident.h"

#define PAGE       4096u
#define STOP_TICKS 182 /* of the BIOS, ten seconds */

/* From the linker script. */
extern u8 image_start[], image_end[];
/* The addresses of all words that hold an address of the image: struct { u32 offset, info; }, all
 * of type R_386_RELATIVE (checked by the build). */
extern const u32 relocations[], relocations_end[];
/* boot/entry.asm */
extern u8 kernel_stack_top[];
_Noreturn void move_on(void (*next)(void), u8 *stack_top);
_Noreturn void start(u32 magic, u32 info);

static struct machine machine;
/* The boot loader's map: where it gives one, it decides about the place. Our own media give none.
 */
static struct memmap loader_map;

static void say_why(enum error e)
{
    print("E%u: %s; %s\n", e, error_text(e), error_advice(e));
}

/* Say why there is no going on, and let it be read, by the BIOS's clock: there may be no other. */
static _Noreturn void stop(enum error e)
{
    say_why(e);
    bios_drop_keys();
    print("Press a key for the next boot device, or wait\n");
    u32 start = bda_get32(BDA_TICKS);
    while (!bios_key() && bda_get32(BDA_TICKS) - start < STOP_TICKS)
        platform_wait(TIMEOUT_NEVER);
    resident_remove();
    nic_leave();
    bios_next_device();
}

/* The driver in a NIC's ROM. When it does not load, what was claimed for it is free again, and we
 * move up into that. Returns where what it takes ends, 0: nothing. */
static u32 load_nic(u32 low_end)
{
    if (low_end)
        loader_map.count = 0; /* it was made before that */
    if (nic_load() || !low_end)
        return low_end;
    resident_remove();
    nic_leave();
    resident_install();
    return 0;
}

/* In the moved kernel, on its stack. */
static void moved(void)
{
    exceptions_init();
    resident_relocated();
    machine.boot.map = &loader_map;
    machine.int15.map = &machine.map;
    u32 image = align_up((u32)(image_end - image_start), PAGE);
    arena_init(image_start + image, machine.hidden_size - image);
    lunboot_main(&machine);
}

/* Copy the image, with everything that its variables hold by now, and let the copy's addresses be
 * its own. */
static _Noreturn void move_to(u32 base)
{
    u32 delta = base - (u32)image_start;
    memcpy(phys_ptr(base, (u32)(image_end - image_start)), image_start,
           (size_t)(image_end - image_start));
    for (const u32 *r = relocations; r < relocations_end; r += 2)
        *(u32 *)phys_ptr(r[0] + delta, 4) += delta;
    /* The secrets are the copy's business now. */
    wipe(&machine.boot, sizeof(machine.boot));
    move_on((void (*)(void))((u32)moved + delta), kernel_stack_top + delta);
}

/* When a disk that we have attached gives up, or was only kept, the BIOS may try its boot devices
 * once more, and so come back to us: the former lunboot ends then, and what it took is free again.
 * One that uses another NIC than we will goes on: that is the ROM of a second NIC. */
static void end_former(u16 bdf)
{
    struct resident *former = resident_former();
    if (!former || (bdf != BOOT_NO_BDF && bdf != former->nic_bdf) || !resident_unhook(former))
        return;
    u16 command = pci_read16(former->nic_bdf, PCI_COMMAND);
    pci_write16(former->nic_bdf, PCI_COMMAND, command & (u16)~PCI_COMMAND_MASTER);
    u8 *disks = phys_ptr(BDA_DISKS, 1);
    *disks -= (u8)min_u32(*disks, former->disks);
    resident_remove();
    loader_map.count = 0; /* it was made when that was taken */
}

_Noreturn void start(u32 magic, u32 info)
{
    machine.boot.map = &loader_map;
    if (!prefix_parse(magic, info, &machine.boot))
        multiboot_parse(magic, info, &machine.boot);
    exceptions_init();
    console_init();
    end_former(machine.boot.bdf);
    u32 low_end = nic_claim(&machine.boot);
    if (!resident_install()) {
        say_why(ERR_NO_BASE_MEMORY);
        for (;;) /* without it there is no way back to the BIOS */
            __asm__ volatile("cli\n\thlt");
    }
    console_want_text();
    if (!platform_time_init())
        stop(ERR_NO_CLOCK);
    platform_cpu_init();
    low_end = load_nic(low_end);

    bios_memory_map(&machine.map);
    bios_memory_sizes(&machine.int15);
    if (!loader_map.count)
        loader_map = machine.map;
    else if (!machine.map.count)
        machine.map = loader_map;
    frame_init(memmap_find_top(&machine.map, PAGE) + PAGE);
    machine.plan = plan_for(memmap_usable(&loader_map));
    if (!machine.plan)
        stop(ERR_NO_MEMORY);
    u32 low = resident_block()->base;
    u32 lent = machine.plan->size + nic_memory_bytes(machine.plan->rx_ring + machine.plan->tx_ring);
    machine.hidden_size = align_up((u32)(image_end - image_start), PAGE) + align_up(lent, PAGE);
    machine.hidden_base = memmap_find_top(&loader_map, machine.hidden_size);
    if (!machine.hidden_base ||
        !memmap_reserve(&machine.map, machine.hidden_base, machine.hidden_size) ||
        !memmap_reserve(&machine.map, low, low_end ? low_end - low : RESIDENT_SIZE))
        stop(ERR_NO_MEMORY);
    machine.int15.hidden_base = machine.hidden_base;
    move_to(machine.hidden_base);
}
