/* The UNDI of a PXE ROM as the driver of a NIC that no other is for: for nics.c alone. */
#ifndef LUNBOOT_UNDI_H
#define LUNBOOT_UNDI_H

#include "drv/nic.h"

extern const struct nic_driver undi_driver;

/* nic_claim(), nic_load(), nic_leave(): the UNDI of the PXE ROM that has started us, or of a former
 * lunboot that is over; where there was none, and no NIC of ours or the command line says nic=undi,
 * the one of a ROM in the option ROM area. */
u32 undi_claim(const struct boot_info *boot, bool only, u32 *bdf);
bool undi_load(void);
void undi_leave(void);

#endif
