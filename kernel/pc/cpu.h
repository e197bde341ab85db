/* Instructions that C has no words for. PC only. */
#ifndef LUNBOOT_CPU_H
#define LUNBOOT_CPU_H

#include "base/types.h"

#define EFLAGS_ID (1u << 21)

static inline void out8(u16 port, u8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 in8(u16 port)
{
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out16(u16 port, u16 value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline u16 in16(u16 port)
{
    u16 value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out32(u16 port, u32 value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 in32(u16 port)
{
    u32 value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* The page directory's address. */
static inline u32 read_cr3(void)
{
    u32 value;
    __asm__ volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(u32 value)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(value) : "memory");
}

static inline void paging_on(void)
{
    u32 cr0;
    __asm__ volatile("movl %%cr0, %0\n\t"
                     "orl $0x80000000, %0\n\t"
                     "movl %0, %%cr0"
                     : "=r"(cr0)
                     :
                     : "memory");
}

static inline u64 read_tsc(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

/* Is there CPUID? Where there is, EFLAGS has a bit that can be changed. */
static inline bool has_cpuid(void)
{
    u32 changed, flags;
    __asm__ volatile("pushfl\n\t"
                     "popl %1\n\t"
                     "movl %1, %0\n\t"
                     "xorl %2, %0\n\t"
                     "pushl %0\n\t"
                     "popfl\n\t"
                     "pushfl\n\t"
                     "popl %0"
                     : "=&r"(changed), "=&r"(flags)
                     : "i"(EFLAGS_ID)
                     : "cc");
    return (changed ^ flags) & EFLAGS_ID;
}

/* CPUID leaf 1: EDX, and above it ECX. Only where there is CPUID. */
static inline u64 cpuid_features(void)
{
    u32 a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return (u64)c << 32 | d;
}

#endif
