/* Driver for VMXNET3, VMware's own network device, as public drivers and QEMU's device have it. */
#ifndef LUNBOOT_VMXNET3_H
#define LUNBOOT_VMXNET3_H

#include "drv/nic.h"

extern const struct nic_driver vmxnet3_driver;

#endif
