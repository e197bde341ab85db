/* The drivers of an image, and their devices: the one file that is compiled for each set of drivers
 * (boot/images.mk). */
#include "drv/nics.h"

#include "drv/e1000.h"
#include "drv/nic.h"
#include "drv/undi.h"
#include "drv/virtio.h"
#include "drv/vmxnet3.h"

enum {
#define DRIVER(name, descriptor, more) index_##name,
#include "drv/nics.def"
};

const struct nic_driver *const nic_drivers[] = {
#define DRIVER(name, descriptor, more) [index_##name] = &name##_driver,
#include "drv/nics.def"
};

#define NIC(vendor, device, driver, name, flags)                                                   \
    _Static_assert(sizeof(name) <= NIC_NAME, name " is too long");
#include "drv/nics.def"

const struct nic_id nic_ids[] = {
#define NIC(vendor, device, driver, name, flags) {vendor, device, flags, index_##driver, name},
#include "drv/nics.def"
};

const struct nic_last nic_last = {
#define LAST(driver, name)                                                                         \
    .id = {0, 0, 0, index_##driver, name}, .claim = driver##_claim, .load = driver##_load,         \
    .leave = driver##_leave,
#include "drv/nics.def"
};

const u32 nic_id_count = ARRAY_SIZE(nic_ids);
const u32 nic_descriptor_bytes = sizeof(union nics_descriptor);
const u32 nic_more_bytes = sizeof(union nics_more);
