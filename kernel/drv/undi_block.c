/* Calling UNDI through our block in conventional memory. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/realmode.h"
#include "base/str.h"
#include "drv/undi_internal.h"

static u32 at; /* physical, of the block; 0: there is none */

struct undi_block *undi_block(void)
{
    return at ? (struct undi_block *)phys_ptr(at, UNDI_BLOCK) : NULL;
}

void undi_block_set(u32 physical)
{
    at = physical;
}

u32 undi_memory(void)
{
    return at + UNDI_BLOCK;
}

u16 undi_kib(void)
{
    return (u16)(align_up(undi_block()->end - at, KIB) / KIB);
}

u8 *undi_parameters(u32 bytes)
{
    return memset(undi_block()->parameters, 0, bytes);
}

void undi_put_address(u8 *p, const u8 *what)
{
    put_le16(p, (u16)(what - (const u8 *)undi_block()));
    put_le16(p + 2, (u16)(at >> 4));
}

static void call(struct rm_regs *r)
{
    const struct undi_stub *stub = (const struct undi_stub *)undi_stub;
    r->ds = (u16)(at >> 4);
    platform_call_real(stub->code, sizeof(stub->code), r);
}

static bool call_one(struct rm_regs *r)
{
    call(r);
    return !(u16)r->eax && !get_le16(undi_block()->parameters);
}

bool undi_call(u16 function)
{
    return call_one(&(struct rm_regs){
        .ebx = function,
        .edi = offsetof(struct undi_block, parameters),
        .es = (u16)(at >> 4),
    });
}

bool undi_call_and_isr(u16 function, u16 what, const u8 **p)
{
    struct rm_regs r = {
        .ebx = function,
        .edi = offsetof(struct undi_block, parameters),
        .esi = offsetof(struct undi_block, isr),
        .es = (u16)(at >> 4),
    };
    u8 *isr = memset(undi_block()->isr, 0, ISR_BYTES);
    put_le16(isr + ISR_FLAG, what);
    call(&r);
    bool asked = !(u16)r.esi;
    *p = asked && !(u16)r.eax && !get_le16(isr) ? isr : NULL;
    return asked && !get_le16(undi_block()->parameters);
}

bool undi_call_loader(void)
{
    return call_one(&(struct rm_regs){
        .ebx = offsetof(struct undi_block, parameters),
        .edi = at >> 4,
    });
}

bool undi_simple(u16 function, u32 bytes)
{
    undi_parameters(bytes);
    return undi_call(function);
}
