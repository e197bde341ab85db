/* The LUNs that a target has for us: its answer to REPORT LUNS (SPC-4, 6.33). */
#ifndef LUNBOOT_ISCSI_LUN_LIST_H
#define LUNBOOT_ISCSI_LUN_LIST_H

#include "base/types.h"
#include "iscsi/lun.h"

#define LUN_LIST_SIZE(n) (8 + (n)*LUN_SIZE) /* bytes of one with n */

struct lun_list {
    const u8 *luns; /* LUN_SIZE bytes each */
    u32 count;      /* of those that have arrived */
    bool whole;     /* there are no others */
};

/* The list in the `len` bytes that have arrived of an answer, which must stay valid. */
struct lun_list lun_list(const u8 *answer, u32 len);

/* The form in which the list has the LUN that was asked for: as that was, else by the same number;
 * or, where it may be among those that have not arrived, how the list has others of such a number.
 * False: it does not tell. */
bool lun_list_form(const struct lun_list *list, const u8 asked[LUN_SIZE], u8 form[LUN_SIZE]);

/* "0, 1, 5, 0x12c and 12 more", for the screen. */
#define LUN_LIST_TEXT 256
void lun_list_text(const struct lun_list *list, char text[LUN_LIST_TEXT]);

#endif
