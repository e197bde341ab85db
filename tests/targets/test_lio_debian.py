"""A real Debian whose root file system is a LUN of LIO's, by a line that loses frames."""

import re

import pytest

OURS = "iqn.2026-11.org.lunboot:debian"
USER, SECRET, TARGET_USER, TARGET_SECRET = "reader", "a-secret-of-16-b", "keeper", "another-secret-1"
LOSS = 0.01


@pytest.mark.targets
def test_debian_from_lio(net, lio, machine, iso, wire, debian_disk):
    """Mutual CHAP with SHA-256 or better, and both digests, for as long as the disk is lunboot's.

    Linux then logs in by the iBFT, which has no word for digests, and offers MD5 alone unless its
    configuration says otherwise: the target lets it do without digests, and what it takes is not ours.
    """
    server = lio()
    server.says("iscsi_target_auth.c")
    server.says("iscsi_target_parameters.c")
    target = server.target().lun(server.disk(debian_disk))
    target.allow(OURS).chap(USER, SECRET, TARGET_USER, TARGET_SECRET)
    target.keys(HeaderDigest="CRC32C", DataDigest="CRC32C")
    line = wire(seed=7, loss=LOSS)
    media = iso("ip=192.0.2.77/24", f"root-path={target.root_path()}", f"initiator-iqn={OURS}", "chap=sha256",
                f"username={USER}", f"password={SECRET}", f"reverse-username={TARGET_USER}",
                f"reverse-password={TARGET_SECRET}")
    pc = machine(namespace=net, wire=line, iso=media, memory="512M")
    pc.expect("^GRUB on the Debian disk", 120)
    said = server.messages()
    pc.expect("^GRUB has read the initrd", 180)
    said += server.messages()
    assert target.sessions() == [OURS]
    chosen = set(re.findall(r"Sending CHAP_A=(\d)", said))
    assert chosen and chosen <= {"7", "8"}, said
    for digest in "HeaderDigest", "DataDigest":
        assert set(re.findall(rf"{digest}: +(\S+)", said)) == {"CRC32C"}, said
    target.keys(HeaderDigest="CRC32C,None", DataDigest="CRC32C,None")
    pc.expect("^report: root is on an iSCSI disk", 300)
    end = pc.expect(r"(?s).*^report: end", 120)[0]
    assert "report: files are whole" in end
    assert f"report: session {target.iqn} LOGGED_IN initiator {OURS}" in end
    assert f"report: ibft target0/target-name {target.iqn}" in end
    lost = line.stats()
    assert lost["to-pc"]["lost"] and lost["from-pc"]["lost"]
    assert SECRET not in pc.serial.text() and TARGET_SECRET not in pc.serial.text()
