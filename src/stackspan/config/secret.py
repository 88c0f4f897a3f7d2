"""A value that must not be seen."""

from __future__ import annotations

from typing import Final


class Secret:
    """A password or key. Only `reveal` gives the text; `repr`, `str`, formatting and logs show stars."""

    __slots__ = ("_text",)
    HIDDEN: Final = "***"

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the one call that needs it, never to be kept."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({self.HIDDEN!r})"

    def __str__(self) -> str:
        return self.HIDDEN

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> str:
        raise TypeError("A secret isn't pickled.")
