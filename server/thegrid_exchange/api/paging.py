"""Pages of lists: sizes, and opaque tokens that fit one list, one caller and one filter only.

What is on a page is each handler's affair.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.secrets import Vault

DEFAULT_PAGE = 100


class Page(NamedTuple):
    """What a request asks for; `cursor` is empty on the first page."""

    size: int
    cursor: str
    purpose: str

    @property
    def limit(self) -> int:
        """Rows to read: one more than the page holds, to know whether there is another page."""
        return self.size + 1

    def number(self, first: int = 2**62) -> int:
        """The cursor as a number; `first` on the first page."""
        return int(self.cursor) if self.cursor else first


def page_of(vault: Vault, request: Any, owner: str, *filters: Any) -> Page:
    """The page that a list request asks for.

    Refused with PAGE_TOKEN_INVALID when the token was not made for this list, owner and filter.
    """
    name = type(request).__name__
    purpose = "\0".join(("page", name, owner, *(repr(each) for each in filters)))
    size = request.page_size or DEFAULT_PAGE
    if not request.page_token:
        return Page(size, "", purpose)
    cursor = vault.unseal(purpose, request.page_token)
    if cursor is None:
        raise refused(
            "PAGE_TOKEN_INVALID",
            "page_token",
            "this token was not given out for this list and filter; begin at the first page",
        )
    return Page(size, cursor.decode(), purpose)


def cut(vault: Vault, page: Page, rows: Sequence[Any], cursors: Sequence[Any]) -> tuple[Any, str]:
    """The rows of the page, and the token of the next one or nothing."""
    if len(rows) <= page.size:
        return rows, ""
    return rows[: page.size], after(vault, page, str(cursors[page.size - 1]))


def after(vault: Vault, page: Page, cursor: str) -> str:
    """The token of the page after a cursor; nothing for none."""
    return vault.seal(page.purpose, cursor.encode()) if cursor else ""
