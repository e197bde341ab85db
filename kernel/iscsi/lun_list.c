/* REPORT LUNS. */
#include "iscsi/lun_list.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/str.h"

#define SHOWN 8 /* at most */

struct lun_list lun_list(const u8 *answer, u32 len)
{
    u32 got = len - min_u32(len, LUN_LIST_SIZE(0)), told = len < 4 ? UINT32_MAX : get_be32(answer);
    return (struct lun_list){answer + LUN_LIST_SIZE(0), min_u32(got, told) / LUN_SIZE, told <= got};
}

bool lun_list_form(const struct lun_list *list, const u8 asked[LUN_SIZE], u8 form[LUN_SIZE])
{
    const u8 *same = NULL, *like = NULL, *lun = list->luns;
    u32 number = lun_number(asked);
    for (u32 i = 0; i < list->count; i++, lun += LUN_SIZE) {
        u32 n = lun_number(lun);
        if (memcmp(lun, asked, LUN_SIZE) == 0) {
            memcpy(form, asked, LUN_SIZE);
            return true;
        }
        if (n == LUN_NO_NUMBER || (n > UINT8_MAX) != (number > UINT8_MAX))
            continue;
        like = lun;
        if (!same && n == number)
            same = lun;
    }
    if (!same && !list->whole && number != LUN_NO_NUMBER)
        same = like;
    if (!same)
        return false;
    memcpy(form, same, LUN_SIZE);
    lun_renumber(form, number);
    return true;
}

void lun_list_text(const struct lun_list *list, char text[LUN_LIST_TEXT])
{
    u32 len = 0, shown = min_u32(list->count, SHOWN), left = list->count - shown;
    for (u32 i = 0; i < shown; i++) {
        char lun[LUN_TEXT];
        lun_text(lun, list->luns + i * LUN_SIZE);
        bool digit = !lun[1] && lun[0] <= '9';
        len += format_text(text + len, LUN_LIST_TEXT - len, "%s%s%s", i ? ", " : "",
                           digit ? "" : "0x", lun);
    }
    if (!list->whole)
        format_text(text + len, LUN_LIST_TEXT - len, " and more");
    else if (left)
        format_text(text + len, LUN_LIST_TEXT - len, " and %u more", left);
}
