/* Settings from a command line. */
#ifndef LUNBOOT_COMMAND_LINE_H
#define LUNBOOT_COMMAND_LINE_H

#include "settings/settings.h"

/* What is wrong with a word; name and value are valid during the call, cleaned for the screen, and
 * perhaps cut short; the value of what is or may be a secret is never shown, it is "" then. */
typedef void (*setting_complaint)(const char *name, const char *value, enum error why);

/* Take words `name=value` separated by spaces; there may be spaces on both sides of the '='. Double
 * quotes keep spaces together, anywhere in a word; a backslash makes the quote or backslash behind
 * it an ordinary character: both as GRUB writes them when it passes an argument on. A word that
 * begins with '#' ends it all. A word that is wrong is reported and skipped, the rest is still
 * used. */
void settings_parse(const char *words, enum setting_source source, setting_complaint complain);

/* The same for a command line. The first word is skipped when what stands before any '=' looks like
 * a file: boot loaders put the kernel's own path there. */
void command_line_parse(const char *line, setting_complaint complain);

#endif
