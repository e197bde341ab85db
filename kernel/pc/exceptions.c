/* CPU exceptions in the kernel: nothing but a fault of ours, so all they do is say what a developer
 * needs to know, and stop. */
#include "base/arith.h"
#include "base/counters.h"
#include "base/print.h"
#include "base/str.h"
#include "pc/pc.h"
#include "pc/resident.h"

#define EXCEPTIONS     32
#define STUB_SIZE      16
#define GATE_INTERRUPT 0x8e00 /* present, ring 0, 32-bit interrupt gate */
#define SELECTOR       8      /* the resident GDT's flat code */

/* As boot/entry.asm pushes it; PUSHAD's ESP is that behind `vector`. */
struct frame {
    u32 cr2, edi, esi, ebp, esp, ebx, edx, ecx, eax;
    u32 vector, error;
    u32 eip, cs, eflags;
};

extern const u8 exception_stubs[], image_start[];

static u64 idt[EXCEPTIONS];
struct table_register kernel_idt;

#define NAMES 15
static const char names[] =
    "divide error\0debug\0NMI\0breakpoint\0overflow\0bound\0invalid opcode\0"
    "no FPU\0double fault\0FPU segment\0invalid TSS\0segment missing\0"
    "stack fault\0protection\0page fault\0?";

void exceptions_init(void)
{
    for (u32 i = 0; i < EXCEPTIONS; i++) {
        u32 stub = (u32)exception_stubs + i * STUB_SIZE;
        idt[i] =
            (u64)((stub & 0xffff0000u) | GATE_INTERRUPT) << 32 | SELECTOR << 16 | (stub & 0xffff);
    }
    kernel_idt = (struct table_register){sizeof(idt) - 1, (u32)idt};
}

_Noreturn void exception(const struct frame *f);

_Noreturn void exception(const struct frame *f)
{
    print("\nlunboot panic: exception %u (%s), error %x, at %08x (image+%x)\n", f->vector,
          str_nth(names, min_u32(f->vector, NAMES)), f->error, f->eip, f->eip - (u32)image_start);
    print("eax %08x ebx %08x ecx %08x edx %08x\n", f->eax, f->ebx, f->ecx, f->edx);
    print("esi %08x edi %08x ebp %08x esp %08x\n", f->esi, f->edi, f->ebp, (u32)(f + 1));
    print("cr2 %08x flags %08x stack:", f->cr2, f->eflags);
    const u32 *stack = (const u32 *)(f + 1);
    for (u32 i = 0; i < 12; i++)
        print(" %08x", stack[i]);
    print("\n");
    counters_print();
    print("This is a fault in lunboot. Please report the lines above; power off and on to go "
          "on.\n");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
