/* lunboot's thread. */
#ifndef LUNBOOT_MAIN_H
#define LUNBOOT_MAIN_H

#include "machine/machine.h"

/* Everything from here on, in the moved kernel. */
_Noreturn void lunboot_main(struct machine *machine);

#endif
