"""Which machine is meant where it is told by what it does or where it stands, not by its name (R13).

"The thing that puts the caps on", "la que pega etiquetas", "maszyna od kartonów", "der Automat hinter dem Ofen": the
kind of work in a machine's own names is held against the words of the message, on the line that is meant. One fits: it
is that one. Several fit: they are asked about. What contradicts is never linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.index import PlantIndex
from nlp.machines import NO_SENSE, NOTHING, Sense, machine_words, profile, sense
from nlp.naming import Ground, Mention
from nlp.tokens import Token, fold
from workflow.reading import Context

SURE = 0.78  # told by its kind: weaker than any name
_WINDOW = 7  # tokens in which a description is told
_MOST_ASSETS = 400  # of a plant, where no line says which are meant


@dataclass(frozen=True, slots=True)
class _Told:
    """A description in the message."""

    start: int
    end: int
    does: frozenset[str]
    things: frozenset[str]
    named: bool  # by the name of a kind: "the labeller"
    roots: frozenset[str] = NOTHING  # how its longer words begin


def with_described(index: PlantIndex, ground: Ground, mentions: Sequence[Mention], context: Context) -> list[Mention]:
    """The mentions, with a machine that is told by its kind or place where none is named."""
    senses = [sense(t.norm, ground.compounds) if t.kind == "word" else NO_SENSE for t in ground.tokens]
    if not any(s is not NO_SENSE for s in senses):
        return list(mentions)
    if any("elsewhere" in here for here in ground.spans) or any(m.what == "utility" for m in mentions):
        return list(mentions)  # "the label printer in the warehouse", "compressed air": at no machine of a line
    beside = _only_places(ground.tokens, senses, mentions)
    named = [m for m in mentions if m.what == "asset" and m not in beside]
    if named:
        return [m for m in mentions if m not in beside]
    candidates = _candidates(index, mentions, beside, context)
    if not beside:
        beside = _named_by_place(index, ground, senses, candidates, context)
    told = _told(ground, senses, mentions, beside)
    for one in told:
        ids = _fitting(index, one, candidates, context)
        if not ids:
            continue
        kept = [m for m in mentions if m not in beside and not (m.what == "item" and one.start <= m.start < one.end)]
        return sorted(
            [*kept, Mention("asset", ids, one.start, one.end, SURE, "told by its kind")], key=lambda m: m.start
        )
    if beside:
        return _by_place(index, ground, senses, mentions, beside, context)
    return list(mentions)


def _named_by_place(
    index: PlantIndex, ground: Ground, senses: Sequence[Sense], candidates: Sequence[str], context: Context
) -> list[Mention]:
    """ "hinter dem Füller", where the plant calls it otherwise: told by its kind, only to say where."""
    out = []
    for i, own in enumerate(senses):
        place = _place_before(ground.tokens, i) if own.names else None
        if place is None or not _machine_before(ground.tokens, senses, (), place):
            continue
        ids = _fitting(index, _Told(i, i + 1, own.names, NOTHING, named=True), candidates, context)
        if len(ids) == 1:
            out.append(Mention("asset", ids, i, i + 1, SURE, "told by its kind"))
    return out


def _candidates(
    index: PlantIndex, mentions: Sequence[Mention], beside: Sequence[Mention], context: Context
) -> tuple[str, ...]:
    """The assets of the lines that are meant: named, of the machine beside, of the thread, of the sender; else all."""
    lines: list[str] = [m.ids[0] for m in mentions if m.what == "line" and len(m.ids) == 1]
    lines = lines or [index.plant.asset[i].line for m in beside for i in m.ids]
    if not lines and context.thread is not None and context.thread.line:
        lines = [context.thread.line]
    lines = lines or list(context.sender.lines)
    if not lines and len(index.plant.asset) > _MOST_ASSETS:
        return ()
    here = [line for line in index.plant.lines if not lines or line.id in lines]
    return tuple(asset.id for line in here for asset in line.assets)


def _fitting(index: PlantIndex, told: _Told, candidates: Sequence[str], context: Context) -> tuple[str, ...]:
    """The candidates that fit best; none where nothing fits or too many do."""
    scored: dict[str, float] = {}
    for asset in candidates:
        own = profile(index, asset)
        work = len(told.does & (own.names if told.named else own.does))
        if told.does and not work:
            continue
        score = 2.0 * work + len(told.things & own.things) + 0.5 * len(told.does & own.names)
        if score and any(told.things & machine_words().handles[kind] for kind in own.names):
            score += 0.25  # "makes the pallets": the palletiser before the labeller of pallets
        if score and any(root in name for root in told.roots for name in _called(index, asset)):
            score += 0.5  # "fardos" stands in "enfardadora"
        if score > 0:
            scored[asset] = score
    if not scored:
        return ()
    best = max(scored.values())
    fit = tuple(asset for asset, score in scored.items() if score == best)
    thread = context.thread
    if thread is not None and any(asset in thread.assets for asset in fit):
        fit = tuple(asset for asset in fit if asset in thread.assets)
    return fit if len(fit) <= 3 else ()


def _called(index: PlantIndex, asset: str) -> list[str]:
    of = index.plant.asset[asset]
    return [fold(name) for name in (of.name, *of.aliases)]


def _told(
    ground: Ground, senses: Sequence[Sense], mentions: Sequence[Mention], beside: Sequence[Mention]
) -> list[_Told]:
    """Descriptions, the likeliest first: "the thing that …", then "label machine", then the name of a kind alone."""
    taken = {i for m in mentions if m.what in ("line", "person", "lot", "order") for i in range(m.start, m.end)}
    taken |= {i for m in beside for i in range(m.start, m.end)} | ground.timed
    tokens = ground.tokens
    out = []
    for i in range(len(tokens)):
        opened = _opens(tokens, i) if i == 0 or not _inside_a_name(i, mentions) else 0
        if opened:
            found = _within(tokens, senses, i + opened, taken)
            made = any(t.norm in machine_words().makes for t in tokens[i + opened : i + opened + _WINDOW])
            if found is not None and (found.does or made):
                out.append(replace(found, start=i))
    for i, own in enumerate(senses):
        if not own.head or i in taken:
            continue
        behind = _within(tokens, senses, i + 1, taken) if _goes_on(ground, i + 1) else None
        before = _before(tokens, senses, i, taken)
        if before is not None:
            out.append(before)
        elif behind is not None and (behind.does or behind.things):
            out.append(replace(behind, start=i))
    for i, own in enumerate(senses):
        if own.names and i not in taken and not _inside_a_name(i, mentions) and not _counted(ground, i):
            things = NOTHING
            for j in (*range(max(0, i - 1), i), *range(i + 1, min(len(tokens), i + 4))):
                if any(tokens[k].breaks for k in range(min(i, j), max(i, j) + 1)):
                    continue
                things |= senses[j].things
            out.append(_Told(i, i + 1, own.names, things, named=True))
    return out


def _inside_a_name(i: int, mentions: Sequence[Mention]) -> bool:
    return any(m.start <= i < m.end for m in mentions)


def _counted(ground: Ground, i: int) -> bool:
    """ "two rewinder lads", "3 welders": people."""
    return any(n.end == i and n.value >= 2 and not n.article for n in ground.numbers)


def _opens(tokens: Sequence[Token], i: int) -> int:
    """How many words of "the one that" stand here."""
    opens = machine_words().opens
    for length in (4, 3, 2, 1):
        if i + length < len(tokens) and tuple(t.norm for t in tokens[i : i + length]) in opens:
            return length
    return 0


def _goes_on(ground: Ground, i: int) -> bool:
    return (
        i < len(ground.tokens)
        and (ground.tokens[i].norm in machine_words().joins or ground.tokens[i].kind == "word")
        and not (ground.tokens[i].breaks)
    )


def _within(tokens: Sequence[Token], senses: Sequence[Sense], start: int, taken: set[int]) -> _Told | None:
    """What is told from here on, to the next break."""
    does: frozenset[str] = NOTHING
    things: frozenset[str] = NOTHING
    joined = start < len(tokens) and (
        tokens[start].norm in machine_words().joins or tokens[start - 1].norm in machine_words().joins or start > 1
    )
    end = start
    for i in range(start, min(len(tokens), start + _WINDOW)):
        if tokens[i].breaks or tokens[i].norm in ("hai", "hain", "h") or i in taken:
            break
        own = senses[i]
        if own.names or own.does:
            does = does | own.does if own.does else does | own.names
            end = i + 1
            if things:
                break  # "that puts the labels on keeps stopping": the work is told
        if own.things and things and i > end + 1:
            break  # "la que hace los fardos se come el plástico": what follows is the trouble
        if own.things:
            things |= own.things
            end = i + 1
            if does:
                break
    if not joined or not (does or things):
        return None
    roots = frozenset(tokens[i].norm[:4] for i in range(start, end) if senses[i].things and len(tokens[i].norm) >= 5)
    return _Told(start, end, does, things, named=False, roots=roots)


def _before(tokens: Sequence[Token], senses: Sequence[Sense], i: int, taken: set[int]) -> _Told | None:
    """ "label machine", "belt thing", "carton banane wali machine": what stands right before the machine."""
    does: frozenset[str] = NOTHING
    things: frozenset[str] = NOTHING
    start = i
    for j in range(i - 1, max(-1, i - 5), -1):
        if tokens[j].breaks or j in taken:
            break
        own = senses[j]
        if own is NO_SENSE and tokens[j].norm not in ("wali", "wala", "vali", "vaali", "waali", "karne"):
            break
        does |= own.does | own.names
        things |= own.things
        start = j
    return _Told(start, i + 1, does, things, named=False) if does or things else None


def _only_places(tokens: Sequence[Token], senses: Sequence[Sense], mentions: Sequence[Mention]) -> list[Mention]:
    """Machines that are named only to tell where another stands: "robot za engelem"."""
    out = []
    for m in mentions:
        if m.what != "asset":
            continue
        place = _place_before(tokens, m.start)
        if place is not None and _machine_before(tokens, senses, mentions, place):
            out.append(m)
    return out


def _machine_before(
    tokens: Sequence[Token], senses: Sequence[Sense], mentions: Sequence[Mention], place: int
) -> bool:  # fmt: skip
    """Whether what stands there is a machine itself: "robot za engelem", not "oil behind the press"."""
    for j in range(place - 1, max(-1, place - 4), -1):
        if tokens[j].breaks:
            return False
        other = any(o.what == "asset" and o.start <= j < o.end for o in mentions)
        if other or senses[j].head or senses[j].names:
            return True
    return False


def _place_before(tokens: Sequence[Token], i: int) -> int | None:
    """Where a "behind the" begins that ends at this token."""
    for skip in (0, 1):
        for length in (3, 2, 1):
            start = i - skip - length
            if start >= 0 and tuple(t.norm for t in tokens[start : i - skip]) in machine_words().places:
                return start
    return None


def _by_place(
    index: PlantIndex, ground: Ground, senses: Sequence[Sense], mentions: Sequence[Mention], beside: Sequence[Mention],
    context: Context,
) -> list[Mention]:  # fmt: skip
    """ "the machine behind the oven", and nothing said of what it does: its neighbours, to be asked about."""
    mark = beside[0]
    kept = [m for m in mentions if m not in beside]
    if len(mark.ids) != 1:
        return kept
    line = index.plant.line[index.plant.asset[mark.ids[0]].line]
    order = [asset.id for asset in line.assets]
    at = order.index(mark.ids[0])
    near = tuple(order[i] for i in (at + 1, at - 1) if 0 <= i < len(order))
    told = _within(ground.tokens, senses, mark.end, set())
    fit = _fitting(index, told, near, context) if told is not None and told.does else ()
    near = fit if len(fit) == 1 else near
    if len(near) < 2 and not fit:
        return kept
    return sorted(
        [*kept, replace(mark, ids=near, confidence=SURE, why="told by where it stands")], key=lambda m: m.start
    )
