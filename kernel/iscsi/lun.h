/* A LUN: eight bytes on the wire (SAM-5, 4.7), and a number for people. Which bytes stand for a
 * number is the target's choice: from 256 on SPDK, tgt and ctld take flat space addressing, LIO the
 * number as it is, SCST either. REPORT LUNS tells. */
#ifndef LUNBOOT_ISCSI_LUN_H
#define LUNBOOT_ISCSI_LUN_H

#include "base/types.h"

#define LUN_SIZE      8
#define LUN_TEXT      20 /* bytes for "0001-0002-0003-0004" and its terminator */
#define LUN_NO_NUMBER UINT32_MAX

/* What follows is about this disk (san/disks.h). */
void lun_select(u32 disk);

/* The number, below 4000h, that a LUN of one level stands for, in any of the forms; or
 * LUN_NO_NUMBER. */
u32 lun_number(const u8 lun[LUN_SIZE]);

/* Give one that has a number another, below 4000h, in the same form. */
void lun_renumber(u8 lun[LUN_SIZE], u32 number);

/* As a root path has it: the number in hexadecimal, else what is on the wire, in groups. */
void lun_text(char text[LUN_TEXT], const u8 lun[LUN_SIZE]);

/* What goes on the wire for a LUN that was asked for: what was listed for it last, else a number
 * from 256 on in flat space addressing, and anything else as it is. */
void lun_form(u8 form[LUN_SIZE], const u8 asked[LUN_SIZE]);

/* It has been listed so. */
void lun_set_form(const u8 asked[LUN_SIZE], const u8 listed[LUN_SIZE]);

#endif
