/* The settings file. */
#include "settings/settings_file.h"

#include "base/str.h"

#define LINE_MOST 1023 /* characters of a line */
#define NOBODY    FROM_DEFAULT

static u8 own_mac[6];
static setting_complaint complain;
static char line[LINE_MOST + 1];
static u32 line_len;
static bool line_cut; /* it was longer */
static u32 line_number;
static enum setting_source source; /* of the section's lines; NOBODY: they are not for us */
static bool choice_made;
static bool binary; /* a zero byte has come with the first line */
static const char *kind;

void settings_file_begin(const u8 mac[6], setting_complaint complain_to)
{
    memcpy(own_mac, mac, 6);
    complain = complain_to;
    line_len = line_number = 0;
    line_cut = choice_made = binary = false;
    source = FROM_FILE;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_space(const char *s)
{
    while (is_space(*s))
        s++;
    return s;
}

enum word { NAME, ADDRESS, OWN_ADDRESS, MISSPELT };

/* A word of a section's name. What might be meant as an address is no name, lest a slip of the
 * finger give one machine's disk to all. */
static enum word word_kind(const char *s, size_t len)
{
    u8 mac[6];
    u32 digits = 0, marks = 0, others = 0, digit;
    for (size_t i = 0; i < len; i++) {
        if (parse_number(s + i, 1, 16, 15, &digit)) {
            u8 *byte = &mac[digits++ / 2 % 6];
            *byte = (u8)(*byte << 4 | digit);
        } else if (s[i] == ':') {
            marks += 4;
        } else if (s[i] == '-' || s[i] == '.') {
            marks++;
        } else {
            others++;
        }
    }
    if (digits == 12 && !others)
        return memcmp(mac, own_mac, 6) ? ADDRESS : OWN_ADDRESS;
    return marks >= 4 || (digits >= 10 && !others) ? MISSPELT : NAME;
}

/* Whom the section holds for, by what stands behind its bracket. False: nobody can tell. */
static bool take_section(const char *s)
{
    bool found[4] = {false};
    while (*s && *s != ']') {
        size_t len = 0;
        while (s[len] && s[len] != ']' && s[len] != ',' && !is_space(s[len]))
            len++;
        if (len)
            found[word_kind(s, len)] = true;
        s += len ? len : 1;
    }
    bool addresses = found[ADDRESS] || found[OWN_ADDRESS];
    if (*s != ']' || found[MISSPELT] || found[NAME] == addresses)
        return false;
    s = skip_space(s + 1);
    if (*s && *s != '#')
        return false;
    if (found[OWN_ADDRESS])
        source = FROM_OWN_SECTION;
    else if (found[NAME] && !choice_made)
        source = FROM_FILE;
    choice_made |= found[NAME];
    return true;
}

/* A line behind the first; not `good`: it is too long, or no text. */
static void take_line(bool good)
{
    const char *s = skip_space(line);
    if (*s == '[') {
        source = NOBODY;
        good = good && take_section(s + 1);
    } else if (good && source != NOBODY) {
        settings_parse(s, source, complain);
    }
    if (!good)
        complain("", "", ERR_FILE_LINE);
}

static enum error refuse(const char *what)
{
    kind = what;
    return ERR_FILE_NO_SETTINGS;
}

static enum error take_first_line(bool good)
{
    const char *s = line;
    if (str_starts(s, "\xef\xbb\xbf")) /* Windows' editors put a byte order mark there */
        s += 3;
    while (line_len && is_space(line[line_len - 1]))
        line[--line_len] = 0;
    if (str_starts(s, "#!ipxe"))
        return refuse("an iPXE script");
    if (good && str_equal(s, "#!lunboot"))
        return OK;
    return refuse(binary ? "a program" : "its first line is not #!lunboot");
}

static enum error end_line(void)
{
    line[line_len] = 0;
    bool good = !line_cut && strlen(line) == line_len;
    enum error e = OK;
    if (++line_number == 1)
        e = take_first_line(good);
    else
        take_line(good);
    line_len = 0;
    line_cut = false;
    return e;
}

static enum error take_char(char c)
{
    if (c == '\n')
        return end_line();
    if (line_len < LINE_MOST)
        line[line_len++] = c;
    else
        line_cut = true;
    return line_cut && !line_number ? end_line() : OK;
}

enum error settings_file_take(const u8 *data, u32 len)
{
    enum error e = OK;
    for (u32 i = 0; i < len && !line_number; i++)
        binary |= !data[i];
    for (u32 i = 0; i < len && !e; i++)
        e = take_char((char)data[i]);
    return e;
}

enum error settings_file_end(bool whole)
{
    enum error e = OK;
    if (whole && !line_number && !line_len)
        e = refuse("it is empty");
    else if (whole && line_len)
        e = end_line();
    wipe(line, sizeof(line));
    return e;
}

const char *settings_file_kind(void)
{
    return kind;
}

u32 settings_file_line(void)
{
    return line_number;
}
