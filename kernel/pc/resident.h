/* The part of lunboot that stays in conventional memory (boot/resident.asm): the way from real mode
 * into the kernel and back, and the kernel's way to call real mode. PC only.
 *
 * It is one block of RESIDENT_SIZE bytes at the top of conventional memory: the code, its
 * variables, the way in from V86 mode, the iBFT, and the real-mode stack. boot/offsets.c hands the
 * layout to the assembler. With an extended BDA of 1 KiB above, which nearly all BIOSes have, code
 * and variables lie in different pages: writes next to code are slow, more so under emulation. */
#ifndef LUNBOOT_RESIDENT_H
#define LUNBOOT_RESIDENT_H

#include "base/realmode.h"
#include "base/types.h"

#define RESIDENT_SIZE        4096
#define RESIDENT_GUEST       960  /* offset of platform_call_real()'s code, REAL_CODE_MOST bytes */
#define RESIDENT_DATA        1024 /* offset of struct resident, behind the code */
#define RESIDENT_V86         1280 /* offset of more code, which only callers in V86 mode come to */
#define RESIDENT_IBFT        1568 /* offset of the iBFT */
#define RESIDENT_STACK_MIN   1024 /* what the iBFT must leave for the real-mode stack */

/* Where a caller in V86 mode has the page table of the first 4 MiB for a moment (pc/v86.h), over
 * the iBFT and the lower part of the stack, and the most entries that it may have: up to 2.2 MiB.
 */
#define RESIDENT_V86_TABLE   RESIDENT_IBFT
#define RESIDENT_V86_ENTRIES 568

/* What the kernel is entered for. */
#define SERVICE_INT13        0x13
#define SERVICE_INT15        0x15
#define SERVICE_TICK         0x08

/* What the kernel's answer makes the stub do: bits of its first byte. */
#define ACTION_RETURN        0 /* back to the caller with the registers */
#define ACTION_CHAIN         1 /* let the old handler have it */
#define ACTION_SET_DL        2 /* with ACTION_CHAIN: afterwards DL is the answer's second byte */

struct far_pointer {
    u16 offset, segment;
} __attribute__((packed));

struct far_pointer32 {
    u32 offset;
    u16 selector;
} __attribute__((packed));

struct table_register { /* for LGDT, LIDT and their kin */
    u16 limit;
    u32 base;
} __attribute__((packed));

/* What the code begins with: offsets of its entry points, and its length. */
struct resident_code {
    u16 entry_int13, entry_int15, entry_tick, entry_nic;
    u16 entry_call;   /* 32-bit code: call real mode */
    u16 entry_wait;   /* real-mode code for `call`: enable interrupts, sleep until one came */
    u16 entry_launch; /* real-mode code for `call`: jump to the boot sector, never back */
    u16 entry_pm;     /* 32-bit code: where protected mode begins */
    u16 entry_real;   /* where real mode begins again */
    u16 entry_vcpi;   /* 32-bit code: where a VCPI server lets protected mode begin */
    u16 code_end;
};

#define SELECTOR_CODE32 8 /* of struct resident's gdt: flat, 32-bit */

/* What a VCPI server switches to protected mode with (VCPI 1.0, function DE0Ch): addresses are
 * linear. */
struct vcpi_switch {
    u32 cr3;
    u32 gdtr, idtr; /* of the struct table_register */
    u16 ldt, task;  /* selectors */
    struct far_pointer32 entry;
} __attribute__((packed));

struct resident {
    /* Filled in by resident_install(). */
    u16 segment;                /* of this block */
    u32 base;                   /* its physical address */
    u32 kernel;                 /* service(regs, which), called with regparm(3) */
    u32 kernel_stack;           /* where ESP begins for a service */
    struct table_register idt;  /* the kernel's */
    struct table_register gdtr; /* points to gdt */
    struct far_pointer32 to_pm; /* entry_pm in the flat code segment */
    struct far_pointer to_rm;   /* where real mode begins again */
    u8 first_drive;             /* of which INT 13h calls get here; those of lower numbers don't */
    struct far_pointer launch;  /* where the boot sector is started */
    struct far_pointer old_int13, old_int15, old_tick;
    u64 gdt[9];

    /* The NIC's interrupt line while the kernel waits. */
    u16 pic_mask_port; /* 21h or A1h */
    u8 pic_mask;       /* the bit of the line */
    volatile u8 nic_fired;

    /* The caller of a service. */
    volatile u8 busy; /* inside the kernel: no second service can begin */
    u8 service;
    u8 a20_was_off;
    u16 chain_action; /* the kernel's answer */
    u16 caller_ss;
    u32 caller_esp;
    u32 caller_eax;
    struct table_register caller_gdt, caller_idt;

    u16 nic_bdf; /* the NIC that the hooks use */
    u8 disks;    /* hard disks behind the hooks, which 40:75 counts */

    /* Callers in V86 mode. */
    u8 v86;                         /* 1: the caller is */
    u8 v86_said;                    /* one could not be served, and the screen has said so */
    u32 v86_map;                    /* called with paging off; 0: no such caller is served */
    u16 v86_page;                   /* the segment of the page that is lent, */
    u32 v86_kept;                   /* and its first word */
    u16 v86_entries;                /* of the page table */
    struct vcpi_switch vcpi;        /* ours */
    struct far_pointer32 vcpi_call; /* the server's entry, for protected mode */

    /* The kernel's call to real mode. */
    u32 call_esp; /* the kernel's ESP meanwhile */
    u16 call_sp;  /* real-mode SP to use */
    struct far_pointer call_target;
    struct rm_regs call_regs;
} __attribute__((packed));
_Static_assert(RESIDENT_DATA + sizeof(struct resident) <= RESIDENT_V86,
               "as boot/resident.asm has it");

/* Put the block at the top of conventional memory, lower INT 12h's answer, and make rm_call() work.
 * False: there is no room. Nothing is hooked yet. */
bool resident_install(void);

/* The kernel has moved: let the block call it where it is now. */
void resident_relocated(void);

/* Give the conventional memory of one block back. Everything must be unhooked. */
void resident_remove(void);

/* The block's variables, its code, and the place for the iBFT in it. */
struct resident *resident_block(void);
const struct resident_code *resident_code(void);
u8 *resident_ibft(void);

typedef u32 (*service_handler)(struct rm_regs *r, u32 which);

/* Hook INT 13h, for this drive and those above, 15h and 08h; from now on `handler` is called for
 * them, with interrupts off, on a stack of its own, and answers with ACTION_ bits. It will use this
 * NIC. */
void resident_hook(service_handler handler, u8 first_drive, u16 nic_bdf);

/* The block of a lunboot (of this very build) that was started before us and has stayed: at the top
 * of conventional memory before resident_install(). NULL: there is none. */
struct resident *resident_former(void);

/* Put the vectors back that the former one has hooked; false, and nothing has changed, when
 * somebody else has hooked on top of it. */
bool resident_unhook(const struct resident *former);

/* Call a real-mode interrupt with these registers, and get them back. The flags begin with IF
 * clear. */
void rm_interrupt(u8 vector, struct rm_regs *r);

/* Call real-mode code that ends in IRET. */
void rm_call(struct far_pointer target, struct rm_regs *r);

#define BOOT_ADDRESS 0x7c00

/* Leave for the boot sector there with these registers. */
_Noreturn void resident_launch(struct far_pointer to, const struct rm_regs *r);

#endif
