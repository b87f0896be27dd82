"""The AWS SAM command line, as everything here runs it: without telemetry or a look for a newer version."""

import json
import sys
import time
from pathlib import Path

SAM = str(Path(sys.executable).parent / "sam")
_SETTINGS = "metadata.json"


def sam_environment(folder: Path) -> dict[str, str]:
    """Return the environment variables of that, beside all others; `folder` takes its settings.

    There is no variable against the look for a newer version. It is left out for a week after the last one
    (sam-cli, `samcli/lib/utils/version_checker.py`), so we say that it has just been made.
    """
    (folder / _SETTINGS).write_text(json.dumps({"lastVersionCheck": time.time()}))
    return {
        "__SAM_CLI_APP_DIR": str(folder),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
