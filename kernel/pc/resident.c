/* Putting the resident block in place, hooking its entries, and calling real mode through it. */
#include "pc/resident.h"

#include "base/bda.h"
#include "base/platform.h"
#include "base/str.h"

#define BASE_MEMORY_MIN 64 /* KiB; below that the BDA is not to be believed */

#define CODE32          0x00cf9a000000ffffull /* flat, 4 GiB, 32-bit code */
#define DATA32          0x00cf92000000ffffull /* flat, 4 GiB, B=1 */
#define CODE16          0x00009a000000ffffull /* 64 KiB, 16-bit code, base to be filled in */
#define DATA16          0x008f92000000ffffull /* flat, 4 GiB, B=0 */

/* boot/resident.asm, assembled; its beginning is a struct resident_code. */
extern const u8 resident_image[], resident_image_end[];
extern u8 kernel_stack_top[];
extern struct table_register kernel_idt;

_Static_assert(sizeof(struct rm_regs) == 44, "the order of boot/resident.asm's pushes");
_Static_assert(RESIDENT_GUEST + REAL_CODE_MOST == RESIDENT_DATA, "next to our own code");

static struct resident *block;
static const struct resident_code *code;

struct resident *resident_block(void)
{
    return block;
}

const struct resident_code *resident_code(void)
{
    return code;
}

u8 *resident_ibft(void)
{
    return phys_ptr(block->base + RESIDENT_IBFT, RESIDENT_SIZE - RESIDENT_IBFT);
}

static struct far_pointer *vector(u8 number)
{
    return (struct far_pointer *)phys_ptr(number * 4u, 4);
}

bool resident_install(void)
{
    u16 kib = bda_get16(BDA_BASE_MEMORY);
    if (kib < BASE_MEMORY_MIN || kib > 640)
        return false;
    kib = (u16)(kib - RESIDENT_SIZE / 1024);
    bda_put16(BDA_BASE_MEMORY, kib);

    u32 base = (u32)kib * 1024;
    u8 *all = phys_ptr(base, RESIDENT_SIZE);
    memset(all, 0, RESIDENT_SIZE);
    memcpy(all, resident_image, (size_t)(resident_image_end - resident_image));
    code = (const struct resident_code *)all;
    block = (struct resident *)(all + RESIDENT_DATA);
    block->segment = (u16)(base >> 4);
    block->base = base;
    block->gdt[1] = CODE32;
    block->gdt[2] = DATA32;
    block->gdt[3] = CODE16 | (u64)base << 16;
    block->gdt[4] = DATA16;
    block->gdtr.limit = sizeof(block->gdt) - 1;
    block->gdtr.base = base + RESIDENT_DATA + offsetof(struct resident, gdt);
    block->to_pm = (struct far_pointer32){base + code->entry_pm, SELECTOR_CODE32};
    block->to_rm = (struct far_pointer){code->entry_real, block->segment};
    block->caller_idt = (struct table_register){0x3ff, 0};
    block->call_sp = RESIDENT_SIZE;
    block->busy = 1;
    /* The boot loader's own may be gone by now. */
    __asm__ volatile("lgdt %0" : : "m"(block->gdtr));
    resident_relocated();
    return true;
}

void resident_relocated(void)
{
    block->idt = kernel_idt;
    __asm__ volatile("lidt %0" : : "m"(block->idt));
    block->kernel_stack = (u32)kernel_stack_top;
}

void resident_remove(void)
{
    bda_put16(BDA_BASE_MEMORY, (u16)(bda_get16(BDA_BASE_MEMORY) + RESIDENT_SIZE / 1024));
}

static struct far_pointer entry(u16 offset)
{
    return (struct far_pointer){offset, block->segment};
}

/* The three hooks: where the old vector is kept, and what replaces it. */
static const struct hook {
    u8 vector;
    u16 old, entry; /* offsets in struct resident and in struct resident_code */
} hooks[] = {
    {0x13, offsetof(struct resident, old_int13), offsetof(struct resident_code, entry_int13)},
    {0x15, offsetof(struct resident, old_int15), offsetof(struct resident_code, entry_int15)},
    {0x08, offsetof(struct resident, old_tick), offsetof(struct resident_code, entry_tick)},
};

static struct far_pointer hook_entry(const struct resident *r, const struct hook *h)
{
    u16 offset;
    memcpy(&offset, resident_image + h->entry, sizeof(offset));
    return (struct far_pointer){offset, r->segment};
}

void resident_hook(service_handler handler, u8 first_drive, u16 nic_bdf)
{
    block->first_drive = first_drive;
    block->kernel = (u32)handler;
    block->nic_bdf = nic_bdf;
    for (u32 i = 0; i < ARRAY_SIZE(hooks); i++) {
        memcpy((u8 *)block + hooks[i].old, vector(hooks[i].vector), sizeof(struct far_pointer));
        *vector(hooks[i].vector) = hook_entry(block, &hooks[i]);
    }
}

struct resident *resident_former(void)
{
    u8 *former = phys_ptr(bda_get16(BDA_BASE_MEMORY) * 1024u, RESIDENT_SIZE);
    if (memcmp(former, resident_image, RESIDENT_GUEST))
        return NULL;
    return (struct resident *)(former + RESIDENT_DATA);
}

bool resident_unhook(const struct resident *former)
{
    for (u32 i = 0; i < ARRAY_SIZE(hooks); i++) {
        struct far_pointer its = hook_entry(former, &hooks[i]);
        if (memcmp(vector(hooks[i].vector), &its, sizeof(its)))
            return false;
    }
    for (u32 i = 0; i < ARRAY_SIZE(hooks); i++)
        memcpy(vector(hooks[i].vector), (const u8 *)former + hooks[i].old,
               sizeof(struct far_pointer));
    return true;
}

void rm_call(struct far_pointer target, struct rm_regs *r)
{
    block->call_target = target;
    block->call_regs = *r;
    void (*call32)(u32) = (void (*)(u32))(block->base + code->entry_call);
    call32(block->base);
    *r = block->call_regs;
}

void platform_call_real(const u8 *real, u32 bytes, struct rm_regs *r)
{
    u8 *place = (u8 *)code + RESIDENT_GUEST;
    if (memcmp(place, real, bytes))
        memcpy(place, real, bytes);
    rm_call(entry(RESIDENT_GUEST), r);
}

void rm_interrupt(u8 number, struct rm_regs *r)
{
    rm_call(*vector(number), r);
}

_Noreturn void resident_launch(struct far_pointer to, const struct rm_regs *r)
{
    block->launch = to;
    struct rm_regs regs = *r;
    for (;;)
        rm_call(entry(code->entry_launch), &regs);
}
