"""What an end-to-end test is made of: a network namespace, an iSCSI target, a DHCP server, a PC."""
