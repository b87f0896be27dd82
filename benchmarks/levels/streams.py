"""Generate streams of a thousand lines in each common text layout."""

import random

LINES = 1000

LAYOUTS = {
    "time, level": "2026-03-01 10:20:{s:02}.{m:03} {level:<5} {logger} - {text}",
    "time, [thread], level": "10:20:{s:02}.{m:03} [main] {level:<5} {logger} - {text}",
    "Spring Boot": "2026-03-01T10:20:{s:02}.{m:03}Z {level:>5} 7 --- [nio-8080-exec-{n}] {logger} : {text}",
    "Python": "2026-03-01 10:20:{s:02},{m:03} - {logger} - {level} - {text}",
    "Python, basicConfig": "{level}:{logger}:{text}",
    "[level]": "[{level}] {text}",
    "level:": "{level}: {text}",
    "Serilog": "[10:20:{s:02} {short}] {text}",
    "NLog": "2026-03-01 10:20:{s:02}.{m:03}|{level}|{logger}|{text}",
    "Monolog": "[2026-03-01T10:20:{s:02}.{m:03}+00:00] shop.{level}: {text} [] []",
    "tracing": "2026-03-01T10:20:{s:02}.{m:03}Z {level:>5} shop::orders: {text}",
    "glog": "{letter}0301 10:20:{s:02}.{m:03}456 {n} orders.go:12] {text}",
    "NGINX": "2026/03/01 10:20:{s:02} [{small}] 7#7: *{n} {text}, client: 10.0.0.7, server: shop",
    "syslog": "Mar  1 10:20:{s:02} ip-10-0-0-1 orders[7]: {level} {text}",
    "Lambda, Node.js": "2026-03-01T10:20:30.{m:03}Z\t7a1f2c3d-0b1c-4d2e-8f3a-9b8c7d6e5f40\t{level}\t{text}",
    "access log": '10.0.0.{n} - - [01/Mar/2026:10:20:{s:02} +0000] "GET /x/{n} HTTP/1.1" {status} {m}',
    "text": "{text}",
}
TEXTS = (
    "Order {n} received from customer {m}",
    "Cache miss for user:{n} (cold), region=eu-1",
    "connection from 10.0.0.{n} accepted",
    "Payment of {m}.{s:02} EUR was authorised",
    "retry {s} of 5 after {m} ms",
    "GET /orders/{n} took {m} ms",
    "could not reserve stock for sku-{n}: none left",
    "0 errors, 0 warnings",
)
LEVELS = ("INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR")


def streams() -> dict[str, list[str]]:
    """Return the lines of each layout, which are the same in every run."""
    return {name: list(_stream(layout)) for name, layout in LAYOUTS.items()}


def _stream(layout: str) -> list[str]:
    rng = random.Random(7)
    lines = []
    for _ in range(LINES):
        values = {"n": rng.randrange(1, 250), "m": rng.randrange(100, 1000), "s": rng.randrange(60)}
        level = rng.choice(LEVELS)
        lines.append(
            layout.format(
                **values,
                level=level,
                small=level.lower(),
                short={"WARN": "WRN", "DEBUG": "DBG"}.get(level, level[:3]),
                letter=level[0],
                logger=rng.choice(("com.acme.orders.OrderService", "com.acme.orders.Stock")),
                status=rng.choice((200, 200, 200, 304, 404, 500)),
                text=rng.choice(TEXTS).format(**values),
            )
        )
    return lines
