/* A settings file: `#!lunboot`, then lines of settings, as the command line has them. Lines behind
 * `[52:54:00:12:34:56]` hold for the machine with that MAC address alone, or for those with one of
 * several; they beat the others, wherever they stand. Sections of any other name are choices: of
 * them the first holds. It is taken as it comes, line by line, and settings are set at once: who
 * does not get all of it has to forget them. */
#ifndef LUNBOOT_SETTINGS_FILE_H
#define LUNBOOT_SETTINGS_FILE_H

#include "settings/command_line.h"

#define SETTINGS_FILE_MOST 65536 /* bytes */

/* Begin, for the machine with this MAC address. Of a line as a whole, in place of a word,
 * `complain` hears ERR_FILE_LINE and no name. */
void settings_file_begin(const u8 mac[6], setting_complaint complain);

/* The next piece of it. ERR_FILE_NO_SETTINGS: its first line says that it is something else. */
enum error settings_file_take(const u8 *data, u32 len);

/* That was all of it, or, when not `whole`, all that will come. The same errors. */
enum error settings_file_end(bool whole);

/* With ERR_FILE_NO_SETTINGS: what it is instead. */
const char *settings_file_kind(void);

/* The number of the line that is complained of, from 1 on. */
u32 settings_file_line(void);

#endif
