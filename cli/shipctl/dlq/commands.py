"""`shipctl dlq`: the group of commands."""

import typer

from shipctl.dlq.backup import export, import_
from shipctl.dlq.purge import purge
from shipctl.dlq.replay import replay
from shipctl.dlq.show import show
from shipctl.dlq.stats import stats
from shipctl.option_blocks import with_blocks

EXAMPLES = """**Examples**

- `shipctl dlq stats`

- `shipctl dlq show --reason rejected --since 1h`

- `shipctl dlq replay --log-group '/aws/lambda/orders*' --rate 500`

- `shipctl dlq replay --parked --reason oversized`

- `shipctl dlq export parked.jsonl --parked`
"""

dlq = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Look at, replay, save and delete logs that could not be delivered.",
    epilog=EXAMPLES,
)
dlq.command()(with_blocks(stats))
dlq.command()(with_blocks(show))
dlq.command()(with_blocks(replay))
dlq.command()(with_blocks(export))
dlq.command("import")(with_blocks(import_))
dlq.command()(with_blocks(purge))
