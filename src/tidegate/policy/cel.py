"""CEL, wrapped: the one module that knows `cel-expr-python` and protobuf.

Conditions are compiled against message types made from `facts.py` (a `World` of them), so that an unknown field or a
wrong type is an error on loading. An evaluation is True, False or a `Failure`, never an exception.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec
from cel_expr_python import cel  # pyright: ignore[reportMissingTypeStubs]
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from tidegate.policy.facts import CLOSED, CLOSED_OF_QUEUES, Facts, QueueFacts
from tidegate.signals.model import Match

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    str: _Field.TYPE_STRING,
    int: _Field.TYPE_INT64,
    bool: _Field.TYPE_BOOL,
    float: _Field.TYPE_DOUBLE,
}
_PACKAGE = "tidegate"


class Failure(msgspec.Struct, frozen=True):
    """A condition that could not be evaluated on these facts, and why."""

    message: str


class Flaw(msgspec.Struct, frozen=True):
    """Something wrong in a condition's source; line and column count from 1 within it."""

    line: int
    column: int
    message: str


class World:
    """What conditions of one sort may read: variables, each a Struct or a list of it, and what `closed` fields can
    be. The types of CEL are made from them."""

    def __init__(self, facts: type[msgspec.Struct], closed: Mapping[str, tuple[str, ...]]) -> None:
        self.variables, self.lists = _schema(facts)
        self.closed = closed
        # What a single value of a variable is called in messages: `matches` is a list of `match`.
        self._names = {
            name: "match" if struct is Match else name for name, struct in self.variables.items()
        }
        pool = self._pool()
        self.env = self._environment(pool, frozenset(self.variables))
        # An expression uses a variable exactly when it does not compile where that variable is missing.
        self._without = {
            name: self._environment(pool, frozenset(self.variables) - {name})
            for name in self.variables
        }
        self.messages: dict[str, Callable[..., Any]] = {
            name: message_factory.GetMessageClass(
                pool.FindMessageTypeByName(f"{_PACKAGE}.{self._names[name]}")
            )
            for name in self.variables
        }

    def fields(self, name: str) -> tuple[str, ...]:
        return self.variables[name].__struct_fields__

    def uses(self, source: str) -> frozenset[str]:
        """The paths that an expression reads, or more, never fewer.

        Every look at a variable starts with its name, so where each occurrence of the name (be it in a
        string) is followed by a field, these fields are all there is; else it may be all of them.
        """
        uses: set[str] = set()
        for name, env in self._without.items():
            if _compiles(env, source):
                continue
            if name in self.lists:
                uses.add(name)
                continue
            read = set(re.findall(rf"\b{name}\b(?:\s*\.\s*(\w+))?", source))
            known = self.fields(name)
            uses.update(f"{name}.{field}" for field in (read if read <= set(known) else known))
        return frozenset(uses)

    def _pool(self) -> descriptor_pool.DescriptorPool:
        file = descriptor_pb2.FileDescriptorProto(
            name="tidegate/facts.proto",
            package=_PACKAGE,
            syntax="proto3",
            dependency=["google/protobuf/timestamp.proto"],
        )
        for name, struct in self.variables.items():
            message = file.message_type.add(name=self._names[name])
            for field, annotation in get_type_hints(struct, include_extras=True).items():
                _add_field(message, field, annotation)
        pool = descriptor_pool.DescriptorPool()
        timestamps = descriptor_pb2.FileDescriptorProto()
        timestamp_pb2.DESCRIPTOR.CopyToProto(timestamps)
        pool.Add(timestamps)
        pool.Add(file)
        return pool

    def _environment(self, pool: descriptor_pool.DescriptorPool, names: frozenset[str]) -> cel.Env:
        types: dict[str, cel.Type] = {}
        for name in names:
            type_ = cel.Type(f"{_PACKAGE}.{self._names[name]}")
            types[name] = cel.Type.List(type_) if name in self.lists else type_
        return cel.NewEnv(pool, variables=types)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _schema(facts: type[msgspec.Struct]) -> tuple[dict[str, type[msgspec.Struct]], set[str]]:
    """The variables (name → Struct), and which of them are lists of it."""
    structs: dict[str, type[msgspec.Struct]] = {}
    lists: set[str] = set()
    for name, annotation in get_type_hints(facts).items():
        if get_origin(annotation) is list:
            lists.add(name)
            annotation = get_args(annotation)[0]
        structs[name] = annotation
    return structs, lists


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, annotation: Any) -> None:
    """One field of a message, from a Struct's annotation. Raises TypeError for other types."""
    annotation = _bare(annotation)
    field = message.field.add(name=name, number=len(message.field) + 1, label=_Field.LABEL_OPTIONAL)
    if get_origin(annotation) is list:
        field.label = _Field.LABEL_REPEATED
        annotation = _bare(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        annotation = str
    if annotation is datetime:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = ".google.protobuf.Timestamp"
    elif annotation == dict[str, str]:
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        for number, part in enumerate(("key", "value"), 1):
            entry.field.add(
                name=part, number=number, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL
            )
        field.label = _Field.LABEL_REPEATED
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
    elif annotation in _SCALARS:
        field.type = _SCALARS[annotation]
    else:
        raise TypeError(f"{message.name}.{name}: rules cannot see values of type {annotation}")


RULES = World(Facts, CLOSED)
"""What the rules of a pack read: an item as it is judged."""
QUEUES = World(QueueFacts, CLOSED_OF_QUEUES)
"""What the rules for queues read: a case as its row shows it."""


class Inputs:
    """Facts in the form that conditions are evaluated on."""

    __slots__ = ("_values", "activation")

    def __init__(self, values: Mapping[str, Any], world: World = RULES) -> None:
        self._values = values
        self.activation = world.env.Activation(values)

    def with_matches(self, matches: list[Match]) -> "Inputs":
        """The same facts, but with these matches."""
        return Inputs({**self._values, "matches": _messages("matches", matches)})


class Binding:
    """Turns facts into inputs, and only what the given conditions use of them: a whole revision
    costs several times as much as the two or three fields that most packs look at.
    """

    __slots__ = ("_lists", "_singles", "_world")

    def __init__(self, uses: frozenset[str], world: World = RULES) -> None:
        variables = {path.split(".")[0] for path in uses}
        self._world = world
        self._lists = sorted(variables & world.lists)
        self._singles: list[tuple[str, Callable[..., Any], list[str]]] = []
        for name in sorted(variables - world.lists):
            fields = [field for field in world.fields(name) if f"{name}.{field}" in uses]
            self._singles.append((name, world.messages[name], fields))

    def reads(self, facts: msgspec.Struct) -> tuple[Hashable, ...] | None:
        """All that the conditions see of these facts: of two for which this is equal they say the same. None
        where a list has anything in it."""
        if any(getattr(facts, name) for name in self._lists):
            return None
        return tuple(
            [
                _told(getattr(getattr(facts, name), field))
                for name, _, fields in self._singles
                for field in fields
            ]
        )

    def inputs(self, facts: msgspec.Struct) -> Inputs:
        """Raises ValueError or TypeError for facts that CEL cannot hold (an integer beyond 64
        bits, a lone surrogate).
        """
        values: dict[str, Any] = {}
        for name, message, fields in self._singles:
            value = getattr(facts, name)
            values[name] = message(**{field: getattr(value, field) for field in fields})
        for name in self._lists:
            values[name] = _messages(name, getattr(facts, name))
        return Inputs(values, self._world)


def _told(value: Any) -> Hashable:
    """A value of a fact, as one that can be compared by its hash; attributes cannot."""
    return tuple(cast(list[Hashable], value)) if isinstance(value, list) else value


def _messages(name: str, values: list[Any]) -> list[Any]:
    message = RULES.messages[name]
    return [message(**msgspec.structs.asdict(value)) for value in values]


class Condition:
    """A compiled condition: its source, and what it uses: paths such as `item.publicness`, or just
    the variable for a list.
    """

    __slots__ = ("_expression", "source", "uses")

    def __init__(self, source: str, expression: cel.Expression, uses: frozenset[str]) -> None:
        self.source = source
        self.uses = uses
        self._expression = expression

    def __repr__(self) -> str:
        return f"Condition({self.source!r})"

    def evaluate(self, inputs: Inputs) -> bool | Failure:
        try:
            value = self._expression.eval(inputs.activation).value()
        except RuntimeError as error:  # a budget was exceeded; other errors come as values
            return Failure(_clean(str(error)))
        # Errors are values too, and truthy ones: nothing but the two booleans counts.
        if value is True or value is False:
            return value
        return Failure(_clean(str(value)))


_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


def _clean(message: str) -> str:
    return _STATUS.sub("", message)[:300]


def compile_condition(source: str, world: World = RULES) -> Condition | list[Flaw]:
    """Compile and check one condition; what is wrong with it otherwise, in the order found."""
    try:
        expression = world.env.compile(source)
    except RuntimeError as error:
        return _flaws(str(error))
    result = expression.return_type()
    if result != cel.Type.BOOL:
        return [Flaw(1, 1, f"a condition must be true or false, this is {result.name().lower()}")]
    if b"to_dyn" in expression.serialize() and (found := re.search(r"\bdyn\s*\(", source)):
        line = source.count("\n", 0, found.start()) + 1
        column = found.start() - source.rfind("\n", 0, found.start())
        return [Flaw(line, column, "dyn() would switch off the type check")]
    return Condition(source, expression, world.uses(source))


def any_of(rules: list[list[Condition]]) -> Condition | None:
    """One condition that is false exactly when in each of `rules` some condition is false.

    None when they are too many for one expression.
    """
    # The line breaks end a trailing comment.
    source = " || ".join(
        "(" + " && ".join(f"({condition.source}\n)" for condition in rule) + ")" for rule in rules
    )
    try:
        expression = RULES.env.compile(source)
    except RuntimeError:
        return None
    uses = frozenset[str]().union(*(condition.uses for rule in rules for condition in rule))
    return Condition(source, expression, uses)


def _compiles(env: cel.Env, source: str) -> bool:
    try:
        env.compile(source)
    except RuntimeError:
        return False
    return True


def _flaws(message: str) -> list[Flaw]:
    found = [
        Flaw(max(int(line), 1), max(int(column), 1), text)
        for line, column, text in _ERROR.findall(message)
    ]
    return found or [Flaw(1, 1, _clean(message))]
