"""A process that stores readings as fast as it can until it is killed: `python -m tests.system.writer DATABASE SEED`.

It says on stdout, line by line, what it has promised: `first ID` of its own readings, `acknowledged ID` once all up to it are committed,
and `sent ID RAW` for what its output has delivered to the world, before it says so to the store.
"""

import datetime
import random
import sys
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np

from edge.outputs.store import Store
from edge.reading import Reading, Status

COUNTERS = ("water", "gas")
speaking = threading.Lock()


def say(*words: object) -> None:
    # One write a line: half a line is what a kill may leave, and no more.
    with speaking:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()


def send(store: Store) -> None:
    """An output's thread."""
    while True:
        for record in store.pending("mqtt", limit=20):
            say("sent", record.id, record.raw)
            store.delivered("mqtt", record.id)


def main(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store = Store(path, commit_interval_s=0.05)
    values = {}
    for counter in COUNTERS:
        state, latest = store.load_state(counter), store.latest(counter)
        values[counter] = state["value"] if state else 0
        # The state is that of the last reading, neither older nor newer.
        assert (latest is None and state is None) or (latest is not None and int(latest.raw) == values[counter]), (state, latest)
    threading.Thread(target=send, args=(store,), daemon=True).start()
    said, first = 0, True
    while True:
        counter = chance.choice(COUNTERS)
        values[counter] += chance.choice((0, 0, 0, 0, 1, 7))
        reading = Reading(
            value=Decimal(values[counter]).scaleb(-3), raw=f"{values[counter]:09}", confidence=1.0, status=Status.OK, wheels=(),
            window=np.empty((0, 2)), alignment=None, timings_ms={},
        )  # fmt: skip
        store.save_state(counter, {"value": values[counter], "much": ["x" * chance.randrange(2000)]})
        number = store.add(
            counter, reading, time=datetime.datetime.now(datetime.UTC), rate=None, publish=chance.random() < 0.3,
            changed=chance.random() < 0.2,
        )  # fmt: skip
        if first:
            say("first", number)
            first = False
        if store.committed > said and store.committed >= number:
            said = store.committed
            say("acknowledged", said)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
