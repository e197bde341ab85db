/* An operating system takes the machine over without a word to us. The last thing that it, or its
 * boot loader, asks the BIOS is what memory there is: GRUB in its `boot`, Linux's real-mode part
 * before that looks at the disks once more (EDD). Where its driver does not reset the NIC, as
 * Linux's for VMXNET3, it has to find it silent from then on. */
#ifndef LUNBOOT_TAKEOVER_H
#define LUNBOOT_TAKEOVER_H

#include "base/types.h"

/* Somebody asks for the memory: pause the NIC, where that is needed. What was asked of the disk
 * comes first, for half a second at most. Whoever needs the network goes on with it. */
void takeover_near(void);

/* A tick: is the NIC to be left alone? When nobody has taken over for ten seconds, somebody sits
 * before a menu, and it goes on. */
bool takeover_silence(void);

#endif
