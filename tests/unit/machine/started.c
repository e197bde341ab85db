/* The machine at our start. */
#include "machine/started.h"

#include "platform_host.h"
#include <stdlib.h>
#include <string.h>

u8 *mem;
struct boot_info info;
struct memmap map;

void started(u8 fill)
{
    host_reset(0);
    mem = malloc(MEM_SIZE);
    memset(mem, fill, MEM_SIZE);
    host_set_phys(mem, MEM_SIZE);
    memset(&info, 0xcc, sizeof(info));
    memset(&map, 0xcc, sizeof(map));
    info.map = &map;
}

void free_memory(void)
{
    free(mem);
    mem = NULL;
}
