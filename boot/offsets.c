/* Compiled to assembly only: turns the layout of C's structs into %defines for nasm (see the
 * Makefile), so that no offset is written twice. */
#include "base/bda.h"
#include "base/realmode.h"
#include "drv/e1000_regs.h"
#include "drv/nics.h"
#include "machine/boot_info.h"
#include "machine/plan.h"
#include "machine/prefix.h"
#include "pc/resident.h"

#define DEFINE(name, value) __asm__ volatile("\n-> " #name " %c0" : : "i"(value))
#define RESIDENT(name)      DEFINE(RES_##name, RESIDENT_DATA + offsetof(struct resident, name))

#define PREFIX(name)        DEFINE(PREFIX_##name, offsetof(struct prefix_info, name))

#define PLAN(mib, rx, tx, ...)                                                                     \
    DEFINE(PLAN_##mib, PLAN_BYTES(mib, rx, tx, __VA_ARGS__) +                                      \
                           (rx + tx) * sizeof(union nics_descriptor) + sizeof(union nics_more));

void offsets(void);
void offsets(void)
{
    RESIDENT(segment);
    RESIDENT(base);
    RESIDENT(kernel);
    RESIDENT(kernel_stack);
    RESIDENT(idt);
    RESIDENT(gdtr);
    RESIDENT(to_pm);
    RESIDENT(to_rm);
    RESIDENT(first_drive);
    RESIDENT(launch);
    RESIDENT(old_int13);
    RESIDENT(old_int15);
    RESIDENT(old_tick);
    RESIDENT(pic_mask_port);
    RESIDENT(pic_mask);
    RESIDENT(nic_fired);
    RESIDENT(busy);
    RESIDENT(service);
    RESIDENT(a20_was_off);
    RESIDENT(chain_action);
    RESIDENT(caller_ss);
    RESIDENT(caller_esp);
    RESIDENT(caller_eax);
    RESIDENT(caller_gdt);
    RESIDENT(caller_idt);
    RESIDENT(gdt);
    RESIDENT(v86);
    RESIDENT(v86_said);
    RESIDENT(v86_map);
    RESIDENT(v86_page);
    RESIDENT(v86_kept);
    RESIDENT(v86_entries);
    RESIDENT(vcpi);
    RESIDENT(vcpi_call);
    RESIDENT(call_esp);
    RESIDENT(call_sp);
    RESIDENT(call_target);
    RESIDENT(call_regs);
    DEFINE(RES_GUEST, RESIDENT_GUEST);
    DEFINE(RES_SIZE, RESIDENT_SIZE);
    DEFINE(RES_V86, RESIDENT_V86);
    DEFINE(RES_IBFT, RESIDENT_IBFT);
    DEFINE(RES_V86_TABLE, RESIDENT_V86_TABLE);
    DEFINE(RES_V86_ENTRIES, RESIDENT_V86_ENTRIES);
    DEFINE(REGS_eax, offsetof(struct rm_regs, eax));
    DEFINE(REGS_flags, offsetof(struct rm_regs, flags));
    DEFINE(SERVICE_INT13, SERVICE_INT13);
    DEFINE(SERVICE_INT15, SERVICE_INT15);
    DEFINE(SERVICE_TICK, SERVICE_TICK);
    DEFINE(ACTION_CHAIN, ACTION_CHAIN);
    DEFINE(ACTION_SET_DL, ACTION_SET_DL);
    PREFIX(magic);
    PREFIX(medium);
    PREFIX(bdf);
    PREFIX(command_line);
    PREFIX(dhcp_ack);
    PREFIX(dhcp_ack_len);
    PREFIX(dhcp_reply);
    PREFIX(dhcp_reply_len);
    PREFIX(undi_entry);
    PREFIX(undi_segments);
    DEFINE(PREFIX_SIZE, sizeof(struct prefix_info));
    DEFINE(PREFIX_MAGIC, PREFIX_MAGIC);
    DEFINE(KERNEL_BASE, KERNEL_BASE);
    DEFINE(KERNEL_ENTRY, KERNEL_ENTRY);
    DEFINE(UNPACK_WORK, UNPACK_WORK);
    DEFINE(LOADER_END, LOADER_END);
    DEFINE(E1000_RCTL, RCTL);
    DEFINE(E1000_RDLEN, RDLEN);
    DEFINE(E1000_RDH, RDH);
    DEFINE(E1000_RDT, RDT);
    DEFINE(E1000_RCTL_START, RCTL_START);
    DEFINE(BDA_EBDA, BDA_EBDA);
    DEFINE(BDA_BASE_MEMORY, BDA_BASE_MEMORY);
    DEFINE(BDA_DISKS, BDA_DISKS);
    DEFINE(BDA_APPLICATION, BDA_APPLICATION);
    DEFINE(BOOT_ROM, BOOT_ROM);
    DEFINE(BOOT_DISK, BOOT_DISK);
    DEFINE(BOOT_PXE, BOOT_PXE);
    DEFINE(BOOT_NO_BDF, BOOT_NO_BDF);
    DEFINE(BOOT_COMMAND_LINE, BOOT_COMMAND_LINE);
    DEFINE(BOOT_DHCP_MAX, BOOT_DHCP_MAX);
    /* For tools/sizes. */
    PLAN_TABLE(PLAN)
}
