/* Multiboot information. */
#include "machine/multiboot.h"

#include "base/bytes.h"
#include "base/platform.h"

#define MBI_FLAGS       0
#define MBI_MEM_LOWER   4 /* KiB from 0 */
#define MBI_MEM_UPPER   8 /* KiB from 1 MiB, to the first hole */
#define MBI_CMDLINE     16
#define MBI_MMAP_LENGTH 44
#define MBI_MMAP_ADDR   48
#define MBI_LENGTH      52 /* as much as we read */

#define HAS_MEM         0x01
#define HAS_CMDLINE     0x04
#define HAS_MMAP        0x40

/* An entry of the memory map; its size does not count the size field itself. */
#define MMAP_SIZE       0
#define MMAP_BASE       4
#define MMAP_ENTRY_LEN  12
#define MMAP_TYPE       20
#define MMAP_ENTRY      24 /* bytes */

#define MIB             0x100000u

static void add(struct memmap *map, u64 base, u64 length, u32 type)
{
    if (length && map->count < MEMMAP_ENTRIES)
        map->entry[map->count++] = (struct memmap_entry){base, length, type, 1};
}

static void read_map(u32 at, u32 length, struct memmap *map)
{
    while (length >= MMAP_ENTRY) {
        const u8 *entry = phys_ptr(at, MMAP_ENTRY);
        if (!entry)
            return;
        u32 size = get_le32(entry + MMAP_SIZE);
        if (size < MMAP_ENTRY - 4 || size > length - 4)
            return;
        add(map, get_le64(entry + MMAP_BASE), get_le64(entry + MMAP_ENTRY_LEN),
            get_le32(entry + MMAP_TYPE));
        at += size + 4;
        length -= size + 4;
    }
}

bool multiboot_parse(u32 magic, u32 at, struct boot_info *info)
{
    boot_info_init(info, BOOT_MULTIBOOT);
    if (magic != MULTIBOOT_BOOT_MAGIC)
        return false;
    const u8 *mbi = phys_ptr(at, MBI_LENGTH);
    if (!mbi)
        return true;
    u32 flags = get_le32(mbi + MBI_FLAGS);
    if (flags & HAS_CMDLINE)
        boot_info_command_line(info, get_le32(mbi + MBI_CMDLINE));
    if (flags & HAS_MMAP)
        read_map(get_le32(mbi + MBI_MMAP_ADDR), get_le32(mbi + MBI_MMAP_LENGTH), info->map);
    if (flags & HAS_MEM && !info->map->count) {
        add(info->map, 0, (u64)get_le32(mbi + MBI_MEM_LOWER) << 10, MEMMAP_USABLE);
        add(info->map, MIB, (u64)get_le32(mbi + MBI_MEM_UPPER) << 10, MEMMAP_USABLE);
    }
    return true;
}
