/* Driver for Intel's PCI 8254x Gigabit Ethernet Controllers ("the manual": PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual, 317453), and for their successors with
 * PCI Express, 82571 to 82574 and 82583, which Linux and hypervisors call e1000e ("the PCIe
 * manual": PCIe GbE Controllers Open Source Software Developer's Manual, 316080; "the datasheet":
 * 82574 GbE Controller Family Datasheet, 82574). */
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
#define E1000_PCIE       0x0100
#define E1000_SWSM       0x0200 /* the PHY is shared with firmware, by SWSM */
#define E1000_EXTCNF     0x0400 /* or by EXTCNF_CTRL */
#define E1000_NO_JUMBO   0x0800 /* no frames beyond Ethernet's own length */

/* What the chips of a family have in common; those of the 82540, 82545 and 82546, nothing. */
#define E1000_82541      (E1000_EERD_82541 | E1000_SLOW_RESET) /* and 82547 */
#define E1000_82544      (E1000_MICROWIRE | E1000_EE_RST | E1000_NO_MANC)
#define E1000_82543      (E1000_82544 | E1000_NO_MDIC)
#define E1000_82571      (E1000_PCIE | E1000_EERD_82541 | E1000_SLOW_RESET | E1000_SWSM | E1000_DUAL)
#define E1000_82574      (E1000_PCIE | E1000_EERD_82541 | E1000_SLOW_RESET | E1000_EXTCNF)
#define E1000_82573      (E1000_82574 | E1000_NO_JUMBO) /* and 82583 */

#endif
