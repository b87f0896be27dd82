"""The environment of the AWS SAM CLI, without telemetry and version checks."""

import json
import sys
import time
from pathlib import Path

SAM = str(Path(sys.executable).parent / "sam")
_SETTINGS = "metadata.json"


def sam_environment(folder: Path) -> dict[str, str]:
    """Return the environment variables for the SAM CLI; its settings are stored in `folder`.

    There is no variable to disable version checks. The SAM CLI skips them for a week after the last one
    (`samcli/lib/utils/version_checker.py`), so the settings say that one has just been made.
    """
    (folder / _SETTINGS).write_text(json.dumps({"lastVersionCheck": time.time()}))
    return {
        "__SAM_CLI_APP_DIR": str(folder),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
