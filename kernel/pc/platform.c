/* The PC's implementation of platform.h but for the console (console.c) and waiting (wait.c).
 */
#include "base/platform.h"
#include "base/arith.h"

#include "base/random.h"
#include "base/str.h"
#include "pc/cpu.h"
#include "pc/pc.h"

/* ---- time: the time stamp counter, measured against the PIT ---- */

#define CPUID_TSC         (1u << 4)
#define PIT_CHANNEL2      0x42
#define PIT_COMMAND       0x43
#define PIT_CH2_MODE0     0xb0 /* channel 2, low and high byte, interrupt on terminal count */
#define PORT_SPEAKER      0x61
#define SPEAKER_GATE2     0x01
#define SPEAKER_ON        0x02
#define SPEAKER_OUT2      0x20
#define PIT_HZ            1193182u
#define CALIBRATE_MS      1
#define CALIBRATE_SAMPLES 4
#define CALIBRATE_TRIES   1000000

static u32 tsc_per_ms, tsc_per_us;
static u64 tsc_start;

/* TSC ticks in CALIBRATE_MS by the PIT. The TSC is read before the PIT starts and after it has
 * ended, so that a virtual CPU that is put aside meanwhile makes this longer, never shorter. */
static u64 sample(void)
{
    u32 count = PIT_HZ * CALIBRATE_MS / 1000;
    out8(PIT_COMMAND, PIT_CH2_MODE0);
    out8(PIT_CHANNEL2, (u8)count);
    u64 start = read_tsc();
    out8(PIT_CHANNEL2, (u8)(count >> 8));
    for (u32 i = 0; i < CALIBRATE_TRIES && !(in8(PORT_SPEAKER) & SPEAKER_OUT2); i++)
        ;
    return read_tsc() - start;
}

bool platform_time_init(void)
{
    if (!has_cpuid() || !(cpuid_features() & CPUID_TSC))
        return false;
    u8 speaker = in8(PORT_SPEAKER);
    out8(PORT_SPEAKER, (u8)((speaker & ~SPEAKER_ON) | SPEAKER_GATE2));
    u64 ticks = UINT64_MAX;
    for (u32 i = 0; i < CALIBRATE_SAMPLES; i++) {
        u64 t = sample();
        random_add((u32)t); /* two clocks of their own: its low bits are chance */
        if (t < ticks)
            ticks = t;
    }
    out8(PORT_SPEAKER, speaker);
    tsc_start = read_tsc();
    tsc_per_ms = (u32)div_u64(ticks, CALIBRATE_MS, NULL);
    /* A counter slower than 1 MHz is no counter. */
    tsc_per_ms = max_u32(tsc_per_ms, 1000);
    tsc_per_us = tsc_per_ms / 1000;
    return true;
}

msec platform_now(void)
{
    return (u32)div_u64(read_tsc() - tsc_start, tsc_per_ms, NULL);
}

u32 platform_now_us(void)
{
    return (u32)div_u64(read_tsc() - tsc_start, tsc_per_us, NULL);
}

void platform_delay_us(u32 us)
{
    u32 start = platform_now_us();
    while (platform_now_us() - start < us)
        ;
}

/* ---- instructions beyond a Pentium's ---- */

#define CPUID_SSE42     (1ull << 52)
#define CPUID_RDRAND    (1ull << 62)

/* A KVM without VMX or SVM runs us in its instruction emulator, which knows neither of them though
 * CPUID announces them, and stops the machine there. What gives it away is that every instruction
 * takes it thousands of cycles. */
#define EMULATOR_LOOPS  16  /* instructions */
#define EMULATOR_CYCLES 200 /* each; interpreters take more, CPUs a hundredth */

static bool can_rdrand, can_crc32;

void platform_cpu_init(void)
{
    u64 features = cpuid_features(), start = read_tsc();
    for (volatile u32 i = 0; i < EMULATOR_LOOPS; i++)
        ;
    if (read_tsc() - start >= EMULATOR_LOOPS * EMULATOR_CYCLES)
        return;
    can_rdrand = features & CPUID_RDRAND;
    can_crc32 = features & CPUID_SSE42;
}

bool platform_has_crc32(void)
{
    return can_crc32;
}

/* ---- randomness ---- */

/* The CPU's own words when there are some, and the time in any case: neither has to be trusted. */
void platform_entropy(u32 words[ENTROPY_WORDS])
{
    for (u32 i = 0; i < ENTROPY_WORDS; i++) {
        words[i] = 0;
        if (can_rdrand && i)
            __asm__ volatile("rdrand %0" : "+r"(words[i]) : : "cc");
    }
    words[0] = (u32)read_tsc();
}

/* ---- memory and devices ---- */

u32 mmio_read32(struct mmio *base, u32 offset)
{
    return *(volatile u32 *)((u8 *)base + offset);
}

void mmio_write32(struct mmio *base, u32 offset, u32 value)
{
    *(volatile u32 *)((u8 *)base + offset) = value;
}

u32 mmio_read(struct mmio *base, u32 offset, u32 size)
{
    volatile u8 *at = (u8 *)base + offset;
    return size == 1 ? *at : size == 2 ? *(volatile u16 *)at : *(volatile u32 *)at;
}

void mmio_write(struct mmio *base, u32 offset, u32 size, u32 value)
{
    volatile u8 *at = (u8 *)base + offset;
    if (size == 1)
        *at = (u8)value;
    else if (size == 2)
        *(volatile u16 *)at = (u16)value;
    else
        *(volatile u32 *)at = value;
}

u32 io_read(u16 port, u32 size)
{
    return size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
}

void io_write(u16 port, u32 size, u32 value)
{
    if (size == 1)
        out8(port, (u8)value);
    else if (size == 2)
        out16(port, (u16)value);
    else
        out32(port, value);
}

u64 dma_address(const volatile void *p)
{
    return (u32)p;
}

struct mmio *platform_mmio(u32 physical)
{
    return (struct mmio *)physical;
}

u8 *phys_ptr(u32 physical, u32 len)
{
    return len > UINT32_MAX - physical ? NULL : (u8 *)physical;
}

/* ---- PCI configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2) ---- */

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_ENABLE  0x80000000u

u32 pci_read32(u16 bdf, u8 offset)
{
    out32(PCI_ADDRESS, PCI_ENABLE | (u32)bdf << 8 | (offset & 0xfcu));
    return in32(PCI_DATA);
}

u16 pci_read16(u16 bdf, u8 offset)
{
    return (u16)(pci_read32(bdf, offset) >> (offset & 2) * 8);
}

u8 pci_read8(u16 bdf, u8 offset)
{
    return (u8)(pci_read32(bdf, offset) >> (offset & 3) * 8);
}

void pci_write16(u16 bdf, u8 offset, u16 value)
{
    out32(PCI_ADDRESS, PCI_ENABLE | (u32)bdf << 8 | (offset & 0xfcu));
    out16(PCI_DATA | (offset & 2), value);
}
