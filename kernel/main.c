/* lunboot's thread: settings, attach, hand over; and what happens when that fails. */
#include "main.h"

#include "attach/attach.h"
#include "attach/step.h"
#include "base/counters.h"
#include "base/print.h"
#include "base/realmode.h"
#include "base/str.h"
#include "base/version.h"
#include "drv/nic.h"
#include "handoff/boot.h"
#include "machine/machine.h"
#include "pc/bios.h"
#include "pc/resident.h"
#include "settings/command_line.h"

#define PAUSE_S 10

static bool bad_setting; /* somebody has set what we can't do */

static void complain(const char *name, const char *value, enum error why)
{
    bad_setting |= why != ERR_SETTING_UNKNOWN;
    print("E%u      %s=%s: %s\n", why, name, value, error_text(why));
}

/* A value that was meant to be there may say what is booted, and from where: somebody may want to
 * see that it is left out, and switch off. */
static void pause_for_settings(void)
{
    bios_drop_keys();
    print("Press a key to go on without that; it happens in %u s ", PAUSE_S);
    bios_wait_key(PAUSE_S);
    print("\n");
}

static u16 ask(void)
{
    bios_drop_keys();
    print("Press a key to try again, D for counters; next boot device in %u s ", PAUSE_S);
    return bios_wait_key(PAUSE_S);
}

static bool is_letter_d(u16 key)
{
    return (reg_low(key) | 0x20) == 'd';
}

/* Say what failed, and wait: true when a key asks for another try. */
static bool ask_for_retry(enum error e)
{
    print("\nE%u: %s\n  tried: %s\n  help:  %s\n", e, error_text(e), step_tried(), error_advice(e));
    u16 key = ask();
    for (; is_letter_d(key); key = ask()) {
        print("\n");
        counters_print();
    }
    print(key ? "\n\n" : "\n");
    return key;
}

/* Leave nothing behind: the BIOS goes on as if we had never been. */
static _Noreturn void leave(void)
{
    attach_wipe();
    settings_wipe();
    resident_remove();
    nic_leave();
    bios_next_device();
}

_Noreturn void lunboot_main(struct machine *machine)
{
    print("\nlunboot %s: boots this machine from an iSCSI disk\n", VERSION);
    settings_init();
    command_line_parse(machine->boot.command_line, complain);
    if (machine->boot.command_line_cut)
        print("E%u      the command line is too long; its end was left out\n", ERR_SETTING_VALUE);
    wipe(machine->boot.command_line, sizeof(machine->boot.command_line));
    if (bad_setting || machine->boot.command_line_cut)
        pause_for_settings();
    attach_init(machine);
    for (;;) {
        enum error e = attach();
        if (!e)
            e = boot(machine);
        attach_end();
        if (!ask_for_retry(e))
            leave();
    }
}
