/* Driver for virtio's network device over PCI ("the specification": Virtual I/O Device (VIRTIO)
 * Version 1.2, OASIS), by its own interface and by the legacy one of before version 1. */
#ifndef LUNBOOT_VIRTIO_H
#define LUNBOOT_VIRTIO_H

#include "drv/nic.h"

extern const struct nic_driver virtio_driver;

#endif
