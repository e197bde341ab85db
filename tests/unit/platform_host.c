/* The host's implementation of kernel/base/platform.h. */
#include "platform_host.h"
#include "base/random.h"

#include "base/platform.h"
#include "pc/bios.h"
#include <stdio.h>
#include <string.h>

#define CONSOLE_SIZE 65536

msec host_now;
void (*host_on_wait)(u32 ms);
void (*host_on_phys)(u32 physical, u32 len);
u32 (*host_mmio_read)(u32 offset);
void (*host_mmio_write)(u32 offset, u32 value);
u32 (*host_bus_read)(bool io, u32 address, u32 size);
void (*host_bus_write)(bool io, u32 address, u32 size, u32 value);
u32 (*host_pci_read32)(u16 bdf, u8 offset);
void (*host_pci_write16)(u16 bdf, u8 offset, u16 value);

void (*host_call_real)(const u8 *code, struct rm_regs *r);

/* In place of boot/undi.asm. */
const u8 undi_stub[64];

static u32 random_state;
static char console[CONSOLE_SIZE + 1];
static u32 console_len;
static char status[STATUS_WIDTH + 2];
static bool status_shown;
static u8 *phys;
static u32 phys_size;

void host_reset(msec now)
{
    host_now = now;
    host_on_wait = NULL;
    host_on_phys = NULL;
    host_mmio_read = NULL;
    host_mmio_write = NULL;
    host_bus_read = NULL;
    host_bus_write = NULL;
    host_pci_read32 = NULL;
    host_pci_write16 = NULL;
    host_call_real = NULL;
    random_state = 1;
    console_len = 0;
    console[0] = 0;
    status_shown = false;
    phys = NULL;
    phys_size = 0;
}

void host_random_seed(u32 seed)
{
    random_state = seed ? seed : 1;
}

const char *host_console(void)
{
    return console;
}

void host_set_phys(u8 *memory, u32 size)
{
    phys = memory;
    phys_size = size;
}

msec platform_now(void)
{
    return host_now;
}

u32 platform_now_us(void)
{
    return host_now * 1000;
}

void platform_delay_us(u32 us)
{
    host_now += (us + 999) / 1000;
}

void platform_wait(u32 ms)
{
    if (host_on_wait)
        host_on_wait(ms);
    host_now += ms;
}

/* Weak, for tests of both ways. */
__attribute__((weak)) bool platform_has_crc32(void)
{
    return __builtin_cpu_supports("sse4.2");
}

/* xorshift32 (Marsaglia): repeatable, which is what a test wants of randomness. */
static u32 xorshift(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Weak, for the tests of the real ones: those bring their own entropy, or call random_add(), which
 * is only there. */
__attribute__((weak)) void platform_entropy(u32 words[ENTROPY_WORDS])
{
    for (u32 i = 0; i < ENTROPY_WORDS; i++)
        words[i] = xorshift();
}

__attribute__((weak)) u32 random_u32(void)
{
    return xorshift();
}

/* Nobody is at the keyboard; weak, for tests where somebody is. */
__attribute__((weak)) u16 bios_key(void)
{
    return 0;
}

void platform_putc(char c)
{
    if (console_len < CONSOLE_SIZE) {
        console[console_len++] = c;
        console[console_len] = 0;
    }
}

void platform_status(const char *line)
{
    status_shown = line;
    snprintf(status, sizeof(status), "%s", line ? line : "");
}

const char *host_status(void)
{
    return status_shown ? status : NULL;
}

u32 mmio_read32(struct mmio *base, u32 offset)
{
    return host_mmio_read ? host_mmio_read(offset) : mmio_read(base, offset, 4);
}

void mmio_write32(struct mmio *base, u32 offset, u32 value)
{
    if (host_mmio_write)
        host_mmio_write(offset, value);
    else
        mmio_write(base, offset, 4, value);
}

static u32 bus_read(bool io, u32 address, u32 size)
{
    u32 value = host_bus_read ? host_bus_read(io, address, size) : UINT32_MAX;
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

u32 mmio_read(struct mmio *base, u32 offset, u32 size)
{
    return bus_read(false, (u32)(uintptr_t)base + offset, size);
}

void mmio_write(struct mmio *base, u32 offset, u32 size, u32 value)
{
    if (host_bus_write)
        host_bus_write(false, (u32)(uintptr_t)base + offset, size, value);
}

u32 io_read(u16 port, u32 size)
{
    return bus_read(true, port, size);
}

void io_write(u16 port, u32 size, u32 value)
{
    if (host_bus_write)
        host_bus_write(true, port, size, value);
}

u64 dma_address(const volatile void *p)
{
    return (uintptr_t)p;
}

u32 pci_read32(u16 bdf, u8 offset)
{
    return host_pci_read32 ? host_pci_read32(bdf, offset) : UINT32_MAX;
}

u16 pci_read16(u16 bdf, u8 offset)
{
    return (u16)(pci_read32(bdf, offset & 0xfc) >> (offset & 2) * 8);
}

u8 pci_read8(u16 bdf, u8 offset)
{
    return (u8)(pci_read32(bdf, offset & 0xfc) >> (offset & 3) * 8);
}

void pci_write16(u16 bdf, u8 offset, u16 value)
{
    if (host_pci_write16)
        host_pci_write16(bdf, offset, value);
}

struct mmio *platform_mmio(u32 physical)
{
    return (struct mmio *)(uintptr_t)physical;
}

u8 *phys_ptr(u32 physical, u32 len)
{
    if (!phys || physical > phys_size || len > phys_size - physical)
        return NULL;
    if (host_on_phys)
        host_on_phys(physical, len);
    return phys + physical;
}

void platform_call_real(const u8 *code, u32 bytes, struct rm_regs *r)
{
    if (host_call_real && bytes <= REAL_CODE_MOST)
        host_call_real(code, r);
}
