/* From a cold machine to a working disk. */
#include "attach/attach.h"

#include "attach/attach_internal.h"
#include "base/str.h"
#include "settings/settings.h"

static struct boot_info *boot;

void attach_init(struct machine *machine)
{
    boot = &machine->boot;
    attach_nic_init(machine->plan, boot->bdf);
    attach_address_init(boot);
    attach_disk_init(machine->plan);
}

enum error attach(void)
{
    settings_forget(FROM_OWN_SECTION);
    enum error e = attach_nic();
    if (!e)
        e = attach_address();
    if (!e)
        e = attach_file();
    return e ? e : attach_disk();
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
