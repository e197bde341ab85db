/* Waiting in real mode, with the NIC's interrupt line hooked meanwhile. The PIC stays as the BIOS
 * has set it up, and everybody else's interrupts go to their owners. */
#include "pc/wake.h"

#include "base/arith.h"
#include "base/platform.h"
#include "base/random.h"
#include "pc/cpu.h"
#include "pc/resident.h"

#define PIC1_COMMAND  0x20
#define PIC2_COMMAND  0xa0
#define PIC_READ_IRR  0x0a /* OCW3: what the command port reads as (8259A data sheet) */
#define PIC_READ_ISR  0x0b
#define PIC1_MASK     0x21
#define PIC2_MASK     0xa1
#define PIC_CASCADE   0x04
#define PIC_TIMER     0x01
#define IRQ0_VECTOR   0x08
#define IRQ8_VECTOR   0x70

/* After so many interrupts in a row that were not the NIC's, its line is left to the others, and
 * the tick has to do: a device whose owner does not quiet it must not stop us. */
#define FOREIGN_LIMIT 64

/* Answers from nearby come within this time, us: sooner than the way to sleep and back is gone. */
#define SPIN_US       100
#define SPIN_DEAR_US  1000 /* that way is longer */
#define SPIN_LOOKS    16   /* between looks at the clock */
/* A deadline so near is looked out for, ms: the tick that ends a sleep comes every 55 ms only. */
#define SPIN_MS       20

static const struct wake_source *source;
static u32 foreign;

void wake_set_source(const struct wake_source *s)
{
    source = s;
    foreign = 0;
}

static struct far_pointer *irq_vector(u8 irq)
{
    int number = irq < 8 ? IRQ0_VECTOR + irq : IRQ8_VECTOR + irq - 8;
    return (struct far_pointer *)phys_ptr((u32)number * 4, 4);
}

/* Sleep until any interrupt. */
static void sleep(void)
{
    struct resident *block = resident_block();
    struct rm_regs r = {.ds = block->segment, .es = block->segment};
    rm_call((struct far_pointer){resident_code()->entry_wait, block->segment}, &r);
}

/* The same with the NIC's line unmasked and its vector hooked. */
static void sleep_with_irq(u8 irq)
{
    struct resident *block = resident_block();
    u16 port = irq < 8 ? PIC1_MASK : PIC2_MASK;
    u8 bit = (u8)(1 << (irq & 7));
    struct far_pointer old = *irq_vector(irq);
    block->pic_mask_port = port;
    block->pic_mask = bit;
    block->nic_fired = 0;
    *irq_vector(irq) = (struct far_pointer){resident_code()->entry_nic, block->segment};
    u8 mask = in8(port);
    u8 mask1 = in8(PIC1_MASK);
    if (irq >= 8)
        out8(PIC1_MASK, mask1 & (u8)~PIC_CASCADE);
    out8(port, mask & (u8)~bit);
    sleep();
    out8(port, mask);
    if (irq >= 8)
        out8(PIC1_MASK, mask1);
    *irq_vector(irq) = old;
    if (!block->nic_fired)
        return;
    if (source->acknowledge(source->device)) {
        foreign = 0;
    } else {
        foreign++;
        struct rm_regs r = {.ds = 0, .es = 0};
        rm_call(old, &r);
    }
}

/* Were we called from inside the timer's interrupt, before its EOI? Then the PIC holds back all
 * others. */
static bool timer_in_service(void)
{
    out8(PIC1_COMMAND, PIC_READ_ISR);
    u8 in_service = in8(PIC1_COMMAND);
    out8(PIC1_COMMAND, PIC_READ_IRR);
    return in_service & PIC_TIMER;
}

/* May its line tell in place of looks that take long? */
static bool is_dear(void)
{
    return source->dear && !source->polled && source->irq <= 15;
}

/* Does the NIC want to interrupt? The PIC knows that, though the line is masked. */
static bool line_raised(void)
{
    u16 port = source->irq < 8 ? PIC1_COMMAND : PIC2_COMMAND;
    out8(port, PIC_READ_IRR);
    return in8(port) & 1 << (source->irq & 7);
}

/* Look out for so long; true when there is something to do. */
static bool spin(u32 us)
{
    bool dear = is_dear();
    u32 start = platform_now_us();
    do {
        for (u32 i = 0; i < SPIN_LOOKS; i++)
            if (dear ? line_raised() : source->ready(source->device))
                return true;
    } while (platform_now_us() - start < us);
    return false;
}

static bool look_out(u32 us)
{
    if (!is_dear())
        return spin(us);
    bool found = !source->enable(source->device, true) || spin(max_u32(us, SPIN_DEAR_US));
    source->enable(source->device, false);
    return found;
}

void platform_wait(u32 ms)
{
    bool soon = ms <= SPIN_MS || (source && source->polled);
    if (source && ms && look_out(soon ? min_u32(ms, SPIN_MS) * 1000 : SPIN_US))
        return;
    /* Nothing would wake us: whoever waits has to look at the ring again and again. */
    if (soon || timer_in_service())
        return;
    /* Without the timer nobody would wake us for our own deadlines. */
    u8 mask = in8(PIC1_MASK);
    if (mask & PIC_TIMER)
        out8(PIC1_MASK, mask & (u8)~PIC_TIMER);
    if (!source || source->irq > 15 || foreign >= FOREIGN_LIMIT || resident_block()->v86) {
        sleep();
    } else {
        if (source->enable(source->device, true))
            sleep_with_irq(source->irq);
        source->enable(source->device, false);
    }
    if (mask & PIC_TIMER)
        out8(PIC1_MASK, mask);
    /* Whose interrupt it was, and when, is chance. Before there is a NIC, there may be no clock
     * either (start.c). */
    if (source)
        random_add((u32)read_tsc());
}
