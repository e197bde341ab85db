/* The error table's texts. */
#include "error.h"

struct error_info {
    u8 code;
    u8 int13_status;
    const char *text;
    const char *advice;
};

#define ERROR_INFO(name, code, status, text, advice) {code, status, text, advice},
static const struct error_info errors[] = {ERROR_TABLE(ERROR_INFO)};

static const struct error_info *find(enum error e)
{
    for (u32 i = 0; i < ARRAY_SIZE(errors); i++)
        if (errors[i].code == e)
            return &errors[i];
    return NULL;
}

const char *error_text(enum error e)
{
    const struct error_info *info = find(e);
    return info ? info->text : "no error";
}

const char *error_advice(enum error e)
{
    const struct error_info *info = find(e);
    return info ? info->advice : "";
}

u8 error_int13_status(enum error e)
{
    const struct error_info *info = find(e);
    return info ? info->int13_status : 0;
}
