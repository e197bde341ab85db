/* UNDI's place in conventional memory: taking it, and giving it back. */
#include "base/arith.h"
#include "base/bda.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/print.h"
#include "base/realmode.h"
#include "base/str.h"
#include "drv/pci.h"
#include "drv/undi_internal.h"

#define PAGE             4096u
#define BASE_MEMORY_MIN  (64 * KIB) /* below that the BDA is not to be believed */
#define CONVENTIONAL_END 0xa0000u
#define VECTORS          256

static bool asked;  /* the command line says nic=undi */
static bool only;   /* there is no NIC that another driver is for */
static bool former; /* it was another lunboot's before, and runs */

static u32 base_memory(void)
{
    return bda_get16(BDA_BASE_MEMORY) * KIB;
}

/* Our block, and `more` bytes behind it, at the end of conventional memory. It ends with a page:
 * next to UNDI's code, writes to it would be slow under emulation. And so the resident part below
 * has its code in another page than its variables (pc/resident.h). */
static struct undi_block *take(u32 more)
{
    u32 end = (base_memory() - align_up(more, KIB)) & -PAGE, at = end - UNDI_BLOCK;
    bda_put16(BDA_BASE_MEMORY, (u16)(at / KIB));
    undi_block_set(at);
    struct undi_block *block = undi_block();
    memset(block, 0, UNDI_BLOCK);
    memcpy(&block->stub, undi_stub, sizeof(undi_stub));
    return block;
}

/* Is that memory which the BIOS, or somebody through the BIOS, has behind what it calls free? */
static bool holds_ebda(u32 from, u32 end)
{
    u32 ebda = rm_phys(bda_get16(BDA_EBDA), 0);
    return ebda >= from && ebda < end;
}

static u32 segment_start(u32 segment)
{
    return rm_phys((u16)segment, 0);
}

static u32 segment_end(u32 segment)
{
    return rm_phys((u16)segment, (u16)(segment >> 16));
}

static void take_running(const struct boot_undi *undi, u16 bdf)
{
    u32 was = base_memory(), one = undi->segments[0], other = undi->segments[1];
    struct undi_block *block = take(0);
    block->stub.entry = undi->entry;
    block->rom.bdf = bdf;
    block->end = block->free_end = was;
    /* One without a size is none. */
    one = one >> 16 ? one : other;
    other = other >> 16 ? other : one;
    u32 end = max_u32(segment_end(one), segment_end(other));
    if (end <= was || end > CONVENTIONAL_END)
        return;
    block->end = end;
    /* Is all from the end of what is free now on theirs? What may be left over of a KiB is no hole.
     */
    u32 low = min_u32(segment_start(one), segment_start(other));
    u32 high = max_u32(segment_start(one), segment_start(other));
    if (low < was + KIB && high < min_u32(segment_end(one), segment_end(other)) + KIB &&
        !holds_ebda(was, end))
        block->free_end = align_up(end, KIB);
}

/* A former lunboot has its block at the end of what is free now. */
static bool take_former(void)
{
    undi_block_set(base_memory());
    const struct undi_stub *stub = &undi_block()->stub;
    if (stub->entry &&
        !memcmp(stub->code, ((const struct undi_stub *)undi_stub)->code, sizeof(stub->code)))
        return true;
    undi_block_set(0);
    return false;
}

static bool take_rom(void)
{
    struct undi_rom rom;
    u32 was = base_memory();
    if (!undi_rom_find(&rom))
        return false;
    u32 bytes = align_up(rom.data, PARAGRAPH) + rom.code;
    if (was < BASE_MEMORY_MIN + bytes)
        return false;
    struct undi_block *block = take(bytes);
    block->rom = rom;
    block->end = block->free_end = was;
    return true;
}

/* Is it to drive a NIC that we have a driver for, too? The settings are not known yet; boot/pxe.asm
 * looks for the same. */
static bool is_asked(const char *command_line)
{
    while (*command_line && !str_starts(command_line, "nic=undi"))
        command_line++;
    return *command_line;
}

u32 undi_claim(const struct boot_info *boot, bool is_only, u32 *bdf)
{
    only = is_only;
    asked = is_asked(boot->command_line);
    undi_block_set(0);
    if (base_memory() < BASE_MEMORY_MIN || base_memory() > CONVENTIONAL_END)
        return 0;
    former = !boot->undi.entry && take_former();
    if (boot->undi.entry)
        take_running(&boot->undi, boot->bdf);
    else if (!former && !((only || asked) && take_rom()))
        return 0;
    *bdf = undi_block()->rom.bdf;
    return undi_block()->end;
}

/* The NIC has been kept from memory since. */
static bool take_over(void)
{
    pci_enable(undi_block()->rom.bdf, 0);
    undi_simple(UNDI_CLOSE, UNDI_STATUS_BYTES);
    undi_simple(UNDI_SHUTDOWN, UNDI_STATUS_BYTES);
    return only || asked;
}

bool undi_load(void)
{
    const struct undi_block *block = undi_block();
    bool good = block && (former ? take_over() : block->stub.entry || undi_load_rom());
    if (!good && (asked || (only && block)))
        print("E%u      %s%s\n", ERR_NIC_UNDI, asked ? "nic=undi: " : "", error_text(ERR_NIC_UNDI));
    return good;
}

static bool is_hooked(u32 from, u32 end)
{
    for (u32 i = 0; i < VECTORS; i++) {
        u32 to = rm_phys(bda_get16(4 * i + 2), bda_get16(4 * i));
        if (to >= from && to < end)
            return true;
    }
    return false;
}

/* The NIC is closed and shut down; the states before are left in their order. */
static bool unload(void)
{
    undi_simple(UNDI_CLEANUP, UNDI_STATUS_BYTES);
    return undi_simple(UNDI_STOP, UNDI_STATUS_BYTES);
}

void undi_leave(void)
{
    const struct undi_block *block = undi_block();
    if (!block)
        return;
    u32 start = undi_memory(), end = block->free_end;
    if ((block->stub.entry && !unload()) || is_hooked(start, end))
        end = start;
    if (base_memory() == start - UNDI_BLOCK)
        bda_put16(BDA_BASE_MEMORY, (u16)(end / KIB));
    undi_block_set(0);
}
