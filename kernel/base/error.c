/* The error table's texts. One after the other they need no pointers, each of which is a
 * relocation. */
#include "base/error.h"

#include "base/str.h"

#define ERROR_CODE(name, code, status, text, advice) {code, status},
#define ERROR_TEXT(name, code, status, text, advice) text "\0" advice "\0"

/* The last is what there is to say of any other code. */
static const struct {
    u8 code, int13_status;
} errors[] = {ERROR_TABLE(ERROR_CODE){OK, 0}};
static const char texts[] = ERROR_TABLE(ERROR_TEXT) "no error\0";

static u32 find(enum error e)
{
    u32 i = 0;
    while (i < ARRAY_SIZE(errors) - 1 && errors[i].code != e)
        i++;
    return i;
}

const char *error_text(enum error e)
{
    return str_nth(texts, 2 * find(e));
}

const char *error_advice(enum error e)
{
    return str_nth(texts, 2 * find(e) + 1);
}

u8 error_int13_status(enum error e)
{
    return errors[find(e)].int13_status;
}
