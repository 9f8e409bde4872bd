"""A pipeline's plan: every stage projected in its order from what the stages before it make, and what was planned beside what came of it.

A stage that is done hands on what is there. What is planned of a stage stands in ROOT/plan.json until the stage is done, and then stays, as long as its configuration does: a plan that is made again afterwards would only repeat the result.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import Damaged, StoreError
from curate.pipeline import look
from curate.planning import actual
from curate.planning.evidence import Evidence
from curate.planning.known import Assumed, Known, Made, Projector, size_of
from curate.planning.pilot import GENERATE, Piloted, pilot
from curate.planning.stages import given_flow
from curate.planning.values import Flow, Size, Value, added, exact
from curate.records import digest
from curate.stage import Output, Pipeline, Stage, Status
from curate.storage import LocalPlace

FILE = "plan.json"
VERSION = 1  # of plan.json
COMPARED = ("samples", "tokens", "rows", "trained", "hours")  # planned against actual
SUMMED = ("samples", "tokens", "trained", "disk", "hours", "accelerator_hours", "usd")
UNSEEN = ("part", "unchecked")

Numbers = Mapping[str, Value]


class Spending(NamedTuple):
    """USD per million tokens that a server reads and writes, and USD per hour of an accelerator or of this machine."""

    read: float | None = None
    written: float | None = None
    hour: float | None = None


FREE = Spending()


@dataclass(frozen=True, slots=True)
class Row:
    """A stage in a plan. `planned` is None where it was done before anything was planned, `actual` where it is not done; `kind` is empty where nothing knows how to project it."""

    stage: str
    kind: str
    state: str
    identity: str
    planned: Numbers | None
    actual: Numbers | None
    notes: tuple[str, ...] = ()

    @property
    def numbers(self) -> Numbers:
        """What there is, else what is planned."""
        return self.actual or self.planned or {}


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages, what of a pilot there was, data sets to look at by stage, and the hours of others to compare with: (group, their hours, its stages)."""

    pipeline: str
    about: str
    rows: tuple[Row, ...]
    pilot: str
    look_at: Mapping[str, Sequence[str]]
    paper: Sequence[tuple[str, float, Sequence[str]]] = ()

    @property
    def totals(self) -> dict[str, Value]:
        """The sums over all stages, of what there is of each."""
        names = [name for name in SUMMED if any(name in row.numbers for row in self.rows)]
        return {name: added(row.numbers[name] for row in self.rows if name in row.numbers) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: plan.json and what --json prints."""

        def numbers(of: Numbers | None) -> dict[str, Any] | None:
            return None if of is None else {name: value.as_dict() for name, value in of.items()}

        stages = {
            row.stage: {
                "kind": row.kind or None,
                "state": row.state,
                "identity": row.identity,
                "planned": numbers(row.planned),
                "actual": numbers(row.actual),
                "notes": list(row.notes),
            }
            for row in self.rows
        }
        return {
            "version": VERSION,
            "pipeline": self.pipeline,
            "pilot": self.pilot,
            "look_at": {stage: list(names) for stage, names in self.look_at.items()},
            "stages": stages,
            "totals": numbers(self.totals),
            "paper": [{"group": name, "hours": hours, "stages": list(stages)} for name, hours, stages in self.paper],
        }


def make(
    pipeline: Pipeline,
    root: Path,
    projectors: Mapping[str, Projector],
    assumed: Assumed,
    *,
    n: int = 200,
    spending: Spending = FREE,
    paper: Sequence[tuple[str, float, Sequence[str]]] = (),
    say: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.time,
) -> Plan:
    """Plan a pipeline whose results are in `root`, with a pilot of `n` prompts (0: none), and write it to ROOT/plan.json.

    Raises a CurateError: Damaged for a plan.json that cannot be read, StoreError where none can be written, Stopped where a pilot was interrupted and the same call goes on.
    """
    before = _read(root / FILE)
    statuses = {status.stage.name: status for status in look(pipeline, root)}
    piloted = pilot(pipeline, root, statuses, n, say) if n else Piloted(None, "no pilot was asked for")
    if n:
        statuses = {status.stage.name: status for status in look(pipeline, root)}
    plan = _Planning(pipeline, projectors, assumed, spending, piloted, before).plan(statuses, paper)
    text = json.dumps({**plan.as_dict(), "made": clock()}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    try:
        root.mkdir(parents=True, exist_ok=True)
        LocalPlace(root).write(FILE, text.encode())
    except OSError as error:
        raise StoreError.writing(root / FILE, error) from error
    return plan


def unseen(stage: Stage) -> list[str]:
    """The data sets of a stage of prompts that were not looked at, or only in part, each once."""
    sources = [s for s in stage.config.get("sources", []) if isinstance(s, Mapping) and s.get("known") in UNSEEN]
    return list(dict.fromkeys(f"{s['name'].partition('?')[0]} ({s['known']})" for s in sources))


class _Planning:
    """One pass over the stages."""

    def __init__(
        self,
        pipeline: Pipeline,
        projectors: Mapping[str, Projector],
        assumed: Assumed,
        spending: Spending,
        piloted: Piloted,
        before: Mapping[str, Any],
    ) -> None:
        self.pipeline, self.projectors, self.assumed, self.spending, self.piloted, self.before = (
            pipeline,
            projectors,
            assumed,
            spending,
            piloted,
            before,
        )
        self.flows: dict[Output, Flow] = {}
        self.sizes: dict[Output, Size] = {}
        self.evidence: list[Evidence] = [piloted.evidence] if piloted.evidence else []
        self.rates: dict[str, Value] = {}
        self.here: Value | None = None  # hours of this machine for one of the assumed accelerator

    def plan(self, statuses: Mapping[str, Status], paper: Sequence[tuple[str, float, Sequence[str]]]) -> Plan:
        self._measure(statuses)
        rows = tuple(self._row(statuses[stage.name]) for stage in self.pipeline.stages)
        due = [stage for stage in self.pipeline.stages if statuses[stage.name].state != "done"]
        look_at = {stage.name: found for stage in due if (found := unseen(stage))}
        evidence = self.piloted.evidence
        return Plan(self.pipeline.name, self.pipeline.about, rows, evidence.source if evidence else self.piloted.why, look_at, paper)

    def _known(self, stage: Stage) -> Known:
        flows, sizes = {}, {}
        for name, source in stage.inputs.items():
            size, flow = None, None
            if isinstance(source, Output):
                flow, size = self.flows.get(source), self.sizes.get(source)
            elif Path(source.path).is_dir():
                dataset = actual.dataset_at(Path(source.path))
                flow, size = (actual.flow_of(dataset) if dataset else None), size_of(Path(source.path))
            elif Path(source.path).is_file():
                flow = given_flow(Path(source.path))
            if size is not None:
                sizes[name] = size
            elif flow:
                flows[name] = flow
        return Known(stage, flows, sizes, self.assumed, tuple(self.evidence))

    def _row(self, status: Status) -> Row:
        stage = status.stage
        identity = digest([stage.run, json.loads(json.dumps(stage.config, default=dict))])
        projector = self.projectors.get(stage.run)
        made = projector(self._known(stage)) if projector else Made("")
        planned: Numbers | None = self._priced(made)
        numbers: dict[str, Value] | None = None
        if status.state == "done":
            numbers = actual.numbers(status)
            if not made.served and self.spending.hour is not None and "hours" in numbers:
                numbers["usd"] = numbers["hours"] * self.spending.hour
            told = self.before.get("stages", {}).get(stage.name, {})
            kept = told.get("planned") if told.get("identity") == identity else None
            planned = None if kept is None else {name: Value.of(value) for name, value in kept.items()}
            self._hand_on(status)
        else:
            for name in stage.outputs:
                if made.size is not None:
                    self.sizes[stage[name]] = made.size
                if made.flow:
                    self.flows[stage[name]] = made.flow
        return Row(stage.name, made.kind, status.state, identity, planned, numbers, () if status.state == "done" else made.notes)

    def _hand_on(self, status: Status) -> None:
        for name in status.stage.outputs:
            if (flow := actual.flow(status, name)) or not (size := actual.size(status, name)):
                self.flows[status.stage[name]] = flow
            else:
                self.sizes[status.stage[name]] = size
        if (found := actual.evidence(status)) is not None:
            self.evidence.insert(0, found)

    def _measure(self, statuses: Mapping[str, Status]) -> None:
        """What stages that are done, and the pilot, say of how fast this machine is. Of work that was not seen here, its hours are to those of sampling as they are assumed to be."""
        amounts: dict[str, tuple[float, float, list[str]]] = {}
        for stage in self.pipeline.stages:
            status, projector = statuses[stage.name], self.projectors.get(stage.run)
            if status.state != "done" or projector is None or not status.seconds:
                continue
            work = projector(Known(stage, {}, {}, self.assumed)).work
            amount = actual.numbers(status).get(work.unit) if work else None
            if work and amount and amount.value:
                total, seconds, names = amounts.get(work.key, (0.0, 0.0, []))
                amounts[work.key] = (total + amount.value, seconds + status.seconds, [*names, stage.name])
                self._scaled(amount.value / status.seconds, _answering(stage, statuses), f"the speed of {stage.name} here")
        for key, (total, seconds, names) in amounts.items():
            self.rates[key] = exact(total / seconds, f"the speed of {', '.join(names)} here")
        piloted, rate = self.piloted.stage, self.piloted.rate
        if piloted is not None and rate:
            work = self.projectors[piloted.run](Known(piloted, {}, {}, self.assumed)).work
            if work is not None:
                self.rates.setdefault(work.key, exact(rate, "the pilot's speed here"))
            if self.here is None:
                self._scaled(rate, self.piloted.size, "the pilot's speed here")

    def _scaled(self, rate: float, size: Size | None, source: str) -> None:
        """This machine beside the assumed accelerator, from the tokens a second that a model samples at."""
        if size is not None and size.active.value:
            sampled = rate * 2 * size.active.value
            self.here = exact(
                self.assumed["peak"].value * self.assumed["decoding"].value / sampled, f"other work in proportion to {source}"
            )

    def _priced(self, made: Made) -> Numbers:
        """The numbers with hours, of this machine where its speed is known and else of an accelerator, and with money."""
        found, work = dict(made.numbers), made.work
        priced = made.served and self.spending.written is not None
        if work is not None and not priced:
            amount = found.get(work.unit)
            if work.key in self.rates and amount is not None:
                found["hours"] = amount.over(self.rates[work.key] * 3600)
            elif work.hours is not None and work.hours.value:
                found["accelerator_hours" if self.here is None else "hours"] = work.hours if self.here is None else work.hours * self.here
        if priced:
            assert self.spending.read is not None
            assert self.spending.written is not None
            nothing = exact(0.0)
            found["usd"] = (found.get("read", nothing) * self.spending.read + found.get("tokens", nothing) * self.spending.written).over(
                1e6
            )
        elif self.spending.hour is not None and (spent := found.get("hours") or found.get("accelerator_hours")):
            found["usd"] = spent * self.spending.hour
        return found


def _answering(stage: Stage, statuses: Mapping[str, Status]) -> Size | None:
    """The size of the model that a stage of samples asked, where it is here; None for any other stage."""
    source = stage.inputs.get("model")
    if stage.run != GENERATE or source is None:
        return None
    if isinstance(source, Output):
        return actual.size(statuses[source.stage], source.name)
    return size_of(Path(source.path)) if Path(source.path).is_dir() else None


def _read(path: Path) -> Mapping[str, Any]:
    """An earlier plan; empty where there is none or it is of another version."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        for told in found["stages"].values():
            for value in (told["planned"] or {}).values():
                Value.of(value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} cannot be read: remove it, and what was planned before is forgotten") from error
    return found if found.get("version") == VERSION else {}
