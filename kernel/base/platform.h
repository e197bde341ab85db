/* What the machine gives. Two implementations, chosen at link time: pc/ for the PC,
 * tests/unit/platform_host.c for the host, where the clock is a variable that tests set. */
#ifndef LUNBOOT_PLATFORM_H
#define LUNBOOT_PLATFORM_H

#include "base/types.h"

/* Milliseconds since start. Only loop.c asks for the time; everything else gets it as an argument
 * called `now`. */
msec platform_now(void);

/* A free-running counter of microseconds, for measuring only. */
u32 platform_now_us(void);

/* Spin for at least so many microseconds: for hardware that needs a pause, nothing longer. */
void platform_delay_us(u32 us);

/* Sleep until an interrupt (NIC, timer, keyboard) or until about `ms` have passed, whichever comes
 * first; it may return at any earlier time. Waiting happens in real mode, so that the BIOS serves
 * its own interrupts. */
void platform_wait(u32 ms);

/* What the machine has of chance at this moment, in words any of which may be worth nothing:
 * random.c makes numbers of it. */
#define ENTROPY_WORDS 3
void platform_entropy(u32 words[ENTROPY_WORDS]);

/* Does the processor have SSE4.2's crc32, for good use? */
bool platform_has_crc32(void);

/* One character for the person at the screen; '\n' starts a new line. */
void platform_putc(char c);

/* A line of up to STATUS_WIDTH characters over the last row of the screen, in place of the one
 * before; NULL: it goes, and what was there comes back. The cursor stays where it is. In a graphics
 * mode it is drawn where there is a linear frame buffer. The first line may call the video BIOS. */
#define STATUS_WIDTH 79
void platform_status(const char *line);

/* Device registers. `base` is what pci_map_bar() returned. */
struct mmio;
u32 mmio_read32(struct mmio *base, u32 offset);
void mmio_write32(struct mmio *base, u32 offset, u32 value);

/* The same of `size` bytes, 1, 2 or 4, and of I/O ports. */
u32 mmio_read(struct mmio *base, u32 offset, u32 size);
void mmio_write(struct mmio *base, u32 offset, u32 size, u32 value);
u32 io_read(u16 port, u32 size);
void io_write(u16 port, u32 size, u32 value);

/* The bus address of memory of ours, for a DMA descriptor. */
u64 dma_address(const volatile void *p);

/* Order memory accesses around a descriptor's ownership bit. */
static inline void dma_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* PCI configuration space. bdf is bus << 8 | device << 3 | function; offset is a multiple of the
 * access size. Reading an absent device gives all ones. */
u32 pci_read32(u16 bdf, u8 offset);
u16 pci_read16(u16 bdf, u8 offset);
u8 pci_read8(u16 bdf, u8 offset);
void pci_write16(u16 bdf, u8 offset, u16 value);

/* The memory-mapped registers behind the physical address of a BAR below 4 GiB. */
struct mmio *platform_mmio(u32 physical);

/* `len` bytes of physical memory below 4 GiB as our own to read and write: the caller's buffers,
 * the BDA, the iBFT. NULL when the range wraps or, in host tests, lies outside what the test gave.
 */
u8 *phys_ptr(u32 physical, u32 len);

/* Call so many bytes of code in real mode, wherever it is run there, which end in IRET, with these
 * registers, and get them back. The flags begin with IF clear. The first call brings the code to a
 * place where nothing is written next to it: that would be slow, more so under emulation. There is
 * room for one such piece at a time. */
#define REAL_CODE_MOST 64
struct rm_regs;
void platform_call_real(const u8 *code, u32 bytes, struct rm_regs *r);

#endif
