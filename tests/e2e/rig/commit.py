"""What a RESULTS.md says of the code that gave the results."""

import subprocess


def commit():
    done = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
