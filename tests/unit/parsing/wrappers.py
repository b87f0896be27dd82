"""Wrap a message in every wrapper, as the program that writes the wrapper does."""

import json
from collections.abc import Callable
from typing import Any

REQUEST = "7f8f84ce-d134-4b77-88dc-bac10b54a410"
KUBERNETES = {"pod_name": "orders-1", "namespace_name": "shop", "container_name": "orders"}


def _record(name: str = "log", **others: Any) -> Callable[[str], str]:
    return lambda message: json.dumps({name: message, **others})


def _line(beginning: str, end: str = "") -> Callable[[str], str]:
    return lambda message: f"{beginning}{message}{end}"


WRAPPERS: dict[str, Callable[[str], str]] = {
    "firelens": _record(container_name="/ecs-orders-1", container_id="4a7c", source="stderr"),
    "firelens_with_metadata": _record(
        container_name="/ecs-orders-1",
        container_id="4a7c",
        source="stdout",
        ecs_cluster="shop",
        ecs_task_arn="arn:aws:ecs:eu-west-1:123456789012:task/shop/0a1b",
        ecs_task_definition="orders:7",
    ),
    "kubernetes": _record(stream="stderr", time="2026-11-03T10:00:00.12Z", _p="F", kubernetes=KUBERNETES),
    "docker": _record(stream="stdout", time="2026-11-03T10:00:00.12Z"),
    "log_alone": _record(),
    "cri": _line("2026-11-03T10:00:00.123456789Z stderr F "),
    "cri_in_firelens": lambda message: json.dumps(
        {
            "log": f"2026-11-03T10:00:00.123456789Z stdout F {message}",
            "source": "stdout",
            "container_id": "4a",
        }
    ),
    "compose": _line("web_1  | "),
    "compose_coloured": _line("\x1b[36mweb-1 |\x1b[0m "),
    "beanstalk": _line("Nov  3 10:00:00 ip-10-0-0-1 web[1234]: "),
    "syslog_without_pid": _line("Nov 13 10:00:00 ip-10-0-0-1 web: "),
    "rsyslog": _line("2026-11-03T10:00:00.123456+00:00 ip-10-0-0-1 web[1234]: "),
    "journalctl_precise": _line("Nov 03 10:00:00.123456 ip-10-0-0-1 web[1234]: "),
    "journalctl_iso": _line("2026-11-03T10:00:00+0000 ip-10-0-0-1 web[1234]: "),
    "php_message": _line("NOTICE: PHP message: "),
    "php_worker": _line(
        '[03-Nov-2026 10:00:00] WARNING: [pool www] child 7 said into stderr: "NOTICE: PHP message: ', '"'
    ),
    "journal": _record("MESSAGE", _HOSTNAME="ip-10-0-0-1", _PID="7", SYSLOG_IDENTIFIER="web"),
    "rails": _line(f"[{REQUEST}] "),
    "kubectl": _line("[pod/orders-1/orders] "),
    "mpirun": _line("[1,7]<stdout>:"),
}
