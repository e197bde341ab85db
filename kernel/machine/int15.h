/* INT 15h: what real-mode callers are told of the memory, so that they leave ours alone. */
#ifndef LUNBOOT_INT15_H
#define LUNBOOT_INT15_H

#include "base/realmode.h"
#include "base/types.h"
#include "machine/memmap.h"

/* The BIOS's own answers to the functions older than E820h, taken before INT 15h was hooked: ours
 * are the same, cut off where the hidden memory begins. 0 where the BIOS has no answer. */
struct int15_state {
    const struct memmap *map; /* with our range reserved; stays the caller's, and valid */
    u32 hidden_base;          /* first byte that we hide, above 1 MiB */
    u16 e801_kib;             /* AX of E801h (CX when AX is 0) */
    u16 e801_blocks;          /* BX of E801h (DX when AX is 0) */
    u16 ext_kib;              /* AX of AH=88h */
    u32 big_kib;              /* DX:AX of AH=8Ah */
};
void int15_init(const struct int15_state *state);

/* One INT 15h call. True when the registers hold the answer: always for AX=E820h, and for AX=E801h,
 * E881h and AH=88h, 8Ah when the BIOS's own would give our memory away. False: let the BIOS answer.
 */
bool int15(struct rm_regs *r);

#endif
