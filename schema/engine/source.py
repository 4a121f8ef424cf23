"""The text of generated functions."""

INDENT = " "


class Function:
    """The text of one function in the making."""

    def __init__(self, name: str, parameters: str) -> None:
        self.name = name
        self.head = [f"def {name}({parameters}):"]
        self.body: list[str] = []
        self.tail: list[str] = []
        self.depth = 1
        self.seen: set[str] = set()

    def line(self, text: str) -> None:
        self.body.append(INDENT * self.depth + text)

    def first(self, text: str) -> None:
        """A line before all others, once."""
        if text not in self.seen:
            self.seen.add(text)
            self.head.append(INDENT + text)

    def last(self, text: str) -> None:
        """A line after all others, of which the first comes first."""
        self.tail.append(INDENT + text)

    @property
    def lines(self) -> list[str]:
        return [*self.head, *self.body, *self.tail]

    def once_for(self, v: str, start: int) -> None:
        """Leave out the lines since `start` where the variable `v` is the object it last was.

        What they assign is then still there: they have to depend on nothing else.
        """
        last = f"last_{v}"
        self.first(f"{last} = absent")
        indent = INDENT * self.depth
        lines = [INDENT + line for line in self.body[start:]]
        self.body[start:] = [
            f"{indent}if {v} is not {last}:",
            *lines,
            f"{indent}{INDENT}{last} = {v}",
        ]
