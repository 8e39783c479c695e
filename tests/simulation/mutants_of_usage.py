"""Faults to plant in metering, in what follows after a settlement, and in receipts.
How they are planted and who must notice is in `test_planted_faults`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

DISPUTES: Final = "tests/engine/test_disputes.py"
METERING: Final = "tests/engine/test_metering.py"
SETTLEMENT: Final = "tests/engine/test_settlement.py"
METER: Final = "tests/delivery/test_meter.py"
PIPE: Final = "tests/delivery/test_parts_of_the_pipe.py"
EMBEDDINGS: Final = "tests/engine/test_embeddings.py"
LATE: Final = "tests/delivery/test_late_settlement.py"
INPUTS: Final = "tests/delivery/test_embedding.py"
VECTORS: Final = "tests/flows/test_embeddings.py"
IMAGES: Final = "tests/delivery/test_images.py"
DOORS: Final = "tests/flows/test_usage.py tests/flows/test_metering.py"

PROMPTS: Final = "tests/api/test_chat.py"

USAGE_MUTANTS: Final = (
    Mutant(
        "a prompt given as tokens counts nothing",
        "delivery/meter.py",
        "        + sum(map(len, prompt.tokens.values()))\n",
        "",
        METER,
    ),
    Mutant(
        "several prompts set aside the output of one",
        "api/prompts.py",
        "each * (prompts.number if prompts is not None else 1)",
        "each",
        PROMPTS,
    ),
    Mutant(
        "a suffix is read for nothing",
        "api/prompts.py",
        'texts.append(PromptText("suffix", suffix))',
        "pass",
        PROMPTS,
    ),
    Mutant(
        "what is predicted is read for nothing",
        "api/prompts.py",
        'yield "prediction", chat.prediction_json',
        "pass",
        PROMPTS,
    ),
    Mutant(
        "output is set aside and billed where embeddings have none",
        "engine/rules/embeddings.py",
        "if spec.embedding is not None and max_output_tokens:",
        "if False:",
        EMBEDDINGS,
    ),
    Mutant(
        "a model of another space sells embeddings",
        "engine/rules/embeddings.py",
        "if offer.embedding_space != space:",
        "if False:",
        EMBEDDINGS,
    ),
    Mutant(
        "a new version turns Units into those of another space",
        "engine/rules/embeddings.py",
        "(old and new and old.space != new.space)",
        "False",
        EMBEDDINGS,
    ),
    Mutant(
        "what the policy adds for each input is left out",
        "delivery/embedding.py",
        "sum(counted[0]) + terms.metering.input_tokens * len(ask.inputs)",
        "sum(counted[0])",
        INPUTS,
    ),
    Mutant(
        "an input given as tokens counts nothing",
        "delivery/embedding.py",
        "counts.append(len(given))",
        "counts.append(0)",
        INPUTS,
    ),
    Mutant(
        "special tokens count as one and read as many",
        "delivery/encodings.py",
        " or token in _special_tokens(encoding)",
        "",
        INPUTS,
    ),
    Mutant(
        "vectors of any length are billed",
        "delivery/answer.py",
        "all(0 < length == self._dimensions",
        "all(0 <= length",
        VECTORS,
    ),
    Mutant(
        "an input may be answered twice and another not at all",
        "delivery/answer.py",
        "and not places & self.finishes.keys()",
        "",
        VECTORS,
    ),
    Mutant(
        "vectors may trickle",
        "delivery/verdict.py",
        "return counts.completion_tokens if spec.embedding is None else counts.prompt_tokens",
        "return counts.completion_tokens",
        VECTORS,
    ),
    Mutant(
        "a refund may be more than the call has cost",
        "engine/rules/disputes.py",
        "if not 0 <= command.refund_micros <= dispute.cost_micros:",
        "if command.refund_micros < 0:",
        DISPUTES,
    ),
    Mutant(
        "a dispute is decided twice",
        "engine/rules/disputes.py",
        'if dispute.status != "open":',
        "if False:",
        DISPUTES,
    ),
    Mutant(
        "a record is disputed again and again",
        "engine/rules/disputes.py",
        "if command.usage_id in state.indices.dispute_of:",
        "if False:",
        DISPUTES,
    ),
    Mutant(
        "the supplier pays for the venue",
        "engine/rules/disputes.py",
        'if payer == "supplier" and dispute.supplier_id in state.members:',
        "if dispute.supplier_id in state.members:",
        DISPUTES,
    ),
    Mutant(
        "what nobody could pay counts as paid",
        "engine/rules/disputes.py",
        "        refunded_micros=paid_micros,",
        "        refunded_micros=command.refund_micros,",
        DISPUTES,
    ),
    Mutant(
        "an open dispute is forgotten",
        "engine/dispute_indices.py",
        """            if new.status == "open":
                self.open_disputes[new.member_id].add(dispute_id)
            else:
                self""",
        """            if new.status == "open":
                self.open_disputes[new.member_id].add(dispute_id)
            if True:
                self""",
        DISPUTES,
    ),
    Mutant(
        "an endless run is never counted as a whole",
        "delivery/answer_count.py",
        "        if self.is_close:\n",
        "        if False:\n",
        METER,
    ),
    Mutant(
        "a sign may be cut from the break that belongs to it",
        "delivery/answer_count.py",
        """after != "/"
