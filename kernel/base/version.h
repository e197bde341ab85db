/* What the first line on the screen says. */
#ifndef LUNBOOT_VERSION_H
#define LUNBOOT_VERSION_H

#define VERSION "0.1"

#endif
