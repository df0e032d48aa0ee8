"""The measuring protocol: fresh processes, everybody prepared, then blocks in turns, in random order.

For each number of a process, every contestant gets a new one. In it, one after the other, each group of
cells that differ in nothing but the implementation is timed: all its contestants are prepared, and then in
every round each trains one block, in a random order that the next round reverses, with a pause before it.
The reference takes part twice, in two processes, for the null test; the floor, the matrix products of the
same steps alone, takes part once for each library that multiplies.
"""

import platform
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from compare.fields import AT_LEAST_1, check_fields
from compare.measure.channel import ContestantError, understood
from compare.measure.contestant import Contestant
from compare.measure.floor import LIBRARIES
from compare.measure.laboratory import Laboratory
from compare.measure.work import GAP_SECONDS
from compare.results import Cell
from compare.timings import Block, Entrant, Timing

BLOCK_SECONDS = 0.05
"""How long a block lasts at least; a single update that takes longer is a block."""
FLOOR_BLOCK_SECONDS = 0.025
"""The same for the floor, which does nothing but multiply: a longer block would tell no more."""


@dataclass(frozen=True)
class Sitting:
    """One group of entrants (the `group`-th), timed against one another in processes of one number."""

    process: int
    group: int
    entrants: tuple[Entrant, ...]


def sittings(
    cells: Iterable[Cell], processes: int, reference: str, null_test: bool, floor: bool = False
) -> Iterator[Sitting]:
    """Yield every group of cells that differ only in the implementation, for every process number.

    The order of the groups is drawn for each process from its number. The second contestant of the
    reference (`null_test`) joins every group that the reference is in, the `floor` every group.
    """
    groups: dict[Cell, list[Entrant]] = {}
    for cell in cells:
        groups.setdefault(replace(cell, implementation="-"), []).append(Entrant(cell))
    for shared, group in groups.items():
        group += [
            Entrant(one.cell, True) for one in group if null_test and one.cell.implementation == reference
        ]
        if floor:
            group += [Entrant(replace(shared, implementation=name), floor=True) for name in LIBRARIES]
    listed = list(groups.values())
    for process in range(processes):
        for index in np.random.default_rng([process, 3]).permutation(len(listed)):
            yield Sitting(process, int(index), tuple(listed[index]))


def make_timings(
    laboratory: Laboratory,
    planned: Iterable[Sitting],
    rounds: int,
    report: Callable[[Sitting], None] = lambda sitting: None,
    did_one: Callable[[], None] = lambda: None,
) -> Iterator[Timing]:
    """Yield a timing for every entrant of every sitting; one that failed is told and not asked again.

    Args:
        laboratory: data, weights and processes.
        planned: the sittings, process by process.
        rounds: blocks that each entrant trains in a sitting.
        report: told each sitting as it begins; did_one: called when it has ended.
    """
    process = None
    given_up: set[Entrant] = set()
    for sitting in planned:
        if sitting.process != process:
            laboratory.renew()
            process = sitting.process
        report(sitting)
        for timing in sit(laboratory, without(sitting, given_up), rounds):
            if timing.status != "ok":
                given_up.add(timing.entrant)
            yield timing
        did_one()


def without(sitting: Sitting, given_up: Container[Entrant]) -> Sitting:
    """Return the sitting without the entrants that failed before."""
    willing = tuple(entrant for entrant in sitting.entrants if entrant not in given_up)
    return replace(sitting, entrants=willing)


@dataclass
class _Seat:
    """What is known of an entrant while its sitting lasts."""

    entrant: Entrant
    ready: dict[str, Any] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    failure: ContestantError | None = None


