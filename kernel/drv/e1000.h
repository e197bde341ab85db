/* Driver for Intel's PCI 8254x Gigabit Ethernet Controllers ("the manual": PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual, 317453). */
#ifndef LUNBOOT_E1000_H
#define LUNBOOT_E1000_H

#include "drv/nic.h"

extern const struct nic_driver e1000_driver;

/* Flags in nics.def. */
#define E1000_FIBRE      0x0001 /* the NIC's own transceiver (TBI or SerDes) instead of a PHY */
#define E1000_DUAL       0x0002 /* two ports that share an EEPROM */
#define E1000_MICROWIRE  0x0004 /* there is no EERD: the EEPROM is read bit by bit */
#define E1000_EERD_82541 0x0008 /* EERD has its fields elsewhere */
#define E1000_EE_RST     0x0010 /* the EEPROM is not read again by a reset alone */
#define E1000_SLOW_RESET 0x0020
#define E1000_NO_MANC    0x0040
#define E1000_NO_MDIC    0x0080 /* its PHY is not reached like that */

/* What the chips of a family have in common; those of the 82540, 82545 and 82546, nothing. */
#define E1000_82541      (E1000_EERD_82541 | E1000_SLOW_RESET) /* and 82547 */
#define E1000_82544      (E1000_MICROWIRE | E1000_EE_RST | E1000_NO_MANC)
#define E1000_82543      (E1000_82544 | E1000_NO_MDIC)

#endif
