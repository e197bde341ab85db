/* The entry from real mode, once the disk is there. */
#ifndef LUNBOOT_SERVICE_H
#define LUNBOOT_SERVICE_H

#include "base/realmode.h"
#include "base/types.h"

/* A service_handler of pc/resident.h: an INT 13h or 15h call, or a timer tick. */
u32 service(struct rm_regs *r, u32 which);

#endif
