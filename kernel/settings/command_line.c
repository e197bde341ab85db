/* The command line. */
#include "settings/command_line.h"

#include "base/str.h"

/* One word without its quotes. */
struct word {
    char text[SETTING_NAME + SETTING_TEXT]; /* name=value, terminated */
    size_t len;
    bool broken; /* does not fit, or a quote is not closed */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Take the next word from *line; false at the end. */
static bool next_word(const char **line, struct word *w)
{
    const char *s = *line;
    while (is_space(*s))
        s++;
    w->len = 0;
    w->broken = false;
    bool quoted = false, any = *s;
    for (; *s && (quoted || !is_space(*s)); s++) {
        if (*s == '"') {
            quoted = !quoted;
            continue;
        }
        if (*s == '\\' && (s[1] == '"' || s[1] == '\'' || s[1] == '\\'))
            s++;
        if (w->len + 1 < sizeof(w->text))
            w->text[w->len++] = *s;
        else
            w->broken = true;
    }
    w->text[w->len] = 0;
    w->broken |= quoted;
    *line = s;
    return any;
}

static void take_word(struct word *w, bool first, setting_complaint complain)
{
    bool file = false;
    size_t name_len = 0;
    for (; w->text[name_len] && w->text[name_len] != '='; name_len++)
        file |= w->text[name_len] == '/' || w->text[name_len] == '.' || w->text[name_len] == '(';
    if (first && file)
        return;
    char *value = w->text + name_len;
    if (*value)
        *value++ = 0;
    else
        w->broken = true;
    size_t value_len = (size_t)(w->text + w->len - value);
    enum error why = ERR_SETTING_UNKNOWN;
    bool show = false;
    for (u32 id = 0; id < SETTING_COUNT; id++)
        if (str_equal(w->text, setting_name((enum setting_id)id))) {
            why = w->broken ? ERR_SETTING_VALUE
                            : setting_set((enum setting_id)id, value, value_len, FROM_COMMAND_LINE);
            show = !w->broken && !setting_is_secret((enum setting_id)id);
        }
    if (why == OK)
        return;
    /* A misspelt name may be a secret's, and a misplaced quote may have swallowed one: show the
     * values of known names only, and only to the first space. */
    size_t shown = 0;
    while (show && value[shown] && value[shown] != ' ')
        shown++;
    value[shown] = 0;
    complain(text_clean(w->text), text_clean(value), why);
}

void command_line_parse(const char *line, setting_complaint complain)
{
    struct word word;
    for (bool first = true; next_word(&line, &word); first = false)
        take_word(&word, first, complain);
    wipe(&word, sizeof(word));
}
