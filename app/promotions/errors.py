"""Why a code is of no use."""

from enum import StrEnum

from app.errors import DomainError


class PromotionRefusal(StrEnum):
    """Why a code does not make a stay cheaper."""

    # Also for codes of others and of other places: nobody finds out which codes there are.
    NOT_VALID = "NOT_VALID"
    NOT_YET = "NOT_YET"
    OVER = "OVER"
    USED_UP = "USED_UP"
    USED_BY_GUEST = "USED_BY_GUEST"
    TOO_FEW_NIGHTS = "TOO_FEW_NIGHTS"
    AMOUNT_TOO_SMALL = "AMOUNT_TOO_SMALL"
    OTHER_DATES = "OTHER_DATES"


MESSAGES = {
    PromotionRefusal.NOT_VALID: "This code is not valid for this place.",
    PromotionRefusal.NOT_YET: "This code cannot be used yet.",
    PromotionRefusal.OVER: "This code cannot be used any more.",
    PromotionRefusal.USED_UP: "This code has been used as often as it could be.",
    PromotionRefusal.USED_BY_GUEST: "You have used this code as often as you can.",
    PromotionRefusal.TOO_FEW_NIGHTS: "This code is for longer stays.",
    PromotionRefusal.AMOUNT_TOO_SMALL: "This code is for stays that cost more.",
    PromotionRefusal.OTHER_DATES: "This code is for stays on other dates.",
}


class PromotionRefused(DomainError):
    """The code does not make this stay cheaper. Nothing was booked or charged."""

    code = "PROMOTION_REFUSED"

    def __init__(self, refusal: PromotionRefusal) -> None:
        super().__init__(MESSAGES[refusal])
        self.refusal = refusal