def sit(laboratory: Laboratory, sitting: Sitting, rounds: int) -> list[Timing]:
    """Prepare the entrants, then let each train a block in every round.

    Processes that do not run yet are started all at once, before anything is timed.
    """
    timeout = laboratory.experiment.run.timeout
    seats = [_Seat(entrant) for entrant in sitting.entrants]
    rng = np.random.default_rng([sitting.process, 4, sitting.group])

    def take_turns(turn: Callable[[_Seat], None], order: Iterable[int], gap: float = GAP_SECONDS) -> None:
        for index in order:
            seat = seats[index]
            if seat.failure is None:
                time.sleep(gap)
                try:
                    turn(seat)
                except ContestantError as error:
                    seat.failure = error

    def start(seat: _Seat) -> None:
        contestant_of(laboratory, seat.entrant).start()

    def prepare(seat: _Seat) -> None:
        ready = prepared(laboratory, seat.entrant, sitting.process)
        with understood():
            check_fields(ready, {"updates": AT_LEAST_1})
            timing_of(seat.entrant, sitting.process, ready, (), None)
        seat.ready = ready

    def train_block(seat: _Seat) -> None:
        contestant = contestant_of(laboratory, seat.entrant)
        answer = contestant.ask("block", timeout, updates=seat.ready["updates"])
        with understood():
            seat.blocks.append(Block(**answer))

    for seat in seats:
        contestant_of(laboratory, seat.entrant).launch()
    take_turns(start, range(len(seats)), 0.0)
    take_turns(prepare, rng.permutation(len(seats)))
    for order in balanced_orders(len(seats), rounds, rng):
        take_turns(train_block, order)
    return [timing_of(seat.entrant, sitting.process, seat.ready, seat.blocks, seat.failure) for seat in seats]


def balanced_orders(count: int, rounds: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Yield the order of a round: drawn at random for one, reversed for the next.

    Over the two, everybody's place is the same on average, so a drift that lasts favours nobody.
    """
    order: list[int] = []
    for number in range(rounds):
        order = order[::-1] if number % 2 else rng.permutation(count).tolist()
        yield order


def contestant_of(laboratory: Laboratory, entrant: Entrant) -> Contestant:
    """Return the process that an entrant lives in."""
    cell = entrant.cell
    return laboratory.contestant(cell.implementation, cell.threads, entrant.again, entrant.floor)


def prepared(laboratory: Laboratory, entrant: Entrant, process: int) -> dict[str, Any]:
    """Let an entrant be built and warmed up; the seeds take turns over the processes."""
    cell, run = entrant.cell, laboratory.experiment.run
    seed = run.seeds[process % len(run.seeds)]
    contestant = contestant_of(laboratory, entrant)
    if entrant.floor:
        return contestant.ask(
            "prepare_floor",
            run.timeout,
            sizes=laboratory.network(cell.objective).sizes,
            dtype=cell.dtype,
            batch_size=cell.batch_size,
            at_least=FLOOR_BLOCK_SECONDS,
        )
    return contestant.ask(
        "prepare",
        run.timeout,
        setting=laboratory.setting_of(cell, seed),
        batch_size=cell.batch_size,
        seed=seed,
        at_least=BLOCK_SECONDS,
    )


def timing_of(
    entrant: Entrant,
    process: int,
    ready: dict[str, Any],
    blocks: Sequence[Block],
    failure: ContestantError | None,
) -> Timing:
    """Return the record of an entrant's sitting."""
    return Timing(
        cell=entrant.cell,
        again=entrant.again,
        floor=entrant.floor,
        process=process,
        status="ok" if failure is None else failure.status,
        reason=None if failure is None else str(failure),
        updates_per_epoch=ready.get("updates_per_epoch", 1),
        settled=ready.get("settled", False),
        warm_up=tuple(Block(**block) for block in ready.get("warm_up", ())),
        blocks=tuple(blocks),
        compile_seconds=ready.get("compile_seconds"),
        host=platform.node() or None,
    )


def missing(planned: Iterable[Sitting], timings: Iterable[Timing], rounds: int) -> list[Sitting]:
    """Return the sittings that are not complete: a ratio needs the blocks of one round side by side."""
    done = {timing.key for timing in timings if timing.status == "ok" and len(timing.blocks) >= rounds}
    return [
        sitting
        for sitting in planned
        if not all((entrant, sitting.process) in done for entrant in sitting.entrants)
    ]
