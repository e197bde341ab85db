/* What the drivers of nics.def need of memory, for nics.c and boot/offsets.c alone: it is not the
 * same in every image. A union is as large as its largest member. */
#ifndef LUNBOOT_NICS_H
#define LUNBOOT_NICS_H

#include "base/types.h"

/* For each descriptor. */
union nics_descriptor {
#define DRIVER(name, descriptor, more) u8 name[descriptor];
#include "drv/nics.def"
};

/* Besides. */
union nics_more {
#define DRIVER(name, descriptor, more) u8 name[more];
#include "drv/nics.def"
};

#endif
