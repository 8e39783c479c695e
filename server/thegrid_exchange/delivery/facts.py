"""What is known of a delivery when it ends: gathered from who served it and from what was counted.
How it is judged by that is told in `settlement`.
"""

from thegrid_exchange.delivery.answer_count import AnswerCount
from thegrid_exchange.delivery.encodings import Uncountable
from thegrid_exchange.delivery.parts import CallRequest
from thegrid_exchange.delivery.serving import Serving
from thegrid_exchange.delivery.settlement import Facts


def facts_of(
    request: CallRequest, prompt_tokens: int, serving: Serving, count: AnswerCount
) -> Facts:
    """The facts, but for tokens that the client did not see."""
    attempt = serving.leader
    try:
        completion_tokens = count.tokens()
        reasoning_tokens = count.of_channel("reasoning")
    except Uncountable:
        completion_tokens = reasoning_tokens = 0
    return Facts(
        delivery_id=request.delivery_id,
        client_request_id=request.client_request_id,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        reasoning_tokens=reasoning_tokens,
        unseen_tokens=0,
        by_supplier=attempt.by_supplier if attempt is not None else None,
        timing=attempt.timing() if attempt is not None else None,
        duration_us=attempt.record().duration_us if attempt is not None else None,
        supplier_id=attempt.supplier_id if attempt is not None else "",
        serving_model=attempt.slot.offer.model if attempt is not None else "",
        attempts=serving.attempts(),
        waited_us=serving.waited_us,
    )
