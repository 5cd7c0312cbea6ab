#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""swupdate_image.py BUILD: the stock SWUpdate takes the images that the build made, installs
programs that say their version, and refuses the spoilt one and one signed by somebody else."""
import pathlib
import subprocess
import sys
import tempfile

import swupdate_lab as lab

PACK = pathlib.Path(__file__).parents[2] / "firmware" / "pack.sh"


def install(build, folder, image, certificate=None):
    """(exit code, what SWUpdate said)"""
    folder.mkdir()
    (folder / "tmp").mkdir()
    certificate = certificate or build / "firmware" / "signing-cert.pem"
    (folder / "swupdate.cfg").write_text(
        f'globals: {{ loglevel = 5; public-key-file = "{certificate}"; bootloader = "none"; }};\n')
    run = subprocess.run(["swupdate", "-f", "swupdate.cfg", "-H", "demo:1.0", "-i", str(image)],
                         cwd=folder, capture_output=True, text=True, timeout=60,
                         env={"TMPDIR": str(folder / "tmp"), "PATH": "/usr/sbin:/usr/bin:/bin"})
    return run.returncode, run.stdout + run.stderr


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    reason = lab.why_skip(build)
    if reason:
        print(f"skipped: {reason}")
        return lab.SKIP
    made = build / "firmware"
    with tempfile.TemporaryDirectory(prefix="sennit-image-") as name:
        folder = pathlib.Path(name)
        for version in ("1", "2"):
            code, said = install(build, folder / f"v{version}", made / f"fw-v{version}.swu")
            assert code == 0, said
            program = folder / f"v{version}" / "opt" / "blinkd" / "blinkd"
            beat = folder / "heartbeat"
            subprocess.run([program, "--heartbeat", beat, "--beats", "1"], check=True, timeout=30)
            assert f'"version":"{version}.0.0"' in beat.read_text(), beat.read_text()
            assert ('"load"' in beat.read_text()) == (version == "2")
        code, said = install(build, folder / "spoilt", made / "fw-v2-tampered.swu")
        assert code != 0 and "HASH mismatch" in said, said
        assert not (folder / "spoilt" / "opt").exists()
        stranger = folder / "stranger"
        subprocess.run([PACK, "key", stranger], check=True)
        code, said = install(build, folder / "other", made / "fw-v1.swu",
                             stranger / "signing-cert.pem")
        assert code != 0 and not (folder / "other" / "opt").exists(), said
    print("swupdate_image: v1 and v2 taken, spoilt and foreign refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