""",
        """True
""",
        METER,
    ),
    Mutant(
        "the member with most calls is served first",
        "delivery/waiting.py",
        "            self.lines.move_to_end(member_id)\n",
        "            self.lines.move_to_end(member_id, last=False)\n",
        PIPE,
    ),
    Mutant(
        "a full room turns away whoever comes last",
        "delivery/waiting.py",
        " and own + 1 >= queue.longest:",
        ":",
        PIPE,
    ),
    Mutant(
        "a forgotten dispute may be opened again when there is more time for disputes",
        "engine/rules/disputes.py",
        'min(state.term("dispute_window_us"), state.now_us - state.disputable_from_us)',
        'state.term("dispute_window_us")',
        DISPUTES,
    ),
    Mutant(
        "the bound of what can be disputed moves back",
        "engine/rules/disputes.py",
        "max(state.disputable_from_us, state.now_us - window_us)",
        "state.now_us - window_us",
        DISPUTES,
    ),
    Mutant(
        "a count too low is never flagged",
        "engine/rules/metering.py",
        "abs(by_supplier.prompt_tokens - canonical.prompt_tokens)",
        "by_supplier.prompt_tokens - canonical.prompt_tokens",
        METERING,
    ),
    Mutant(
        "a specification may name a policy that there is not",
        "engine/rules/metering.py",
        "    if policy is None:\n        refuse(",
        "    if policy is None:\n        return\n        refuse(",
        METERING,
    ),
    Mutant(
        "two receipt keys are in use",
        "engine/rules/receipts.py",
        "        if key.ended_at_us is None\n",
        "        if False\n",
        METERING,
    ),
    Mutant(
        "a late report is recorded again and again",
        "engine/apply/usage.py",
        "closed._replace(awaits_report=False)",
        "closed",
        SETTLEMENT,
    ),
    Mutant(
        "a report after a settlement is taken for a late one",
        "engine/apply/__init__.py",
        'awaits_report=record.status == "settled_at_deadline"',
        "awaits_report=True",
        SETTLEMENT,
    ),
    Mutant(
        "a lost report loses the client's name for the call",
        "engine/rules/usage.py",
        "request_id=report.request_id or reservation.client_request_id,",
        "request_id=report.request_id,",
        SETTLEMENT,
    ),
    Mutant(
        "width and height of a picture are not scaled alike",
        "delivery/meter.py",
        "long_px, short_px = rule.long_side_px, short_px * rule.long_side_px // long_px",
        "long_px, short_px = rule.long_side_px, short_px",
        IMAGES,
    ),
    Mutant(
        "a long prompt is counted on the loop",
        "delivery/meter.py",
        "OFF_LOOP_CHARACTERS = 32_768",
        "OFF_LOOP_CHARACTERS = 32_768_000",
        DOORS,
    ),
    Mutant(
        "reasoning that is forbidden goes to the client",
        "delivery/serving.py",
        'metering.reasoning == "forbidden"',
        "False",
        DOORS,
    ),
    Mutant(
        "reasoning that nobody saw bills though the policy says no",
        "delivery/delivery.py",
        'if self._reasoning != "counted":',
        'if self._reasoning == "forbidden":',
        DOORS,
    ),
    Mutant(
        "a receipt is signed without its prefix",
        "api/records.py",
        "self._private.sign(SIGNED_PREFIX + body)",
        "self._private.sign(body)",
        DOORS,
    ),
    Mutant(
        "a summary shows everybody's calls",
        "views/usage.py",
        """        query.where("member_id = ?", member_id)
        query.when(wanted.instrument_id""",
        """        query.when(wanted.instrument_id""",
        DOORS,
    ),
    # ---- what the client is told of a settlement
    Mutant(
        "a client is told twice of the end of its call",
        "delivery/delivery.py",
        "        if self.is_told:\n            return\n",
        "",
        LATE,
    ),
    Mutant(
        "a settlement that takes long is waited for",
        "delivery/delivery.py",
        "self._relay.limits.settle_wait_us, lambda",
        "10**15, lambda",
        LATE,
    ),
    Mutant(
        "a fault after the last word is told as another",
        "delivery/call.py",
        "if self._delivery is None or not self._delivery.is_told:",
        "if True:",
        LATE,
    ),
    Mutant(
        "a record forgets the digest of its request",
        "engine/rules/usage.py",
        "request_digest=reservation.request_digest",
        'request_digest=""',
        "tests/engine/test_settlement.py",
    ),
)
