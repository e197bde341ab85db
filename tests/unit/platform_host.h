/* The host's side of kernel/base/platform.h: a clock that only tests move, a seeded random source,
 * and collected console text. */
#ifndef PLATFORM_HOST_H
#define PLATFORM_HOST_H

#include "base/types.h"

/* Back to time `now`, seed 1, an empty console, no real-mode memory, no registers. */
void host_reset(msec now);

/* The clock. platform_wait(ms) moves it by ms, too, after calling host_on_wait. */
extern msec host_now;

/* Called from platform_wait() when not NULL: the place for a scripted peer to act. */
extern void (*host_on_wait)(u32 ms);

void host_random_seed(u32 seed);

/* What was printed since host_reset(), terminated; cut off at 64 KiB. */
const char *host_console(void);

/* The line that platform_status() shows; NULL: none. */
const char *host_status(void);

/* Memory that phys_ptr() answers from: physical addresses 0 .. size-1. */
void host_set_phys(u8 *memory, u32 size);

/* Called for each range of it that phys_ptr() gives away, when not NULL. */
extern void (*host_on_phys)(u32 physical, u32 len);

/* Device registers and PCI configuration space, when not NULL. */
extern u32 (*host_mmio_read)(u32 offset);
extern void (*host_mmio_write)(u32 offset, u32 value);
/* The same of 1, 2 or 4 bytes, at a physical address (whose registers those above are not) or,
 * `io`, at a port. */
extern u32 (*host_bus_read)(bool io, u32 address, u32 size);
extern void (*host_bus_write)(bool io, u32 address, u32 size, u32 value);
extern u32 (*host_pci_read32)(u16 bdf, u8 offset); /* offset is a multiple of 4 */
extern void (*host_pci_write16)(u16 bdf, u8 offset, u16 value);

/* What platform_call_real() calls; without it, nothing happens. */
struct rm_regs;
extern void (*host_call_real)(const u8 *code, struct rm_regs *r);

#endif
