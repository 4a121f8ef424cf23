"""The text of generated functions."""

INDENT = " "


class Function:
    """The text of one function in the making."""

    def __init__(self, name: str, parameters: str) -> None:
        self.name = name
        self.head = [f"def {name}({parameters}):"]
        self.body: list[str] = []
        self.depth = 1
        self.seen: set[str] = set()

    def line(self, text: str) -> None:
        self.body.append(INDENT * self.depth + text)

    def first(self, text: str) -> None:
        """A line before all others, once."""
        if text not in self.seen:
            self.seen.add(text)
            self.head.append(INDENT + text)
