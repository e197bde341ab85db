/* The command line. */
#include "settings/command_line.h"

#include "base/str.h"

/* One word without its quotes. */
struct word {
    size_t len;
    bool broken;                            /* does not fit, or a quote is not closed */
    char text[SETTING_NAME + SETTING_TEXT]; /* name=value, terminated */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_space(const char *s)
{
    while (is_space(*s))
        s++;
    return s;
}

static void append(struct word *w, char c)
{
    if (w->len + 1 < sizeof(w->text))
        w->text[w->len++] = c;
    else
        w->broken = true;
}

/* Append up to the next space outside quotes, and return where that is. */
static const char *append_part(struct word *w, const char *s)
{
    bool quoted = false;
    for (; *s && (quoted || !is_space(*s)); s++) {
        if (*s == '"') {
            quoted = !quoted;
            continue;
        }
        if (*s == '\\' && (s[1] == '"' || s[1] == '\'' || s[1] == '\\'))
            s++;
        append(w, *s);
    }
    w->broken |= quoted;
    w->text[w->len] = 0;
    return s;
}

static size_t name_length(const struct word *w)
{
    size_t len = 0;
    while (w->text[len] && w->text[len] != '=')
        len++;
    return len;
}

/* Take the next word from *line; false at the end. */
static bool next_word(const char **line, struct word *w)
{
    const char *s = skip_space(*line);
    if (!*s || *s == '#')
        return false;
    w->len = 0;
    w->broken = false;
    s = append_part(w, s);
    const char *next = skip_space(s);
    if (*next == '=' && name_length(w) == w->len) {
        append(w, '=');
        s = append_part(w, skip_space(next + 1));
    }
    *line = s;
    return true;
}

static void take_word(struct word *w, enum setting_source source, setting_complaint complain)
{
    char *value = w->text + name_length(w);
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
                            : setting_set((enum setting_id)id, value, value_len, source);
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

void settings_parse(const char *words, enum setting_source source, setting_complaint complain)
{
    struct word word;
    while (next_word(&words, &word))
        take_word(&word, source, complain);
    wipe(&word, sizeof(word));
}

void command_line_parse(const char *line, setting_complaint complain)
{
    struct word word;
    const char *rest = line;
    bool file = false;
    if (next_word(&rest, &word))
        for (size_t i = name_length(&word); i--;)
            file |= word.text[i] == '/' || word.text[i] == '.' || word.text[i] == '(';
    settings_parse(file ? rest : line, FROM_COMMAND_LINE, complain);
    wipe(&word, sizeof(word));
}
