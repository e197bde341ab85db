/* From a cold machine to a working disk. */
#include "attach/attach.h"

#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/arith.h"
#include "base/say.h"
#include "base/str.h"
#include "drv/pci.h"
#include "san/pause.h"
#include "san/san.h"
#include "settings/settings.h"

#define TURN_MS                                                                                    \
    10000 /* for each step by one of several NICs, in the first round; then twice that */

static struct boot_info *boot;

/* Of the round of NICs under way, or that is over: */
static u32 rounds;         /* its number */
static enum error failure; /* the one that got furthest */
static bool hope;          /* one of them may heal */

/* What the setting said when there was one: the next NIC's DHCP server need not repeat it. */
static bool retry_is_set;
static u32 retry_s;

void attach_init(struct machine *machine)
{
    boot = &machine->boot;
    attach_nic_init(machine->plan, boot->bdf);
    attach_address_init(boot);
    attach_disk_init(machine->plan);
}

static enum error attach_by(u16 bdf, bool several)
{
    settings_forget(FROM_OWN_SECTION);
    enum error e = attach_nic(bdf, several);
    if (!e)
        e = attach_address();
    if (!e)
        e = attach_file();
    return e ? e : attach_disk();
}

static void note_retry(void)
{
    if (!*setting_text(SET_RETRY))
        return;
    retry_is_set = true;
    retry_s = setting_number(SET_RETRY);
}

/* One of several NICs does not lead to the disk. */
static void leave_nic(u16 bdf, enum error e)
{
    char text[STEP_TEXT], at[PCI_BDF_TEXT];
    str_put(text, sizeof(text), step_tried(), strlen(step_tried()));
    if (e <= ERR_NIC_NO_LINK) {
        step_try("%s and others", text);
        return;
    }
    step_try("%s, by the NIC at %s and others", text, pci_bdf_text(at, bdf));
    say("E%u      %s: on to the next NIC\n", e, error_text(e));
}

/* By each of these in turn, until one leads to the disk; else what got furthest is the failure. */
static enum error attach_by_any(const u16 *nics, u32 count)
{
    char furthest[STEP_TEXT] = "";
    for (u32 i = 0; i < count && !step_stopped(); i++) {
        enum error e = attach_by(nics[i], count > 1);
        if (!e)
            return OK;
        note_retry();
        hope |= error_may_heal(e);
        attach_disk_end();
        if (count > 1)
            leave_nic(nics[i], e);
        if (e > failure) {
            failure = e;
            str_put(furthest, sizeof(furthest), step_tried(), strlen(step_tried()));
        }
    }
    step_try("%s", furthest);
    return failure;
}

/* How long to try, in ms: as it is set, else as long as a step may take that may still succeed. */
static u32 patience(void)
{
    u32 s = retry_is_set ? retry_s : hope ? setting_number(SET_TIMEOUT) : 0;
    return s == SETTING_FOREVER ? UINT32_MAX : s * 1000;
}

static enum error last_failure(u32 *tries)
{
    *tries = max_u32(rounds, san_failures());
    return failure;
}

static enum error one_round(const u16 *nics, u32 count, u32 turn)
{
    u32 most = setting_number(SET_TIMEOUT) * 1000;
    step_set_limit(count > 1 ? min_u32(most, turn) : most);
    rounds++;
    hope = false;
    failure = count ? OK : ERR_NIC_NONE;
    return count ? attach_by_any(nics, count) : failure;
}

enum error attach(void)
{
    u16 nics[NICS_MAX];
    enum error furthest = OK;
    u32 since = 0; /* it last got further */
    u32 average = 0;
    step_begin();
    say_begin();
    retry_is_set = false;
    rounds = 0;
    u32 count = attach_nic_list(nics);
    for (u32 turn = TURN_MS;; turn = min_u32(turn * 2, 1u << 30)) {
        u32 start = step_elapsed();
        enum error e = one_round(nics, count, turn);
        if (e > furthest) {
            furthest = e;
            since = start;
        }
        if (!e || step_stopped() || step_elapsed() - since >= patience())
            return e;
        /* Nobody was asked anything while there was no link. */
        u32 took = step_elapsed() - start, pause = pause_next(&average);
        if (e != ERR_NIC_NO_LINK && took < pause)
            step_pause(pause - took, last_failure);
        if (step_stopped())
            return e;
    }
}

void attach_end(void)
{
    attach_disk_end();
    attach_nic_close();
}

void attach_wipe(void)
{
    wipe(&boot->dhcp_ack, sizeof(boot->dhcp_ack));
    wipe(&boot->dhcp_reply, sizeof(boot->dhcp_reply));
}
