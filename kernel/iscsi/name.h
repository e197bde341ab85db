/* What an iSCSI name looks like. */
#ifndef LUNBOOT_ISCSI_NAME_H
#define LUNBOOT_ISCSI_NAME_H

#include "base/types.h"

/* Is it an iqn., eui. or naa. name (RFC 7143, 4.2.7)? Some targets know others and are content with
 * them, so that this is worth no more than a warning. */
bool iscsi_name_is_proper(const char *name);

/* Make of a host name what may stand in an iqn. name (RFC 3722), in place: small letters, and '-'
 * for '_'. */
void iscsi_name_from_host(char *name);

#endif
