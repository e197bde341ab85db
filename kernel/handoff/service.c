/* Services for real mode. */
#include "handoff/service.h"

#include "base/loop.h"
#include "disk/int13.h"
#include "handoff/takeover.h"
#include "handoff/waiting.h"
#include "machine/int15.h"
#include "pc/resident.h"

static u32 serve_int13(struct rm_regs *r)
{
    struct int13_chain chain;
    waiting_begin(int13_device(reg_low(r->edx)));
    enum int13_action action = int13(r, &chain);
    waiting_end();
    if (action == INT13_DONE)
        return ACTION_RETURN;
    return ACTION_CHAIN | (chain.set_dl ? ACTION_SET_DL : 0) | (u32)chain.dl << 8;
}

u32 service(struct rm_regs *r, u32 which)
{
    switch (which) {
    case SERVICE_INT13:
        return serve_int13(r);
    case SERVICE_INT15:
        takeover_near();
        return int15(r) ? ACTION_RETURN : ACTION_CHAIN;
    default:
        if (!takeover_silence())
            loop_poll(NULL);
        return ACTION_RETURN;
    }
}
