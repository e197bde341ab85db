/* What start.c has found out about the machine, and what it has taken of it. */
#ifndef LUNBOOT_MACHINE_H
#define LUNBOOT_MACHINE_H

#include "base/types.h"
#include "machine/boot_info.h"
#include "machine/int15.h"
#include "machine/memmap.h"
#include "machine/plan.h"

struct machine {
    struct boot_info boot;
    struct memmap map; /* the BIOS's, with our memory reserved */
    struct int15_state int15;
    const struct plan *plan;
    u32 hidden_base, hidden_size; /* bytes, page aligned */
};

#endif
